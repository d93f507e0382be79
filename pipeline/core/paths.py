"""Where our own files and a site's state are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

STATE_FOLDER = ".pages"
SETTINGS_FILE = "invoke.yaml"
POLICY_FILE = "constitution.toml"


def checkout() -> Path | None:
    """Return the source checkout that this code runs from, or None when it was installed from the wheel."""
    top = Path(__file__).resolve().parents[2]
    return top if (top / "pyproject.toml").is_file() and (top / "inv").is_file() else None


def resource(*parts: str) -> Path:
    """Return a file that ships with us: from the checkout, or from inside the installed package."""
    top = checkout() or Path(__file__).resolve().parents[2] / "pages_pipeline"
    return top.joinpath(*parts)


def state_folder(site: Path) -> Path:
    """Return the site's state folder, made on first use and ignored by git without touching the site's files."""
    folder = site / STATE_FOLDER
    ignore = folder / ".gitignore"
    if not ignore.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return our folder in the user's cache (XDG base directories), not made here."""
    variables = os.environ if environ is None else environ
    base = variables.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "pages-pipeline"
