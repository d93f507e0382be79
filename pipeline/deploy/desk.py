"""What a release is made with: the site, the target, the object store, and the remote as it is now."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.clock import Clock, utc_now
from pipeline.core.project import Project
from pipeline.deploy import audit, journal, ledger
from pipeline.deploy.audit import Event, Kind
from pipeline.deploy.ledger import Release, Remote
from pipeline.deploy.target import Target, objects
from pipeline.tools.git import Git

if TYPE_CHECKING:
    from pipeline.tools.github import Hub


@dataclass(frozen=True)
class Desk:
    """One environment at one moment; `remote` is what the remote said when the desk was made."""

    project: Project
    target: Target
    git: Git
    remote: Remote
    clock: Clock
    # Set where the remote is asked through GitHub's API, because git cannot reach it.
    hub: Hub | None = None

    @property
    def journal(self) -> Path:
        """Return the environment's journal file."""
        return journal.path_of(self.project.state, self.target.name)

    @property
    def host(self) -> str:
        """Return the name by which the audit log knows this machine."""
        return socket.gethostname()

    @cached_property
    def every(self) -> list[Release]:
        """Return all releases on the pages branch, previews included, newest first."""
        return ledger.releases(self.git, self.target)

    @cached_property
    def releases(self) -> list[Release]:
        """Return the releases of the site itself, newest first."""
        return [one for one in self.every if one.kind != ledger.PREVIEW]

    @property
    def live(self) -> Release | None:
        """Return the release of the site that is live; previews may have been published beside it since."""
        return self.releases[0] if self.releases else None

    @property
    def newest(self) -> Release | None:
        """Return the newest release, be it of the site or of a preview: the one that the live site names."""
        return self.every[0] if self.every else None

    @property
    def current(self) -> bool:
        """Whether the pages branch is where the newest release left it."""
        return self.newest is not None and self.newest.commit == self.remote.tip

    @cached_property
    def events(self) -> list[Event]:
        """Return the audit log, newest first."""
        return audit.read(self.git, self.target.audit_ref) if self.remote.audit else []

    @property
    def healthy(self) -> frozenset[str]:
        """Return the names of the releases that were proven live and answered their probes."""
        return frozenset(event.release for event in self.events if event.kind is Kind.HEALTHY)

    def again(self) -> Desk:
        """Return the desk with the remote as it is now."""
        return sit_down(self.project, self.target, self.clock, self.hub)


def sit_down(project: Project, target: Target, clock: Clock = utc_now, hub: Hub | None = None) -> Desk:
    """Ask the remote and bring its history into the object store; raises GitError (7) when it does not answer.

    With `hub` it is asked through GitHub's API, and git is only needed for history that is not here yet.
    """
    git = objects(project)
    if hub:
        from pipeline.deploy import via_api

        remote = via_api.read_remote(hub, target)
    else:
        remote = ledger.read_remote(git, target)
    ledger.follow(git, target, remote)
    return Desk(project, target, git, remote, clock, hub)
