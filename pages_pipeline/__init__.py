"""What the package exports: `ns`, the tasks for a site's tasks.py, and `main`, the `pages` program."""

from __future__ import annotations

import sys

# invoke turns bytecode off, which makes every start 2.3 times as dear.
sys.dont_write_bytecode = False

from pipeline.namespace import ns  # noqa: E402 - after the line above on purpose

__all__ = ["main", "ns"]


def main() -> None:
    """Run the `pages` program."""
    from pipeline.program import Program

    Program(ns).run()
