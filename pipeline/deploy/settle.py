"""What an interrupted run left behind is settled before the next one begins."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pipeline.core import lock, ui
from pipeline.core.clock import Clock, utc_now
from pipeline.core.project import Project
from pipeline.deploy import journal
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.journal import ENDED, State
from pipeline.deploy.release import prove_or_undo
from pipeline.deploy.target import Target, target_of


@contextlib.contextmanager
def at_desk(project: Project, environment: str, why: str, clock: Clock = utc_now) -> Iterator[Desk]:
    """Hold the environment's lock for the block and give a desk without unfinished business; Stop (6) if locked."""
    target = target_of(project, environment)
    with lock.hold(lock_path(project, target), why, clock):
        yield settle(sit_down(project, target, clock))


def lock_path(project: Project, target: Target) -> Path:
    """Return the lock of an environment on this machine."""
    return project.state / "locks" / f"{target.name}.lock"


def settle(desk: Desk) -> Desk:
    """Find out from the remote how far an interrupted release came, say so, and finish or forget it."""
    entry = journal.read(desk.journal)
    if entry is None or entry.state in ENDED:
        return desk
    match fate(desk, entry):
        case State.PUSHED:
            ui.say(
                f"{entry.release} ({entry.started}) was interrupted after it was pushed: proving it now",
                style="warning",
            )
            desk.git.run("update-ref", desk.target.live_ref, entry.commit or "")
            prove_or_undo(desk, journal.advance(desk.journal, entry, State.PUSHED))
        case State.SUPERSEDED:
            ui.say(
                f"{entry.release} was interrupted after it was pushed; a newer release is live",
                style="warning",
            )
            journal.advance(desk.journal, entry, State.SUPERSEDED)
        case _:
            ui.say(
                f"{entry.release} ({entry.started}) was interrupted before it was pushed: nothing was published",
                style="warning",
            )
            journal.advance(desk.journal, entry, State.FAILED, reason="interrupted before the push")
            desk.git.try_run("update-ref", "-d", f"refs/pages/staging/{entry.release}")
    return desk.again()


def fate(desk: Desk, entry: journal.Entry) -> State:
    """Return what became of an unfinished release: PUSHED (it is live), SUPERSEDED (it was), FAILED (it never was)."""
    if entry.commit is None or entry.release not in desk.remote.branches:
        return State.FAILED
    return State.PUSHED if desk.remote.tip == entry.commit else State.SUPERSEDED
