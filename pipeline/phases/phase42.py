"""Phase 4.2, the pipeline: environments set up, every gate, from staging to production, baselines, the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core import runs, ui
from pipeline.core.errors import Stop
from pipeline.core.files import plural, write_atomic
from pipeline.core.project import Project
from pipeline.deploy import compliance, engine, promote
from pipeline.deploy.desk import sit_down
from pipeline.deploy.promote import Move
from pipeline.deploy.setup import make, pending, plan, read_facts, wanted_for
from pipeline.deploy.target import target_of
from pipeline.gates.score import shown
from pipeline.phases.course import Record, Step, Work
from pipeline.site import build as site_build
from pipeline.tools.github import connect

if TYPE_CHECKING:
    from pipeline.deploy.ledger import Release

NAME = "phase42"
_CONSTITUTION = "nothing goes live that has not been proven here (principle V)"


def route(project: Project, goal: str = "") -> tuple[str, ...]:
    """Return the environments that a change goes through, the goal last.

    The goal is production where there is one, else `local`; before it comes `staging`, or another environment with
    a repository that is no production.
    """
    places = [project.environment(name) for name in project.environments]
    goal = goal or next((one.name for one in places if one.production), "local")
    target = project.environment(goal)
    if not target.production:
        return (goal,)
    stages = [one.name for one in places if one.repository and not one.production]
    stage = "staging" if "staging" in stages else next(iter(stages), "")
    return (stage, goal) if stage else (goal,)


def steps() -> tuple[Step, ...]:
    """Return the steps in order."""
    return (
        Step("environments", "set every environment up", _environments),
        Step("build", "build the site", _build, _built),
        Step("gates", "every gate", _gates, must=_CONSTITUTION),
        Step(
            "publish",
            "publish to the first environment",
            _publish,
            must="a phase without it puts nothing live",
        ),
        Step("promote", "take what is proven there to production", _promote, _promoted),
        Step("verify", "read every file of the live site back", _verify, must="a release is proven"),
        Step("baselines", "keep how fast the pages are", _baselines),
        Step("report", "what the constitution says of it", _report),
    )


def heading(record: Record) -> str:
    """Return the headline of the run's page."""
    return f"Pipeline (phase 4.2): {record.environment}, {record.seconds:.0f} s"


def _way(work: Work) -> tuple[str, ...]:
    return route(work.project, work.environment)


def _environments(work: Work) -> str:
    told = []
    for name in _way(work):
        target = target_of(work.project, name)
        hub = None if target.local else connect(target.remote, work.project.settings.tools.gh)
        if hub is None:
            told.append(f"{name}: nothing to set up")
            continue
        wanted = wanted_for(target)
        with ui.step(f"look at {hub.at.slug}"):
            todo = pending(plan(read_facts(hub, wanted), wanted))
        if todo:
            engine.confirm(work.project, target, "deploy.setup", yes=work.yes)
            make(hub, todo)
        told.append(f"{name}: {plural(len(todo), 'change')}" if todo else f"{name}: right already")
    return "; ".join(told)


def _built(work: Work) -> str:
    try:
        artifact = site_build.artifact_of(work.project, _way(work)[0])
    except Stop:
        return ""
    return f"the output is of these sources, tree {artifact.tree[:10]}"


def _build(work: Work) -> str:
    artifact = site_build.build(work.project, _way(work)[0], check=False).artifact
    return f"{plural(len(artifact.files), 'file')}, tree {artifact.tree[:10]}"


def _gates(work: Work) -> str:
    from pipeline.gates.runner import judge_site

    first = _way(work)[0]
    artifact = site_build.artifact_of(work.project, first, allow_build=True, check=False)
    judgement = judge_site(work.project, artifact, first)
    work.memory["evidence"] = judgement.digest
    judgement.require()
    said = [one.verdict.value for one in judgement.results]
    return ", ".join(f"{said.count(word)} {word}" for word in dict.fromkeys(said))


def _publish(work: Work) -> str:
    first = _way(work)[0]
    outcome = engine.deploy(work.project, engine.Order(first, yes=work.yes, no_build=True), work.clock)
    _remember(work, first, outcome.release, outcome.url)
    return f"{outcome.release} is live at {outcome.url}"


def _remember(work: Work, environment: str, release: str, url: str) -> None:
    work.memory.setdefault("live", {})[environment] = {"release": release, "url": url}


def _promoted(work: Work) -> str:
    way = _way(work)
    if len(way) == 1:
        return f"{way[0]} is the only environment on the way; more of them: invoke settings --reference"
    here, there = (_live(work, name) for name in way)
    if here and there and (here.artifact == there.artifact or here.source == there.source != ""):
        work.memory.setdefault("live", {})
        _remember(work, way[1], there.name, target_of(work.project, way[1]).url)
        return f"{there.name} is live there, from the same source"
    return ""


def _live(work: Work, environment: str) -> Release | None:
    return sit_down(work.project, target_of(work.project, environment), work.clock).live


def _promote(work: Work) -> str:
    source, goal = _way(work)
    move = Move(source, goal, yes=work.yes)
    planned = promote.plan_promote(work.project, move, work.clock)
    if not planned.same_tree:
        # Another base path or address: the same commit is built for it, and judged for it.
        move = Move(source, goal, yes=work.yes, rebuild=True)
    outcome = promote.promote(work.project, move, work.clock)
    _remember(work, goal, outcome.release, outcome.url)
    return f"{outcome.release} is live at {outcome.url}" + (
        "" if planned.same_tree else ", built again for it"
    )


def _verify(work: Work) -> str:
    told = []
    for name in _way(work):
        outcome = engine.verify_live(work.project, name)
        _remember(work, name, outcome.release, outcome.url)
        told.append(outcome.release)
    return f"proven: {', '.join(told)}"


def _baselines(work: Work) -> str:
    from pipeline.gates import baselines

    first = _way(work)[0]
    artifact = site_build.artifact_of(work.project, first, allow_build=True, check=False)
    report = baselines.check(work.project, artifact, first)
    ui.indent(report.notes)
    report.require()
    return baselines.summary(report)


def _report(work: Work) -> str:
    goal = _way(work)[-1]
    found = compliance.report(work.project, goal, work.clock)
    path = runs.folder(work.project.state) / "compliance.txt"
    write_atomic(path, "\n".join([*compliance.report_lines(found), ""]).encode())
    work.memory["compliance"] = str(path)
    threshold = work.project.policy_for(goal).thresholds.score
    compliance.require(found.sight, threshold)
    judged = found.sight.judgement.score
    work.memory["score"] = judged.overall
    return f"score {shown(judged.overall)} of 100 (at least {threshold:g}); {path}"


def lines(record: Record) -> list[str]:
    """Return what stands below the timeline: what is live where, the score, the report."""
    memory = record.memory
    told = [
        f"- Live in {name}: {one['release']} at {one['url']}" for name, one in memory.get("live", {}).items()
    ]
    if "score" in memory:
        told.append(f"- Compliance score: {shown(memory['score'])} of 100")
    if "compliance" in memory:
        told.append(f"- Report: {memory['compliance']}")
    if "evidence" in memory:
        told.append(f"- Evidence: {memory['evidence']}")
    return told
