"""Judges a site: every gate in order, evidence re-used where nothing changed, the verdicts kept."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from checks import GATES
from checks.base import (
    Changed,
    Evidence,
    Finding,
    Gate,
    Limits,
    Measure,
    Subject,
    Tools,
    Unavailable,
    Verdict,
)
from pipeline.core import ui
from pipeline.core.clock import Clock, ago, parse, stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.gates import evidence as store
from pipeline.gates import show, waivers
from pipeline.gates.evidence import Judged, Judgement
from pipeline.gates.subject import SiteTools, limits_for, subject_of

# Gates wait for a browser and other programs most of the time.
_WORKERS = min(8, 2 + (os.cpu_count() or 1))


@dataclass(frozen=True)
class Bench:
    """What every gate of one run needs; with `fresh` nothing measured earlier is used."""

    subject: Subject
    tools: Tools
    state: Path
    limits: Callable[[Gate], Limits]
    waivers: Sequence[waivers.Waiver]
    clock: Clock
    fresh: bool = False
    production: bool = True
    emergency: bool = False


@dataclass(frozen=True)
class _Measured:
    evidence: Evidence | None
    carried: bool = False
    refusal: Unavailable | None = None


def judge_site(
    project: Project,
    artifact: Artifact,
    environment_name: str,
    *,
    only: Sequence[str] | None = None,
    fresh: bool = False,
    emergency: bool = False,
    clock: Clock = utc_now,
) -> Judgement:
    """Judge an artifact for an environment by all gates, or `only` some, and keep what they say.

    In an emergency what measures time and is negotiable is put off until after the release, and recorded so.

    The judgement covers what was asked; the record on disk also keeps the other gates' results.
    Nothing is raised for a gate that fails: that is `Judgement.require`.
    """
    names = chosen(only)
    subject = subject_of(project, artifact, environment_name)
    policy = project.policy_for(environment_name)
    for line in waivers.strangers(policy.waivers, GATES):
        ui.warn(line)
    with contextlib.closing(SiteTools(project, environment_name, fresh=fresh)) as tools:
        bench = Bench(
            subject,
            tools,
            project.state,
            lambda gate: limits_for(gate, policy),
            policy.waivers,
            clock,
            fresh,
            project.environment(environment_name).production,
            emergency,
        )
        results = _run([GATES[name] for name in names], bench)
    return _keep(project, _judgement(project, subject, results, clock), names)


def chosen(only: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the gates to run, in the registry's order; raises Stop (2) for an unknown one."""
    unknown = [name for name in only or () if name not in GATES]
    if unknown:
        raise Stop(f"there is no gate {unknown[0]}; there are: {', '.join(GATES)}", "invoke --list check")
    return tuple(name for name in GATES if only is None or name in only)


def _run(gates: Sequence[Gate], bench: Bench) -> tuple[Judged, ...]:
    """Run the gates that measure no time side by side, then the others one after the other, on a quiet machine."""
    found: dict[str, Judged] = {}
    pool = ThreadPoolExecutor(max_workers=_WORKERS)
    try:
        waiting = {pool.submit(judge_gate, gate, bench): gate.NAME for gate in gates if not gate.TIMED}
        for done in as_completed(waiting):
            found[waiting[done]] = done.result()
    finally:
        # After a failure or an interruption what has not begun does not begin; what is done is kept already.
        pool.shutdown(cancel_futures=True)
    for gate in gates:
        if gate.TIMED:
            found[gate.NAME] = judge_gate(gate, bench)
    return tuple(found[gate.NAME] for gate in gates)


def judge_gate(gate: Gate, bench: Bench) -> Judged:
    """Run one gate on its line: measure or carry over, judge, apply waivers."""
    start = time.monotonic()
    with ui.step(f"gate: {gate.NAME}") as line:
        inputs = gate.inputs(bench.subject)
        measured = _measure(gate, bench, inputs)
        seconds = round(time.monotonic() - start, 3)
        judged = rule(gate, measured, bench.limits(gate), bench.waivers, bench.clock().date())
        judged = replace(
            judged,
            inputs=inputs,
            seconds=seconds,
            production=bench.production or isinstance(measured.refusal, Changed),
        )
        when = ago(parse(measured.evidence.measured_at), bench.clock()) if measured.evidence else ""
        line.verdict, line.note = judged.verdict.value, show.note(judged, when)
    return judged


def _measure(gate: Gate, bench: Bench, inputs: str) -> _Measured:
    kept = None if bench.fresh else store.kept_evidence(bench.state, gate.NAME, inputs)
    if kept and not _mended_elsewhere(gate, kept, bench) and not _too_old(gate, kept, bench):
        return _Measured(kept, carried=True)
    if bench.emergency and gate.TIMED and not gate.NON_NEGOTIABLE:
        task = show.task_of(gate.NAME)
        fix = f"invoke {task} --env={bench.subject.environment}"
        return _Measured(None, refusal=Unavailable(store.DEFERRED, fix))
    if reason := gate.unavailable(bench.tools):
        return _Measured(None, refusal=Unavailable(reason))
    try:
        found = gate.collect(bench.subject, bench.tools)
    except Unavailable as refusal:
        return _Measured(None, refusal=refusal)
    evidence = replace(found, measured_at=stamp(bench.clock()))
    store.keep_evidence(bench.state, gate.NAME, inputs, evidence)
    return _Measured(evidence)


def _too_old(gate: Gate, kept: Evidence, bench: Bench) -> bool:
    """Whether what depends on time or on others was measured too long ago."""
    if gate.AGE is None:
        return False
    return (bench.clock() - parse(kept.measured_at)).total_seconds() > gate.AGE


def _mended_elsewhere(gate: Gate, kept: Evidence, bench: Bench) -> bool:
    """Whether to ask again: what failed on a remote is mended there, and nothing here tells."""
    return gate.SCOPE == "remote" and any(one.blocking for one in gate.judge(kept, bench.limits(gate)))


def rule(
    gate: Gate, measured: _Measured, limits: Limits, given: Sequence[waivers.Waiver], today: date
) -> Judged:
    """Return a gate's result from what was measured; pure."""
    findings: list[Finding] = []
    measures: list[Measure] = []
    used: tuple[waivers.Waived, ...] = ()
    verdict, reason, fix = Verdict.UNAVAILABLE, "", ""
    details: tuple[str, ...] = ()
    if measured.evidence is not None:
        findings = gate.judge(measured.evidence, limits)
        measures = gate.measures(measured.evidence, limits)
        negotiable = not gate.NON_NEGOTIABLE
        verdict, used = waivers.apply(gate.NAME, findings, given, today, negotiable=negotiable)
        late = waivers.expired(gate.NAME, given, today) if verdict is Verdict.FAILED else []
        reason = measured.evidence.nothing or "; ".join(late)
        if unmeasured := [one for one in findings if one.unmeasured]:
            reason = reason or "; ".join(one.message for one in unmeasured)
            fix = next((one.fix for one in unmeasured if one.fix), "")
            details = tuple(line for one in unmeasured for line in one.details)
    elif measured.refusal is not None:
        reason, fix, details = measured.refusal.reason, measured.refusal.fix, measured.refusal.details
    return Judged(
        gate=gate.NAME,
        principle=gate.PRINCIPLE,
        scope=gate.SCOPE,
        non_negotiable=gate.NON_NEGOTIABLE,
        version=gate.VERSION,
        verdict=verdict,
        reason=reason,
        fix=fix,
        details=details,
        findings=tuple(findings),
        measures=tuple(measures),
        waivers=used,
        inputs="",
        evidence=measured.evidence,
        carried=measured.carried,
        seconds=0.0,
    )


def _judgement(project: Project, subject: Subject, results: tuple[Judged, ...], clock: Clock) -> Judgement:
    return Judgement(
        tree=subject.tree,
        environment=subject.environment,
        policy=project.policy_digest(subject.environment),
        source=subject.source_digest,
        base=subject.base,
        url=subject.url,
        judged_at=stamp(clock()),
        results=results,
    )


def _keep(project: Project, now: Judgement, names: tuple[str, ...]) -> Judgement:
    """Write the record, with the other gates' earlier results, unless it says nothing new."""
    path = store.path_of(project.state, now.tree, now.environment, now.policy)
    before = store.read(path)
    fresh = {one.gate: one for one in now.results}
    earlier = {one.gate: one for one in before.results} if before else {}
    whole = [fresh.get(name) or earlier.get(name) for name in GATES]
    merged = replace(now, results=tuple(one for one in whole if one))
    if before and store.same(before, merged):
        merged = before
    else:
        store.write(project.state, merged)
    if len(names) == len(GATES):
        return merged
    return replace(now, missing=tuple(name for name in GATES if name not in names))


def find(project: Project, artifact: Artifact, environment: str, clock: Clock = utc_now) -> Judgement | None:
    """Return the kept judgement of exactly this tree, environment, policy and inputs, or None."""
    judgement, reasons = _look(project, artifact, environment, clock)
    return None if reasons else judgement


def require(project: Project, artifact: Artifact, environment: str, clock: Clock = utc_now) -> Judgement:
    """Return the kept judgement that holds; raises Stop (3) that names everything that differs."""
    judgement, reasons = _look(project, artifact, environment, clock)
    if reasons or judgement is None:
        message = f"the gates have not passed for this build on {environment}"
        raise Stop(message, f"invoke check --env={environment}", Code.GATE, tuple(reasons))
    return judgement


def _look(
    project: Project, artifact: Artifact, environment: str, clock: Clock
) -> tuple[Judgement | None, list[str]]:
    place = project.environment(environment)
    policy = project.policy_digest(environment)
    bound = {
        "tree": artifact.tree,
        "environment": environment,
        "policy": policy,
        "base": place.base,
        "url": place.url,
    }
    path = store.path_of(project.state, artifact.tree, environment, policy)
    judgement = store.read(path) or _nearest(project.state, artifact.tree)
    if judgement is None:
        altered = " that is whole" if path.exists() else ""
        return None, [f"there is no evidence{altered} for tree {artifact.tree[:12]}"]
    subject = subject_of(project, artifact, environment)
    now = {name: (gate.VERSION, gate.inputs(subject)) for name, gate in GATES.items()}
    return judgement, store.problems(judgement, bound, now, clock().date())


def _nearest(state: Path, tree: str) -> Judgement | None:
    """Return the newest judgement of the same tree, else of any, to tell in what it differs."""
    for pattern in (f"{tree}/*.json", "*/*.json"):
        files = sorted((state / "evidence").glob(pattern), key=lambda one: one.stat().st_mtime_ns)
        for file in reversed(files):
            if judgement := store.read(file):
                return judgement
    return None
