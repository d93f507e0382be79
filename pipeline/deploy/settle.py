"""What an interrupted run left behind is settled before the next one begins."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core import lock, ui
from pipeline.core.clock import Clock, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project
from pipeline.deploy import audit, journal
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.journal import ENDED, Entry, State
from pipeline.deploy.release import prove_or_undo, undo
from pipeline.deploy.target import Target, target_of

if TYPE_CHECKING:
    from pipeline.tools.github import Hub


@contextlib.contextmanager
def at_desk(
    project: Project, environment: str, why: str, clock: Clock = utc_now, *, via_api: bool = False
) -> Iterator[Desk]:
    """Hold the environment's lock for the block and give a desk without unfinished business.

    With `via_api` the remote is asked, and changed, through GitHub's API instead of git.
    Raises Stop (6) while another run on this machine holds the lock, or one on another machine proves its release.
    """
    target = target_of(project, environment)
    with lock.hold(lock_path(project, target), why, clock):
        hub = must_connect(project, target) if via_api else None
        desk = settle(sit_down(project, target, clock, hub))
        if waiting := audit.leased(desk.events[:1], desk.host, clock()):
            raise waiting
        yield desk


def must_connect(project: Project, target: Target) -> Hub:
    """Return the environment's repository on GitHub; raises Stop (2) when it has none."""
    from pipeline.tools.github import connect

    hub = None if target.local else connect(target.remote, project.settings.tools.gh)
    if hub is None:
        raise Stop(
            f"{target.name} does not publish to GitHub, so there is no API to go through",
            "leave --via-api out",
        )
    return hub


def lock_path(project: Project, target: Target) -> Path:
    """Return the lock of an environment on this machine."""
    return project.state / "locks" / f"{target.name}.lock"


def settle(desk: Desk) -> Desk:
    """Find out from the remote how far an interrupted release came, say so, and finish or forget it."""
    entry = journal.read(desk.journal)
    if entry is None or entry.state in ENDED:
        return desk
    fated = fate(desk, entry)
    since = f"{entry.release} ({entry.started})"
    if fated is State.PUSHED:
        finish(desk, entry, since)
    elif fated is State.SUPERSEDED:
        ui.say(f"{since} was interrupted after it was pushed; a newer release is live", style="warning")
        journal.advance(desk.journal, entry, State.SUPERSEDED)
    else:
        ui.say(f"{since} was interrupted before it was pushed: nothing was published", style="warning")
        journal.advance(desk.journal, entry, State.FAILED, reason="interrupted before the push")
        desk.git.try_run("update-ref", "-d", f"refs/pages/staging/{entry.release}")
        if entry.undoes:
            take_back(desk, entry)
    return desk.again()


def finish(desk: Desk, entry: Entry, since: str) -> None:
    """Prove a release that was pushed; one that was being rolled back may have come right meanwhile."""
    ui.say(f"{since} was interrupted after it was pushed: proving it now", style="warning")
    desk.git.run("update-ref", desk.target.live_ref, entry.commit or "")
    prove_or_undo(desk, journal.advance(desk.journal, entry, State.PUSHED))


def take_back(desk: Desk, entry: Entry) -> None:
    """Go on with a rollback that was interrupted before it was pushed: what it undoes is still live and unproven."""
    live = desk.newest
    if live is None or live.name != entry.undoes or live.commit != desk.remote.tip:
        return
    before = desk.every[1].commit if len(desk.every) > 1 else None
    failed = Entry(live.name, entry.environment, live.kind, State.PUSHED, entry.started, before, live.commit)
    cause = Stop(f"{live.name} could not be proven by the interrupted run", "", Code.PUBLISH)
    raise undo(desk, journal.write(desk.journal, failed), cause)


def fate(desk: Desk, entry: Entry) -> State:
    """Return what became of an unfinished release: PUSHED (it is live), SUPERSEDED (it was), FAILED (it never was)."""
    if entry.commit is None or entry.release not in desk.remote.branches:
        return State.FAILED
    return State.PUSHED if desk.remote.tip == entry.commit else State.SUPERSEDED
