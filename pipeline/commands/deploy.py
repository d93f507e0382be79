"""Tasks that change what is live, and the one that proves it."""

from __future__ import annotations

from invoke import Collection, Context, task

from pipeline.commands.setup import setup
from pipeline.commands.show import show_outcome, show_plan
from pipeline.core import ui
from pipeline.core.project import open_project

_ENV = "environment to publish to"
_YES = "answer the question that production asks"
_DRY = "print the plan and change nothing"
_JSON = "print the result as JSON"


@task(
    name="site",
    help={
        "env": _ENV,
        "what": "what this release is, for its name and record; else the source commit's subject",
        "yes": _YES,
        "adopt": "publish over commits on the pages branch that no release made",
        "allow_dirty": "let production publish changes that are not committed",
        "no_build": "publish the output folder as it is",
        "emergency": "measure right after the release what measures time and is negotiable, on the record",
        "dry_run": _DRY,
        "json": _JSON,
    },
)
def deploy(
    c: Context,
    env: str = "local",
    what: str = "",
    yes: bool = False,
    allow_dirty: bool = False,
    adopt: bool = False,
    no_build: bool = False,
    emergency: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Build, judge, publish and prove the site."""
    from pipeline.deploy import aftermath, engine

    order = engine.Order(
        env, what, yes=yes, allow_dirty=allow_dirty, no_build=no_build, adopt=adopt, emergency=emergency
    )
    project = open_project()
    with ui.quiet_if(json):
        if dry_run:
            show_plan(engine.plan_deploy(project, order), json=json)
            return
        outcome = engine.deploy(project, order)
        show_outcome(project, outcome, json=json)
    aftermath.tell(outcome)


@task(
    help={
        "env": "environment to roll back",
        "to": "release to go back to, by name or its beginning; else the one before with other content",
        "why": "why, for the record",
        "via_api": "go through GitHub's API with gh alone, for when git cannot push",
        "take_over": "do not wait for another machine that is proving its release",
        "yes": _YES,
        "dry_run": _DRY,
        "json": _JSON,
    }
)
def rollback(
    c: Context,
    env: str = "local",
    to: str = "",
    why: str = "",
    via_api: bool = False,
    take_over: bool = False,
    yes: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Publish an earlier release's tree again, without a build."""
    from pipeline.deploy import engine

    project = open_project()
    with ui.quiet_if(json):
        if dry_run:
            show_plan(engine.plan_rollback(project, env, to=to), json=json)
            return
        outcome = engine.rollback(project, env, to=to, why=why, yes=yes, via_api=via_api, take_over=take_over)
        show_outcome(project, outcome, json=json)


@task(help={"env": "environment to prove", "json": _JSON})
def verify(c: Context, env: str = "local", json: bool = False) -> None:
    """Read every file of the live site back and compare it with its release."""
    from pipeline.deploy import engine

    project = open_project()
    with ui.quiet_if(json):
        show_outcome(project, engine.verify_live(project, env), json=json)


ns = Collection("deploy", setup)
ns.add_task(deploy, default=True)
