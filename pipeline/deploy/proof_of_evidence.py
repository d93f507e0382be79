"""What the gates said of a release, proven by the digest in its commit: from this machine, or from the audit log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.deploy import audit
from pipeline.deploy.desk import Desk
from pipeline.deploy.ledger import Release
from pipeline.deploy.publish import Draft

if TYPE_CHECKING:
    from pipeline.gates.evidence import Judgement

HERE, LOGGED = "this machine", "the audit log"


@dataclass(frozen=True)
class Evidence:
    """A release's evidence: the record whose digest its commit names and where it was, or why it is `unavailable`.

    `judgement` is None for a whole record that another version wrote in another format.
    """

    record: dict[str, Any] | None
    judgement: Judgement | None
    where: str
    reason: str


def keep(desk: Desk, draft: Draft) -> None:
    """Keep the very record whose digest a release will carry; a release made elsewhere has none to keep here."""
    if not draft.evidence:
        return
    from pipeline.gates import evidence

    evidence.seal(desk.project.state, draft.artifact, draft.evidence)


def to_send(desk: Desk, draft: Draft) -> bytes:
    """Return what goes into the audit log beside the event: nothing where it is not shared, or is there already.

    A rollback carries the evidence of the release that it restores, which the log has.
    """
    if not desk.target.options.share_evidence or not draft.evidence or draft.restores:
        return b""
    from pipeline.gates import evidence

    try:
        return evidence.released(desk.project.state, draft.evidence) or b""
    except ValueError:
        return b""


def find(desk: Desk, release: Release) -> Evidence:
    """Return the evidence of a release; nothing but a record with exactly its digest will do."""
    from pipeline.gates import evidence

    if not release.evidence:
        return Evidence(None, None, "", "the release names no evidence")
    state = desk.project.state
    # A release of a time when no copies were kept: its record may not have been replaced yet.
    evidence.seal(state, release.artifact, release.evidence)
    reasons = []
    for where, read in ((HERE, kept_copy), (LOGGED, audit_copy)):
        try:
            line = read(desk, release)
            record = evidence.proven(line, release.evidence) if line else None
        except ValueError as error:
            reasons.append(f"the copy of {where} {error}")
            continue
        if record:
            return Evidence(record, evidence.judgement_of(record), where, "")
    reason = reasons[0] if reasons else f"no copy is here or in the log; {judged_on(desk, release)} judged it"
    return Evidence(None, None, "", reason)


def digest(desk: Desk, release: Release) -> str:
    """Return the digest of a release's newest evidence: what an emergency put off made another one later."""
    mine = (one for one in desk.events if one.release == release.name)
    return next((one.evidence for one in mine if one.kind is audit.Kind.MEASURED), release.evidence)


def latest(desk: Desk, release: Release) -> Evidence:
    """Return the evidence that was completed right after an emergency's release, else that of the release itself."""
    newest = digest(desk, release)
    if newest != release.evidence:
        found = find(desk, replace(release, evidence=newest))
        if found.judgement:
            return found
    return find(desk, release)


def kept_copy(desk: Desk, release: Release) -> bytes | None:
    """Return this machine's copy, or None; raises ValueError for one that is not whole."""
    from pipeline.gates import evidence

    return evidence.released(desk.project.state, release.evidence)


def audit_copy(desk: Desk, release: Release) -> bytes | None:
    """Return the copy that travelled with the audit log, from whichever event first carried it, or None."""
    if not desk.remote.audit:
        return None
    for commit in audit.commits_with(desk.git, desk.target.audit_ref, release.evidence):
        done = desk.git.try_run("cat-file", "blob", f"{commit}:{audit.EVIDENCE}")
        if done.ok:
            return done.out
    return None


def judged_on(desk: Desk, release: Release) -> str:
    """Return the host that published the first release with this evidence, as far as the audit log tells."""
    hosts = [one.host for one in desk.events if one.evidence == release.evidence]
    return hosts[-1] if hosts else "another machine"
