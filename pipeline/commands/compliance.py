"""Tasks that tell how an environment stands to the constitution; they measure nothing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from invoke import Collection, Context, task

from pipeline.core import ui
from pipeline.core.project import open_project

_ENV = "environment to tell of"
_JSON = "print it as JSON"


@task(default=True, help={"env": _ENV, "json": _JSON})
def score(c: Context, env: str = "local", json: bool = False) -> None:
    """Tell the compliance score of this build, else of the live release (exit code 3 below the threshold)."""
    from pipeline.deploy import compliance
    from pipeline.gates import show

    project = open_project()
    with ui.quiet_if(json):
        sight = compliance.look(project, project.environment(env).name)
    threshold = project.policy_for(env).thresholds.score
    judgement = sight.judgement
    if json:
        value: dict[str, object] = {
            "environment": env,
            "release": sight.release or None,
            "tree": judgement.tree,
        }
        value |= {"judged_at": judgement.judged_at, "evidence": sight.digest, "stale": list(sight.stale)}
        ui.data_json({**value, **asdict(judgement.score), "threshold": threshold})
    else:
        ui.data(show.score_table(judgement))
        ui.data(show.score_line(judgement))
        for line in show.losses(judgement):
            ui.data(f"  {line}")
        ui.say(f"of {sight.of}, judged {judgement.judged_at}")
        for line in sight.stale:
            ui.warn(line)
    compliance.require(sight, threshold)
    ui.next_step(f"invoke check --env={env}" if sight.stale else f"invoke compliance.report --env={env}")


@task(help={"env": _ENV, "json": _JSON})
def report(c: Context, env: str = "local", json: bool = False) -> None:
    """Report principle by principle: gates, verdicts, waivers, and for each violation since when and how to mend it."""
    from pipeline.deploy import compliance

    project = open_project()
    with ui.quiet_if(json):
        found = compliance.report(project, project.environment(env).name)
    if json:
        ui.data_json(compliance.report_value(found))
        return
    ui.data("\n".join(compliance.report_lines(found)))
    first = next(iter(found.violations), None)
    ui.next_step(first.command if first else f"invoke compliance.history --env={env}")


@task(help={"env": _ENV, "limit": "how many releases at most; 0 for all", "json": _JSON})
def history(c: Context, env: str = "local", limit: int = 20, json: bool = False) -> None:
    """List the scores of releases, newest first, and what is violated since when."""
    from pipeline.deploy import compliance
    from pipeline.deploy.desk import sit_down
    from pipeline.deploy.target import target_of
    from pipeline.gates.history import lasting

    project = open_project()
    with ui.quiet_if(json):
        points = compliance.history(sit_down(project, target_of(project, env)))
    shown = points[:limit] if limit else points
    if json:
        since = {
            gate: {"verdict": said, "release": one.release, "when": one.when}
            for gate, said, one in lasting(points)
        }
        ui.data_json(
            {"environment": env, "releases": [asdict(one) for one in shown], "violated_since": since}
        )
        return
    if not points:
        ui.say(f"{env} has no release yet")
        ui.next_step(f"invoke deploy --env={env}")
        return
    ui.data("\n".join(compliance.history_lines(points, len(shown), ui.width())))
    if len(shown) < len(points):
        ui.say(f"{len(points) - len(shown)} older ones: --limit=0")


@task(
    positional=["release"],
    help={
        "release": "release, by name or its beginning; or `live`",
        "env": "environment of the release",
        "to": "folder to write it to; else `certificates` in the state folder",
        "json": _JSON,
    },
)
def certificate(c: Context, release: str, env: str = "local", to: str = "", json: bool = False) -> None:
    """Write a release's certificate as JSON and Markdown, signed where releases are signed by SSH."""
    from pipeline.deploy import certificate as area
    from pipeline.gates.score import shown

    project = open_project()
    with ui.quiet_if(json):
        found = area.certify(project, project.environment(env).name, release, Path(to) if to else None)
    if json:
        files = {"json": str(found.json), "markdown": str(found.markdown)}
        files |= {"signature": str(found.signature)} if found.signature else {}
        ui.data_json({**found.value, "digest": found.digest, "files": files})
        return
    ui.data(f"{found.value['release']['name']}: score {shown(found.value['score']['overall'])} of 100")
    ui.data("\n".join(str(path) for path in (found.json, found.markdown, found.signature) if path))
    if found.signature is None:
        ui.say("not signed: git is not set up to sign by SSH (gpg.format, user.signingkey)")
    ui.next_step(f"invoke {found.value['check']}")


ns = Collection("compliance", score, report, history, certificate)
