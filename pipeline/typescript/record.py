"""What a run did, as data: each repair with its proof, each error that is left, kept in the state folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.core.files import read_json, write_json
from pipeline.typescript.categories import CATEGORIES, category
from pipeline.typescript.proof import Change
from pipeline.typescript.rounds import Kept
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.steps import Step
from pipeline.typescript.weave import Weave

FORMAT = 1


@dataclass(frozen=True)
class Error:
    """One type error; line and column count from 1, line 0 is the project as a whole."""

    file: str
    line: int
    column: int
    code: int
    message: str
    category: str

    @property
    def head(self) -> str:
        """The first line of its message."""
        return self.message.partition("\n")[0]

    @property
    def place(self) -> str:
        """Return file and line as editors understand them."""
        return f"{self.file}:{self.line}" if self.line else self.file or "tsconfig.json"


@dataclass(frozen=True)
class Left:
    """An error that stays: why no repair was made, and what a person should decide."""

    error: Error
    reason: str
    decide: str


@dataclass(frozen=True)
class Made:
    """One repair: where it is, the errors that it removed (code and message), and what it did to the JavaScript.

    `step` is the number, from 1, of the commit that it is in; `changes` is empty when it is proven type-only.
    """

    step: int
    strategy: str
    level: str
    file: str
    line: int
    why: str
    risk: str
    errors: tuple[Error, ...]
    changes: tuple[Change, ...]

    @property
    def proven(self) -> bool:
        """Whether the JavaScript is the same with and without it."""
        return not self.changes


@dataclass(frozen=True)
class Row:
    """One category in the final table, in errors; `gone` are those that other repairs took along."""

    category: str
    before: int
    proven: int
    changed: int
    gone: int
    left: int


def error_of(one: Diagnostic, texts: Mapping[str, str]) -> Error:
    """Return an error with its line and column."""
    kind = category(one.code, one.message)
    text = texts.get(one.file)
    if text is None:
        return Error(one.file, 0, 0, one.code, one.message, kind)
    start = text.rfind("\n", 0, one.start) + 1
    return Error(
        one.file, text.count("\n", 0, one.start) + 1, one.start - start + 1, one.code, one.message, kind
    )


def made(kept: Sequence[Kept], weave: Weave, steps: Sequence[Step]) -> tuple[Made, ...]:
    """Return the repairs in the order of their steps."""
    numbers = [(index, number) for index, step in enumerate(steps, 1) for number in step.repairs]
    return tuple(_made(kept, weave, step, number) for step, number in numbers)


def _made(kept: Sequence[Kept], weave: Weave, step: int, number: int) -> Made:
    one = kept[number]
    first = min(one.repair.edits)
    earlier = {other for other, each in enumerate(kept) if each.base < one.base}
    then = {file: weave.text(file, earlier) for file in {each.file for each in one.removed}}
    return Made(
        step,
        one.repair.strategy,
        one.repair.level,
        first.file,
        weave.line(first.file, number),
        one.repair.why,
        one.repair.risk if one.changes else "",
        tuple(error_of(each, then) for each in one.removed),
        one.changes,
    )


def rows(before: Sequence[Error], repairs: Sequence[Made], left: Sequence[Error]) -> list[Row]:
    """Return the final table: a row for each category that has errors.

    A repair's errors were told at its time; an error that moved to another category meanwhile counts where it was told.
    """
    proven = Counter(each.category for one in repairs if one.proven for each in one.errors)
    changed = Counter(each.category for one in repairs if not one.proven for each in one.errors)
    had, has = (Counter(one.category for one in errors) for errors in (before, left))
    return [
        Row(
            name,
            had[name],
            proven[name],
            changed[name],
            had[name] - proven[name] - changed[name] - has[name],
            has[name],
        )
        for name in CATEGORIES
        if had[name] or has[name]
    ]


def path_of(state: Path, run: str) -> Path:
    """Return where the record of a run is kept."""
    return state / "ts" / "runs" / f"{run}.json"


def keep(state: Path, run: str, value: Mapping[str, Any]) -> Path:
    """Keep what a run did."""
    path = path_of(state, run)
    write_json(path, {"format": FORMAT, "run": run, **value}, durable=True)
    return path


def last(state: Path) -> dict[str, Any] | None:
    """Return the record of the last run that changed something, or None."""
    for path in sorted((state / "ts" / "runs").glob("*.json"), reverse=True):
        found = read_json(path)
        if isinstance(found, dict) and found.get("format") == FORMAT:
            return found
    return None


def plain(one: Made) -> dict[str, Any]:
    """Return a repair as JSON."""
    return {**asdict(one), "proven": one.proven}
