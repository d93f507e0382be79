"""Proof of behaviour: the JavaScript of a file before and after its repairs, compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.typescript.scripts import Script
from pipeline.typescript.strategies.base import LEVELS, Level

# What a level may do to the JavaScript; each level may also do what the levels before it do. The names are those of
# worker/compare.mjs, which documents each.
FORMS: Mapping[Level, frozenset[str]] = {
    "type-only": frozenset(),
    "definite": frozenset(("nothing",)),
    "guard": frozenset(
        (
            "optional chaining",
            "guard",
            "conditional",
            "narrowed condition",
            "default",
            "choice",
            "conversion",
            "declared",
            "kept",
            "left out",
            "required",
            "current target",
            # Told only where no TypeScript could be loaded to compare: see stripping.
            "not provable",
        )
    ),
    "unused": frozenset(
        (
            "removed import",
            "removed declaration",
            "removed parameter",
            "removed name",
            "removed unreachable",
            "removed write",
            "renamed",
        )
    ),
}


@dataclass(frozen=True)
class Change:
    """One difference between two versions of a file's JavaScript, by the name of its form."""

    file: str
    form: str
    before: str
    after: str


class Emitter(Protocol):
    """What tells the JavaScript of a text and what differs between two; a session does."""

    def emit(self, texts: Mapping[str, str]) -> dict[str, tuple[Script, ...]]:
        """Return the JavaScript of texts by file, types and comments stripped."""

    def compare(self, pairs: Sequence[tuple[str, str, str]]) -> list[list[dict[str, str]]]:
        """Return for each (before, after, extension) what differs: form, before, after."""


def changes(emitter: Emitter, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return how the JavaScript of the changed files differs, in the order of the files and their scripts.

    Empty means: proven type-only, both versions do the same.
    """
    files = sorted(file for file, text in after.items() if before[file] != text)
    if not files:
        return []
    old = emitter.emit({file: before[file] for file in files})
    new = emitter.emit({file: after[file] for file in files})
    found: list[Change] = []
    asked: list[tuple[str, Script, Script]] = []
    for file in files:
        if [one.part for one in old[file]] != [one.part for one in new[file]]:
            found.append(Change(file, "other", "", "the file has other scripts than before"))
            continue
        asked += [
            (file, one, other)
            for one, other in zip(old[file], new[file], strict=True)
            if one.code != other.code
        ]
    answers = emitter.compare([(one.code, other.code, one.extension) for _, one, other in asked])
    for (file, one, other), differences in zip(asked, answers, strict=True):
        if not differences:  # the codes differ and no form tells how: never taken for the same
            found.append(Change(file, "other", one.code, other.code))
        found += [Change(file, each["form"], each["before"], each["after"]) for each in differences]
    return found


def allowed(found: Iterable[Change], level: Level) -> bool:
    """Whether a repair of that level may differ so."""
    forms = frozenset[str]().union(*(FORMS[one] for one in LEVELS[: LEVELS.index(level) + 1]))
    return all(one.form in forms for one in found)
