"""Earlier judgements of an environment for a report: those of its releases, as far as this machine has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.core.clock import stamp
from pipeline.core.project import Project
from pipeline.deploy import ledger
from pipeline.deploy.target import objects, target_of

if TYPE_CHECKING:
    from pipeline.deploy.ledger import Release
    from pipeline.gates.evidence import Judgement
    from pipeline.gates.report_past import Moment, Past

# So many releases are in the curves; each record is read once.
_RELEASES = 20


def past(project: Project, judgement: Judgement) -> Past:
    """Return what came before a judgement, from what is on this machine: no remote is asked.

    The judgement itself becomes part of the past of the next one. Raises OSError when that cannot be kept.
    """
    from pipeline.gates.report_past import Past, moment_of, remember, remembered

    environment = judgement.environment
    known = remembered(project.state, environment)
    releases = _releases(project, environment)
    for one in reversed(releases[:_RELEASES]):
        moment = known.get(one.evidence) or _moment(project, one)
        if moment:
            known[one.evidence] = replace(moment, release=one.name)
    if not judgement.missing:
        was = known.get(judgement.digest)
        known[judgement.digest] = moment_of(judgement, was.release if was else "")
    remember(project.state, environment, known.values())
    moments: tuple[Moment, ...] = tuple(sorted(known.values(), key=lambda one: one.at))
    # What was judged already is compared with what was there before it.
    last = next((one for one in releases if one.evidence != judgement.digest), None)
    if last is None:
        reason = "this very evidence is that of the only release" if releases else "nothing was released yet"
        return Past(moments, reason=reason)
    before = _judged(project, last)
    if before is None:
        return Past(moments, last.name, None, f"the evidence of {last.name} is not on this machine")
    return Past(moments, f"{last.name} ({stamp(last.when)})", before, "")


def _releases(project: Project, environment: str) -> list[Release]:
    """Return the releases that the object store knows, newest first; none where there was no look at a remote yet."""
    git = objects(project)
    target = target_of(project, environment)
    if not git.maybe("rev-parse", "--verify", "--quiet", target.live_ref):
        return []
    found = ledger.releases(git, target)
    return [one for one in found if one.kind != ledger.PREVIEW and one.evidence]


def _moment(project: Project, release: Release) -> Moment | None:
    from pipeline.gates.report_past import moment_of

    found = _judged(project, release)
    return moment_of(found, release.name, release.evidence) if found else None


def _judged(project: Project, release: Release) -> Judgement | None:
    """Return the judgement in this machine's copy of a release's evidence; None where there is none that is whole."""
    from pipeline.gates import evidence

    evidence.seal(project.state, release.artifact, release.evidence)
    try:
        line = evidence.released(project.state, release.evidence)
        return evidence.judgement_of(evidence.proven(line, release.evidence)) if line else None
    except ValueError:
        return None
