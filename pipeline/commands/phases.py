"""Tasks that run a whole phase: ordered steps, each idempotent, resumable where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from invoke import Context, task

from pipeline.commands import repairs
from pipeline.core import ui
from pipeline.core.errors import Stop
from pipeline.core.project import Project, open_project

if TYPE_CHECKING:
    from pipeline.phases.course import Record, Step, Wish, Work

_HELP = {
    "env": "environment to bring live",
    "yes": "answer the question that production asks",
    "from": "begin at this step",
    "only": "only this step; may be given again",
    "skip": "leave this step out; may be given again",
    "continue": "go on where the last run stopped",
    "dry_run": "say which steps would run and which are satisfied already, and change nothing",
    "json": "print the record as JSON",
}


@task(
    iterable=["only", "skip"],
    help={**_HELP, "time_limit": "seconds after which no further repair is tried"},
)
def phase41(
    c: Context,
    only: list[str],
    skip: list[str],
    env: str = "local",
    yes: bool = False,
    from_: str = "",
    continue_: bool = False,
    time_limit: int = 600,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Emergency: repair the type errors, judge, publish, prove, and exercise the way back."""
    from pipeline.phases import phase41 as phase
    from pipeline.phases.course import Wish, Work

    project = open_project()
    if time_limit <= 0:
        raise Stop(f"--time-limit={time_limit} leaves no time", "invoke phase41 --time-limit=600")
    work = Work(project, project.environment(env).name, yes=yes, seconds=float(time_limit))
    falling = repairs.Falling(shown=not json)
    steps = phase.steps(falling)
    wish = Wish(from_, tuple(only), tuple(skip), go_on=continue_)
    if dry_run:
        _plan(phase.NAME, steps, work, wish, json=json)
        return
    try:
        record = _run(phase.NAME, steps, work, wish, json=json)
    finally:
        falling.end()
    told = phase.lines(record)
    _show(project, record, phase.heading(record), told, json=json)
    late = f"; that is over the {phase.LIMIT / 60:.0f} minutes that an emergency may take"
    where = record.memory.get("url", "")
    ui.say(
        f"live{f' at {where}' if where else ''} after {record.seconds:.0f} s of work"
        f"{late if record.seconds > phase.LIMIT else ''}",
        style="warning" if record.seconds > phase.LIMIT else "passed",
    )
    ui.next_step("invoke ts.report" if record.memory.get("left") else f"invoke phase42 --env={env}")


@task(iterable=["only", "skip"], help={**_HELP, "env": "environment to reach; else production, or `local`"})
def phase42(
    c: Context,
    only: list[str],
    skip: list[str],
    env: str = "",
    yes: bool = False,
    from_: str = "",
    continue_: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Pipeline: set environments up, judge by every gate, publish, promote, prove, and report on the constitution."""
    from pipeline.phases import phase42 as phase
    from pipeline.phases.course import Wish, Work

    project = open_project()
    goal = phase.route(project, env)[-1]
    work = Work(project, goal, yes=yes)
    wish = Wish(from_, tuple(only), tuple(skip), go_on=continue_)
    if dry_run:
        _plan(phase.NAME, phase.steps(), work, wish, json=json)
        return
    record = _run(phase.NAME, phase.steps(), work, wish, json=json)
    _show(project, record, phase.heading(record), phase.lines(record), json=json)
    ui.next_step(f"invoke compliance.report --env={goal}")


def _plan(phase: str, steps: Sequence[Step], work: Work, wish: Wish, *, json: bool) -> None:
    from pipeline.phases.course import planned

    rows = planned(phase, steps, work, wish)
    if json:
        ui.data_json([asdict(one) for one in rows])
    else:
        ui.data(ui.table([(one.name, one.state, one.note) for one in rows], ("step", "state", "")))


def _run(phase: str, steps: Sequence[Step], work: Work, wish: Wish, *, json: bool) -> Record:
    from pipeline.phases import course

    try:
        with ui.quiet_if(json):
            return course.run(phase, steps, work, wish)
    except (Stop, KeyboardInterrupt):
        record = course.last(work.project, phase, work.environment)
        if json and record:
            ui.data_json(asdict(record))
        raise


def _show(project: Project, record: Record, heading: str, lines: Sequence[str], *, json: bool) -> None:
    from pipeline.phases import course

    page = course.timeline(project, record, heading, lines)
    if json:
        ui.data_json({**asdict(record), "page": str(page)})
        return
    ui.data(course.table(record))
    ui.indent([line.removeprefix("- ") for line in lines], 0)
    ui.say(f"kept as {page}", style="dim")
