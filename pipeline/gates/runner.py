"""Judges a site: every gate in order, evidence re-used where nothing changed, the verdicts kept."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

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
from pipeline.core import proc, runs, ui
from pipeline.core.clock import Clock, ago, parse, stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.gates import attempts, machine, show, waivers
from pipeline.gates import evidence as store
from pipeline.gates.evidence import Judged, Judgement, Now
from pipeline.gates.subject import SiteTools, limits_for, subject_of

# Gates wait for a browser and other programs most of the time.
_WORKERS = min(8, 2 + (os.cpu_count() or 1))
# How often what a stopped run's gates still start is ended, in seconds.
_ENDING = 0.1


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
    # Set when the run ends before its time: what is measured after that is not kept.
    stopping: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Measured:
    """What a gate measured, now or (`carried`) earlier, in how many tries; or why it could not, or had not to."""

    evidence: Evidence | None
    carried: bool = False
    refusal: Unavailable | None = None
    tries: int = 1
    waived: waivers.Waived | None = None


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
    Nothing is raised for a gate that fails: that is `Judgement.require`. Raises Stop (2) when the disk is full; what
    was measured until then, or until Ctrl-C, is not measured again by the next run.
    """
    start, load = time.monotonic(), machine.load()
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
        with _room():
            results = _run([GATES[name] for name in names], bench)
            about = {
                "production": bench.production,
                "threshold": policy.thresholds.score,
                "run": runs.run_id(),
                "duration": round(time.monotonic() - start, 3),
                "machine": {**machine.figures(project), "load_start": load, "load_end": machine.load()},
            }
            return _keep(project, _judgement(project, subject, results, clock, about), names)


@contextlib.contextmanager
def _room() -> Iterator[None]:
    """Say what to do when the disk is full; raises Stop (2)."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        where = f" ({error.filename})" if error.filename else ""
        text = f"the disk is full{where}: what the gates measure cannot be kept, and nothing live has changed"
        raise Stop(
            text, "invoke releases.tidy, or free some space; then run the same command again"
        ) from error


def chosen(only: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the gates to run, in the registry's order; raises Stop (2) for an unknown one."""
    unknown = [name for name in only or () if name not in GATES]
    if unknown:
        raise Stop(f"there is no gate {unknown[0]}; there are: {', '.join(GATES)}", "invoke --list check")
    return tuple(name for name in GATES if only is None or name in only)


def _run(gates: Sequence[Gate], bench: Bench) -> tuple[Judged, ...]:
    """Run the gates that measure no time side by side, then the others one after the other, on a quiet machine."""
    found: dict[str, Judged] = {}
    beside = [gate for gate in gates if not gate.TIMED]
    names = [gate.NAME for gate in beside]
    pool = ThreadPoolExecutor(max_workers=_WORKERS)
    waiting: dict[Future[Judged], str] = {}
    try:
        with ui.side_by_side(names) if len(names) > 1 else contextlib.nullcontext():
            waiting = {pool.submit(judge_gate, gate, bench): gate.NAME for gate in beside}
            for done in as_completed(waiting):
                found[waiting[done]] = done.result()
    except BaseException:
        # What is done is kept already; what others still run would keep everybody waiting, and mean nothing.
        bench.stopping.set()
        pool.shutdown(wait=False, cancel_futures=True)
        while not all(one.done() for one in waiting):
            # Again and again: a gate may begin its next program.
            proc.end_all()
            time.sleep(_ENDING)
        raise
    finally:
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
        line.verdict, line.note = show.word(judged), show.note(judged, when)
    return judged


def _measure(gate: Gate, bench: Bench, inputs: str) -> Measured:
    negotiable = not gate.NON_NEGOTIABLE
    if waived := waivers.instead(gate.NAME, bench.waivers, bench.clock().date(), negotiable=negotiable):
        return Measured(None, waived=waived)
    kept = None if bench.fresh else store.kept_evidence(bench.state, gate.NAME, inputs)
    if kept and not _mended_elsewhere(gate, kept, bench) and not _too_old(gate, kept, bench):
        return Measured(kept, carried=True)
    if bench.emergency and gate.TIMED and not gate.NON_NEGOTIABLE:
        task = show.task_of(gate.NAME)
        fix = f"invoke {task} --env={bench.subject.environment}"
        return Measured(None, refusal=Unavailable(store.DEFERRED, fix))
    if reason := gate.unavailable(bench.tools):
        return Measured(None, refusal=Unavailable(reason))
    try:
        found, tries = attempts.collect(gate, bench.subject, bench.tools, bench.stopping)
    except Unavailable as refusal:
        return Measured(None, refusal=refusal)
    evidence = replace(found, measured_at=stamp(bench.clock()))
    store.keep_evidence(bench.state, gate.NAME, inputs, evidence)
    return Measured(evidence, tries=tries)


def _too_old(gate: Gate, kept: Evidence, bench: Bench) -> bool:
    """Whether what depends on time or on others was measured too long ago."""
    if gate.AGE is None:
        return False
    return (bench.clock() - parse(kept.measured_at)).total_seconds() > gate.AGE


def _mended_elsewhere(gate: Gate, kept: Evidence, bench: Bench) -> bool:
    """Whether to ask again: what failed on a remote or could not be measured is mended there; nothing here tells."""
    remote = gate.SCOPE == "remote"
    return any(one.blocking and (remote or one.unmeasured) for one in gate.judge(kept, bench.limits(gate)))


def rule(
    gate: Gate, measured: Measured, limits: Limits, given: Sequence[waivers.Waiver], today: date
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
    elif measured.waived is not None:
        verdict, used, reason = Verdict.WAIVED, (measured.waived,), f"not measured: {measured.waived.reason}"
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
        weight=gate.WEIGHT,
        tries=measured.tries,
    )


def _judgement(
    project: Project,
    subject: Subject,
    results: tuple[Judged, ...],
    clock: Clock,
    about: Mapping[str, Any],
) -> Judgement:
    return Judgement(
        tree=subject.tree,
        environment=subject.environment,
        policy=project.policy_digest(subject.environment),
        source=subject.source_digest,
        base=subject.base,
        url=subject.url,
        judged_at=stamp(clock()),
        results=results,
        emergency=any(one.deferred for one in results),
        **about,
    )


def _keep(project: Project, now: Judgement, names: tuple[str, ...]) -> Judgement:
    """Write the record, with the other gates' earlier results, unless it says nothing new."""
    path = store.path_of(project.state, now.tree, now.environment, now.policy)
    before = store.read(path)
    fresh = {one.gate: one for one in now.results}
    earlier = {one.gate: one for one in before.results} if before else {}
    whole = [fresh.get(name) or earlier.get(name) for name in GATES]
    results = tuple(one for one in whole if one)
    merged = replace(now, results=results, emergency=any(one.deferred for one in results))
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


def kept(
    project: Project, artifact: Artifact, environment: str, clock: Clock = utc_now
) -> tuple[Judgement | None, list[str]]:
    """Return the kept judgement of exactly this build, passed or not, and why it says nothing of today any more."""
    path = store.path_of(project.state, artifact.tree, environment, project.policy_digest(environment))
    judgement = store.read(path)
    if judgement is None:
        return None, []
    now, moment = _today(project, artifact, environment), clock()
    told = store.strange(judgement, _bound(project, artifact, environment))
    for one in judgement.results:
        if one.gate in now and (stale := store.outdated(one, now[one.gate], moment)):
            told.append(f"{one.gate}: {stale}")
    done = {one.gate for one in judgement.results}
    return judgement, [*told, *(f"{name}: not judged" for name in now if name not in done)]


def _bound(project: Project, artifact: Artifact, environment: str) -> dict[str, str]:
    place = project.environment(environment)
    return {
        "tree": artifact.tree,
        "environment": environment,
        "policy": project.policy_digest(environment),
        "base": place.base,
        "url": place.url,
    }


def _today(project: Project, artifact: Artifact, environment: str) -> dict[str, Now]:
    subject = subject_of(project, artifact, environment)
    return {name: Now(gate.VERSION, gate.inputs(subject), gate.AGE) for name, gate in GATES.items()}


def _look(
    project: Project, artifact: Artifact, environment: str, clock: Clock
) -> tuple[Judgement | None, list[str]]:
    bound = _bound(project, artifact, environment)
    path = store.path_of(project.state, artifact.tree, environment, bound["policy"])
    judgement = store.read(path) or _nearest(project.state, artifact.tree)
    if judgement is None:
        altered = " that is whole" if path.exists() else ""
        return None, [f"there is no evidence{altered} for tree {artifact.tree[:12]}"]
    return judgement, store.problems(judgement, bound, _today(project, artifact, environment), clock())


def _nearest(state: Path, tree: str) -> Judgement | None:
    """Return the newest judgement of the same tree, else of any, to tell in what it differs."""
    for pattern in (f"{tree}/*.json", "*/*.json"):
        files = sorted((state / "evidence").glob(pattern), key=lambda one: one.stat().st_mtime_ns)
        for file in reversed(files):
            if judgement := store.read(file):
                return judgement
    return None
