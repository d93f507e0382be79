"""The task that sets a repository on GitHub up for releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke import Context, task

from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.project import open_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.deploy.setup import Action


@task(
    help={
        "env": "environment to set up",
        "yes": "answer the question that production asks",
        "dry_run": "print the plan and change nothing; exit code 8 when there is something to change",
        "json": "print the result as JSON",
    }
)
def setup(
    c: Context, env: str = "prod", yes: bool = False, dry_run: bool = False, json: bool = False
) -> None:
    """Make the Pages site, turn Actions off and protect the branches on GitHub."""
    from pipeline.deploy import engine
    from pipeline.deploy.setup import make, pending, plan, read_facts, wanted_for
    from pipeline.deploy.target import target_of
    from pipeline.tools.github import connect

    project = open_project()
    target = target_of(project, env)
    hub = None if target.local else connect(target.remote, project.settings.tools.gh)
    if hub is None:
        ui.say(f"nothing to set up: {env} does not publish to GitHub")
        return
    with ui.quiet_if(json):
        wanted = wanted_for(target)
        with ui.step(f"look at {hub.at.slug}"):
            actions = plan(read_facts(hub, wanted), wanted)
        todo = pending(actions)
        if todo and not dry_run:
            engine.confirm(project, target, "deploy.setup", yes=yes)
            make(hub, todo)
    show(actions, json=json, dry_run=dry_run)
    if dry_run and todo:
        text = f"{hub.at.slug} is not set up: {len(todo)} of {len(actions)} points differ"
        raise Stop(text, f"invoke deploy.setup --env={env}", Code.DRIFT)
    ui.next_step(
        next((one.hint for one in actions if one.hint.startswith("invoke ")), f"invoke deploy --env={env}")
    )


def show(actions: Sequence[Action], *, json: bool, dry_run: bool) -> None:
    """Print every point: what was changed or would be, what was right already, what cannot be had."""
    from dataclasses import asdict

    if json:
        ui.data_json({"dry_run": dry_run, "actions": [asdict(one) for one in actions]})
        return
    for one in actions:
        ui.data(one.line(done=not dry_run))
        if one.state == "impossible" and one.hint:
            ui.data(f"    {ui.as_typed(one.hint)}")
