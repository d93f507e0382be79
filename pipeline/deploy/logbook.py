"""Events come into the remote's audit log: by a push, or through GitHub's API where git cannot push."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from pipeline.core.clock import parse
from pipeline.core.errors import Stop
from pipeline.deploy import audit, ledger
from pipeline.deploy.audit import Event
from pipeline.deploy.desk import Desk
from pipeline.deploy.publish import push_audit


def enter(desk: Desk, event: Event, timeout: float | None = None, evidence: bytes = b"") -> bool:
    """Add an event behind the newest one that is known here, and return whether the remote has it now.

    `evidence` is a file that goes along.

    If somebody else wrote into the log meanwhile it has not, and their events are here; so the next try follows them.
    """
    tip = desk.git.maybe("rev-parse", "--verify", "--quiet", desk.target.audit_ref)
    commit = audit.append(desk.git, tip, event, parse(event.when), evidence)
    if desk.hub:
        from pipeline.deploy import via_api

        done = via_api.append_audit(desk.hub, desk.target, desk.git, commit, tip)
    else:
        limit = timeout or desk.project.settings.timeouts.publish
        done = push_audit(desk.git, desk.target, commit, tip, limit)
    return done or arrived(desk, commit)


def enter_surely(
    desk: Desk, event: Callable[[], Event], pauses: Sequence[float], evidence: bytes = b""
) -> bool:
    """Add an event, once more after each of `pauses` (s); it is made anew each time, for its time is part of it."""
    for pause in (0.0, *pauses):
        time.sleep(pause)
        if enter(desk, event(), evidence=evidence):
            return True
    return False


def arrived(desk: Desk, commit: str) -> bool:
    """Follow the remote, and return whether it has an audit commit whose writing broke off."""
    try:
        remote = heads(desk)
        ledger.follow(desk.git, desk.target, remote)
    except Stop:
        return False
    return remote.audit == commit


def heads(desk: Desk) -> ledger.Remote:
    """Return the remote's branches as they are now; raises Stop (7) when it does not answer."""
    if desk.hub is None:
        return ledger.read_remote(desk.git, desk.target)
    from pipeline.deploy import via_api

    return via_api.read_remote(desk.hub, desk.target)
