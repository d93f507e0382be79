"""A draft becomes the live release: commit, push, proof, pulse; and the old tree comes back if one of them fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.core import ui
from pipeline.core.clock import parse, stamp
from pipeline.core.errors import Code, Stop
from pipeline.core.files import human_size, plural
from pipeline.deploy import audit, guard, journal, ledger, logbook, proof_of_evidence
from pipeline.deploy.audit import Event, Kind, event_of
from pipeline.deploy.desk import Desk
from pipeline.deploy.draft import again
from pipeline.deploy.health import pulse
from pipeline.deploy.journal import Entry, State
from pipeline.deploy.lease import Keeper, Lost, keeping
from pipeline.deploy.ledger import Release
from pipeline.deploy.publish import Draft, Refs, push, signing_key, stage
from pipeline.deploy.target import front
from pipeline.deploy.verify import Proof, Question, Stuck, prove
from pipeline.tools.git import identity, moves

if TYPE_CHECKING:
    from pipeline.tools.github import Hub

# Before what must go through is tried again, in seconds: long enough for a connection or a server to come back.
_PAUSES = (1.0, 4.0)
# Only this many wrong files are shown.
_SHOWN = 10


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the live release, whether this run made it, the proof if one was made.

    The two clocks, in seconds: from the command to moved refs, and from there until every byte was served.
    """

    environment: str
    release: str
    commit: str
    url: str
    new: bool
    proof: Proof | None
    published_seconds: float = 0.0
    served_seconds: float = 0.0
    # What an emergency put off, and what that found once the release was live.
    put_off: tuple[str, ...] = ()
    found_late: tuple[str, ...] = ()


def make(desk: Desk, draft: Draft, *, since: float | None = None, undoes: str = "") -> Outcome:
    """Publish the draft and prove it; the journal is written before each act, so a kill leaves nothing unexplained.

    `since` is when the command began (monotonic, s), `undoes` the failed release that this one takes back.
    Raises Stop (5): nothing was published, or what was published is wrong and the old tree is live again.
    """
    begun = time.monotonic()
    entry = publish(desk, draft, undoes)
    moved = time.monotonic()
    proof = prove_or_undo(desk, entry, moved - begun)
    commit = entry.commit or ""
    return Outcome(
        desk.target.name,
        draft.name,
        commit,
        desk.target.url,
        new=True,
        proof=proof,
        published_seconds=moved - (begun if since is None else since),
        served_seconds=proof.seconds,
    )


def publish(desk: Desk, draft: Draft, undoes: str = "") -> Entry:
    """Commit and push; raises Stop with the remote as it was, or Unknown."""
    plan = (draft.name, desk.target.name, draft.kind, State.PLANNED, stamp(desk.clock()), desk.remote.tip)
    entry = journal.write(desk.journal, Entry(*plan, undoes=undoes))
    try:
        wait_for_turn(desk, draft)
        proof_of_evidence.keep(desk, draft)
        with ui.step("commit") as step:
            commit = stage(desk.git, draft, signing_key(desk.project.root))
            step.note = commit[:10]
        entry = journal.advance(desk.journal, entry, State.STAGED, commit=commit)
        if desk.hub:
            return publish_by_api(desk, desk.hub, draft, entry)
        return publish_by_push(desk, draft, entry)
    except Unknown:
        # The journal stays at PUSHING: the next run asks the remote.
        raise
    except Stop as stop:
        journal.advance(desk.journal, entry, State.FAILED, reason=stop.message)
        raise


def publish_by_push(desk: Desk, draft: Draft, entry: Entry) -> Entry:
    """Push the staged commit; raises Stop as `publish` does."""
    commit = entry.commit or ""
    refs = Refs(commit, desk.remote.tip, draft.name, announce(desk, draft, commit), desk.remote.audit)
    with ui.step(f"push to {desk.target.branch}") as step:
        entry = journal.advance(desk.journal, entry, State.PUSHING)
        push_surely(desk, refs)
        step.note = draft.name
    entry = journal.advance(desk.journal, entry, State.PUSHED)
    # What is published stays published, whether or not this is noted here: the next look at the remote does it.
    moved = moves({desk.target.live_ref: commit, desk.target.audit_ref: refs.audit})
    desk.git.try_run("update-ref", "--stdin", stdin=moved)
    return entry


def publish_by_api(desk: Desk, hub: Hub, draft: Draft, entry: Entry) -> Entry:
    """Let GitHub itself make and publish the commit whose twin is staged here; raises Stop as `publish` does."""
    from pipeline.deploy import via_api

    entry = journal.advance(desk.journal, entry, State.PUSHING)
    commit = via_api.publish(hub, desk.target, draft, desk.remote.tip)
    entry = journal.advance(desk.journal, entry, State.PUSHED, commit=commit)
    if not desk.git.has(f"{commit}^{{commit}}"):
        # GitHub wrote it in other words than we did; the objects are there, and reading may still work.
        try:
            ledger.follow(desk.git, desk.target, via_api.read_remote(hub, desk.target))
        except Stop as silent:
            text = f"{draft.name} is published, and git cannot read it back to prove it"
            hint = f"invoke verify --env={desk.target.name}, once git reaches the repository"
            raise Unknown(text, hint, Code.PUBLISH, (silent.message,)) from silent
    desk.git.try_run("update-ref", desk.target.live_ref, commit)
    sent = proof_of_evidence.to_send(desk, draft)
    # GitHub takes one thing at a time, so the log comes right after; what it does not get now, the next run writes.
    if not logbook.enter_surely(desk, lambda: announcement(desk, draft, commit), _PAUSES, sent):
        ui.warn(f"the audit log could not be written: the next run notes that {draft.name} was published")
    return entry


class Unknown(Stop):
    """The connection broke during the push, and the remote cannot be asked whether it went through."""


def push_surely(desk: Desk, refs: Refs) -> None:
    """Push; where the answer got lost, ask the remote what happened.

    Raises Stop (5) when nothing was published, Unknown (5) when that cannot be found out now.
    """
    try:
        push(desk.git, desk.target, refs, desk.project.settings.timeouts.publish)
    except Stop as stop:
        try:
            remote = ledger.read_remote(desk.git, desk.target)
        except Stop as silent:
            text = (
                f"the push of {refs.name} broke off and the repository does not answer: it may be live or not"
            )
            hint = f"invoke deploy --env={desk.target.name}, which finds out and goes on"
            raise Unknown(text, hint, Code.PUBLISH, (stop.message, silent.message)) from stop
        # The branch of its name: the pages branch may have moved on already.
        if remote.heads.get(refs.name) != refs.commit:
            raise
        ui.warn("the connection broke after the push went through")


def wait_for_turn(desk: Desk, draft: Draft) -> None:
    """Keep to GitHub's limits; raises Stop (7) where the hour's builds are used up."""
    if warning := guard.branch_warning(len(desk.remote.branches)):
        ui.warn(warning)
    if not guard.limited(desk):
        return
    times = [one.when for one in desk.every]
    rate = desk.target.options.rate
    seconds, stop = guard.wait_for_rate(times, desk.clock(), rate, rollback=draft.kind == "rollback")
    if stop:
        raise stop
    if seconds:
        with ui.step(f"wait {seconds:.0f} s for GitHub's limit of {rate.pushes} pushes a minute"):
            time.sleep(seconds)


def announcement(desk: Desk, draft: Draft, commit: str) -> Event:
    """Return the event that says what is published, and until when others should wait for the proof."""
    now = desk.clock()
    return event_of(
        Kind.PUBLISHED,
        desk.target,
        release=draft.name,
        commit=commit,
        tree=draft.artifact,
        who=draft.who,
        host=desk.host,
        when=now,
        evidence=draft.evidence,
        lease=now + timedelta(seconds=desk.project.settings.timeouts.lease),
        note=draft.why,
    )


def announce(desk: Desk, draft: Draft, commit: str) -> str:
    """Return the audit commit that says so."""
    event = announcement(desk, draft, commit)
    tip, sent = desk.remote.audit, proof_of_evidence.to_send(desk, draft)
    bring = not (draft.restores and audit.brought(desk.git, tip, draft.artifact))
    return audit.append(desk.git, tip, event, parse(event.when), sent, bring=bring)


def prove_or_undo(desk: Desk, entry: Entry, age: float | None = None) -> Proof:
    """Prove that a pushed release is live and stays so; if not, publish the one before it again and raise Stop (5).

    While that lasts, others are kept waiting; `age` is how long ago that began, in seconds. Raises Stop (6) when
    somebody took over: then it is theirs to publish.
    """
    cause: Stop | None = None
    with keeping(desk, entry.release, entry.commit or "", age) as keeper:
        try:
            proof = prove_live(desk, question(desk, entry), entry, keeper.check)
            entry = journal.advance(desk.journal, entry, State.VERIFIED)
            check_pulse(desk, entry, keeper.check)
        except Lost as lost:
            journal.advance(desk.journal, entry, State.SUPERSEDED, reason=lost.message)
            raise
        except Stop as stop:
            cause = stop
    if cause is not None:
        raise undo(desk, entry, cause, keeper) from cause
    conclude(desk, entry, Kind.HEALTHY, pauses=_PAUSES)
    state = State.ROLLED_BACK if entry.undoes else State.HEALTHY
    journal.advance(desk.journal, entry, state)
    desk.git.try_run("update-ref", "-d", f"refs/pages/staging/{entry.release}")
    return proof


def question(desk: Desk, entry: Entry) -> Question:
    """Return what must be proven about a release that was pushed."""
    return Question(
        release=entry.release,
        commit=entry.commit or "",
        before=entry.before,
        url="",
        timeout=desk.project.settings.timeouts.verify,
        rounds=desk.target.rounds,
        interval=desk.target.options.health.interval,
    )


def prove_live(
    desk: Desk, asked: Question, entry: Entry | None = None, check: Callable[[], None] = lambda: None
) -> Proof:
    """Read the live site back as a step of its own; raises Stop (5) unless it is the release, byte for byte.

    `check` is called before each file is asked for, and may raise Stop.
    """
    from pipeline.deploy.builds import watch_builds

    def on_live() -> None:
        if entry is not None:
            journal.advance(desk.journal, entry, State.LIVE)

    stuck: Stuck = watch_builds(desk, asked.commit, entry)
    with ui.step("verify the live site") as step, front(desk.project, desk.target) as url:
        proof = prove(desk.git, replace(asked, url=url), stuck=stuck, on_live=on_live, check=check)
        if not proof.ok:
            raise wrong(asked.release, proof)
        whole = proof.checked == proof.total
        part = plural(proof.checked, "file") if whole else f"{proof.checked:,} of {proof.total:,} files"
        step.note = f"{part} identical ({human_size(proof.size)})"
    return proof


def wrong(release: str, proof: Proof) -> Stop:
    """Return the end of a verification that found wrong files."""
    bad = [f"{one.path} {one.problem}" for one in proof.mismatches]
    more = [f"and {len(bad) - _SHOWN} more"] if len(bad) > _SHOWN else []
    told = any(not one.unknown for one in proof.mismatches)
    what = "differ" if told else "could not be read"
    text = f"the live site is not {release}: {plural(len(bad), 'file')} of {proof.checked:,} {what}"
    return Stop(text, "invoke rollback", Code.PUBLISH, (*bad[:_SHOWN], *more))


def check_pulse(desk: Desk, entry: Entry, check: Callable[[], None] = lambda: None) -> None:
    """Ask the site a few times more; raises Stop (5) when it does not keep answering."""
    options = desk.target.options.health
    if not options.probes or desk.target.local:
        return
    with ui.step("health probes") as step, front(desk.project, desk.target) as url:
        taken = pulse(url, options, check)
        if taken.failed >= options.failures:
            step.verdict = "failed"
            text = f"{entry.release} is live and does not stay up: {taken.failed} of {taken.probes} probes failed"
            raise Stop(f"{text} ({taken.problem})", "invoke rollback", Code.PUBLISH)
        step.note = f"{taken.probes - taken.failed} of {taken.probes} answered"


def conclude(desk: Desk, entry: Entry, kind: Kind, note: str = "", *, pauses: Sequence[float] = ()) -> None:
    """Write into the audit log what became of a release, once more after each of `pauses` (s).

    Where that fails, the next run writes that a release is healthy.
    """
    who = identity(desk.project.root)

    def event() -> Event:
        return event_of(
            kind, desk.target, release=entry.release, commit=entry.commit or "", tree="",
            who=who, host=desk.host, when=desk.clock(), note=note,
        )  # fmt: skip

    if not logbook.enter_surely(desk, event, pauses):
        ui.warn(
            f"the audit log could not be written: the next run does it, until then {entry.release} is unproven"
        )


def undo(desk: Desk, failed: Entry, cause: Stop, keeper: Keeper | None = None) -> Stop:
    """Publish the newest good release before a failed one again, and return how the run ends; once per failure.

    Where `keeper` sees that somebody took over, nothing is published.
    """
    failed = journal.advance(desk.journal, failed, State.ROLLING_BACK, reason=cause.message)
    ui.show_stop(Stop(cause.message, "", cause.code, cause.details))
    try:
        now = desk.again()
        if keeper:
            keeper.look(now)
        good = restorable(now, failed)
        if good is None or (reason := why_not_undone(now, failed)):
            reason = reason if good else "there is no earlier release that was proven"
            conclude(now, failed, Kind.FAILED, cause.message)
            journal.advance(desk.journal, failed, State.FAILED, reason=cause.message)
            text = f"{failed.release} is published and could not be proven; {reason}"
            return Stop(text, f"invoke verify --env={desk.target.name}", Code.PUBLISH)
        ui.say(f"rolling back to {good.name} by itself", style="warning")
        conclude(now, failed, Kind.FAILED, cause.message)
        begun = time.monotonic()
        now, entry = publish_back(now, failed, good, keeper)
    except Unknown:
        raise
    except Lost as lost:
        journal.advance(desk.journal, failed, State.SUPERSEDED, reason=lost.message)
        return lost
    except Stop as stop:
        # Newest in the journal again, so that the next run goes on with it.
        journal.write(desk.journal, failed)
        text = f"{failed.release} is published, could not be proven, and was not rolled back: {stop.message}"
        hint = f"invoke deploy --env={desk.target.name}, which goes on with that"
        return Stop(text, hint, Code.PUBLISH, stop.details)
    prove_or_undo(now, entry, time.monotonic() - begun)
    live = f"live is {entry.release}, the tree of {good.name}"
    text = f"{failed.release} could not be proven and was rolled back; {live}"
    return Stop(text, f"mend the cause, then: invoke deploy --env={desk.target.name}", Code.PUBLISH)


def publish_back(
    desk: Desk, failed: Entry, good: Release, keeper: Keeper | None = None
) -> tuple[Desk, Entry]:
    """Publish a good release again in place of a failed one, again after a while when that does not go through.

    Returns the desk that it was published from; raises Stop after the last try, or when somebody published over it.
    """
    why = f"{failed.release} could not be proven: {failed.reason}"
    for pause in _PAUSES:
        now = desk.again()
        if keeper:
            keeper.look(now)
        try:
            return now, publish(now, again(now, good, why), failed.release)
        except Unknown:
            raise
        except Stop as stop:
            if desk.again().remote.tip != failed.commit:
                raise
            ui.warn(f"{stop.message}; trying again in {pause:g} s")
            time.sleep(pause)
    now = desk.again()
    if keeper:
        keeper.look(now)
    return now, publish(now, again(now, good, why), failed.release)


def restorable(desk: Desk, failed: Entry) -> Release | None:
    """Return the newest release before the failed one that was proven; where no proof was ever kept, the one before."""
    names = [one.name for one in desk.every]
    if failed.release not in names:
        return None
    # A preview left the site as it was, so that what comes back is always a release of the site.
    older = frozenset(names[names.index(failed.release) + 1 :])
    earlier = [one for one in desk.releases if one.name in older]
    proven = [one for one in earlier if one.name in desk.healthy]
    return next(iter(proven if desk.healthy else earlier), None)


def why_not_undone(desk: Desk, failed: Entry) -> str:
    """Return why a failed release stays, or an empty text."""
    if desk.remote.tip != failed.commit:
        return "somebody published over it"
    if failed.undoes:
        return "it was itself a rollback by itself, and there is only one of those"
    return ""
