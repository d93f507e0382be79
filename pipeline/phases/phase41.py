"""Phase 4.1, the emergency: a site whose build is broken is repaired, judged, published, proven, and can go back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from checks.parse import baseline
from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.files import plural
from pipeline.core.project import Project
from pipeline.deploy import aftermath, engine
from pipeline.phases import analyse, certificate, drill, ratchet
from pipeline.phases.course import Record, Step, Work
from pipeline.phases.repair import Progress, Wish, repair
from pipeline.phases.several import Repaired
from pipeline.site import build as site_build
from pipeline.site import doctor
from pipeline.tools import git as gits
from pipeline.tools.git import Git
from pipeline.typescript import commits

NAME = "phase41"
# A broken site is live again within this many seconds.
LIMIT = 900.0
_SHOWN = 10
_CONSTITUTION = "the constitution is judged in emergencies too (principle V)"


def steps(progress: Progress) -> tuple[Step, ...]:
    """Return the steps in order; `progress` shows how the type errors get fewer."""
    return (
        Step("prerequisites", "tools, settings, a commit to come back to", _prerequisites),
        Step("analyse", "type errors and their causes", _analyse),
        Step("repair", "repair what can be proven", _repair(progress), _nothing_to_repair),
        Step("decide", "what is left for a person, and whether it can wait", _decide, _nothing_left),
        Step("build", "build the site", _build, _built),
        Step("gates", "every gate, by the emergency profile", _gates, must=_CONSTITUTION),
        Step(
            "certificate", "what was repaired, and what that did to behaviour", _certify, _nothing_certified
        ),
        Step("publish", "publish in one step", _publish, must="a phase without it puts nothing live"),
        Step("verify", "read every file of the live site back", _verify, must="a release is proven"),
        Step("rollback", "exercise the way back with the site's own trees", _exercise),
    )


def heading(record: Record) -> str:
    """Return the headline of the run's page."""
    return f"Emergency (phase 4.1): {record.environment}, {record.seconds:.0f} s"


def _prerequisites(work: Work) -> str:
    project = work.project
    found = {one.name: one.run() for one in doctor.checks(project, project.root)}
    bad = [(name, one) for name, one in found.items() if one.verdict in {"missing", "wrong"}]
    if bad:
        name, one = bad[0]
        lines = [f"{name}: {each.note}" for name, each in bad]
        hint = one.fix or "invoke doctor --fix"
        raise Stop(f"{name}: {one.note}", hint, doctor.code_of([one for _, one in bad]), tuple(lines))
    head = gits.head(project.root)
    if head is None or head.commit is None:
        text = f"{project.root} has no commit to come back to"
        raise Stop(text, "git init && git add --all && git commit --message 'as it was'")
    if head.dirty:
        text = f"{plural(len(head.dirty), 'change')} not committed: nothing of yours is overwritten"
        raise Stop(text, "commit them", Code.USAGE, tuple(head.dirty[:_SHOWN]))
    # Principle III: a backup before every change. The reference keeps the commit whatever happens to the branch.
    name = f"refs/pages/before/{NAME}-{work.environment}"
    Git(project.root, bare=False).run("update-ref", "-m", f"before {NAME}", name, head.commit)
    work.memory["before"] = {"commit": head.commit, "ref": name}
    target = project.environment(work.environment)
    warned = [name for name, one in found.items() if one.verdict == "warning"]
    also = f"; works without: {', '.join(warned)}" if warned else ""
    return f"the sources are kept as {head.commit[:10]} ({name}); to be live at {target.url}{also}"


def _analyse(work: Work) -> str:
    found = analyse.report(work.project)
    work.memory["errors"] = errors = found.analysis.errors
    return (
        f"{plural(errors, 'type error')} with {plural(len(found.analysis.causes), 'cause')}"
        if errors
        else "no type error"
    )


def _nothing_to_repair(work: Work) -> str:
    return "there is no type error" if work.memory.get("errors") == 0 else ""


def _repair(progress: Progress) -> Callable[[Work], str]:
    def run(work: Work) -> str:
        wish = Wish(seconds=work.seconds, here=True)
        found = repair(work.project, wish, dry_run=False, here=work.project.root, progress=progress)
        work.memory["left"] = [_left(one) for one in found.left]
        work.memory["repaired"] = _counts(found)
        if found.confirmed and found.confirmed.broken:
            hint = (
                f"invoke ts.undo {found.run}/{len(found.steps)}" if found.commits else "invoke ts.certificate"
            )
            raise Stop("the repaired site is broken", hint, Code.GATE, found.confirmed.broken)
        counts = work.memory["repaired"]
        return (
            f"{counts['before'] - counts['left']} of {plural(counts['before'], 'error')} repaired,"
            f" {counts['proven']} of {plural(counts['repairs'], 'repair')} proven type-only"
        )

    return run


def _left(one: Any) -> dict[str, Any]:  # noqa: ANN401
    error = one.error
    place = f"{error.file}:{error.line}"
    return {
        "place": place,
        "code": error.code,
        "message": error.message,
        "why": one.reason,
        "decide": one.decide,
    }


def _counts(found: Repaired) -> dict[str, int]:
    return {
        "before": len(found.before),
        "left": len(found.left),
        "repairs": len(found.repairs),
        "proven": sum(one.proven for one in found.repairs),
        "commits": len(found.commits),
    }


def _nothing_left(work: Work) -> str:
    left = work.memory.get("left")
    return "" if left else "nothing is left"


def _decide(work: Work) -> str:
    """Allow what is left by the ratchet, on the record, if the site builds without it."""
    project, left = work.project, work.memory["left"]
    turned = ratchet.shrink(project)
    try:
        with ui.step("does it build without them?"):
            site_build.build(project, work.environment, check=False)
    except Stop as stop:
        if turned.before is None:
            (project.root / baseline.NAME).unlink(missing_ok=True)
        text = (
            f"{plural(len(left), 'type error')} cannot be repaired by a program, and the site does not build"
        )
        hint = f"decide, mend, commit, then: invoke {NAME} --continue"
        raise Stop(text, hint, Code.DRIFT, (*_lines(left), stop.message, *stop.details[-_SHOWN:])) from stop
    _commit(project, f"allow {plural(len(left), 'type error')} that a person has to decide")
    return f"{len(left)} left for a person, allowed by {baseline.NAME}, which only shrinks"


def _lines(left: list[Mapping[str, Any]]) -> list[str]:
    told = [f"{one['place']} TS{one['code']}: {one['message']}  -> {one['decide']}" for one in left[:_SHOWN]]
    return [*told, f"and {len(left) - _SHOWN} more: invoke ts.report"] if len(left) > _SHOWN else told


def _commit(project: Project, message: str) -> None:
    repo = commits.repository(project.root)
    if repo is None:
        return
    repo.git.run("add", "--", baseline.NAME)
    if repo.git.try_run("diff", "--cached", "--quiet", "--", baseline.NAME).ok:
        return
    repo.git.run("commit", "--quiet", "--no-verify", "-m", message, "--", baseline.NAME, env=repo.person)


def _built(work: Work) -> str:
    try:
        artifact = site_build.artifact_of(work.project, work.environment)
    except Stop:
        return ""
    return f"the output is of these sources, tree {artifact.tree[:10]}"


def _build(work: Work) -> str:
    artifact = site_build.build(work.project, work.environment, check=False).artifact
    return f"{plural(len(artifact.files), 'file')}, tree {artifact.tree[:10]}"


def _gates(work: Work) -> str:
    from pipeline.gates.runner import judge_site

    artifact = site_build.artifact_of(work.project, work.environment, allow_build=True, check=False)
    judgement = judge_site(work.project, artifact, work.environment, emergency=True)
    work.memory["evidence"] = judgement.digest
    judgement.require(emergency=True)
    said = [one.verdict.value for one in judgement.results]
    return ", ".join(f"{said.count(word)} {word}" for word in dict.fromkeys(said))


def _nothing_certified(work: Work) -> str:
    return "" if work.memory.get("repaired") else "nothing was repaired"


def _certify(work: Work) -> str:
    value = certificate.certify(work.project, work.environment, gates=False)
    work.memory["certificate"] = value["path"]
    return f"kept; read it with: {ui.as_typed('invoke ts.certificate')}"


def _publish(work: Work) -> str:
    why = "emergency: the build is repaired"
    order = engine.Order(work.environment, why, yes=work.yes, no_build=True, emergency=True)
    outcome = engine.deploy(work.project, order, work.clock)
    work.memory["release"], work.memory["url"] = outcome.release, outcome.url
    aftermath.tell(outcome)
    return f"{outcome.release} is live at {outcome.url}"


def _verify(work: Work) -> str:
    outcome = engine.verify_live(work.project, work.environment)
    work.memory["release"] = outcome.release
    return f"{outcome.release} is proven"


def _exercise(work: Work) -> str:
    artifact = site_build.artifact_of(work.project, work.environment)
    found = drill.drill(work.project, artifact.root, work.environment)
    work.memory["rollback_seconds"] = round(found.seconds, 2)
    return found.told()


def lines(record: Record) -> list[str]:
    """Return what stands below the timeline: errors, what is left, the release, the way back."""
    memory = record.memory
    told = []
    if counts := memory.get("repaired"):
        told.append(
            f"- Type errors: {counts['before']} before, {counts['left']} left; {counts['repairs']} repairs,"
            f" {counts['proven']} proven type-only."
        )
    told += [f"- Left: {line}" for line in _lines(memory.get("left") or [])]
    if "release" in memory:
        told.append(f"- Live: {memory['release']} at {memory.get('url', '')}")
    if "evidence" in memory:
        told.append(f"- Evidence: {memory['evidence']}")
    if "rollback_seconds" in memory:
        told.append(f"- A rollback took {memory['rollback_seconds']} s (limit {drill.LIMIT:.0f} s).")
    if before := memory.get("before"):
        told.append(f"- The sources before: {before['commit']} ({before['ref']})")
    return told
