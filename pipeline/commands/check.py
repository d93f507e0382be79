"""Tasks that judge the built site: all gates, or one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from invoke import Collection, Context, Task, task

from checks import TITLES
from pipeline.core import ui
from pipeline.core.project import open_project

_HELP = {
    "env": "environment to judge it for",
    "fresh": "measure again, although nothing changed",
    "json": "print the judgement as JSON",
}


def check(env: str, *, only: Sequence[str] | None, fresh: bool, json: bool) -> None:
    """Judge the output folder and show what was measured; raises Stop (3) when a gate is in the way."""
    from pipeline.gates import show
    from pipeline.gates.runner import judge_site
    from pipeline.site.build import artifact_of

    project = open_project()
    with ui.quiet_if(json):
        judgement = judge_site(project, artifact_of(project, env), env, only=only, fresh=fresh)
    if json:
        ui.data_json({**judgement.record, "digest": judgement.digest, "passed": judgement.passed})
    else:
        ui.data(show.measure_table(judgement))
        ui.indent([*show.measure_details(judgement), *show.advice(judgement)], 0)
    if refusal := judgement.refusal():
        raise refusal
    ui.next_step(show.after(judgement))


@task(default=True, name="all", help=_HELP)
def every(c: Context, env: str = "local", fresh: bool = False, json: bool = False) -> None:
    """Judge the built site by every gate."""
    check(env, only=None, fresh=fresh, json=json)


def one_gate(name: str) -> Task[Callable[..., Any]]:
    """Return the task that runs one gate."""

    def run(c: Context, env: str = "local", fresh: bool = False, json: bool = False) -> None:
        check(env, only=(name,), fresh=fresh, json=json)

    run.__doc__ = TITLES[name]
    made: Task[Callable[..., Any]] = task(name=name, help=_HELP)(run)
    return made


ns = Collection("check", every, *(one_gate(name) for name in TITLES))
