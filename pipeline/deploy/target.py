"""Where an environment publishes: its remote, its pages branch, its address."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core import lock
from pipeline.core.files import read_json, write_json
from pipeline.core.project import Project
from pipeline.tools.git import Git, store

if TYPE_CHECKING:
    from pipeline.core.schema import Environment
    from pipeline.site.server import Server


@dataclass(frozen=True)
class Target:
    """An environment as the release engine sees it; `local` means our own bare repository behind our own server."""

    name: str
    remote: str
    branch: str
    url: str
    base: str
    production: bool
    local: bool
    options: Environment

    @property
    def noindex(self) -> bool:
        """Whether search engines are kept away."""
        if self.options.robots is None:
            return not (self.production or self.local)
        return self.options.robots == "noindex"

    @property
    def rounds(self) -> int:
        """How many good rounds in a row prove a release."""
        return self.options.rounds or (1 if self.local else 2)

    @property
    def audit_branch(self) -> str:
        """Return the branch that holds the environment's hash-chained log."""
        return f"pages-audit-{self.name}"

    @property
    def audit_ref(self) -> str:
        """Return the ref in the object store that follows the remote's audit branch."""
        return f"refs/pages/{self.name}/audit"

    @property
    def live_ref(self) -> str:
        """Return the ref in the object store that follows the remote's pages branch."""
        return f"refs/pages/{self.name}/live"


@dataclass(frozen=True)
class Serving:
    """A local Pages server that runs now: its address and process."""

    url: str
    pid: int


def target_of(project: Project, name: str) -> Target:
    """Return the environment's target; the embedded repository is made when it is not there."""
    one = project.environment(name)
    local = one.repository is None
    remote = str(local_repository(project)) if one.repository is None else one.repository
    if local:
        store(Path(remote))
    return Target(one.name, remote, one.branch, one.url, one.base, one.production, local, one.options)


def local_repository(project: Project) -> Path:
    """Return the bare repository behind the local Pages server."""
    return project.state / "local.git"


def objects(project: Project) -> Git:
    """Return the site's object store."""
    return store(objects_folder(project))


def objects_folder(project: Project) -> Path:
    """Return the folder of the site's object store."""
    return project.state / "objects.git"


def serving(project: Project) -> Serving | None:
    """Return the local Pages server that runs now, in whichever process, or None."""
    if lock.holder(_serve_lock(project)) is None:
        return None
    value = read_json(_serve_record(project))
    return Serving(**value) if isinstance(value, dict) else None


@contextlib.contextmanager
def announce(project: Project, server: Server, pid: int) -> Iterator[None]:
    """Let other runs know, while the block lasts, that `server` serves this site; Stop (6) if another one does."""
    with lock.hold(_serve_lock(project), "serving the local environment"):
        write_json(_serve_record(project), asdict(Serving(server.url, pid)))
        try:
            yield
        finally:
            _serve_record(project).unlink(missing_ok=True)


@contextlib.contextmanager
def front(project: Project, target: Target) -> Iterator[str]:
    """Give the address at which the environment can be read; the local one gets a server for the block if none runs."""
    if not target.local:
        yield target.url
        return
    running = serving(project)
    if running:
        yield running.url
        return
    from pipeline.site.server import Server

    with Server(local_repository(project), target.branch, base=target.base) as server:
        yield server.url


def _serve_lock(project: Project) -> Path:
    return project.state / "locks" / "serve.lock"


def _serve_record(project: Project) -> Path:
    return project.state / "serve.json"
