"""The kept repairs as steps that can be committed one after the other, errors never rising."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import Literal, Protocol

from pipeline.typescript.rounds import Kept
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import LEVELS
from pipeline.typescript.weave import Weave, touched

By = Literal["strategy", "file", "one"]
BY: tuple[By, ...] = ("strategy", "file", "one")
# What a text names in imports, requires and references.
_SPECIFIER = re.compile(r"""\b(?:from|import|require|path|types)\b\s*[(=]?\s*["']([^"'\n]+)["']""")


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
    after: Sequence[Diagnostic],
    by: By,
) -> list[Step]:
    """Return the steps in an order in which the checker never reports more errors after one than before it.

    `before` and `after` are the errors without and with all repairs; the checker holds the texts with all of them, and
    must not be used for anything else afterwards. Groups that do not hold alone, in that order, are merged with
    their neighbours.
    """
    groups = grouped(kept, weave, by)
    whole = set(range(len(kept)))
    counts = _counts(checker, texts, kept, weave, [group for _, group in groups], before, after)
    done: set[int] = set()
    steps: list[Step] = []
    names: list[str] = []
    waiting: list[int] = []
    errors = len(before)
    for (name, group), errors in zip(groups, counts, strict=True):
        names.append(name)
        waiting += group
        done |= set(group)
        last = steps[-1].after if steps else len(before)
        if errors <= last:
            steps.append(_step(weave, kept, names, waiting, done, last, errors))
            names, waiting = [], []
    while waiting and steps:
        # Alone they bring errors that only an earlier step outweighs.
        merged = steps.pop()
        names, waiting = [*merged.names, *names], [*merged.repairs, *waiting]
        last = steps[-1].after if steps else len(before)
        if errors <= last or not steps:
            steps.append(_step(weave, kept, names, waiting, whole, last, errors))
            waiting = []
    return steps


def _counts(
    checker: Checker,
    texts: Mapping[str, str],
    kept: Sequence[Kept],
    weave: Weave,
    groups: Sequence[Sequence[int]],
    before: Sequence[Diagnostic],
    after: Sequence[Diagnostic],
) -> Iterator[int]:
    """Yield how many errors there are after each group.

    A file that no group so far has to do with has the errors from before, one that no later group has to do with
    those from after all: only what lies between is checked.
    """
    states = [set(chain.from_iterable(groups[: number + 1])) for number in range(len(groups))]
    changes = [
        _changed(weave, [kept[one] for one in group], states[number] - set(group), states[number])
        for number, group in enumerate(groups)
    ]
    reach = _reach(checker, texts, changes) if len(groups) > 1 else []
    held = {**texts, **{file: text for change in changes for file, text in change.items()}}
    for number in range(len(groups) - 1):
        early, late = _union(reach[: number + 1]), _union(reach[number + 1 :])
        between = None if early is None or late is None else early & late
        found = 0
        if between is None or between:
            now = {file: weave.text(file, states[number]) for file in weave.files}
            checker.set({file: text for file, text in now.items() if text != held[file]})
            held.update(now)
            found = len(checker.check(between))
        if between is not None and early is not None:
            found += sum(one.file in early - between for one in after)
            found += sum(one.file not in early for one in before)
        yield found
    yield len(after)


def _reach(
    checker: Checker, texts: Mapping[str, str], changes: Sequence[Mapping[str, str]]
) -> list[set[str] | None]:
    """Return for each group the files whose errors it may change, None for any; asked with all repairs made.

    A file that lost an import to a repair had to do with more than now: every group may change what it says.
    """
    last: dict[str, set[str]] = {}
    ever: dict[str, set[str]] = {}
    for file, text in chain.from_iterable(change.items() for change in changes):
        last[file] = _imports(text)
        ever.setdefault(file, _imports(texts[file])).update(last[file])
    loose = [file for file, names in ever.items() if not names <= last[file]]
    answers = [checker.dependents(one) for one in (*changes, *([loose] if loose else []))]
    found = [None if one is None else set(one) for one in answers]
    if not loose:
        return found
    *groups, everywhere = found
    return [None if one is None or everywhere is None else one | everywhere for one in groups]


def _imports(text: str) -> set[str]:
    return set(_SPECIFIER.findall(text))


def _union(groups: Sequence[set[str] | None]) -> set[str] | None:
    known = [one for one in groups if one is not None]
    return set().union(*known) if len(known) == len(groups) else None


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
