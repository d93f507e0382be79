"""The site's own affairs: making one, checking what it stands on, showing its settings."""

from __future__ import annotations

import os
from pathlib import Path

from invoke import Context, task

from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.project import SITE_VARIABLE, Project, open_project

_JSON = "print the result as JSON"
# With the longest key and the longest origin a line has 80 columns; a longer value moves only its own line.
_VALUE_WIDTH = 25


def typed(words: str, site: Path | None = None) -> str:
    """Return a command as this user would type it, for a site that may be in another folder."""
    if site is None or site.resolve() == Path.cwd():
        return f"invoke {words}"
    # Plain invoke has no --site: it goes by the folder.
    program = ui.program()
    return f"cd {site} && invoke {words}" if program == "invoke" else f"{program} --site={site} {words}"


def _folder(site: str) -> Path:
    return Path(site or os.environ.get(SITE_VARIABLE) or ".").expanduser().resolve()


@task(
    help={
        "site": "folder of the site; else this one",
        "force": "replace files that are there already; the old ones are kept as .bak",
        "dry_run": "print what would be written, and write nothing",
        "json": _JSON,
    }
)
def init(c: Context, site: str = "", force: bool = False, dry_run: bool = False, json: bool = False) -> None:
    """Make a folder a site: write invoke.yaml, constitution.toml and tasks.py from what is found there."""
    from pipeline.core.clock import utc_now
    from pipeline.site.init import apply, make_plan

    plan = make_plan(_folder(site), force=force, today=utc_now().date())
    if not dry_run:
        apply(plan)
    after = typed(plan.after, plan.site)
    if json:
        ui.data_json(plan.value() | {"dry_run": dry_run, "next": after})
        return
    ui.data(ui.table(plan.rows(), ("guess", "value", "why")))
    for line in plan.lines(dry_run=dry_run):
        ui.say(line)
    for text in plan.warnings:
        ui.warn(ui.as_typed(text))
    ui.next_step(typed("init", plan.site) if dry_run else after)


@task(help={"fix": "install what can be installed", "json": _JSON})
def doctor(c: Context, fix: bool = False, json: bool = False) -> None:
    """Check every tool and setting, one line each."""
    import contextlib

    from pipeline.site.doctor import checks, code_of

    project: Project | Stop
    try:
        project = open_project()
    except Stop as stop:
        project = stop
    findings = {}
    with ui.quiet() if json else contextlib.nullcontext():
        for check in checks(project, Path.cwd()):
            findings[check.name] = check.show(fix=fix)
    code = code_of(list(findings.values()))
    if json:
        ui.data_json({"code": int(code), "checks": [{"name": k, **v.value()} for k, v in findings.items()]})
    if code is not Code.DONE:
        bad = [name for name, one in findings.items() if one.verdict in {"missing", "wrong"}]
        hint = next((findings[name].fix for name in bad if findings[name].fix), typed("doctor --fix"))
        raise Stop(f"not ready: {', '.join(bad)}", hint, code)
    if not json:
        lacking = "lockfile" in findings and findings["lockfile"].fix
        first = "build --lock deploy --env=local" if lacking else "deploy --env=local"
        ui.next_step(typed("init" if isinstance(project, Stop) else first))


@task(
    help={
        "key": "show only this key, or all below it (site, budgets.page)",
        "reference": "print the description of every setting, as in docs/settings.md",
        "json": _JSON,
    },
)
def settings(c: Context, key: str = "", reference: bool = False, json: bool = False) -> None:
    """Show every setting and where it came from."""
    if reference:
        from pipeline.core.reference import reference as text

        ui.data(text().rstrip("\n"))
        return
    from pipeline.core.settings import values_of

    project = open_project()
    found = values_of(project.loaded, key)
    if json:
        ui.data_json({name: {"value": value, "origin": origin} for name, (value, origin) in found.items()})
    else:
        rows = [(name, shown(value), origin) for name, (value, origin) in found.items()]
        ui.data(ui.table(rows, ("setting", "value", "origin"), cap=_VALUE_WIDTH))
    for line in project.loaded.warnings:
        ui.warn(line)


def shown(value: object) -> str:
    """Return a setting's value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return " ".join(str(one) for one in value) or "[]"
    return str(value) or '""'
