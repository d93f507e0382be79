"""Where an environment stands: what is live, what was interrupted, who is busy."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pipeline.core import lock
from pipeline.core.clock import ago, stamp, utc_now
from pipeline.core.errors import Stop
from pipeline.core.project import Project
from pipeline.deploy import journal, lease
from pipeline.deploy.desk import sit_down
from pipeline.deploy.journal import ENDED
from pipeline.deploy.lease import Lease
from pipeline.deploy.ledger import Release
from pipeline.deploy.settle import lock_path
from pipeline.deploy.target import target_of


@dataclass(frozen=True)
class Status:
    """An environment's state; `problem` is set where the remote could not be asked."""

    environment: str
    url: str
    live: Release | None
    unfinished: journal.Entry | None
    busy: lock.Holder | None
    held: Lease | None
    problem: str
    next_command: str

    def value(self) -> dict[str, object]:
        """Return the status as JSON."""
        live = {**asdict(self.live), "when": stamp(self.live.when)} if self.live else None
        held = None
        if self.held:
            moments = {"since": stamp(self.held.since), "until": stamp(self.held.until)}
            held = {**asdict(self.held), **moments}
        return {**asdict(self), "live": live, "held": held}

    def lines(self) -> list[str]:
        """Return the status for people to read."""
        said = [f"{self.environment}: {self.url}"]
        if self.problem:
            said.append(f"  unknown: {self.problem}")
        elif self.live:
            one = self.live
            said.append(f"  live: {one.name}, {ago(one.when, utc_now())}, by {one.who}")
            said.append(f"  from: {one.source or 'no commit'}   evidence: {one.evidence[:19] or 'none'}")
        else:
            said.append("  nothing is published yet")
        if self.busy:
            said.append(
                f"  busy: {self.busy.why} by {self.busy.user}@{self.busy.host} since {self.busy.since}"
            )
        if self.held:
            said.append(f"  held: {self.held.told(utc_now())}")
        if self.unfinished and not self.busy:
            said.append(
                f"  interrupted: {self.unfinished.release}, {self.unfinished.state}; the next deploy settles it"
            )
        return said


def status_of(project: Project, name: str) -> Status:
    """Return an environment's status, as its remote tells it now."""
    target = target_of(project, name)
    live, held, problem = None, None, ""
    try:
        desk = sit_down(project, target)
        live, held = desk.live, lease.of_others(desk)
    except Stop as stop:
        problem = stop.message
    entry = journal.read(journal.path_of(project.state, name))
    command = f"invoke verify --env={name}" if live else f"invoke deploy --env={name}"
    return Status(
        name, target.url, live, entry if entry and entry.state not in ENDED else None,
        lock.holder(lock_path(project, target)), held, problem, command,
    )  # fmt: skip
