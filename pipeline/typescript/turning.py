"""Configurations changed while the baseline for them is not written yet: a run that is killed there is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.core.files import read_json, write_json
from pipeline.typescript import landing, texts
from pipeline.typescript.landing import Content


def begin(root: Path, state: Path, changes: Mapping[str, tuple[str, str]]) -> None:
    """Write configurations (before, after by path) and note what they were; raises Stop (2) where they changed."""
    write_json(_note(state), {file: list(pair) for file, pair in changes.items()}, durable=True)
    landing.land(root, state, _contents(changes), None)


def done(state: Path) -> None:
    """The baseline is written: the configurations stay."""
    _note(state).unlink()


def take_back(root: Path, state: Path) -> list[str]:
    """Write configurations back as they were, where nobody changed them since; returns what to tell."""
    noted = read_json(_note(state))
    if not isinstance(noted, dict):
        return []
    back = {
        file: (new, old) for file, (old, new) in noted.items() if texts.read(root / file) == texts.units(new)
    }
    landing.land(root, state, _contents(back), None)
    _note(state).unlink()
    return [f"{', '.join(back)}: as before, because turning on a flag did not end"] if back else []


def _contents(changes: Mapping[str, tuple[str, str]]) -> dict[str, Content]:
    return {file: Content(texts.encode(old), texts.encode(new)) for file, (old, new) in changes.items()}


def _note(state: Path) -> Path:
    return state / "ts" / "turning.json"
