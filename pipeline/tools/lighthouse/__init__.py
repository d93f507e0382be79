"""Lighthouse behind one adapter: a worker with a warm browser, or Lighthouse CI; what both say is read in one way."""

from __future__ import annotations

from pathlib import Path


def machine_script() -> Path:
    """Return the module with our own audits, which both engines run."""
    return Path(__file__).with_name("machine.mjs")
