"""A phase as an ordered list of steps, each of which may be done already; what stopped goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pipeline.core import lock, runs, ui
from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.files import read_json, write_atomic, write_json
from pipeline.core.project import Project

FORMAT = 1
State = Literal["done", "satisfied", "left out", "failed", "interrupted", "to do"]
_OVER = ("done", "satisfied", "left out")


@dataclass
class Work:
    """What the steps of one run share: `memory` is JSON-able, kept between runs, and what a later step needs."""

    project: Project
    environment: str
    memory: dict[str, Any] = field(default_factory=dict)
    yes: bool = False
    seconds: float = 600.0
    clock: Clock = utc_now


def _never(_work: Work) -> str:
    return ""


@dataclass(frozen=True)
class Step:
    """One step: `run` does it and returns what came of it, `satisfied` why nothing is to be done (empty: something is).

    `must` says why the step cannot be left out.
    """

    name: str
    what: str
    run: Callable[[Work], str]
    satisfied: Callable[[Work], str] = _never
    must: str = ""


@dataclass(frozen=True)
class Past:
    """How a step went: when it began (ISO 8601 in UTC), how long it took (s), what came of it."""

    name: str
    state: State
    at: str = ""
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Record:
    """One run of a phase; `stopped` is the message that ended it, empty when it went through."""

    phase: str
    environment: str
    started: str
    steps: tuple[Past, ...]
    memory: dict[str, Any]
    stopped: str = ""
    hint: str = ""
    details: tuple[str, ...] = ()
    ended: str = ""

    @property
    def whole(self) -> bool:
        """Whether every step is over."""
        return all(one.state in _OVER for one in self.steps)

    @property
    def seconds(self) -> float:
        """Return the time that its steps took together, those of earlier attempts included."""
        return sum(one.seconds for one in self.steps)


@dataclass(frozen=True)
class Wish:
    """Which steps a person wants: from one on, only some, all but some, or on from where the last run stopped."""

    start: str = ""
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    go_on: bool = False


def path_of(project: Project, phase: str, environment: str) -> Path:
    """Return where the record of a phase's last run is kept."""
    return project.state / "phases" / f"{phase}-{environment}.json"


def last(project: Project, phase: str, environment: str) -> Record | None:
    """Return the record of a phase's last run, None without a whole one."""
    found = read_json(path_of(project, phase, environment))
    if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
        return None
    try:
        steps = tuple(Past(**one) for one in found.pop("steps"))
        return Record(**{**found, "steps": steps, "details": tuple(found.get("details", ()))})
    except (TypeError, KeyError):
        return None


def planned(phase: str, steps: Sequence[Step], work: Work, wish: Wish) -> list[Past]:
    """Return what a run would do, step by step; nothing is changed."""
    chosen, _ = _chosen(phase, steps, work, wish)
    rows = []
    for step in steps:
        if step.name not in chosen:
            rows.append(Past(step.name, "left out", note=step.what))
        elif reason := step.satisfied(work):
            rows.append(Past(step.name, "satisfied", note=reason))
        else:
            rows.append(Past(step.name, "to do", note=step.what))
    return rows


def run(phase: str, steps: Sequence[Step], work: Work, wish: Wish) -> Record:
    """Run the steps in order and keep a record of each; raises the Stop of the step that ends the run.

    The Stop names the command that goes on from there. One run of a phase at a time: Stop (6) for a second one.
    """
    with lock.hold(work.project.state / "locks" / "phase.lock", phase, work.clock):
        chosen, before = _chosen(phase, steps, work, wish)
        earlier = {one.name: one for one in before.steps} if before else {}
        work.memory = dict(before.memory) if before else {}
        rows = {step.name: earlier.get(step.name) or Past(step.name, "left out") for step in steps}
        for name in chosen:
            rows[name] = Past(name, "to do")
        started = before.started if before and wish.go_on else stamp(work.clock())
        record = Record(phase, work.environment, started, tuple(rows.values()), work.memory)
        _keep(work, record)
        for number, step in enumerate(steps, 1):
            if step.name in chosen:
                ui.say(f"{number}/{len(steps)} {step.name}: {step.what}", style="bold")
                record = _one(step, work, record)
        record = replace(record, ended=stamp(work.clock()))
        _keep(work, record)
        return record


def _one(step: Step, work: Work, record: Record) -> Record:
    at, begun = stamp(work.clock()), time.monotonic()

    def after(state: State, note: str, stop: Stop | None = None) -> Record:
        past = Past(step.name, state, at, round(time.monotonic() - begun, 1), note)
        rows = tuple(past if one.name == step.name else one for one in record.steps)
        told = (stop.message, stop.hint, stop.details) if stop else ("", "", ())
        now = replace(record, steps=rows, memory=work.memory, stopped=told[0], hint=told[1], details=told[2])
        _keep(work, now)
        return now

    try:
        if reason := step.satisfied(work):
            ui.say(f"    nothing to do: {reason}", style="dim")
            return after("satisfied", reason)
        note = step.run(work)
    except Stop as stop:
        env = "" if record.environment == "local" else f" --env={record.environment}"
        onward = f"invoke {record.phase}{env} --continue"
        stop.details = (*stop.details, f"then go on with: {ui.as_typed(onward)}")
        after("failed", stop.message, stop)
        raise
    except KeyboardInterrupt:
        after("interrupted", "interrupted")
        raise
    if note:
        ui.say(f"    {note}", style="dim")
    return after("done", note)


def _keep(work: Work, record: Record) -> None:
    value = {"format": FORMAT, **asdict(record)}
    write_json(path_of(work.project, record.phase, record.environment), value, durable=True)


def _chosen(
    phase: str, steps: Sequence[Step], work: Work, wish: Wish
) -> tuple[frozenset[str], Record | None]:
    """Return the steps to run, and the record whose memory they go on with; raises Stop (2) for a wrong wish."""
    names = [step.name for step in steps]
    for word in (*([wish.start] if wish.start else []), *wish.only, *wish.skip):
        _known(phase, word, names)
    for step in steps:
        if step.name in wish.skip and step.must:
            raise Stop(f"{step.name} cannot be left out: {step.must}", f"invoke {phase}", Code.USAGE)
    before = last(work.project, phase, work.environment)
    chosen = [name for name in names if name not in wish.skip and (not wish.only or name in wish.only)]
    if wish.go_on:
        if before is None or before.whole:
            what = "the last run went through" if before else "there was no run here"
            raise Stop(f"there is nothing to go on with: {what}", f"invoke {phase}")
        over = {one.name for one in before.steps if one.state in _OVER}
        chosen = [name for name in chosen if name not in over]
    elif wish.start:
        chosen = [name for name in chosen if names.index(name) >= names.index(wish.start)]
    elif not wish.only:
        before = None
    return frozenset(chosen), before


def _known(phase: str, word: str, names: Iterable[str]) -> None:
    import difflib

    known = list(names)
    if word in known:
        return
    near = (difflib.get_close_matches(word, known, 1, 0.4) or known)[0]
    raise Stop(f"{phase} has no step {word}; there are: {', '.join(known)}", f"invoke {phase} --from={near}")


def table(record: Record) -> str:
    """Return the timeline for people."""
    rows = [
        (one.at[11:19] or "-", one.name, one.state, f"{one.seconds:.1f} s" if one.at else "-")
        for one in record.steps
    ]
    return ui.table(rows, ("at (UTC)", "step", "state", "took"), right=frozenset({3}))


def timeline(project: Project, record: Record, heading: str, lines: Sequence[str] = ()) -> Path:
    """Write the record as a page of Markdown into the run's folder, `lines` below the table; return its path."""
    rows = [
        f"| {one.at or '-'} | {one.name} | {one.state} | {one.seconds:.1f} s | {_cell(one.note)} |"
        for one in record.steps
    ]
    text = "\n".join(
        [
            f"# {heading}",
            "",
            f"Begun {record.started}, {record.seconds:.0f} s of work in {len(record.steps)} steps.",
            "",
            "| at (UTC) | step | state | took | what came of it |",
            "|---|---|---|---:|---|",
            *rows,
            *(["", *lines] if lines else []),
            "",
        ]
    )
    path = runs.folder(project.state) / f"{record.phase}.md"
    write_atomic(path, text.encode())
    return path


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
