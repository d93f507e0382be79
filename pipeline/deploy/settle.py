"""What an interrupted run left behind is settled before the next one begins."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core import lock, ui
from pipeline.core.clock import Clock, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project
from pipeline.deploy import journal, lease, logbook, upkeep
from pipeline.deploy.audit import Event, Kind, event_of
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.journal import ENDED, Entry, State
from pipeline.deploy.ledger import Release
from pipeline.deploy.release import conclude, prove_or_undo, undo
from pipeline.deploy.target import Target, local_repository, objects_folder, target_of

if TYPE_CHECKING:
    from pipeline.tools.github import Hub

# git holds a lock for milliseconds; one that is older belongs to nobody.
_LOCK_SECONDS = 5.0


@contextlib.contextmanager
def at_desk(
    project: Project,
    environment: str,
    why: str,
    clock: Clock = utc_now,
    *,
    via_api: bool = False,
    take_over: bool = False,
) -> Iterator[Desk]:
    """Hold the environment's lock for the block and give a desk without unfinished business.

    With `via_api` the remote is asked, and changed, through GitHub's API instead of git; with `take_over` a machine
    that proves its release is not waited for.
    Raises Stop (6) while another run on this machine holds the lock, or one on another machine proves its release.
    """
    target = target_of(project, environment)
    with lock.hold(lock_path(project, target), why, clock):
        hub = must_connect(project, target) if via_api else None
        clear_locks(project, target)
        yield lease.respect(settle(sit_down(project, target, clock, hub)), take_over=take_over)
    upkeep.behind(project, clock)


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


def clear_locks(project: Project, target: Target, wait: Callable[[float], None] = time.sleep) -> None:
    """Remove the lock files of refs that only this environment's runs change, left by a git that was killed.

    Whoever calls this holds the environment's lock. A git whose run was killed may still be at work for a moment, so
    a lock younger than `_LOCK_SECONDS` is given that long. Without this a power cut would stop every later run.
    """
    store = objects_folder(project)
    folders = [store, store / "refs/pages" / target.name, store / "refs/pages/staging"]
    found = [path for folder in folders for path in folder.glob("*.lock")]
    if target.local:
        repository = local_repository(project)
        found += [*repository.glob("*.lock"), *(repository / "refs/heads").rglob("*.lock")]
    for path in found:
        with contextlib.suppress(FileNotFoundError):
            # Not longer than a lock may be young, whatever the clocks say.
            wait(min(_LOCK_SECONDS, max(0.0, path.stat().st_mtime + _LOCK_SECONDS - time.time())))
            path.unlink()
            ui.say(f"removed {path.name}, which an interrupted run left in {path.parent}", style="warning")


def settle(desk: Desk) -> Desk:
    """Find out from the remote how far an interrupted release came, say so, and finish or forget it."""
    entry = journal.read(desk.journal)
    if entry is None:
        return desk
    there = published(desk, entry)
    desk = log_late(desk, there)
    if entry.state in ENDED:
        return catch_up(desk, entry, there)
    since = f"{entry.release} ({entry.started})"
    if there is None:
        ui.say(f"{since} was interrupted before it was pushed: nothing was published", style="warning")
        journal.advance(desk.journal, entry, State.FAILED, reason="interrupted before the push")
        desk.git.try_run("update-ref", "-d", f"refs/pages/staging/{entry.release}")
        if entry.undoes:
            take_back(desk, entry)
    elif there.commit == desk.remote.tip:
        finish(desk, replace(entry, commit=there.commit), f"{since} was interrupted after it was pushed")
    else:
        newer = "a newer release is live" if desk.newest != there else "somebody committed over it"
        ui.say(f"{since} was interrupted after it was pushed; {newer}", style="warning")
        journal.advance(desk.journal, entry, State.SUPERSEDED)
    return desk.again()


def catch_up(desk: Desk, entry: Entry, there: Release | None) -> Desk:
    """Do what an ended run could not: write its proof into the log, or prove what was pushed after it had given up."""
    if there is None or there.commit != desk.remote.tip:
        return desk
    known = {event.kind for event in desk.events if event.release == entry.release}
    if entry.state in {State.HEALTHY, State.ROLLED_BACK} and Kind.HEALTHY not in known:
        conclude(desk, entry, Kind.HEALTHY)
    elif entry.state is State.FAILED and not known & {Kind.HEALTHY, Kind.FAILED}:
        # The connection broke before the push, for all that could be seen; and the server took it all the same.
        finish(
            desk, replace(entry, commit=there.commit), f"{entry.release} went live after its run had ended"
        )
    else:
        return desk
    return desk.again()


def log_late(desk: Desk, there: Release | None) -> Desk:
    """Write into the log that a release was published: the API takes one thing at a time, and the log broke off."""
    if there is None or any(one.kind is Kind.PUBLISHED and one.release == there.name for one in desk.events):
        return desk

    def event() -> Event:
        return event_of(
            Kind.PUBLISHED, desk.target, release=there.name, commit=there.commit, tree=there.artifact,
            who=there.who, host=desk.host, when=desk.clock(), evidence=there.evidence, note=there.why,
        )  # fmt: skip

    logbook.enter_surely(desk, event, ())
    return desk.again()


def finish(desk: Desk, entry: Entry, found: str) -> None:
    """Prove a release that was pushed; one that was being rolled back may have come right meanwhile."""
    ui.say(f"{found}: proving it now", style="warning")
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


def published(desk: Desk, entry: Entry) -> Release | None:
    """Return an entry's release from the pages branch, or None when it never came there.

    GitHub's API may have written the commit in other words; then its tree tells that it is the same.
    """
    found = next((one for one in desk.every if one.name == entry.release), None)
    if found is None or entry.commit is None or found.commit == entry.commit:
        return found if entry.commit else None
    return found if desk.git.maybe("rev-parse", f"{entry.commit}^{{tree}}") == found.tree else None
