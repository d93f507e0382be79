"""`python -m tests.fakes.github FOLDER`: a double by hand; prints its ports, CA and environment as JSON."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from tests.fakes.github.hub import GitHub


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.github", description=__doc__)
    parser.add_argument("folder", type=Path, help="where its state is kept; the same folder goes on")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds from a push to the bytes (0)")
    parser.add_argument(
        "--repo", action="append", default=[], help="make this owner/name with Pages on gh-pages"
    )
    given = parser.parse_args(words)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    hub = GitHub(given.folder.resolve(), publish_delay=given.delay)
    hub.die = _die
    with hub:
        for name in given.repo:
            if hub.store.find(name) is None:
                hub.create_repo(name)
                hub.enable_pages(name)
        about = {
            "url": hub.url,
            "api": hub.api,
            "ports": hub.store.data["ports"],
            "ca": str(hub.ca),
            "control": f"{hub.url}/_control",
            "pid": os.getpid(),
            "env": hub.env,
            "pages": {name: hub.pages_url(name) for name in given.repo},
        }
        sys.stdout.write(json.dumps(about) + "\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
