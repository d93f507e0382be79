"""Our own publish and rollback as processes of their own, for `peers.py`: from nothing to moved refs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from pipeline.core.project import open_project
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.draft import again, draft_of
from pipeline.deploy.publish import Draft, Refs, push, stage
from pipeline.deploy.release import announce
from pipeline.deploy.source import Source
from pipeline.deploy.target import objects_folder, target_of
from pipeline.site.artifact import snapshot


def publish(root: Path, environment: str) -> None:
    """Read the output, and unless exactly that is live, commit and push it: what the peers do, no gates, no proof."""
    project = open_project(root)
    artifact = snapshot(project.output, objects_folder(project), sizes=False)
    desk = sit_down(project, target_of(project, environment))
    live = desk.live
    if not (live and live.commit == desk.remote.tip and live.artifact == artifact.tree):
        send(desk, draft_of(desk, artifact, Source("", dirty=False, subject="bench"), "", "bench"))


def rollback(root: Path, environment: str, *, parents: int) -> None:
    """Publish the release before the live one again, as a commit with so many parents."""
    project = open_project(root)
    desk = sit_down(project, target_of(project, environment))
    draft = again(desk, desk.releases[1], "bench")
    send(desk, replace(draft, parents=draft.parents[:parents]))


def send(desk: Desk, draft: Draft) -> None:
    """Make the commit and move all refs."""
    commit = stage(desk.git, draft)
    audit = announce(desk, draft, commit)
    push(desk.git, desk.target, Refs(commit, desk.remote.tip, draft.name, audit, desk.remote.audit), 600)


if __name__ == "__main__":
    what, where = sys.argv[1:]
    if what == "publish":
        publish(Path.cwd(), where)
    else:
        rollback(Path.cwd(), where, parents=1 if what == "rollback-one-parent" else 2)
