"""A release's kept evidence, judged again by the policy of today; and its tree, measured again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.core import ui
from pipeline.core.clock import Clock, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.deploy import original, proof_of_evidence, rebuild
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.difference import named
from pipeline.deploy.ledger import Release
from pipeline.deploy.proof_of_evidence import Evidence
from pipeline.deploy.target import target_of

if TYPE_CHECKING:
    from pipeline.gates.evidence import Judgement
    from pipeline.gates.verdicts import Row


@dataclass(frozen=True)
class Rechecked:
    """What was recorded of a release and what is judged of it today.

    `where` is where the evidence was found, `same_policy` whether it was judged by today's policy, `judged` has a row
    for each recorded gate, `new` the gates of today that did not judge it, `measured` a row for each that measured its
    tree again (None: not asked), with the `sources` it had.
    """

    release: str
    environment: str
    evidence: str
    where: str
    judged_at: str
    same_policy: bool
    score: float | None
    score_today: float | None
    judged: tuple[Row, ...]
    new: tuple[str, ...]
    measured: tuple[Row, ...] | None = None
    sources: str = ""

    @property
    def differs(self) -> bool:
        """Whether a verdict, or what stands in the way, is not what was recorded."""
        return any(one.changed for one in (*self.judged, *(self.measured or ())))


def recheck(
    project: Project, environment: str, wanted: str, *, measure: bool = False, clock: Clock = utc_now
) -> Rechecked:
    """Judge the evidence of a release again; with `measure` its tree is written out and measured again, too.

    Raises Stop: 2 when there is no such release, 8 when its evidence cannot be had or is not the one that it names.
    """
    from checks import GATES
    from pipeline.gates.evidence import digest_of
    from pipeline.gates.subject import limits_for
    from pipeline.gates.verdicts import rejudge_all

    desk = sit_down(project, target_of(project, environment), clock)
    release = named(desk, wanted)
    found, recorded = evidence_of(desk, release)
    policy = project.policy_for(environment)
    again, rows = rejudge_all(
        recorded, GATES, lambda gate: limits_for(gate, policy), policy.waivers, clock().date()
    )
    judged = {one.gate for one in recorded.results}
    done = Rechecked(
        release.name,
        desk.target.name,
        digest_of(found.record or {}),
        found.where,
        recorded.judged_at,
        recorded.policy == project.policy_digest(environment),
        recorded.score.overall,
        again.score.overall,
        tuple(rows),
        tuple(name for name in GATES if name not in judged),
    )
    if not measure:
        return done
    fresh, sources = measured(desk, release, clock)
    return replace(done, measured=tuple(_beside(recorded, fresh)), sources=sources)


def evidence_of(desk: Desk, release: Release) -> tuple[Evidence, Judgement]:
    """Return a release's evidence and its judgement, that which was completed later first; raises Stop (8)."""
    found = proof_of_evidence.latest(desk, release)
    if found.judgement is None:
        reason = found.reason or "another version of the pipeline wrote it"
        text = f"the evidence of {release.name} cannot be read: {reason}"
        raise Stop(text, f"invoke releases.show {release.name} --env={desk.target.name}", Code.DRIFT)
    return found, found.judgement


def measured(desk: Desk, release: Release, clock: Clock) -> tuple[Judgement, str]:
    """Return a judgement of a release's own tree, measured anew, and which sources the gates saw.

    Raises Stop (7) when the tree is not to be had as it was built.
    """
    from pipeline.gates.runner import judge_site
    from pipeline.site.build import install

    project, name = desk.project, desk.target.name
    tree = original.artifact_tree(desk.git, release)
    if tree is None:
        text = f"the artifact of {release.name} is not here as it was built, so it cannot be measured"
        raise Stop(text, f"invoke check.verify {release.name} --env={name}", Code.SERVICE)
    artifact: Artifact = original.on_disk(project, tree)
    if refused := rebuild.refusal(project, release):
        ui.warn(f"the gates that read sources see those here: {refused.message}")
        return judge_site(project, artifact, name, fresh=True, clock=clock), "those here"
    with rebuild.sources_at(project, release.source) as there:
        install(there, name)
        judgement = judge_site(there, artifact, name, fresh=True, clock=clock)
        # It proves something of an old release; the record of today's builds is another matter.
        shutil.rmtree(there.state / "evidence", ignore_errors=True)
    return judgement, f"commit {release.source[:10]}"


def _beside(recorded: Judgement, fresh: Judgement) -> Iterator[Row]:
    from pipeline.gates.show import word
    from pipeline.gates.verdicts import Row, compared

    now = {one.gate: one for one in fresh.results}
    for one in recorded.results:
        other = now.get(one.gate)
        if other is None:
            yield Row(one.gate, word(one), "not measured", "there is no such gate any more", changed=False)
            continue
        row = compared(one, other)
        if not row.note:
            same = (
                one.evidence is not None
                and other.evidence is not None
                and one.evidence.data == other.evidence.data
            )
            elsewhere = ", which depends on more than the tree" if one.inputs != other.inputs else ""
            row = replace(row, note="measured the same" if same else f"measured otherwise{elsewhere}")
        yield row


def lines(found: Rechecked) -> Iterator[str]:
    """Return it for people to read."""
    from pipeline.gates.score import shown

    policy = "today's policy" if found.same_policy else "another policy than today's"
    yield f"{found.release}: evidence {found.evidence[:12]} is whole (from {found.where})"
    yield f"judged {found.judged_at} by {policy}"
    yield f"score {shown(found.score)} then, {shown(found.score_today)} by today's policy and gates"
    yield ""
    yield _table(found.judged, ("gate", "recorded", "judged today", ""))
    if found.new:
        yield f"not judged then: {', '.join(found.new)}"
    if found.measured is not None:
        yield ""
        yield f"measured again, with the sources of {found.sources}:"
        yield _table(found.measured, ("gate", "recorded", "measured now", ""))


def _table(rows: tuple[Row, ...], heads: tuple[str, ...]) -> str:
    cells = [(one.gate, one.recorded, f"{one.now}{' !' if one.changed else ''}", one.note) for one in rows]
    return ui.table(cells, heads)


def value_of(found: Rechecked) -> dict[str, Any]:
    """Return it as JSON."""
    return {**asdict(found), "differs": found.differs}
