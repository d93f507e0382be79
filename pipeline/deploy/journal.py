"""What a deploy is about to do, written durably before it does it, so that a killed one can be explained."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path


class State(StrEnum):
    """How far a release has come; each is written before its work begins, or right after it ended."""

    PLANNED = "planned"
    STAGED = "staged"
    PUSHING = "pushing"
    PUSHED = "pushed"
    BUILT = "built"
    LIVE = "live"
    VERIFIED = "verified"
    HEALTHY = "healthy"
    FAILED = "failed"
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"
    SUPERSEDED = "superseded"


ENDED = frozenset({State.HEALTHY, State.FAILED, State.ROLLED_BACK, State.SUPERSEDED})


@dataclass(frozen=True)
class Entry:
    """A release on its way: its commit (once staged), the tip it replaces, and the failed release that it undoes."""

    release: str
    environment: str
    kind: str
    state: State
    started: str
    before: str | None
    commit: str | None = None
    undoes: str = ""
    reason: str = ""


def path_of(state_folder: Path, environment: str) -> Path:
    """Return the journal of an environment: a line of JSON for each step of each release made on this machine."""
    return state_folder / "journal" / f"{environment}.jsonl"


def write(path: Path, entry: Entry) -> Entry:
    """Append `entry` so that it survives a power cut; half a line left by a kill is closed off first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = not path.exists()
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
            file.write(b"\n" if torn else b"")
        file.write(json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if fresh:
        # The file's name is the folder's content, which a power cut takes by itself.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return entry


def advance(path: Path, entry: Entry, state: State, **changes: str) -> Entry:
    """Record the entry's next state."""
    return write(path, replace(entry, state=state, **changes))


def read(path: Path) -> Entry | None:
    """Return the newest entry, or None when there is none."""
    entries = read_all(path)
    return entries[-1] if entries else None


def read_all(path: Path) -> list[Entry]:
    """Return every entry, oldest first; a line that a kill tore is left out."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    entries: list[Entry] = []
    for line in lines:
        try:
            value = json.loads(line)
            entries.append(Entry(**{**value, "state": State(value["state"])}))
        except (ValueError, TypeError, KeyError):
            continue
    return entries
