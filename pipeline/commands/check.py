"""Tasks that judge the built site: all gates, or one of them; and those that explain gates and check old judgements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke import Collection, Context, Task, task

from checks import TITLES
from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project

if TYPE_CHECKING:
    from pipeline.core.model import Artifact
    from pipeline.gates.evidence import Judgement
    from pipeline.gates.waivers import Stated

_HELP = {
    "env": "environment to judge it for",
    "fresh": "measure again, although nothing changed",
    "junit": "also write it as JUnit XML into this file",
    "sarif": "also write it as SARIF 2.1.0 into this file",
    "report": "also write the HTML report into this file",
    "json": "print the judgement as JSON",
}
EVERY = "all"


@dataclass(frozen=True)
class Asked:
    """What was typed behind a check."""

    env: str
    fresh: bool = False
    emergency: bool = False
    json: bool = False
    junit: str = ""
    sarif: str = ""
    report: str = ""


def check(asked: Asked, only: Sequence[str] | None) -> None:
    """Judge the output folder and show what was measured; raises Stop (3) when a gate is in the way."""
    from pipeline.gates import show
    from pipeline.gates.runner import judge_site
    from pipeline.site.build import artifact_of

    project = open_project()
    with ui.quiet_if(asked.json):
        artifact = artifact_of(project, asked.env)
        judgement = judge_site(
            project, artifact, asked.env, only=only, fresh=asked.fresh, emergency=asked.emergency
        )
    write_files(judgement, asked)
    waivers = waivers_of(project, judgement)
    write_report(project, artifact, judgement, waivers, asked.report)
    if asked.json:
        value = {**judgement.record, "digest": judgement.digest, "passed": judgement.passed}
        ui.data_json({**value, "missing": judgement.missing, "waivers": [asdict(one) for one in waivers]})
    else:
        ui.data(show.measure_table(judgement))
        ui.indent([*show.measure_details(judgement), *show.advice(judgement)], 0)
        ui.indent([line for one in waivers for line in show.waiver_lines(one)], 0)
        if table := show.score_table(judgement):
            ui.data(f"\n{table}\n{show.score_line(judgement)}")
    if refusal := judgement.refusal():
        raise refusal
    ui.next_step(show.after(judgement))


def write_files(judgement: Judgement, asked: Asked) -> None:
    """Write the judgement for other programs; raises Stop (2) where that is not possible."""
    from pipeline import __version__
    from pipeline.core.files import write_atomic

    if asked.junit:
        from pipeline.gates import junit

        _written("JUnit", asked.junit, junit.document(judgement), write_atomic)
    if asked.sarif:
        import json

        from pipeline.gates import sarif

        log = sarif.log(judgement, version=__version__)
        text = json.dumps(log, indent=1, ensure_ascii=False)
        _written("SARIF", asked.sarif, text.encode("utf-8", "replace") + b"\n", write_atomic)


def write_report(
    project: Project, artifact: Artifact, judgement: Judgement, waivers: Sequence[Stated], file: str
) -> None:
    """Write the HTML report into the run's folder, and into `file`; raises Stop (2) where only that is not possible."""
    from pipeline.core.files import write_atomic
    from pipeline.deploy.past import past
    from pipeline.gates import report

    try:
        path = report.write(project, artifact, judgement, waivers, past(project, judgement))
    except OSError as error:
        # What the gates said counts without it.
        ui.warn(f"the report cannot be written: {error}")
        return
    here = Path.cwd()
    ui.say(f"report: {path.relative_to(here) if path.is_relative_to(here) else path}")
    if file:
        _written("report", file, path.read_bytes(), write_atomic)


def _written(kind: str, file: str, data: bytes, write: Callable[[Path, bytes], None]) -> None:
    try:
        write(Path(file), data)
    except OSError as error:
        text = f"{kind} cannot be written to {file}: {error.strerror}"
        raise Stop(text, f"name another file with --{kind.lower()}") from error
    ui.say(f"{kind}: {file}")


def waivers_of(project: Project, judgement: Judgement) -> list[Any]:
    """Return the policy's waivers for the gates that were judged, with what each does now."""
    from checks import GATES
    from pipeline.core.clock import utc_now
    from pipeline.gates.waivers import stated

    judged = {one.gate: (one.verdict, one.findings) for one in judgement.results}
    policy = project.policy_for(judgement.environment)
    every = stated(policy.waivers, judged, GATES, utc_now().date())
    # One gate by itself says nothing about the others' waivers.
    return [one for one in every if one.gate in judged or not judgement.missing]


@task(
    default=True,
    name=EVERY,
    help={**_HELP, "emergency": "put off what measures time and is negotiable, on the record"},
)
def every(
    c: Context,
    env: str = "local",
    fresh: bool = False,
    emergency: bool = False,
    junit: str = "",
    sarif: str = "",
    report: str = "",
    json: bool = False,
) -> None:
    """Judge the built site by every gate."""
    check(Asked(env, fresh, emergency, json, junit, sarif, report), None)


def one_gate(name: str) -> Task[Callable[..., Any]]:
    """Return the task that runs one gate."""

    def run(
        c: Context,
        env: str = "local",
        fresh: bool = False,
        junit: str = "",
        sarif: str = "",
        report: str = "",
        json: bool = False,
    ) -> None:
        check(Asked(env, fresh, json=json, junit=junit, sarif=sarif, report=report), (name,))

    run.__doc__ = TITLES[name]
    made: Task[Callable[..., Any]] = task(name=name, help=_HELP)(run)
    return made


@task(
    positional=["gate"],
    help={
        "gate": f"name of the gate; `{EVERY}` lists them",
        "env": "environment whose limits to show",
        "json": "print it as JSON",
    },
)
def explain(c: Context, gate: str, env: str = "local", json: bool = False) -> None:
    """Explain a gate: what it checks, why, its limits and where they come from, its rules."""
    from checks import GATES
    from pipeline.gates import explain as area

    project = open_project()
    place = project.environment(env).name
    if gate == EVERY:
        if json:
            ui.data_json([_explained(area.explain(project, name, place)) for name in GATES])
        else:
            ui.data(area.table(project, place))
            ui.next_step(f"invoke check.explain {next(iter(GATES))}")
        return
    one = area.explain(project, gate, place)
    if json:
        ui.data_json(_explained(one))
    else:
        ui.data("\n".join(area.lines(one)))


def _explained(one: Any) -> dict[str, Any]:  # noqa: ANN401 - gates are imported by the task only
    return {**asdict(one), "rules": {name: rule._asdict() for name, rule in one.rules.items()}}


@task(
    positional=["release"],
    help={
        "release": "release, by name or its beginning; or `live`",
        "env": "environment of the release",
        "measure": "also measure its tree again, with the sources of its commit, and compare",
        "json": "print it as JSON",
    },
)
def verify(c: Context, release: str, env: str = "local", measure: bool = False, json: bool = False) -> None:
    """Judge a release's kept evidence again by the policy of today (exit code 8 when it differs)."""
    from pipeline.deploy import recheck

    project = open_project()
    with ui.quiet_if(json):
        found = recheck.recheck(project, env, release, measure=measure)
    if json:
        ui.data_json(recheck.value_of(found))
    else:
        ui.data("\n".join(recheck.lines(found)))
    if found.differs:
        text = f"{found.release}: what was recorded is not what is judged today"
        raise Stop(text, f"invoke compliance.report --env={env}", Code.DRIFT)


@task(
    help={
        "env": "environment whose live release it is compared with",
        "runs": "undisturbed runs of each side; five at least",
        "accept": "keep what became slower too, as the new baseline",
        "json": "print the report as JSON",
    }
)
def baseline(c: Context, env: str = "local", runs: int = 5, accept: bool = False, json: bool = False) -> None:
    """Measure the changed pages and the live ones in turn, and tell which became slower."""
    from pipeline.gates import baselines
    from pipeline.site.build import artifact_of

    project = open_project()
    with ui.quiet_if(json):
        report = baselines.check(project, artifact_of(project, env), env, runs=runs, accept=accept)
    if json:
        ui.data_json(report.record)
    else:
        ui.data(baselines.table(report))
        ui.indent([*report.notes, baselines.summary(report)], 0)
    if not accept:
        report.require()
    ui.next_step(f"invoke deploy --env={env}")


ns = Collection("check", every, explain, verify, baseline, *(one_gate(name) for name in TITLES))
