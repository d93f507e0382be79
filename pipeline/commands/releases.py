"""What was released: the ledger of an environment."""

from __future__ import annotations

from invoke import Collection, Context, task

from pipeline.commands.show import release_rows, release_value
from pipeline.core import ui
from pipeline.core.clock import utc_now
from pipeline.core.project import open_project

_JSON = "print the result as JSON"


@task(
    name="list",
    default=True,
    help={"env": "environment", "limit": "how many at most; 0 for all", "json": _JSON},
)
def list_(c: Context, env: str = "local", limit: int = 20, json: bool = False) -> None:
    """List an environment's releases, newest first."""
    from pipeline.deploy.desk import sit_down
    from pipeline.deploy.target import target_of

    project = open_project()
    known = sit_down(project, target_of(project, env)).releases
    shown = known[:limit] if limit else known
    if json:
        ui.data_json([release_value(one) for one in shown])
        return
    if not known:
        ui.say(f"{env} has no release yet")
        ui.next_step(f"invoke deploy --env={env}")
        return
    ui.data(ui.table(release_rows(shown, utc_now()), ("release", "kind", "when", "source", "what")))
    if len(shown) < len(known):
        ui.say(f"{len(known) - len(shown)} older ones: --limit=0")


@task(
    positional=["name"],
    help={"name": "release, by name or its beginning", "env": "environment", "json": _JSON},
)
def show(c: Context, name: str, env: str = "local", json: bool = False) -> None:
    """Show one release: its commit, tree, source, evidence, and what it changed."""
    from pipeline.deploy import ledger
    from pipeline.deploy.desk import sit_down
    from pipeline.deploy.plan import changes_between
    from pipeline.deploy.target import target_of

    project = open_project()
    desk = sit_down(project, target_of(project, env))
    known = desk.releases
    one = ledger.find(known, name)
    before = next((other for other in known[known.index(one) + 1 :]), None)
    changes = changes_between(desk.git, before.tree if before else None, one.tree)
    value = {**release_value(one), "before": before.name if before else None, "changes": str(changes)}
    if json:
        ui.data_json(value)
        return
    ui.data(ui.table([(key, str(held)) for key, held in value.items() if held]))


ns = Collection("releases", list_, show)
