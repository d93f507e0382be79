"""The record of one run: a folder with its logs, and what it did, when, and how it ended."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipeline.core.clock import stamp, utc_now
from pipeline.core.files import write_json
from pipeline.core.secrets import redact


@dataclass
class _Run:
    """This process's run; its folder is made when something first wants to write into it."""

    started: datetime = field(default_factory=utc_now)
    folder: Path | None = None


_run = _Run()


def run_id() -> str:
    """Return this run's name: when it began, and its process."""
    return f"{_run.started.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"


def folder(state: Path, keep: int = 50) -> Path:
    """Return this run's folder below a site's state folder; the oldest beyond `keep` runs are removed."""
    if _run.folder is None or _run.folder.parent.parent != state:
        import shutil

        _run.folder = state / "runs" / run_id()
        _run.folder.mkdir(parents=True, exist_ok=True)
        old = sorted(path for path in _run.folder.parent.iterdir() if path.is_dir())
        for path in old[:-keep]:
            shutil.rmtree(path, ignore_errors=True)
    return _run.folder


def finish(argv: list[str], code: int, steps: list[tuple[str, str, float]]) -> None:
    """Write `run.json` where this run has a folder; a run that wrote nothing leaves no record."""
    if _run.folder is None or not _run.folder.is_dir():
        return
    value = {
        "argv": [redact(word) for word in argv],
        "started": stamp(_run.started),
        "seconds": round((utc_now() - _run.started).total_seconds(), 3),
        "exit_code": code,
        "steps": [{"step": label, "verdict": verdict, "seconds": round(s, 3)} for label, verdict, s in steps],
    }
    write_json(_run.folder / "run.json", value)


def current() -> Path | None:
    """Return this run's folder if it has one that is still there: a worktree that is judged goes with its own."""
    return _run.folder if _run.folder and _run.folder.is_dir() else None
