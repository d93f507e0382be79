"""What was released: the ledger of an environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from invoke import Collection, Context, task

from pipeline.commands.ledger import (
    audit_lines,
    described_rows,
    described_value,
    listed_value,
    preview_rows,
    rows_that_fit,
    size_lines,
    size_value,
)
from pipeline.commands.show import show_outcome, show_plan
from pipeline.core import ui
from pipeline.core.clock import utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project

if TYPE_CHECKING:
    from pipeline.deploy.desk import Desk
    from pipeline.deploy.difference import Changed

_ENV = "environment"
_JSON = "print the result as JSON"
_DRY = "print the plan and change nothing"


def _desk(env: str) -> Desk:
    from pipeline.deploy.desk import sit_down
    from pipeline.deploy.target import target_of

    project = open_project()
    return sit_down(project, target_of(project, env))


@task(
    name="list",
    default=True,
    help={"env": _ENV, "limit": "how many at most; 0 for all", "json": _JSON},
)
def list_(c: Context, env: str = "local", limit: int = 20, json: bool = False) -> None:
    """List an environment's releases and previews, newest first."""
    from pipeline.deploy.described import previews

    desk = _desk(env)
    known, shown_now = desk.every, previews(desk)
    shown = known[:limit] if limit else known
    if json:
        ui.data_json([listed_value(one, shown_now, desk.target.url) for one in shown])
        return
    if not known:
        ui.say(f"{env} has no release yet")
        ui.next_step(f"invoke deploy --env={env}")
        return
    ui.data(rows_that_fit(shown, desk.live, utc_now(), ui.width()))
    if shown_now:
        ui.data(
            "\n"
            + ui.table(preview_rows(shown_now, desk.target.url, utc_now()), ("preview", "until", "address"))
        )
    if len(shown) < len(known):
        ui.say(f"{len(known) - len(shown)} older ones: --limit=0")


@task(
    positional=["name"],
    help={"name": "release, by name or its beginning; or `live`", "env": _ENV, "json": _JSON},
)
def show(c: Context, name: str, env: str = "local", json: bool = False) -> None:
    """Show one release: its commit, source, signature, evidence, and what it changed."""
    from pipeline.deploy.described import describe

    found = describe(_desk(env), name)
    if json:
        ui.data_json(described_value(found))
        return
    ui.data(ui.table(described_rows(found)))


@task(
    positional=["old", "new"],
    help={
        "old": "release, by name or its beginning; or `live`",
        "new": "release to compare it with",
        "env": _ENV,
        "stat": "print only how many files, and by how much they grew",
        "text": "print the difference of this text file, line by line",
        "json": _JSON,
    },
)
def diff(
    c: Context, old: str, new: str, env: str = "local", stat: bool = False, text: str = "", json: bool = False
) -> None:
    """List the files in which two releases differ."""
    from pipeline.deploy import difference

    desk = _desk(env)
    before, after = difference.named(desk, old), difference.named(desk, new)
    if text:
        lines = difference.text_difference(desk.git, before, after, text)
        ui.data_json(lines) if json else ui.data("\n".join(lines) or "no difference")
        return
    files = difference.changed_files(desk.git, before.tree, after.tree)
    if json:
        ui.data_json({"old": before.name, "new": after.name, "files": [] if stat else [asdict(one) for one in files],
                      "summary": difference.summary(files)})  # fmt: skip
        return
    if files and not stat:
        ui.data(difference_table(files))
    ui.data(difference.summary(files))


def difference_table(files: Sequence[Changed]) -> str:
    """Return the files with their sizes."""
    from pipeline.core.files import human_size

    def size(count: int | None) -> str:
        return "-" if count is None else human_size(count)

    rows = [(one.kind, size(one.before), size(one.after), one.path) for one in files]
    return ui.table(rows, ("", "before", "after", "file"), frozenset({1, 2}))


@task(help={"env": _ENV, "json": _JSON})
def audit(c: Context, env: str = "local", json: bool = False) -> None:
    """Check the ledger: audit log, branches, names, trees, times, signatures (exit code 8)."""
    from pipeline.deploy.proof_of_ledger import audit_ledger

    found = audit_ledger(_desk(env))
    if json:
        ui.data_json(asdict(found))
    else:
        ui.data("\n".join(audit_lines(found)))
    if found.findings:
        text = f"the ledger of {env} is not whole: {len(found.findings)} of its points are wrong"
        raise Stop(text, f"invoke releases.show <name> --env={env}", Code.DRIFT)


@task(help={"env": _ENV, "json": _JSON})
def size(c: Context, env: str = "local", json: bool = False) -> None:
    """Say what releases added to the repository and hold here, and when GitHub's limits are reached."""
    from pipeline.deploy.size import measure

    with ui.quiet_if(json), ui.step("measure releases"):
        found = measure(_desk(env))
    if json:
        ui.data_json(size_value(found))
    else:
        ui.data("\n".join(size_lines(found, utc_now())))


@task(
    help={
        "to": "repository that keeps old releases: a git remote, owner/name on GitHub, or a path",
        "env": _ENV,
        "older_than": "age from which on releases are copied, in days",
        "keep": "how many of the newest stay, whatever their age",
        "yes_delete": "remove the branches here once the archive has them",
        "name": "the site's name, which must be typed for --yes-delete",
        "dry_run": _DRY,
        "json": _JSON,
    }
)
def archive(
    c: Context,
    to: str,
    env: str = "local",
    older_than: int = 90,
    keep: int = 20,
    yes_delete: bool = False,
    name: str = "",
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Copy the branches of old releases to another repository."""
    from pipeline.deploy import archive as area

    project = open_project()
    asked = area.Request(env, to, older_than, keep, delete=yes_delete, name=name)
    with ui.quiet_if(json):
        found = (area.plan_archive if dry_run else area.archive)(project, asked)
    if json:
        ui.data_json({**asdict(found), "dry_run": dry_run})
    else:
        ui.data("\n".join(found.lines(planned=dry_run)))


@task(
    help={
        "env": "environment that carries previews",
        "preview": "take this one away, expired or not",
        "yes": "answer the question that production asks",
        "dry_run": _DRY,
        "json": _JSON,
    }
)
def expire(
    c: Context, env: str = "", preview: str = "", yes: bool = False, dry_run: bool = False, json: bool = False
) -> None:
    """Take expired previews away by a new release."""
    from pipeline.deploy import preview as area

    project: Project = open_project()
    where = env or area.carrier_of(project)
    with ui.quiet_if(json):
        if dry_run:
            show_plan(area.plan_expire(project, where, only=preview), json=json)
            return
        gone, outcome = area.expire(project, where, only=preview, yes=yes)
        if outcome:
            show_outcome(project, outcome, json=json)
        elif json:
            ui.data_json(gone)
        else:
            ui.say(f"no preview on {where} has expired")


@task(help={"dry_run": _DRY, "json": _JSON})
def tidy(c: Context, dry_run: bool = False, json: bool = False) -> None:
    """Merge the object store's packs, and take away what no release needs."""
    from pipeline.deploy import upkeep

    project = open_project()
    with ui.quiet_if(json), ui.step("tidy the state folder"):
        found = (upkeep.plan if dry_run else upkeep.tidy)(project)
    if json:
        ui.data_json({**asdict(found), "dry_run": dry_run})
    else:
        ui.data("\n".join(found.lines(planned=dry_run)))


ns = Collection("releases", list_, show, diff, audit, size, archive, expire, tidy)
