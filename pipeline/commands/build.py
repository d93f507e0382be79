"""The task that turns the site's sources into an artifact."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from invoke import Context, task

from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.files import human_size, plural
from pipeline.core.project import open_project

if TYPE_CHECKING:
    from pipeline.core.model import Artifact
    from pipeline.core.project import Project
    from pipeline.site.build import Built
    from pipeline.site.compare import Comparison
    from pipeline.site.recipe import Recipe

_SHOWN = 20


@task(
    help={
        "env": "environment to build for",
        "twice": "build two times and say which files differ, and where (exit code 8)",
        "no_check": "leave the site's type check out",
        "force": "install the dependencies anew",
        "lock": "first write the lockfile, or mend one that does not fit package.json",
        "dry_run": "print what would be run, and change nothing",
        "json": "print the result as JSON",
    }
)
def build(
    c: Context,
    env: str = "local",
    twice: bool = False,
    no_check: bool = False,
    force: bool = False,
    lock: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Install what the lockfile says, check types and build the site."""
    from pipeline.site import build as site

    project = open_project()
    with ui.quiet_if(json):
        if dry_run:
            _show_plan(project, env, check=not no_check, force=force, lock=lock, json=json)
            return
        if twice:
            built, comparison = site.build_twice(project, env, check=not no_check, force=force, lockfile=lock)
        else:
            built, comparison = (
                site.build(project, env, check=not no_check, force=force, lockfile=lock),
                None,
            )
        if json:
            ui.data_json(built_value(built, comparison))
        else:
            _show(built, comparison)
    if comparison and not comparison.identical:
        count = plural(len(comparison.differences), "file")
        raise Stop(f"two builds of the same sources differ in {count}", "invoke check", Code.DRIFT)


def _show(built: Built, comparison: Comparison | None) -> None:
    artifact = built.artifact
    ui.say(f"built for {built.environment}: {summary(artifact)}, in {built.seconds:.1f} s", style="passed")
    if comparison is None:
        ui.next_step("invoke check" + (f" --env={built.environment}" if built.environment != "local" else ""))
    elif comparison.identical:
        ui.say(
            f"both builds are identical, byte for byte ({plural(comparison.files, 'file')})", style="passed"
        )
        ui.next_step("invoke check")
    else:
        ui.data("\n".join(difference_lines(comparison)))


def summary(artifact: Artifact) -> str:
    """Return an artifact in a few words: files, sizes, tree."""
    gzip = sum(entry.gzip for entry in artifact.files)
    count = plural(len(artifact.files), "file")
    return f"{count}, {human_size(artifact.size)} ({human_size(gzip)} gzip), tree {artifact.tree[:10]}"


def difference_lines(comparison: Comparison) -> list[str]:
    """Return the differing files, one line each, the first twenty of them."""
    every = [one.text() for one in comparison.differences]
    more = len(every) - _SHOWN
    return every[:_SHOWN] + ([f"and {plural(more, 'more file')}"] if more > 0 else [])


def built_value(built: Built, comparison: Comparison | None) -> dict[str, object]:
    """Return a build's result as JSON."""
    artifact = built.artifact
    value: dict[str, object] = {
        "environment": built.environment,
        "tree": artifact.tree,
        "manifest": artifact.manifest_digest,
        "output": str(artifact.root),
        "files": len(artifact.files),
        "bytes": artifact.size,
        "gzip": sum(entry.gzip for entry in artifact.files),
        "brotli": sum(entry.brotli for entry in artifact.files),
        "seconds": round(built.seconds, 3),
        "log": str(built.log) if built.log else None,
        "record": asdict(built.record) if built.record else None,
    }
    if comparison:
        value["identical"] = comparison.identical
        value["differences"] = [asdict(one) for one in comparison.differences]
    return value


def _show_plan(project: Project, env: str, *, check: bool, force: bool, lock: bool, json: bool) -> None:
    from pipeline.site.build import build_variables
    from pipeline.site.recipe import recipe
    from pipeline.tools.git import head

    plan = recipe(project, env, check=check, force=force, relock=lock)
    relock = plan.manager.relock if lock and plan.manager else ""
    told = build_variables(plan, head(project.root))
    if json:
        value = {**asdict(plan), "relock": relock, "variables": told, "output": str(project.output)}
        ui.data_json(value)
    else:
        rows = plan_rows(plan, project.settings.site.output, told)
        ui.data(ui.table([*([("lockfile", relock)] if relock else []), *rows]))


def plan_rows(plan: Recipe, output: str, told: dict[str, str]) -> list[tuple[str, str]]:
    """Return what a build would do, as rows of what and how."""
    node = f"{plan.node.version} ({plan.node.origin}: {plan.node.path})" if plan.node else "not needed"
    install = (
        f"{shlex.join(plan.install)}  ({plan.install_note})" if plan.install else f"no: {plan.install_note}"
    )
    if not plan.build:
        build, clears = f"nothing: {output} is published as it is", "no"
    else:
        build, clears = shlex.join(plan.build), f"no: {plan.keep}" if plan.keep else "yes"
    rows = [
        ("environment", f"{plan.environment.name} ({plan.environment.url})"),
        ("node", node),
        ("install", install),
        ("type check", shlex.join(plan.check) or f"no: {plan.check_note}"),
        ("build", build),
        ("output", output),
        ("cleared before", clears),
    ]
    return rows + ([(name, value) for name, value in sorted(told.items())] if plan.build else [])
