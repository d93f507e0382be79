"""What a deploy is about to do, written durably before it does it, so that a killed one can be explained."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from pipeline.core.files import read_json, write_json


class State(StrEnum):
    """How far a release has come; each is written before its work begins or right after it ended."""

    PLANNED = "planned"
    STAGED = "staged"
    PUSHING = "pushing"
    PUSHED = "pushed"
    VERIFIED = "verified"
    FAILED = "failed"
    SUPERSEDED = "superseded"


ENDED = frozenset({State.VERIFIED, State.FAILED, State.SUPERSEDED})


@dataclass(frozen=True)
class Entry:
    """One release on its way: its name, commit (once staged), the tip it replaces, and what became of it."""

    release: str
    environment: str
    kind: str
    state: State
    started: str
    before: str | None
    commit: str | None = None
    reason: str = ""


def path_of(state_folder: Path, environment: str) -> Path:
    """Return the journal file of an environment; it holds its latest release only, git holds the others."""
    return state_folder / "journal" / f"{environment}.json"


def write(path: Path, entry: Entry) -> Entry:
    """Record `entry` so that it survives a power cut."""
    write_json(path, asdict(entry), durable=True)
    return entry


def advance(path: Path, entry: Entry, state: State, **changes: str) -> Entry:
    """Record the entry's next state."""
    return write(path, replace(entry, state=state, **changes))


def read(path: Path) -> Entry | None:
    """Return the latest release's entry, or None when there was none."""
    value = read_json(path)
    if not isinstance(value, dict):
        return None
    return Entry(**{**value, "state": State(value["state"])})
