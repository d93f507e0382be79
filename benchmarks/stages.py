"""Stages of a deploy as processes of their own, for the benchmarks."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from peers_ours import send

from pipeline.core.project import open_project
from pipeline.deploy.desk import sit_down
from pipeline.deploy.draft import draft_of
from pipeline.deploy.engine import rollback
from pipeline.deploy.source import Source
from pipeline.deploy.target import objects_folder, target_of
from pipeline.site.artifact import snapshot


def publish(root: Path) -> None:
    """Read the output, commit it, push it: what bare git does, without gates and without reading back."""
    project = open_project(root)
    start = time.monotonic()
    artifact = snapshot(project.output, objects_folder(project))
    desk = sit_down(project, target_of(project, "local"))
    draft = draft_of(desk, artifact, Source("", dirty=False, subject="bench"), "", "bench")
    send(desk, draft)
    print(time.monotonic() - start)


if __name__ == "__main__":
    if sys.argv[1] == "publish":
        publish(Path.cwd())
    else:
        rollback(open_project(Path.cwd()), "local")
