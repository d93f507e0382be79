"""Recorded answers of the worker in place of a session: what strategies and rounds' parts are tested over."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.typescript.edits import apply
from pipeline.typescript.session import Diagnostic, QuickFix, diagnostic_of, quick_fix_of
from pipeline.typescript.strategies.base import Repair, Strategy
from pipeline.typescript.texts import units
from pipeline.typescript.tree import Pool, Tree, read_tree
from pipeline.typescript.world import World

RECORDED = Path(__file__).resolve().parent / "recorded"


class Replay:
    """Answers from a record; what was never asked raises KeyError: then record the fixture again (record.py)."""

    def __init__(self, name: str) -> None:
        self.notes: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
        self.texts = {file: units(text) for file, text in self.notes["texts"].items()}
        self.pool = Pool(lambda number: str(self._answer("spell", {"type": number})))
        self.pool.add(self.notes["tree"]["types"], self.notes["tree"]["symbols"])

    def trees(self, files: Iterable[str], sources: Mapping[str, str]) -> list[Tree]:
        wanted = set(files)
        return [
            read_tree(one, sources[one["file"]], self.pool)
            for one in self.notes["tree"]["trees"]
            if one["file"] in wanted
        ]

    def fixes(self, one: Diagnostic) -> list[QuickFix]:
        asked = {"file": one.file, "start": one.start, "end": one.end, "code": one.code}
        return [quick_fix_of(fix) for fix in self._answer("fixes", asked)]

    def implementers(self, base: str, members: Iterable[str]) -> list[str]:
        return list(self._answer("implementers", {"base": base, "members": sorted(members)}))

    def ambient(self, names: Iterable[str]) -> dict[str, str | None]:
        return dict(self._answer("ambient", {"names": sorted(names)}))

    def _answer(self, method: str, asked: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        return self.notes[f"{method} {json.dumps(asked, sort_keys=True)}"]

    def world(self) -> World:
        """Return the fixture's only state."""
        found = self.notes['check {"files": null}']
        errors = sorted({diagnostic_of(one) for one in found if one["level"] == "error"})
        return World(self, self.texts, errors, frozenset(self.texts))


def proposals(name: str, strategy: Strategy) -> list[tuple[Diagnostic, list[Repair]]]:
    """Return what a strategy proposes for each error of a fixture that it knows."""
    world = Replay(name).world()
    return [(one, list(strategy.propose(one, world))) for one in world.errors if one.code in strategy.CODES]


def repaired(name: str, strategy: Strategy, line: str) -> list[str]:
    """Return, for the errors on the line that starts so, the changed lines of each proposal, best first."""
    world = Replay(name).world()
    found = []
    for one in world.errors:
        text = world.texts[one.file]
        start = text.rfind("\n", 0, one.start) + 1
        if one.code in strategy.CODES and text[start:].lstrip().startswith(line):
            for repair in strategy.propose(one, world):
                changed = apply(world.texts, repair.edits)
                found.append(
                    "\n".join(_changed(world.texts[file], new) for file, new in sorted(changed.items()))
                )
    return found


def _changed(old: str, new: str) -> str:
    before = set(old.splitlines())
    return "\n".join(line.strip() for line in new.splitlines() if line not in before)
