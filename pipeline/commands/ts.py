"""Tasks that repair a site's type errors, prove what that did, and keep the number falling."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke import Collection, Context, task

from pipeline.commands import repairs
from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.files import plural
from pipeline.core.project import open_project

if TYPE_CHECKING:
    from pipeline.phases.several import Repaired
    from pipeline.typescript.steps import By

_JSON = "print the result as JSON"


@task(
    iterable=["path", "category", "code"],
    help={
        "path": "only errors of this file or folder; may be given again",
        "category": "only errors of this category, such as null-check",
        "code": "only errors of this code, such as TS2339",
        "type_only": "only repairs that are proven to leave the JavaScript as it is",
        "dry_run": "print the difference and change nothing",
        "time_limit": "seconds after which no further repair is tried",
        "by": "what gets a commit of its own: strategy, file or one (for all)",
        "stash": "put your uncommitted changes away for the run",
        "here": "commit on the branch that is checked out; no new one",
        "no_branch": "the same as --here",
        "no_test": "leave the site's tests out",
        "no_build": "leave the builds before and after out",
        "config": "another tsconfig.json",
        "json": _JSON,
    },
)
def fix(  # noqa: PLR0917 - flags
    c: Context,
    path: list[str],
    category: list[str],
    code: list[str],
    type_only: bool = False,
    dry_run: bool = False,
    time_limit: int = 600,
    by: str = "strategy",
    stash: bool = False,
    here: bool = False,
    no_branch: bool = False,
    no_test: bool = False,
    no_build: bool = False,
    config: str = "",
    json: bool = False,
) -> None:
    """Repair type errors, each repair proven by the checker and by the JavaScript."""
    from pipeline.phases.repair import Wish, repair, rows, value_of

    project = open_project()
    wish = Wish(
        tuple(path), tuple(category), tuple(code), type_only, _seconds(time_limit), _by(by), stash,
        here or no_branch, not no_test, not no_build, config or None,
    )  # fmt: skip
    falling = repairs.Falling(shown=not json)
    with ui.quiet_if(json):
        try:
            found = repair(project, wish, dry_run=dry_run, here=Path.cwd(), progress=falling)
        finally:
            falling.end()
    if json:
        ui.data_json({**value_of(found), **({"diff": repairs.difference(found.texts)} if dry_run else {})})
    elif dry_run:
        if found.texts:
            ui.data(repairs.difference(found.texts).rstrip("\n"))
        if found.left:
            ui.say("\n".join(["left for a person:", *repairs.left_lines(found.left)]))
        ui.say(_summary(found))
    else:
        repairs.show(found, rows(found))
        if found.commits:
            ui.say(f"each commit of {found.branch or 'this run'} is taken back alone: invoke ts.undo NUMBER")
        ui.say(_summary(found), style="passed" if not found.left else "")
    _end(found, dry_run=dry_run)


def _seconds(limit: int) -> float:
    if limit <= 0:
        raise Stop(f"--time-limit={limit} leaves no time", "invoke ts.fix --time-limit=600")
    return float(limit)


def _by(word: str) -> By:
    import difflib

    from pipeline.typescript.steps import BY

    if word in BY:
        return word
    near = difflib.get_close_matches(word, BY, 1, 0.4) or ["strategy"]
    raise Stop(f"--by={word} is none of {', '.join(BY)}", f"invoke ts.fix --by={near[0]}")


def _summary(found: Repaired) -> str:
    if not found.before:
        return "no type error" if not found.others else "no error of those that were asked for"
    repaired = len(found.before) - len(found.left)
    proven = sum(one.proven for one in found.repairs)
    return (
        f"{repaired} of {plural(len(found.before), 'error')} repaired by {plural(len(found.repairs), 'repair')},"
        f" {proven} of them proven type-only; {len(found.left)} left"
    )


def _end(found: Repaired, *, dry_run: bool) -> None:
    """Say the next step; raises Stop: 3 when something broke, 8 when errors are left."""
    if found.confirmed and found.confirmed.broken:
        hint = f"invoke ts.undo {found.run}/{len(found.steps)}" if found.commits else "invoke ts.certificate"
        raise Stop("the repaired site does not hold", hint, Code.GATE, found.confirmed.broken)
    hint = "invoke ts.fix" if dry_run and found.repairs else "invoke ts.baseline"
    if found.left:
        raise Stop(f"{plural(len(found.left), 'error')} left for a person", hint, Code.DRIFT)
    after = "invoke ts.fix" if dry_run else "invoke ts.certificate"
    ui.next_step(after if found.repairs else "invoke check.typescript")


@task(positional=["name"], help={"name": "commit of repairs: 20261123-091500/2, 2, or a commit id"})
def undo(c: Context, name: str) -> None:
    """Take one commit of repairs back, and no other."""
    from pipeline.phases.undo import undo as take_back

    told = take_back(open_project(), name)
    ui.say(told, style="passed")
    ui.next_step("invoke check.typescript")


@task(help={"json": _JSON})
def baseline(c: Context, json: bool = False) -> None:
    """Write the type errors of now down as allowed; later only fewer are."""
    from pipeline.phases.ratchet import shrink

    project = open_project()
    with ui.quiet_if(json):
        turned = shrink(project)
    if json:
        ui.data_json({"before": turned.before, "now": turned.now, "errors": turned.counts})
        return
    was = "" if turned.before is None else f", {turned.before} before"
    ui.data(f"{plural(turned.now, 'type error')} allowed{was}")
    ui.next_step("invoke ts.fix" if turned.now else "invoke check.typescript")


@task(help={"apply": "turn this flag on, its errors allowed by the baseline", "json": _JSON})
def migrate(c: Context, apply: str = "", json: bool = False) -> None:
    """Tell what each strict flag would bring, and turn on one at a time."""
    from dataclasses import asdict

    from pipeline.phases import ratchet
    from pipeline.typescript.flags import named

    project = open_project()
    with ui.quiet_if(json):
        if apply:
            turned = ratchet.turn_on(project, apply)
            if json:
                ui.data_json({"flag": apply, "before": turned.before, "now": turned.now})
                return
            ui.data(f"{named(apply)} is on; {plural(turned.now, 'type error')} allowed by the baseline")
            ui.next_step("invoke ts.fix")
            return
        found = ratchet.forecasts(project)
    if json:
        ui.data_json([asdict(one) for one in found])
        return
    ui.data(repairs.forecast_table(found))
    off = sorted((one for one in found if not one.on), key=lambda one: one.errors)
    ui.next_step(f"invoke ts.migrate --apply={off[0].flag}" if off else "invoke check.typescript")


@task(help={"env": "environment to judge it for", "no_gates": "leave the gates out", "json": _JSON})
def certificate(c: Context, env: str = "local", no_gates: bool = False, json: bool = False) -> None:
    """Certify the last run: counts, proofs, versions, trees, and the gates."""
    from pipeline.phases.certificate import certify

    project = open_project()
    with ui.quiet_if(json):
        value: dict[str, Any] = certify(project, env, gates=not no_gates)
    if json:
        ui.data_json(value)
        return
    ui.data(repairs.certificate_line(value))
    ui.say(f"the whole of it: {value['path']}")
    ui.next_step("invoke check")


@task(
    help={
        "config": "another tsconfig.json",
        "sarif": "also write it as SARIF 2.1.0 into this file",
        "html": "also write it as a page into this file",
        "json": _JSON,
    }
)
def report(c: Context, config: str = "", sarif: str = "", html: str = "", json: bool = False) -> None:
    """Tell the causes of all type errors, what blocks the build, and the order of repair."""
    from pipeline.commands import type_report
    from pipeline.phases.analyse import report as analyse
    from pipeline.phases.analyse import value_of

    project = open_project()
    with ui.quiet_if(json):
        found = analyse(project, config=config or None)
    if sarif:
        ui.say(f"SARIF: {type_report.write_sarif(found, sarif)}")
    if html:
        ui.say(
            f"page: {type_report.write_html(found, html, project.settings.site.name or project.root.name)}"
        )
    if json:
        ui.data_json(value_of(found))
    else:
        type_report.show(found)
    ui.next_step("invoke ts.fix --dry-run" if found.analysis.errors else "invoke check.typescript")


ns = Collection("ts", report, fix, undo, baseline, migrate, certificate)
