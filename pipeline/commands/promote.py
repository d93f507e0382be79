"""The task that takes what one environment has proven to another one."""

from __future__ import annotations

from dataclasses import asdict

from invoke import Context, task

from pipeline.commands.show import show_outcome
from pipeline.core import ui
from pipeline.core.project import open_project


@task(
    name="promote",
    help={
        "from": "environment whose live release goes on",
        "to": "environment to publish it to",
        "release": "another release of --from, by name or its beginning",
        "what": "what this release is, for its name and record; else as it was called",
        "rebuild": "build the same source commit for --to, where the same tree would be wrong",
        "yes": "answer the question that production asks",
        "adopt": "publish over commits that no release made",
        "dry_run": "print the plan and which settings differ, and change nothing",
        "json": "print the result as JSON",
    },
)
def promote(
    c: Context,
    from_: str = "staging",
    to: str = "prod",
    release: str = "",
    what: str = "",
    rebuild: bool = False,
    yes: bool = False,
    adopt: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Publish the tree that one environment has proven to another one."""
    from pipeline.deploy import promote as area

    project = open_project()
    move = area.Move(from_, to, release, what, rebuild=rebuild, yes=yes, adopt=adopt)
    with ui.quiet_if(json):
        if not dry_run:
            show_outcome(project, area.promote(project, move), json=json)
            return
        planned = area.plan_promote(project, move)
    if json:
        ui.data_json(asdict(planned))
    else:
        ui.data("\n".join(planned.lines()))
