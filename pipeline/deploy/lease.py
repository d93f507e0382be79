"""Who proves a release holds the environment: for a short time, renewed while they live, and others may take it over.

The lock between machines is the compare-and-swap of each push, which moves the audit log too. A lease is courtesy: it
keeps others from publishing over a release before it is proven. So it may be taken over at any moment: whoever does
writes that into the log, and then the holder can push nothing more without having seen it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.core import ui
from pipeline.core.clock import ago, parse, stamp
from pipeline.core.errors import Code, Stop
from pipeline.deploy import audit, journal, logbook
from pipeline.deploy.audit import Event, Kind, event_of
from pipeline.deploy.desk import Desk
from pipeline.tools.git import identity

_HOLDING = frozenset({Kind.PUBLISHED, Kind.RENEWED})
# Others write into the log while one is taken over: the holder renews, or ends.
_TRIES = 3
# A renewal that failed is tried again after this, in seconds, and it may take so long.
_AGAIN = 5.0
_PUSH_SECONDS = 60.0


@dataclass(frozen=True)
class Lease:
    """Somebody proves a release that they published at `since`, and is waited for until `until`."""

    environment: str
    release: str
    commit: str
    who: str
    host: str
    since: datetime
    until: datetime

    def told(self, now: datetime) -> str:
        """Return who holds it, since when, and when that ends."""
        published = f"{self.who} on {self.host} published {self.release} {ago(self.since, now)}"
        moment = f"{self.until:%H:%M:%S} UTC"
        if self.until > now:
            left = (self.until - now).total_seconds()
            return f"{published} and is proving it; unless renewed, that is waited for until {moment}, {left:.0f} s"
        return f"{published}, did not prove it, and has not been heard of since {moment}"


class Lost(Stop):
    """Somebody else took the environment over, or published, while a release was being proven."""


def held(events: Sequence[Event]) -> Lease | None:
    """Return the lease in the log (newest event first), also one that is over; None when nobody proves anything."""
    # What was put off is measured after the release, without the lock: it says nothing of who proves what.
    last = next((one for one in events if one.kind is not Kind.MEASURED), None)
    if last is None or last.kind not in _HOLDING or not last.lease:
        return None
    first = next((one for one in events if one.release == last.release and one.kind is Kind.PUBLISHED), last)
    until = parse(last.lease)
    return Lease(last.environment, last.release, last.commit, last.who, last.host, parse(first.when), until)


def of_others(desk: Desk) -> Lease | None:
    """Return the lease of another machine; this one's journal knows which releases are its own."""
    lease = held(desk.events)
    if lease is None or lease.release in {one.release for one in journal.read_all(desk.journal)}:
        return None
    return lease


def respect(desk: Desk, *, take_over: bool) -> Desk:
    """Return a desk that nobody else holds, and write into the log who was taken over.

    A lease that is over is taken over as it is, one that counts with `take_over`. Raises Stop (6) while somebody
    is waited for.
    """
    lease, now = of_others(desk), desk.clock()
    if lease is None:
        return desk
    if lease.until > now and not take_over:
        hint = f"wait, or if that machine is gone: {command(desk.target.name)}"
        raise Stop(lease.told(now), hint, Code.LOCKED)
    ui.say(f"{lease.told(now)}: taking over from {lease.host}", style="warning")
    return seize(desk, lease)


def command(environment: str) -> str:
    """Return what to type where a holder is gone for good."""
    return f"invoke rollback --env={environment} --take-over"


def seize(desk: Desk, lease: Lease) -> Desk:
    """Write into the log that this machine takes a lease over; raises Stop (6) when its holder went on meanwhile."""
    for _ in range(_TRIES):
        now = desk.clock()
        over = "ended" if lease.until <= now else "would end"
        note = f"from {lease.who} on {lease.host}, whose lease {over} at {stamp(lease.until)}"
        event = event_of(
            Kind.TAKEN, desk.target, release=lease.release, commit=lease.commit, tree="",
            who=identity(desk.project.root), host=desk.host, when=now, note=note,
        )  # fmt: skip
        written = logbook.enter(desk, event, _PUSH_SECONDS)
        desk = desk.again()
        if written:
            return desk
        newest = held(desk.events)
        if newest is None or newest.release != lease.release:
            text = f"{lease.who} on {lease.host} went on meanwhile: {lease.release} is no longer being proven"
            raise Stop(text, f"invoke status --env={desk.target.name}", Code.LOCKED)
    text = f"the audit log of {desk.target.name} could not be written, so nobody was taken over"
    raise Stop(text, "run the same command again", Code.PUBLISH)


@dataclass
class Keeper:
    """Renews the lease of a release while it is being proven, and knows when somebody took it over.

    `length` and `longest` are in seconds: how long others wait after the last renewal, and in all.
    """

    desk: Desk
    release: str
    commit: str
    length: float
    longest: float
    mark: str = field(init=False)
    ended: threading.Event = field(init=False, default_factory=threading.Event)
    taken: Event | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.mark = self.desk.events[0].digest() if self.desk.events else ""

    def check(self) -> None:
        """Raise Lost (6) once somebody is known to have taken over."""
        if self.taken:
            raise self.lost(self.taken)

    def look(self, desk: Desk) -> None:
        """Raise Lost (6) if the log of a desk that was just made says so."""
        self.taken = self.taken or self.taker(desk.events)
        self.check()

    def taker(self, events: Sequence[Event]) -> Event | None:
        """Return what another machine did since the proof began: it took over, or published a release of its own."""
        for one in events:
            if one.digest() == self.mark:
                return None
            other = one.kind is Kind.PUBLISHED and one.release != self.release
            if other or (one.kind is Kind.TAKEN and one.release == self.release):
                return one
        return None

    def lost(self, event: Event) -> Lost:
        """Return how a run ends that was taken over."""
        did = "took over from it" if event.kind is Kind.TAKEN else f"published {event.release}"
        text = f"{event.who} on {event.host} {did} while {self.release} was being proven here: this run ends"
        return Lost(text, f"invoke status --env={self.desk.target.name}", Code.LOCKED)

    def run(self, first: float) -> None:
        """Renew the lease now and then, for the first time after `first` seconds, until the proof has ended."""
        pause, end = first, time.monotonic() + self.longest
        while not self.ended.wait(pause) and time.monotonic() < end and not self.taken:
            pause = self.length / 2 if self.renew() else min(_AGAIN, self.length / 4)

    def renew(self) -> bool:
        """Write a new end into the log, and return whether it is there; sees who else wrote there."""
        now = self.desk.clock()
        event = event_of(
            Kind.RENEWED, self.desk.target, release=self.release, commit=self.commit, tree="",
            who=identity(self.desk.project.root), host=self.desk.host, when=now,
            lease=now + timedelta(seconds=self.length),
        )  # fmt: skip
        try:
            if logbook.enter(self.desk, event, _PUSH_SECONDS):
                return True
        except Stop:
            return False
        self.taken = self.taker(audit.read(self.desk.git, self.desk.target.audit_ref, limit=20))
        return False


@contextlib.contextmanager
def keeping(desk: Desk, release: str, commit: str, age: float | None = None) -> Iterator[Keeper]:
    """Renew the lease of a published release for the block, in a thread of its own.

    `age` is how long ago (s) its lease was written, None for a release of an earlier run, whose lease may be over.
    The embedded repository is nobody else's: there is nothing to renew.
    """
    limits = desk.project.settings.timeouts
    longest = limits.publish + 2 * limits.verify
    keeper = Keeper(desk, release, commit, limits.lease, longest)
    if desk.target.local:
        yield keeper
        return
    first = min(2.0, limits.lease / 4) if age is None else max(0.0, limits.lease / 2 - age)
    thread = threading.Thread(target=keeper.run, args=(first,), name="lease", daemon=True)
    thread.start()
    try:
        yield keeper
    finally:
        keeper.ended.set()
        thread.join()
