"""How an environment stands to the constitution: its score, what is violated and since when, and its history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipeline.core import ui
from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.files import plural, read_json, write_json
from pipeline.core.project import Project
from pipeline.deploy import proof_of_evidence
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.target import target_of

if TYPE_CHECKING:
    from pipeline.deploy.ledger import Release
    from pipeline.gates.evidence import Judged, Judgement
    from pipeline.gates.history import Point, Summary
    from pipeline.gates.waivers import Stated

_SHOWN = 3


@dataclass(frozen=True)
class Sight:
    """A judgement and what it is of: a `release`, or (empty) the build in the output folder.

    `stale` says what changed since it was judged; `digest` is that of its record.
    """

    judgement: Judgement
    release: str
    digest: str
    stale: tuple[str, ...] = ()

    @property
    def of(self) -> str:
        """Return what was judged, in words."""
        return f"release {self.release}" if self.release else "the build in the output folder"


@dataclass(frozen=True)
class Violation:
    """A gate that does not pass: what it found, since when and which release, and how to mend it."""

    gate: str
    principle: str
    verdict: str
    non_negotiable: bool
    points: float
    what: tuple[str, ...]
    since: str
    release: str
    remedy: str
    command: str


@dataclass(frozen=True)
class Report:
    """An environment's standing: the judgement, each principle's words, violations, and the policy's waivers."""

    environment: str
    sight: Sight
    principles: dict[str, str]
    violations: tuple[Violation, ...]
    waivers: tuple[Stated, ...]


def look(project: Project, environment: str, clock: Clock = utc_now) -> Sight:
    """Return what was last judged: the build of now where there is a judgement of it, else the live release.

    Nothing is measured. Raises Stop (2) when nothing of this environment was ever judged.
    """
    from pipeline.gates import runner
    from pipeline.site.build import artifact_of

    try:
        artifact = artifact_of(project, environment)
    except Stop:
        artifact = None
    if artifact is not None:
        judgement, stale = runner.kept(project, artifact, environment, clock)
        if judgement is not None:
            return Sight(judgement, "", judgement.digest, tuple(stale))
    desk = sit_down(project, target_of(project, environment), clock)
    if desk.live is None:
        text = f"nothing was judged for {environment}: neither this build nor a release"
        raise Stop(text, f"invoke check --env={environment}")
    return sight_of(desk, desk.live)


def sight_of(desk: Desk, release: Release) -> Sight:
    """Return what was judged of a release; raises Stop (8) where its evidence cannot be had."""
    from pipeline.deploy.recheck import evidence_of
    from pipeline.gates.evidence import digest_of

    found, judgement = evidence_of(desk, release)
    return Sight(judgement, release.name, digest_of(found.record or {}))


def require(sight: Sight, threshold: float) -> None:
    """Raise Stop (3) below the threshold, or when what is not negotiable did not pass."""
    from pipeline.gates.score import shown

    judgement = sight.judgement
    environment = judgement.environment
    stuck = [one.gate for one in judgement.results if one.blocks]
    if stuck or not judgement.score.reaches(threshold):
        said = shown(judgement.score.overall)
        what = f"{sight.of} scores {said} of 100, and {threshold:g} is asked for"
        if stuck:
            what += f"; in the way: {', '.join(stuck)}"
        raise Stop(what, f"invoke compliance.report --env={environment}", Code.GATE)


def history(desk: Desk) -> list[Point]:
    """Return the environment's releases with their scores, newest first; each record is read once and remembered."""
    from pipeline.gates import history as area

    file = desk.project.state / "cache" / "compliance.json"
    value = read_json(file)
    known: dict[str, Any] = value["scores"] if _current(value) else {}
    before = len(known)
    points = [_point(desk, one, known) for one in desk.releases]
    if len(known) != before:
        write_json(file, {"format": area.FORMAT, "scores": known})
    return points


def _current(value: object) -> bool:
    from pipeline.gates import history as area

    return (
        isinstance(value, dict) and value.get("format") == area.FORMAT and isinstance(value["scores"], dict)
    )


def _point(desk: Desk, release: Release, known: dict[str, Any]) -> Point:
    from pipeline.gates import history as area

    summary: Summary | None = None
    reason = ""
    evidence = proof_of_evidence.digest(desk, release)
    if evidence in known:
        summary = area.from_plain(known[evidence])
    if summary is None:
        found = proof_of_evidence.latest(desk, release)
        reason = "" if found.judgement else found.reason or "another version of the pipeline wrote it"
        if found.judgement:
            summary = area.summary_of(found.judgement)
            known[evidence] = area.plain(summary)
    return area.Point(release.name, release.kind, stamp(release.when), evidence, summary, reason)


def history_lines(points: Sequence[Point], count: int, width: int) -> Iterator[str]:
    """Return the history for people to read: the newest `count` releases, and what is violated since when."""
    from pipeline.gates import history as area

    if points:
        yield area.table(points[:count], width)
    unknown = [one for one in points[:count] if one.summary is None]
    if unknown:
        yield f"{plural(len(unknown), 'release')} without evidence here ({unknown[0].reason})"
    for gate, verdict, first in area.lasting(points):
        yield f"{gate}: {verdict} since {first.when}, {first.release}"


def report(project: Project, environment: str, clock: Clock = utc_now) -> Report:
    """Return how an environment stands, from kept evidence; raises Stop as `look` does."""
    from checks import GATES
    from pipeline.gates.score import PRINCIPLES
    from pipeline.gates.waivers import stated

    sight = look(project, environment, clock)
    desk = sit_down(project, target_of(project, environment), clock)
    points = history(desk)
    policy = project.policy_for(environment)
    judged = {one.gate: (one.verdict, one.findings) for one in sight.judgement.results}
    points_lost = {one.gate: one.points for one in sight.judgement.score.losses}
    bad = [one for one in sight.judgement.results if one.deferred or one.gate in points_lost]
    return Report(
        environment=environment,
        sight=sight,
        principles={name: str(getattr(policy.principles, name)) for name in PRINCIPLES},
        violations=tuple(_violation(one, sight, points, points_lost.get(one.gate, 0.0)) for one in bad),
        waivers=tuple(stated(policy.waivers, judged, GATES, clock().date())),
    )


def _violation(one: Judged, sight: Sight, points: Sequence[Point], lost: float) -> Violation:
    from pipeline.gates import history as area
    from pipeline.gates import show

    first = area.since(points, one.gate)
    blocking = [finding for finding in one.findings if finding.blocking]
    what = [finding.message for finding in blocking[:_SHOWN]] or [one.reason]
    if len(blocking) > _SHOWN:
        what.append(f"and {len(blocking) - _SHOWN:,} more")
    environment = sight.judgement.environment
    command = f"invoke {show.task_of(one.gate)} --env={environment}"
    if not one.deferred and one.gate not in {"typescript", "zero_actions"}:
        command = f"invoke build {show.task_of(one.gate)} --env={environment}"
    return Violation(
        gate=one.gate,
        principle=one.principle,
        verdict=show.word(one),
        non_negotiable=one.non_negotiable,
        points=lost,
        what=tuple(what),
        since=first.when if first else sight.judgement.judged_at,
        release=first.release if first else sight.release,
        remedy=one.fix or next((finding.fix for finding in blocking if finding.fix), ""),
        command=command,
    )


def report_lines(found: Report) -> Iterator[str]:
    """Return a report for people to read, principle by principle, in 80 columns."""
    from pipeline.gates import show
    from pipeline.gates.score import shown

    judgement = found.sight.judgement
    yield f"{found.environment}: {show.score_line(judgement)}"
    yield f"of {found.sight.of}"
    yield f"judged {judgement.judged_at}, evidence {found.sight.digest[:12]}"
    for line in found.sight.stale:
        yield f"  {line}"
    for name, words in found.principles.items():
        yield ""
        yield from show.wrapped(f"{name}  {shown(judgement.score.principles[name])}  {words}", "")
        for one in judgement.results:
            if one.principle == name:
                yield from _gate_lines(one, found)
    if found.waivers:
        yield ""
        for waiver in found.waivers:
            yield from show.wrapped(waiver.line(), "")


def _gate_lines(one: Judged, found: Report) -> Iterator[str]:
    from pipeline.gates import show

    fixed = ", not negotiable" if one.non_negotiable else ""
    nothing = one.evidence.nothing if one.evidence else ""
    why = f": {nothing}" if nothing else ""
    yield from show.wrapped(f"{one.gate}: {show.word(one)}{fixed}{why}", " " * 4)
    for used in one.waivers:
        yield from show.wrapped(f"waived until {used.until} for {used.scope}: {used.reason}", " " * 8)
    violation = next((each for each in found.violations if each.gate == one.gate), None)
    if violation is None:
        return
    for what in violation.what:
        yield from show.wrapped(what, " " * 8)
    since = f"since {violation.since}" + (f", {violation.release}" if violation.release else ", not released")
    costs = f"; costs {violation.points:.1f} points" if violation.points else ""
    yield from show.wrapped(f"{since}{costs}", " " * 8)
    if violation.remedy:
        yield from show.wrapped(f"fix: {violation.remedy}", " " * 8)
    yield f"        then: {ui.as_typed(violation.command)}"


def report_value(found: Report) -> dict[str, Any]:
    """Return a report as JSON."""
    judgement = found.sight.judgement
    return {
        "environment": found.environment,
        "release": found.sight.release or None,
        "tree": judgement.tree,
        "judged_at": judgement.judged_at,
        "evidence": found.sight.digest,
        "stale": list(found.sight.stale),
        "score": asdict(judgement.score),
        "threshold": judgement.threshold,
        "production": judgement.production,
        "principles": found.principles,
        "gates": {
            one.gate: {
                "principle": one.principle,
                "verdict": one.verdict.value,
                "non_negotiable": one.non_negotiable,
                "weight": one.weight,
                "standing": one.standing.value,
                "reason": one.reason,
                "waivers": [asdict(used) for used in one.waivers],
            }
            for one in judgement.results
        },
        "violations": [asdict(one) for one in found.violations],
        "waivers": [asdict(one) for one in found.waivers],
    }
