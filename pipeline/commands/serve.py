"""The local Pages server."""

from __future__ import annotations

import os

from invoke import Context, task

from pipeline.core import ui
from pipeline.core.errors import Stop
from pipeline.core.project import open_project

_LAST_PORT = 65_535


@task(
    help={
        "port": "port to listen on; else `serve.port` of the settings, or the next free one if that is taken",
        "json": "print the address as JSON",
    }
)
def serve(c: Context, port: str = "", json: bool = False) -> None:
    """Serve the local environment as GitHub Pages would, until Ctrl-C; a new release shows at once."""
    import threading

    from pipeline.deploy.serve import open_server

    project = open_project()
    with open_server(project, number(port)) as server:
        if json:
            ui.data_json({"url": server.url, "pid": os.getpid()})
        else:
            ui.data(server.url)
            ui.say("a new release shows here at once; Ctrl-C ends it")
        threading.Event().wait()


def number(port: str) -> int | None:
    """Return a port as it was typed, None where none was; raises Stop (2) for what is none."""
    if not port:
        return None
    if not (port.isdecimal() and int(port) <= _LAST_PORT):
        raise Stop(f"--port is {port}: expected a whole number up to {_LAST_PORT}", "invoke --help serve")
    return int(port)
