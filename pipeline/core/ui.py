"""What people see: data on stdout, talk on stderr, one line per step."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from pipeline.core.errors import Code, Stop
from pipeline.core.secrets import redact

_LABEL_WIDTH = 34
_STYLES = {"done": "32", "passed": "32", "failed": "31", "warning": "33", "waived": "33", "unavailable": "35",
           "dim": "2", "bold": "1"}  # fmt: skip


@dataclass
class Step:
    """One line of work; set `verdict` and `note` before it ends."""

    label: str
    verdict: str = "done"
    note: str = ""


@dataclass
class _Screen:
    """The unfinished line on stderr, if any; `quiet` holds back step lines, `brief` other programs' output.

    `running` are the labels of steps that go on side by side, `status` whether the last line names them now.
    """

    open_label: str | None = None
    beside: int = 0
    running: list[str] = field(default_factory=list)
    status: bool = False
    quiet: bool = False
    brief: bool = False
    site: str = ""
    steps: list[tuple[str, str, float]] = field(default_factory=list)


_screen = _Screen()
# Steps run side by side: a line is written whole.
_writing = threading.RLock()


def colours(stream: TextIO) -> bool:
    """Whether to colour `stream`: https://no-color.org, FORCE_COLOR, TERM=dumb, and a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return `text` in a style's colour where colours are wanted."""
    code = _STYLES.get(style)
    return f"\033[{code}m{text}\033[0m" if code and colours(stream or sys.stderr) else text


def width() -> int:
    """Return the terminal's width in columns, 80 where there is none."""
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def say(text: str = "", *, style: str = "") -> None:
    """Write a line of talk; an unfinished step line is broken off first."""
    _write(fit(redact(text)), style)


def _write(text: str, style: str = "") -> None:
    with _writing:
        _break_line()
        print(paint(text, style) if style else text, file=sys.stderr, flush=True)
        _draw()


def fit(text: str) -> str:
    """Return a line of talk broken between words where the terminal would break inside of one.

    What is piped stays whole, so that every message is one line for grep.
    """
    columns = width()
    if len(text) <= columns or not sys.stderr.isatty():
        return text
    import textwrap

    margin = text[: len(text) - len(text.lstrip())]
    return "\n".join(
        textwrap.wrap(
            text, columns, subsequent_indent=f"{margin}  ", break_long_words=False, break_on_hyphens=False
        )
    )


def warn(text: str) -> None:
    """Write a line that the reader should not miss although the run goes on."""
    say(f"warning: {text}", style="warning")


def indent(lines: Iterable[str], by: int = 4) -> None:
    """Write lines of detail, indented; whole, for they are to be copied or come from other programs."""
    for line in lines:
        _write(redact(" " * by + line))


def aside(lines: Iterable[str]) -> None:
    """Write lines of detail below a step, unless step lines are held back."""
    if not _screen.quiet:
        indent(lines)


def next_step(command: str) -> None:
    """Write the last line of a task: the command to type next, in one piece."""
    _write(redact(f"next: {as_typed(command)}"))


def as_typed(text: str) -> str:
    """Return a hint with `invoke` replaced by what this user types, `--site` included if it was given."""
    site = f" --site={_screen.site}" if _screen.site else ""
    return re.sub(r"\binvoke (?=[a-z-])", f"{program()}{site} ", text)


def program() -> str:
    """Return the program as it was typed: `invoke`, `pages`, or the path of our wrapper."""
    typed = os.environ.get("PAGES_COMMAND") or Path(sys.argv[0]).name
    name = typed.rsplit("/", 1)[-1]
    if name == "__main__.py" and Path(sys.argv[0]).parent.name == "pages_pipeline":
        return "pages"
    return typed if name in {"pages", "inv"} else "invoke"


def remember_site(typed: str) -> None:
    """Put `--site` into all further hints, as it was typed."""
    _screen.site = typed


def data(text: str) -> None:
    """Write a result to stdout."""
    with _writing:
        _break_line()
        print(redact(text), flush=True)
        _draw()


def data_json(value: object) -> None:
    """Write a result to stdout as JSON."""
    data(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def table(
    rows: Sequence[Sequence[str]],
    heads: Sequence[str] = (),
    right: frozenset[int] = frozenset(),
    cap: int = 0,
) -> str:
    """Return rows as aligned columns; `right` names the columns of numbers.

    A cell with more characters than `cap`, unless that is 0, is left out of its column's width.
    """
    every = ([tuple(heads)] if heads else []) + [tuple(row) for row in rows]
    if not every:
        return ""
    sizes = [[len(row[i]) for row in every] for i in range(len(every[0]))]
    # The first column is the rows' name.
    widths = [
        max((n for n in column if not (cap and i) or n <= cap), default=0) for i, column in enumerate(sizes)
    ]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.rjust(w) if i in right else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "\n".join(line(row) for row in every)


def stream(line: str) -> None:
    """Show a line of another program's output while a step runs."""
    if not (_screen.quiet or _screen.brief):
        _write(redact(f"    {line}"), "dim")


@contextlib.contextmanager
def step(label: str) -> Iterator[Step]:
    """Write a step's label now and its verdict, time and note when the block ends."""
    one = Step(label)
    with _writing:
        beside = _screen.beside > 0
        if beside:
            _screen.running.append(label)
            _draw()
        else:
            _open_line(label)
    start = time.monotonic()
    try:
        yield one
    except KeyboardInterrupt:
        one.verdict = "interrupted"
        raise
    except BaseException:
        one.verdict = "failed"
        raise
    finally:
        with _writing:
            if beside:
                _screen.running.remove(label)
                _break_line()
            _close_line(one, time.monotonic() - start)
            _draw()


@contextlib.contextmanager
def side_by_side(labels: Sequence[str] = ()) -> Iterator[None]:
    """Show the steps of several threads for the block: a line for each that ends.

    A terminal's last line names those that run now. What is piped cannot be written over, so there all `labels` are
    named before the first one begins: one without a line of its own is the one that hangs.
    """
    with _writing:
        if labels and not _screen.quiet and not _rewritable():
            import textwrap

            text = f"side by side: {', '.join(labels)}"
            _write(textwrap.fill(text, 80, subsequent_indent="    ", break_on_hyphens=False))
        _screen.beside += 1
    try:
        yield
    finally:
        with _writing:
            _screen.beside -= 1
            _break_line()


def _rewritable() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _draw() -> None:
    """Name what runs side by side in the last line, where that can be written over."""
    if _screen.quiet or not _screen.running or not _rewritable():
        return
    text = f"running: {', '.join(one.removeprefix('gate: ') for one in _screen.running)}"
    columns = width() - 1
    cut = text if len(text) <= columns else text[: columns - 1] + "…"
    sys.stderr.write(f"\r\033[K{paint(redact(cut), 'dim')}")
    sys.stderr.flush()
    _screen.status = True


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back step lines for the block: the reader asked for JSON."""
    before, _screen.quiet = _screen.quiet, True
    try:
        yield
    finally:
        _screen.quiet = before


@contextlib.contextmanager
def brief() -> Iterator[None]:
    """Hold back other programs' output for the block; it is in the logs."""
    before, _screen.brief = _screen.brief, True
    try:
        yield
    finally:
        _screen.brief = before


def quiet_if(wanted: bool) -> contextlib.AbstractContextManager[None]:  # noqa: FBT001 - the name says it
    """Hold back step lines for the block if `wanted`."""
    return quiet() if wanted else contextlib.nullcontext()


def steps_done() -> list[tuple[str, str, float]]:
    """Return (label, verdict, seconds) of every step of this process, for the run record."""
    return list(_screen.steps)


def _leader(label: str) -> str:
    return f"{label} {'.' * max(3, _LABEL_WIDTH - len(label) - 1)} "


def _open_line(label: str) -> None:
    _break_line()
    if _screen.quiet:
        return
    sys.stderr.write(_leader(redact(label)))
    sys.stderr.flush()
    _screen.open_label = label


def _close_line(one: Step, seconds: float) -> None:
    _screen.steps.append((one.label, one.verdict, seconds))
    if _screen.quiet:
        return
    head = "" if _screen.open_label == one.label else _leader(redact(one.label))
    if head:
        _break_line()
    _screen.open_label = None
    took, note = f" {seconds:.1f} s", f"  {redact(one.note)}" if one.note else ""
    whole = f"{_leader(redact(one.label))}{one.verdict}{took}{note}"
    if note and fit(whole) != whole:
        # The note does not fit beside its step: it gets a line of its own.
        note = "\n" + fit(f"    {note.strip()}")
    sys.stderr.write(f"{head}{paint(one.verdict, one.verdict)}{took}{note}\n")
    sys.stderr.flush()


def _break_line() -> None:
    if _screen.status:
        _screen.status = False
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()
    if _screen.open_label is not None:
        _screen.open_label = None
        sys.stderr.write("\n")
        sys.stderr.flush()


def ask(question: str, *, flag: str) -> str:
    """Return what the user types, or stop with exit code 4 naming the flag that answers the question."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        message = f"this needs an answer and there is no terminal: {question}"
        raise Stop(message, f"answer it with {flag}", Code.ANSWER)
    _break_line()
    sys.stderr.write(f"{question} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def show_stop(stop: Stop) -> None:
    """Write why a run ended: message, details, next command."""
    _break_line()
    say(f"stopped: {stop.message}", style="failed")
    indent(stop.details)
    if stop.hint:
        next_step(stop.hint)


def flatten(value: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return nested mappings as dotted keys: `{"a": {"b": 1}}` gives `{"a.b": 1}`."""
    flat: dict[str, object] = {}
    for key, inner in value.items():
        path = f"{prefix}{key}"
        if isinstance(inner, Mapping) and inner:
            flat.update(flatten(inner, f"{path}."))
        else:
            flat[path] = inner
    return flat
