"""The rollback, exercised: the engine takes the site's own trees forth and back where nobody is hurt."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.files import plural, write_atomic
from pipeline.core.project import Project, open_project
from pipeline.core.schema import PREFIX
from pipeline.deploy.draft import draft_of
from pipeline.deploy.engine import rollback
from pipeline.deploy.ledger import releases
from pipeline.deploy.release import Outcome, make
from pipeline.deploy.settle import at_desk
from pipeline.deploy.source import Source
from pipeline.deploy.target import objects, target_of
from pipeline.site import artifact as artifacts

# A release is taken back within this many seconds, from the command to moved refs and every byte read back.
LIMIT = 30.0
_SETTINGS = """\
# Written by a rollback drill; the folder is thrown away afterwards.
site: {name: drill, package_manager: none, install: [], check: [], build: [], output: dist}
serve: {port: 0}
environments: {local: {health: {probes: 1}}}
"""
_MARK = "rollback-drill.txt"


@dataclass(frozen=True)
class Drilled:
    """How a drill went: files of the tree, seconds until the refs had moved and until every byte was read back."""

    files: int
    published: float
    proven: float
    earlier: str

    @property
    def seconds(self) -> float:
        """Return how long visitors would have waited for the release before."""
        return self.published + self.proven

    def told(self) -> str:
        """Return it as a sentence."""
        return (
            f"rolled back in {self.seconds:.1f} s (limit {LIMIT:.0f} s), {plural(self.files, 'file')} read back;"
            f" the earlier tree was {self.earlier}"
        )


def drill(project: Project, output: Path, environment: str) -> Drilled:
    """Publish the release before and this output to a scratch site, roll back, prove it, and throw the site away.

    The trees are the site's own: what is live in the environment (or, before a first release, the output with a
    mark in it) and the output. Raises Stop (8) when it takes longer than the limit, and as a rollback does.
    """
    folder = project.state / "drill"
    with _scratch(folder) as site:
        before = _earlier(project, environment, site / "dist", output)
        # Variables of this run are about the site, such as INVOKE_SITE_PATH: they would lead the drill to it.
        own = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
        scratch = open_project(site, environ=own)
        with ui.quiet():
            first = _publish(scratch, "the release before")
            shutil.rmtree(site / "dist")
            shutil.copytree(output, site / "dist", symlinks=True)
            second = _publish(scratch, "this release")
            if first.commit == second.commit:
                raise Stop(
                    "the drill has nothing to roll back", f"invoke rollback --env={environment} --dry-run"
                )
            back = rollback(scratch, "local", why="drill")
        found = Drilled(_count(output), back.published_seconds, back.served_seconds, before)
    if found.seconds > LIMIT:
        raise Stop(found.told(), "invoke releases.tidy, then try again on a quieter machine", Code.DRIFT)
    return found


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        write_atomic(folder / "invoke.yaml", _SETTINGS.encode())
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _earlier(project: Project, environment: str, into: Path, output: Path) -> str:
    """Lay out the tree that is live in an environment, else the output with a mark; return what it is."""
    git = objects(project)
    now = artifacts.snapshot(output, project.state / "objects.git").tree
    known = releases(git, target_of(project, environment)) if git.exists() else []
    before = next((one for one in known if one.artifact != now and git.has(one.artifact)), None)
    if before:
        into.mkdir(parents=True)
        index = project.state / "drill.index"
        env = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(into)}
        git.run("read-tree", before.artifact, env=env)
        git.run("checkout-index", "--all", "--force", env=env)
        index.unlink(missing_ok=True)
        return f"that of {before.name}"
    shutil.copytree(output, into, symlinks=True)
    write_atomic(into / _MARK, b"before\n")
    return "this one with a mark, since there is no other release"


def _publish(scratch: Project, why: str) -> Outcome:
    made = artifacts.snapshot(scratch.output, scratch.state / "objects.git")
    with at_desk(scratch, "local", "drill") as desk:
        return make(desk, draft_of(desk, made, Source("", dirty=False, subject=why), "", why))


def _count(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))
