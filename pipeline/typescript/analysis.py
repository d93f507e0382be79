"""What stands between a site and a clean type check: root causes, effort, what entries reach, the order of repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.typescript.categories import CATEGORIES
from pipeline.typescript.record import Error
from pipeline.typescript.roots import REMOVALS, Root

# Minutes by hand: for the first error of a cause, and for each further one that it has. Rough, for planning only.
EFFORT: Mapping[str, tuple[float, float]] = {
    "missing type": (3, 0.5),
    "null check": (3, 1),
    "interface or property": (5, 1),
    "DOM type": (3, 0.5),
    "unknown in catch": (2, 0.5),
    "import/export": (10, 0),
    "unused": (1, 0.5),
    "configuration": (10, 0),
    "other": (10, 2),
}
# Codes below 2000 that no parser stumbles over: the rest are errors of syntax, which end every build.
_SYNTAX = range(1000, 2000)


@dataclass(frozen=True)
class Problem:
    """One error. `reached` is the entry that reaches its file, "" where none does, None where that is unknown.

    `blocks`: the site's own build fails for it. `cause` is the number of its cause, `order` its place in the order of
    repair, from 1; `minutes` is its share of the effort.
    """

    error: Error
    blocks: bool
    reached: str | None
    cause: int = 0
    order: int = 0
    minutes: float = 0.0


@dataclass(frozen=True)
class Cause:
    """What one or more errors come from; `file` is empty where it has no declaration, `line` counts from 1.

    `outside` says why the cause is not in the code; `step` is the key of its step in the roadmap.
    """

    number: int
    kind: str
    title: str
    file: str
    line: int
    errors: int
    files: tuple[str, ...]
    codes: tuple[int, ...]
    category: str
    removal: str
    minutes: float
    reached: bool
    blocks: bool
    step: str
    outside: str = ""

    @property
    def place(self) -> str:
        """Return file and line as editors understand them."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Outside:
    """A cause that is not in the code, with its evidence and the command or change that removes it.

    `specifiers` are the modules whose errors it explains, `codes` the codes (with no specifiers: all of that code).
    `found` is a path with a line, where one can be shown.
    """

    kind: str
    what: str
    fix: str
    found: str = ""
    specifiers: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    errors: int = 0


@dataclass(frozen=True)
class Row:
    """One category: errors, their causes, how many block the build, how many no entry reaches, minutes by hand."""

    category: str
    errors: int
    causes: int
    blocking: int
    unreached: int
    minutes: float


@dataclass(frozen=True)
class Stage:
    """One step of the roadmap; `left` is how many errors there are after it."""

    key: str
    title: str
    causes: int
    errors: int
    minutes: float
    left: int
    command: str


@dataclass(frozen=True)
class Analysis:
    """All that is known. `more` are errors that were counted and not looked at, because there are too many."""

    problems: tuple[Problem, ...]
    causes: tuple[Cause, ...]
    outside: tuple[Outside, ...]
    rows: tuple[Row, ...]
    stages: tuple[Stage, ...]
    more: int = 0

    @property
    def errors(self) -> int:
        """How many errors there are in all."""
        return len(self.problems) + self.more

    @property
    def minutes(self) -> float:
        """The effort by hand for those that were looked at."""
        return sum(one.minutes for one in self.causes)


# The steps of a roadmap: what comes first makes the rest smaller.
STAGES: Mapping[str, tuple[str, str]] = {
    "outside": ("causes outside the code", ""),
    "configuration": ("the configuration", "invoke ts.fix"),
    "shared": ("declarations that cause several errors each", "invoke ts.fix"),
    "imports": ("imports, exports and names", "invoke ts.fix --category=import-export"),
    "types": ("missing and wrong types, one by one", "invoke ts.fix"),
    "nulls": ("what may be null or undefined", "invoke ts.fix --category=null-check"),
    "unused": ("what nothing uses", "invoke ts.fix --category=unused"),
    "unreached": ("code that no page and no entry reaches", "remove it, or repair it last"),
}
_STAGE_OF = {
    "import/export": "imports",
    "null check": "nulls",
    "configuration": "configuration",
    "unused": "unused",
}


def syntax(error: Error) -> bool:
    """Whether it is an error of syntax."""
    return error.code in _SYNTAX and error.category == "other"


def analyse(
    found: Sequence[tuple[Error, Root]],
    *,
    places: Mapping[tuple[str, int], int],
    reached: Mapping[str, str] | None,
    checked_by_build: bool,
    outside: Sequence[Outside] = (),
    more: int = 0,
) -> Analysis:
    """Return the analysis of errors with their roots.

    `places` are the lines of positions by (file, position); `reached` are the entries by file that they reach, None
    where no entry is known; `checked_by_build` says that the site's own build runs the type check.
    """
    groups: dict[tuple[str, ...], list[tuple[Error, Root]]] = {}
    for error, root in found:
        groups.setdefault(root.key, []).append((error, root))
    causes = [
        _cause(group, places, reached, outside, checked_by_build=checked_by_build)
        for group in groups.values()
    ]
    keys = list(groups)
    ranks = list(STAGES)
    ranked = sorted(
        range(len(causes)),
        key=lambda at: (ranks.index(causes[at].step), not causes[at].reached, -causes[at].errors, causes[at].file,
                        causes[at].line, causes[at].title),
    )  # fmt: skip
    ordered: list[Cause] = []
    problems: list[Problem] = []
    for number, at in enumerate(ranked, 1):
        one = replace(causes[at], number=number)
        ordered.append(one)
        for error, _ in sorted(
            groups[keys[at]], key=lambda pair: (pair[0].file, pair[0].line, pair[0].column)
        ):
            blocks = checked_by_build or syntax(error)
            entry = None if reached is None else reached.get(error.file, "")
            share = round(one.minutes / one.errors, 2)
            problems.append(Problem(error, blocks, entry, number, len(problems) + 1, share))
    counted = tuple(replace(one, errors=sum(_explains(one, each) for each, _ in found)) for one in outside)
    return Analysis(
        tuple(problems),
        tuple(ordered),
        counted,
        tuple(_rows(problems, ordered)),
        tuple(_stages(ordered)),
        more,
    )


def _cause(
    group: Sequence[tuple[Error, Root]],
    places: Mapping[tuple[str, int], int],
    reached: Mapping[str, str] | None,
    outside: Sequence[Outside],
    *,
    checked_by_build: bool,
) -> Cause:
    errors = [error for error, _ in group]
    root = Counter(root for _, root in group).most_common(1)[0][0]
    kind = Counter(each.kind for _, each in group).most_common(1)[0][0]
    category = Counter(one.category for one in errors).most_common(1)[0][0]
    first, further = EFFORT[category]
    explained = next((one for one in outside if any(_explains(one, each) for each in errors)), None)
    files = tuple(sorted({one.file for one in errors}))
    live = reached is None or any(file in reached for file in files)
    return Cause(
        0,
        kind,
        root.title,
        root.file,
        places.get((root.file, root.start), 0),
        len(errors),
        files,
        tuple(sorted({one.code for one in errors})),
        category,
        explained.fix if explained else REMOVALS[kind],
        first + further * (len(errors) - 1),
        live,
        checked_by_build or any(map(syntax, errors)),
        _step(category, len(errors), live=live, explained=explained),
        explained.what if explained else "",
    )


def _step(category: str, count: int, *, live: bool, explained: Outside | None) -> str:
    if explained:
        return "outside"
    if category == "configuration":
        return "configuration"
    if not live:
        return "unreached"
    if category == "unused":
        return "unused"
    return "shared" if count > 1 else _STAGE_OF.get(category, "types")


def _explains(one: Outside, error: Error) -> bool:
    if one.codes and error.code not in one.codes:
        return False
    if not one.specifiers:
        return bool(one.codes)
    return any(f"'{name}'" in error.head or f'"{name}"' in error.head for name in one.specifiers)


def _rows(problems: Iterable[Problem], causes: Iterable[Cause]) -> list[Row]:
    errors = Counter(one.error.category for one in problems)
    blocking = Counter(one.error.category for one in problems if one.blocks)
    unreached = Counter(one.error.category for one in problems if one.reached == "")
    minutes: dict[str, float] = {}
    roots = Counter(one.category for one in causes)
    for one in causes:
        minutes[one.category] = minutes.get(one.category, 0.0) + one.minutes
    return [
        Row(name, errors[name], roots[name], blocking[name], unreached[name], minutes.get(name, 0.0))
        for name in CATEGORIES
        if errors[name]
    ]


def _stages(causes: Sequence[Cause]) -> list[Stage]:
    left = sum(one.errors for one in causes)
    found = []
    for key, (title, command) in STAGES.items():
        here = [one for one in causes if one.step == key]
        if not here:
            continue
        count = sum(one.errors for one in here)
        left -= count
        told = command or (here[0].removal if len(here) == 1 else "what each of them says")
        found.append(Stage(key, title, len(here), count, sum(one.minutes for one in here), left, told))
    return found
