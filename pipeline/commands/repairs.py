"""How repairs of types look on a terminal: the difference, the falling count, the final table, what is left."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.core import ui
from pipeline.core.files import plural

if TYPE_CHECKING:
    from pipeline.phases.several import Repaired
    from pipeline.typescript.flags import Forecast
    from pipeline.typescript.left import Root
    from pipeline.typescript.record import Left, Made, Row

# More errors than that are shown by their roots.
_ALONE = 15
_ROOTS = 25
_COLUMNS = 80


class Falling:
    """Says how many errors are left: one line that changes on a terminal, a line for each round elsewhere."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._round = 0
        self._tty = shown and sys.stderr.isatty()
        self._open = False

    def begin(self, errors: int) -> None:
        """Tell that a project's repair begins: the first round takes longest."""
        self._round = 0
        self._show(f"{plural(errors, 'error')}: looking for repairs ...", always=False)

    def __call__(self, left: int, what: str) -> None:
        """Tell a round's outcome."""
        self._round += 1
        self._show(f"round {self._round} ({what}): {plural(left, 'error')} left", always=True)

    def _show(self, text: str, *, always: bool) -> None:
        if self._tty:
            sys.stderr.write(f"\r\033[K{text}")
            sys.stderr.flush()
            self._open = True
        elif self._shown and always:
            ui.say(text)

    def end(self) -> None:
        """Leave the line that changes; what it said last stays."""
        if self._open:
            sys.stderr.write("\n" if self._round else "\r\033[K")
            sys.stderr.flush()
            self._open = False


def difference(texts: Mapping[str, tuple[str | None, str]]) -> str:
    """Return a unified diff of texts (before, after) in UTF-16 units, as `git apply` reads it; None is a new file."""
    from pipeline.typescript.texts import characters

    return "".join(
        line
        for file, (old, new) in sorted(texts.items())
        for line in _difference(file, None if old is None else characters(old), characters(new))
    )


def _difference(file: str, old: str | None, new: str) -> Iterator[str]:
    # Only \n ends a line: a \r before it belongs to the line, and U+2028 is no line end for git.
    before, after = (_lines(text) for text in (old or "", new))
    if old is None:
        yield f"diff --git a/{file} b/{file}\nnew file mode 100644\n"
    name = "/dev/null" if old is None else f"a/{file}"
    for line in difflib.unified_diff(before, after, name, f"b/{file}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def show(found: Repaired, table: Sequence[Row]) -> None:
    """Print the final table and what is left on stdout, and what was done besides on stderr."""
    if table:
        ui.data(category_table(table))
    changed = [one for one in found.repairs if not one.proven]
    if changed:
        ui.data("\nchanges of the JavaScript, for review:")
        ui.data("\n".join(line for one in changed for line in changed_lines(one)))
    if found.left:
        ui.data("\nleft for a person:")
        ui.data("\n".join(left_lines(found.left)))
    if found.others:
        ui.say(f"{plural(found.others, 'other error')} not asked for")
    if found.ended == "time":
        ui.warn(f"the time limit was reached after {found.seconds:.0f} s; what was repaired is kept")


def category_table(rows: Sequence[Row]) -> str:
    """Return the table by category; errors that went along with other repairs count as gone."""
    total = [
        sum(getattr(one, name) for one in rows) for name in ("before", "proven", "changed", "gone", "left")
    ]
    lines = [
        (one.category, *map(str, (one.before, one.proven, one.changed, one.gone, one.left))) for one in rows
    ]
    heads = ("category", "before", "proven", "changed", "along", "left")
    return ui.table([*lines, ("all", *map(str, total))], heads, frozenset(range(1, 6)))


def changed_lines(one: Made) -> Iterator[str]:
    """Return a repair that changed the JavaScript: place, expressions, reason and risk."""
    from pipeline.typescript.message import short

    yield f"  {one.file}:{one.line}  {one.strategy} ({one.level})"
    for each in one.changes:
        yield from _wrapped(f"{each.form}: {short(each.before)} -> {short(each.after)}", 6)
    yield from _wrapped(f"why: {one.why}", 6)
    if one.risk:
        yield from _wrapped(f"risk: {one.risk}", 6)


def left_lines(lefts: Sequence[Left]) -> Iterator[str]:
    """Return what is left, error by error, or by root when there are many."""
    from pipeline.typescript.left import roots

    if len(lefts) > _ALONE:
        every = roots(lefts)
        for root in every[:_ROOTS]:
            yield from _root(root)
        if len(every) > _ROOTS:
            yield f"  and {plural(len(every) - _ROOTS, 'more root')}: --json has them all"
        return
    for one in lefts:
        yield f"  {one.error.place}  TS{one.error.code}"
        yield from _wrapped(one.error.head, 6)
        yield from _wrapped(f"left because {one.reason}", 6)
        yield from _wrapped(f"decide: {one.decide}", 6)


def _root(root: Root) -> Iterator[str]:
    first = root.lefts[0]
    name = f" {root.name}" if root.name else ""
    yield from _wrapped(f"{len(root.lefts):>3} × TS{root.code}{name}: {first.error.head}", 2)
    yield from _wrapped(root.places, 8)
    yield from _wrapped(f"decide: {first.decide}", 8)


def _wrapped(text: str, margin: int) -> list[str]:
    import textwrap

    lead = " " * margin
    return textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=lead,
        subsequent_indent=f"{lead}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def forecast_table(found: Sequence[Forecast]) -> str:
    """Return what each strict flag would bring."""
    rows = [
        (
            one.flag,
            "on" if one.on else "off",
            "" if one.on else str(one.errors),
            "" if one.on else str(one.files),
            ("with " + one.needs if one.needs else ", ".join(f"{n} TS{code}" for code, n in one.codes[:1])),
        )
        for one in found
    ]
    return ui.table(rows, ("flag", "now", "errors", "files", "most"), frozenset({2, 3}))


def certificate_line(value: Mapping[str, object]) -> str:
    """Return a certificate in one line."""
    counts = value["counts"]
    assert isinstance(counts, dict)  # noqa: S101 - our own value
    gates = value.get("gates")
    judged = ""
    if isinstance(gates, dict):
        passed = sum(one == "passed" for one in gates.values())
        judged = f"; gates: {passed} of {len(gates)} passed"
    return (
        f"{counts['before']} errors before, {counts['left']} left; {counts['repairs']} repairs,"
        f" {counts['proven']} proven type-only{judged}"
    )
