"""The kept repairs as steps that can be committed one after the other, errors never rising."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal, Protocol

from pipeline.typescript.rounds import Kept
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import LEVELS
from pipeline.typescript.weave import Weave, touched

By = Literal["strategy", "file", "one"]
BY: tuple[By, ...] = ("strategy", "file", "one")


class Checker(Protocol):
    """A session, as far as steps need it."""

    def set(self, texts: Mapping[str, str]) -> None:
        """Hold these texts in place of the files."""

    def check(self, files: Iterable[str] | None = None) -> list[Diagnostic]:
        """Return the errors of these files, or of all."""

    def dependents(self, files: Iterable[str]) -> list[str] | None:
        """Return these files and all that import them; None for everything."""


@dataclass(frozen=True)
class Step:
    """Repairs that land together: their numbers, the texts they change, and the errors before and after."""

    names: tuple[str, ...]
    repairs: tuple[int, ...]
    texts: Mapping[str, str]
    before: int
    after: int


def plan(
    checker: Checker,
    texts: Mapping[str, str],
    kept: Sequence[Kept],
    weave: Weave,
    before: Sequence[Diagnostic],
    by: By,
) -> list[Step]:
    """Return the steps in an order in which the checker never reports more errors after one than before it.

    Groups that do not hold alone, in that order, are merged with their neighbours; the checker must not be used
    for anything else afterwards: it holds the last step's texts.
    """
    checker.set({file: texts[file] for file in weave.files})
    errors = list(before)
    done: set[int] = set()
    steps: list[Step] = []
    names: list[str] = []
    waiting: list[int] = []
    for name, group in grouped(kept, weave, by):
        names.append(name)
        waiting += group
        changed = _changed(weave, [kept[one] for one in group], done, {*done, *group})
        done |= set(group)
        errors = _recheck(checker, errors, changed)
        last = steps[-1].after if steps else len(before)
        if len(errors) <= last:
            steps.append(_step(weave, kept, names, waiting, done, last, len(errors)))
            names, waiting = [], []
    while waiting and steps:
        # Alone they bring errors that only an earlier step outweighs.
        merged = steps.pop()
        names, waiting = [*merged.names, *names], [*merged.repairs, *waiting]
        last = steps[-1].after if steps else len(before)
        if len(errors) <= last or not steps:
            steps.append(_step(weave, kept, names, waiting, done, last, len(errors)))
            waiting = []
    return steps


def _step(
    weave: Weave,
    kept: Sequence[Kept],
    names: Iterable[str],
    repairs: Sequence[int],
    done: set[int],
    before: int,
    after: int,
) -> Step:
    changed = _changed(weave, [kept[one] for one in repairs], done - set(repairs), done)
    return Step(tuple(dict.fromkeys(names)), tuple(sorted(repairs)), changed, before, after)


def _changed(weave: Weave, kept: Iterable[Kept], old: set[int], new: set[int]) -> dict[str, str]:
    found = {}
    for file in touched(kept):
        text = weave.text(file, new)
        if text != weave.text(file, old):
            found[file] = text
    return found


def _recheck(checker: Checker, errors: Sequence[Diagnostic], changed: Mapping[str, str]) -> list[Diagnostic]:
    if not changed:
        return list(errors)
    checker.set(changed)
    files = checker.dependents(changed)
    found = checker.check(files)
    return found if files is None else [one for one in errors if one.file not in set(files)] + found


def grouped(kept: Sequence[Kept], weave: Weave, by: By) -> list[tuple[str, list[int]]]:
    """Return the repairs in named groups, each after those that its texts stand in; the safest level first."""
    owner = {number: _key(one, by) for number, one in enumerate(kept)}
    while True:
        groups: dict[str, list[int]] = {}
        for number, name in owner.items():
            groups.setdefault(name, []).append(number)
        needs = {
            name: {owner[other] for number in group for other in weave.needs[number]} - {name}
            for name, group in groups.items()
        }
        try:
            return [(name, groups[name]) for name in _ordered(groups, needs, kept)]
        except CycleError as error:
            cycle = set(error.args[1])
            merged = " and ".join(sorted({part for name in cycle for part in name.split(" and ")}))
            owner = {number: merged if name in cycle else name for number, name in owner.items()}


def _key(one: Kept, by: By) -> str:
    if by == "strategy":
        return one.repair.strategy
    return min(edit.file for edit in one.repair.edits) if by == "file" else "all repairs"


def _ordered(
    groups: Mapping[str, Sequence[int]], needs: Mapping[str, set[str]], kept: Sequence[Kept]
) -> list[str]:
    def rank(name: str) -> tuple[int, int]:
        return max(LEVELS.index(kept[one].repair.level) for one in groups[name]), groups[name][0]

    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ready: list[str] = []
    order: list[str] = []
    while sorter.is_active():
        ready = sorted({*ready, *sorter.get_ready()}, key=rank)
        order.append(ready.pop(0))
        sorter.done(order[-1])
    return order
