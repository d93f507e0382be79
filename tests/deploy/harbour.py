"""A small site whose output is already there, and a desk to release it from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.core.project import Project
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.draft import draft_of
from pipeline.deploy.publish import Draft
from pipeline.deploy.source import Source
from pipeline.deploy.target import objects_folder, target_of
from pipeline.site.artifact import snapshot

SETTINGS = """\
site:
  name: harbour
  package_manager: none
  install: []
  check: []
  build: []
  output: dist
serve:
  port: 0
environments:
  local:
    branch: gh-pages
  prod:
    repository: {remote}
    url: http://127.0.0.1:9/
    production: true
    rounds: 1
    health: {{probes: 2, failures: 1, interval: 0}}
timeouts:
  verify: 2
"""
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class Ticker:
    """A clock that moves on by a minute each time it is read."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def desk_of(project: Project, environment: str = "local", clock: Ticker | None = None) -> Desk:
    """A desk for an environment, with the remote as it is now."""
    return sit_down(project, target_of(project, environment), clock or Ticker())


def draft(desk: Desk, what: str = "first light") -> Draft:
    """A draft that releases the output folder as it is."""
    artifact = snapshot(desk.project.output, objects_folder(desk.project))
    return draft_of(desk, artifact, Source("", dirty=False, subject=what), "sha256:0", what)


def change(site: Path, text: str) -> None:
    """Give the home page another heading."""
    write(site / "dist/index.html", f"<!doctype html><title>Harbour</title><h1>{text}</h1>")
