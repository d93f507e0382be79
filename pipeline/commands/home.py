"""The screen that greets whoever types nothing."""

from __future__ import annotations

from invoke import Context, task

from pipeline.core import ui
from pipeline.core.errors import Stop
from pipeline.core.project import Project, open_project

_JSON = "print the result as JSON"
_NOTHING = "nothing yet"


@task(default=True, help={"json": _JSON})
def home(c: Context, json: bool = False) -> None:
    """Show the site, what is live where, and one next step."""
    try:
        project = open_project()
    except Stop as stop:
        # Only where there is no site yet does `init` help: mistakes in its settings have details.
        if json or stop.details:
            raise
        ui.say("pages-pipeline: from source to a proven release on GitHub Pages, on your own machine")
        ui.say(stop.message)
        ui.next_step("invoke init   (or, to see it work first: invoke demo)")
        return
    name = project.settings.site.name or project.root.name
    rows = live_rows(project)
    if json:
        environments = [
            {"name": env, "live": None if live == _NOTHING else live, "url": url}
            for env, live, _, url in rows
        ]
        ui.data_json({"site": name, "folder": str(project.root), "environments": environments})
        return
    ui.data(f"{name}  {project.root}")
    ui.data(ui.table(rows, ("environment", "live", "when", "address")))
    ui.say(ui.as_typed("tasks: invoke --list    one task: invoke --help TASK"))
    ui.next_step(next_command(rows))


def live_rows(project: Project) -> list[tuple[str, ...]]:
    """Return a row per environment with what was live when it was last asked; nothing outside is asked now."""
    from pipeline.core.clock import ago, utc_now
    from pipeline.deploy.ledger import releases
    from pipeline.deploy.target import objects, serving, target_of

    rows: list[tuple[str, ...]] = []
    for name in project.environments:
        target = target_of(project, name)
        known = releases(objects(project), target, limit=1)
        running = serving(project) if target.local else None
        address = running.url if running else target.url
        live = (known[0].name, ago(known[0].when, utc_now())) if known else (_NOTHING, "-")
        rows.append((name, *live, address))
    return rows


def next_command(rows: list[tuple[str, ...]]) -> str:
    """Return the one command that brings the site forward from here."""
    waiting = [row[0] for row in rows if row[1] == _NOTHING]
    if "local" in waiting:
        return "invoke deploy --env=local"
    return f"invoke deploy --env={waiting[0]}" if waiting else "invoke status"


@task(help={"env": "environment; else all of them", "json": _JSON})
def status(c: Context, env: str = "", json: bool = False) -> None:
    """Ask every environment what is live, and say what an interrupted run left behind."""
    from pipeline.deploy.status import status_of

    project = open_project()
    states = [status_of(project, name) for name in ([env] if env else project.environments)]
    if json:
        ui.data_json([one.value() for one in states])
        return
    for one in states:
        ui.data("\n".join(one.lines()))
    ui.next_step(next(one.next_command for one in states))
