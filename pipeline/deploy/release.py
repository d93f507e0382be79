"""A draft becomes the live release: commit, push, proof; and the old tree comes back if the proof fails."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pipeline.core import ui
from pipeline.core.clock import stamp
from pipeline.core.errors import Code, Stop
from pipeline.core.files import human_size, plural
from pipeline.deploy import journal
from pipeline.deploy.desk import Desk
from pipeline.deploy.journal import State
from pipeline.deploy.ledger import Release
from pipeline.deploy.names import free_name, moment_of
from pipeline.deploy.publish import Draft, push, stage
from pipeline.deploy.target import front
from pipeline.deploy.verify import Proof, prove
from pipeline.tools.git import identity

# An unreachable or half-updated site is not a wrong one; only this many wrong files are shown.
_SHOWN = 10


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the live release, whether this run made it, the proof if one was made, seconds to moved refs."""

    environment: str
    release: str
    commit: str
    url: str
    new: bool
    proof: Proof | None
    published_seconds: float = 0.0


def again(desk: Desk, target_release: Release, why: str) -> Draft:
    """Return the draft that publishes an earlier release's tree once more; nothing is built and nothing is copied."""
    now = desk.clock()
    live = desk.remote.tip
    return Draft(
        name=str(
            free_name(
                now, desk.target.name, f"rollback to {moment_of(target_release.name)}", desk.remote.branches
            )
        ),
        environment=desk.target.name,
        kind="rollback",
        tree=target_release.tree,
        artifact=target_release.artifact,
        manifest=target_release.manifest,
        # With the target as second parent, git knows that the remote has all of its objects: hundreds of bytes go out.
        parents=tuple(dict.fromkeys(oid for oid in (live, target_release.commit) if oid)),
        source=target_release.source.removesuffix(" (dirty)"),
        dirty=target_release.source.endswith("(dirty)"),
        evidence=target_release.evidence,
        restores=target_release.name,
        who=identity(desk.project.root),
        when=now,
        why=why,
    )


def make(desk: Desk, draft: Draft) -> Outcome:
    """Publish the draft and prove it; the journal is written before each act, so a kill leaves nothing unexplained.

    Raises Stop (5): nothing was published, or what was published is wrong and the old tree is live again.
    """
    start = time.monotonic()
    before = desk.remote.tip
    entry = journal.Entry(
        draft.name, desk.target.name, draft.kind, State.PLANNED, stamp(desk.clock()), before
    )
    journal.write(desk.journal, entry)
    try:
        with ui.step("commit") as step:
            commit = stage(desk.git, draft)
            step.note = commit[:10]
        entry = journal.advance(desk.journal, entry, State.STAGED, commit=commit)
        with ui.step(f"push to {desk.target.branch}") as step:
            entry = journal.advance(desk.journal, entry, State.PUSHING)
            push(desk.git, desk.target, draft, commit, before, desk.project.settings.timeouts.publish)
            step.note = draft.name
    except Stop as stop:
        journal.advance(desk.journal, entry, State.FAILED, reason=stop.message)
        raise
    seconds = time.monotonic() - start
    entry = journal.advance(desk.journal, entry, State.PUSHED)
    desk.git.run("update-ref", desk.target.live_ref, commit)
    proof = prove_or_undo(desk, entry)
    return Outcome(desk.target.name, draft.name, commit, desk.target.url, True, proof, seconds)  # noqa: FBT003


def prove_or_undo(desk: Desk, entry: journal.Entry) -> Proof:
    """Prove that a pushed release is live; if it is not, publish the release before it again and raise Stop (5)."""
    try:
        proof = prove_live(desk, entry.release, entry.commit or "", entry.before)
    except Stop as stop:
        journal.advance(desk.journal, entry, State.FAILED, reason=stop.message)
        raise undo(desk, entry, stop) from stop
    journal.advance(desk.journal, entry, State.VERIFIED)
    desk.git.try_run("update-ref", "-d", f"refs/pages/staging/{entry.release}")
    return proof


def prove_live(desk: Desk, release: str, commit: str, before: str | None, *, every: bool = False) -> Proof:
    """Read the live site back as a step of its own; raises Stop (5) unless it is the release, byte for byte."""
    timeout = desk.project.settings.timeouts.verify
    with ui.step("verify the live site") as step, front(desk.project, desk.target) as url:
        proof = prove(
            desk.git, commit=commit, before=before, release=release, url=url, timeout=timeout, every=every
        )
        if not proof.ok:
            raise wrong(release, proof)
        part = (
            plural(proof.checked, "file")
            if proof.checked == proof.total
            else f"{proof.checked:,} of {proof.total:,} files"
        )
        step.note = f"{part} identical ({human_size(proof.size)})"
    return proof


def wrong(release: str, proof: Proof) -> Stop:
    """Return the end of a verification that found wrong files."""
    bad = [f"{one.path} {one.problem}" for one in proof.mismatches]
    more = [f"and {len(bad) - _SHOWN} more"] if len(bad) > _SHOWN else []
    text = f"the live site is not {release}: {plural(len(bad), 'file')} of {proof.checked:,} differ"
    return Stop(text, "invoke rollback", Code.PUBLISH, (*bad[:_SHOWN], *more))


def undo(desk: Desk, failed: journal.Entry, cause: Stop) -> Stop:
    """Publish the release before a failed one again, and return how the run ends."""
    ui.show_stop(replace_hint(cause))
    now = desk.again()
    good = next((one for one in now.releases() if one.commit == failed.before), None)
    if now.remote.tip != failed.commit or failed.kind == "rollback" or good is None:
        reason = (
            "it is the first release: there is nothing to go back to"
            if good is None
            else "a rollback is not rolled back by itself"
            if failed.kind == "rollback"
            else "somebody published over it"
        )
        text = f"{failed.release} is published and could not be proven; {reason}"
        return Stop(text, f"invoke verify --env={desk.target.name}", Code.PUBLISH)
    ui.say(f"rolling back to {good.name} by itself", style="warning")
    outcome = make(now, again(now, good, f"{failed.release} could not be proven: {cause.message}"))
    live = f"live is {outcome.release}, the tree of {good.name}"
    text = f"{failed.release} could not be proven and was rolled back; {live}"
    return Stop(text, f"mend the cause, then: invoke deploy --env={desk.target.name}", Code.PUBLISH)


def replace_hint(stop: Stop) -> Stop:
    """Return the same end without its next command: this run does that itself."""
    return Stop(stop.message, "", stop.code, stop.details)
