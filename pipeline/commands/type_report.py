"""How an analysis of type errors looks on a terminal of 80 columns, and the files that it is written to."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core import ui
from pipeline.core.errors import Stop
from pipeline.core.files import plural, write_atomic

if TYPE_CHECKING:
    from pipeline.phases.analyse import Report
    from pipeline.typescript.analysis import Analysis, Cause

_COLUMNS = 80
_CAUSES = 12
_OUTSIDE = 10


def show(one: Report) -> None:
    """Print an analysis: causes first, then totals, roadmap and trend."""
    for note in one.notes:
        ui.warn(note)
    ui.data("\n".join(lines(one)))


def lines(one: Report) -> Iterator[str]:
    """Return the analysis for a terminal."""
    done = one.analysis
    if not done.errors:
        yield "no type error"
        yield from _outside(done)
        return
    files = len({each.error.file for each in done.problems})
    yield f"{plural(done.errors, 'error')} in {plural(files, 'file')}, from {plural(len(done.causes), 'cause')}"
    if done.more:
        yield f"  {done.more:,} of them were only counted: repair what is shown first"
    yield _blocking(done)
    yield from _outside(done)
    yield from _causes(done)
    yield ""
    yield from _table(done).splitlines()
    yield ""
    yield from _roadmap(done)
    yield from _trend(one)


def _blocking(done: Analysis) -> str:
    blocking = sum(one.blocks for one in done.problems)
    told = "all block the build" if blocking == len(done.problems) else f"{blocking} block the build"
    told = "the build goes on; the gate typescript does not" if not blocking else told
    if all(one.reached is None for one in done.problems):
        return f"  {told}; no page or entry was found to tell which are reached"
    unreached = sum(one.reached == "" for one in done.problems)
    return f"  {told}; {unreached or 'none'} in code that no page or entry reaches"


def _outside(done: Analysis) -> Iterator[str]:
    if not done.outside:
        return
    yield ""
    yield "not in the code"
    for one in done.outside[:_OUTSIDE]:
        count = f"{plural(one.errors, 'error')}: " if one.errors else ""
        yield from _wrapped(f"{count}{one.what}", "  - ", "    ")
        yield from _wrapped(one.fix, "    → ", "      ")
    if len(done.outside) > _OUTSIDE:
        yield f"  and {len(done.outside) - _OUTSIDE} more: invoke ts.report --json"


def _causes(done: Analysis) -> Iterator[str]:
    several = [one for one in done.causes if one.errors > 1 and not one.outside]
    if not several:
        return
    several.sort(key=lambda one: (-one.errors, one.number))
    yield ""
    yield f"causes of several errors ({len(several)} of {len(done.causes)})"
    for one in several[:_CAUSES]:
        yield from _cause(one)
    if len(several) > _CAUSES:
        rest = sum(one.errors for one in several[_CAUSES:])
        yield f"  and {len(several) - _CAUSES} more with {plural(rest, 'error')}: invoke ts.report --html report.html"


def _cause(one: Cause) -> Iterator[str]:
    place = one.place if len(one.place) <= 34 else f"…{one.place[-33:]}"
    room = _COLUMNS - 10 - len(place)
    title = one.title if len(one.title) <= room else f"{one.title[: room - 1]}…"
    yield f"  {one.errors:>4}  {title:<{room}}  {place}".rstrip()
    yield from _wrapped(one.removal, "        ", "        ")


def _table(done: Analysis) -> str:
    rows = [
        (
            one.category,
            f"{one.errors}",
            f"{one.causes}",
            f"{one.blocking}",
            f"{one.unreached}",
            _hand(one.minutes),
        )
        for one in done.rows
    ]
    total = [sum(getattr(one, name) for one in done.rows) for name in ("errors", "blocking", "unreached")]
    rows.append(
        ("all", f"{total[0]}", f"{len(done.causes)}", f"{total[1]}", f"{total[2]}", _hand(done.minutes))
    )
    heads = ("category", "errors", "causes", "blocking", "unreached", "by hand")
    return ui.table(rows, heads, right=frozenset({1, 2, 3, 4, 5}))


def _hand(minutes: float) -> str:
    from pipeline.typescript.page import duration

    return duration(minutes)


def _roadmap(done: Analysis) -> Iterator[str]:
    yield "roadmap (effort by hand; ts.fix does most of it)"
    for number, one in enumerate(done.stages, 1):
        title = one.title if len(one.title) <= 43 else f"{one.title[:42]}…"
        yield f"  {number}. {title:<43} {one.errors:>5} → {one.left:>5} left  {_hand(one.minutes):>10}"


def _trend(one: Report) -> Iterator[str]:
    points = one.points[-6:]
    if len(points) > 1:
        yield ""
        yield f"trend: {' → '.join(f'{each.errors:,}' for each in points)}"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def write_sarif(one: Report, path: str) -> Path:
    """Write the analysis as SARIF and return where; raises Stop (2) when it cannot be written."""
    import json
    from importlib.metadata import PackageNotFoundError, version

    from pipeline.typescript.sarif import log

    try:
        number = version("pages-pipeline")
    except PackageNotFoundError:
        number = "0"
    checker = ", ".join(f"{name} {each}" for name, each in one.versions.items())
    value = log(one.analysis, version=number, checker=checker)
    return _write(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n", "--sarif")


def write_html(one: Report, path: str, name: str) -> Path:
    """Write the analysis as a page and return where; raises Stop (2) when it cannot be written."""
    from pipeline.typescript.page import html

    about = {
        "name": name,
        "at": one.at,
        "command": one.command,
        "configs": one.configs,
        "versions": one.versions,
        "notes": one.notes,
    }
    return _write(path, html(one.analysis, about, one.points), "--html")


def _write(path: str, text: str, flag: str) -> Path:
    where = Path(path).expanduser()
    try:
        if where.is_dir():
            raise IsADirectoryError(21, "it is a folder", str(where))
        write_atomic(where, text.encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise Stop(
            f"{path} cannot be written: {error.strerror}", f"invoke ts.report {flag}=report"
        ) from error
    return where
