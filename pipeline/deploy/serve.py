"""The local Pages server as a run of its own."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator

from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project
from pipeline.deploy.target import announce, local_repository, serving, target_of
from pipeline.site.server import Server
from pipeline.tools.git import Git

# When the settings' port is taken by another program, the next ones are tried.
_NEXT_PORTS = 20


@contextlib.contextmanager
def open_server(
    project: Project, port: int | None = None, notify: Callable[[str], None] = ui.say
) -> Iterator[Server]:
    """Serve the local environment for the block; raises Stop (6) when this site is being served already.

    `port` None means the settings' one, or the next free one after it; `notify` gets a line per release that goes live.
    """
    running = serving(project)
    if running:
        text = f"this site is being served already: {running.url} (process {running.pid})"
        raise Stop(text, f"open it, or end it with: kill {running.pid}", Code.LOCKED)

    def named(line: str) -> None:
        notify(by_name(project, line))

    with start(project, port, named) as server, announce(project, server, os.getpid()):
        yield server


def by_name(project: Project, line: str) -> str:
    """Return the server's line with the commit that it begins with replaced by its release's name."""
    commit, _, rest = line.partition(" ")
    if not re.fullmatch(r"[0-9a-f]{10}", commit):
        return line
    subject = Git(local_repository(project)).maybe("log", "-1", "--format=%s", commit)
    return f"{subject} {rest}" if subject else line


def start(project: Project, port: int | None, notify: Callable[[str], None]) -> Server:
    """Return a server that has not started, on a port that was free a moment ago."""
    target = target_of(project, "local")
    settings = project.settings.serve
    wanted = settings.port if port is None else port

    def made(number: int) -> Server:
        return Server(
            local_repository(project),
            target.branch,
            host=settings.host,
            port=number,
            base=target.base,
            notify=notify,
        )

    if port is not None or wanted == 0 or is_free(settings.host, wanted):
        return made(wanted)
    for number in range(wanted + 1, wanted + _NEXT_PORTS):
        if is_free(settings.host, number):
            ui.warn(f"port {wanted} is taken by another program, so this is port {number}")
            return made(number)
    return made(wanted)


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    import socket

    try:
        with socket.create_server((host, port)):
            return True
    except OSError:
        return False
