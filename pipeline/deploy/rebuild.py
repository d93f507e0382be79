"""A source commit built again for another environment, in a git worktree of its own."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.core import ui
from pipeline.core.clock import utc_now
from pipeline.core.errors import Stop
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.deploy.ledger import Release
from pipeline.deploy.target import objects, objects_folder
from pipeline.tools.git import Git


def refusal(project: Project, release: Release) -> Stop | None:
    """Return why a release cannot be built again from its source, or None."""
    again = f"invoke deploy --env={release.environment}, then promote that"
    if not release.source:
        return Stop(f"{release.name} names no source commit, so it cannot be built again", again)
    if release.source.endswith("(dirty)"):
        text = (
            f"{release.name} was built with changes that were not committed, so its commit gives another site"
        )
        return Stop(text, f"commit them, {again}")
    here = Git(project.root, bare=False)
    if not here.exists():
        return Stop(f"{project.root} is not in a git repository, so nothing can be built from a commit")
    if not here.has(f"{release.source}^{{commit}}"):
        text = f"the source commit {release.source[:10]} of {release.name} is not in this repository"
        return Stop(text, "git fetch --all, then run the same command again")
    return None


@contextlib.contextmanager
def sources_at(project: Project, commit: str) -> Iterator[Project]:
    """Give the site as it was at a commit, for the block, with the settings and the object store of today.

    It is a folder below the state folder with a state of its own, so that no record of the site's own builds is
    touched; what was judged there is kept. Raises Stop (2) where the commit has no such site.
    """
    folder = project.state / "rebuild" / commit
    here = Git(project.root, bare=False)
    prefix = here.text("rev-parse", "--show-prefix")
    _remove(here, folder)
    try:
        with ui.step(f"check out {commit[:10]}"):
            here.run(
                "worktree",
                "add",
                "--quiet",
                "--detach",
                str(folder),
                commit,
                what="cannot check out the source",
            )
        root = folder / prefix
        if not root.is_dir():
            raise Stop(f"commit {commit[:10]} has no folder {prefix}", "")
        _furnish(project, root)
        there = Project(root, project.loaded)
        _share_objects(project, there)
        yield there
        _keep_evidence(there, project)
    finally:
        _remove(here, folder)


def ready_to_judge(project: Project, there: Project, artifact: Artifact, environment: str) -> None:
    """Bring what the gates need to judge the sources in `there`: the evidence that there is, else the packages.

    Evidence is kept by what was measured and with which tools, wherever that lay; so sources that were judged once
    are not judged, and their packages not installed, again. Raises Stop as an install does.
    """
    from pipeline.site.build import install

    kept = project.state / "cache/gates"
    kept.mkdir(parents=True, exist_ok=True)
    (there.state / "cache").mkdir(parents=True, exist_ok=True)
    (there.state / "cache/gates").symlink_to(kept, target_is_directory=True)
    lent = there.root / "node_modules"
    if (project.root / "node_modules").is_dir() and not lent.exists():
        lent.symlink_to(project.root / "node_modules", target_is_directory=True)
        if _sources_judged(there, artifact, environment):
            return
        # To be read, not to be worked in: checkers write beside packages.
        lent.unlink()
    elif _sources_judged(there, artifact, environment):
        return
    install(there, environment)


def _sources_judged(there: Project, artifact: Artifact, environment: str) -> bool:
    """Whether all gates that read sources have evidence for these, and the packages are those of their lockfile."""
    from checks import GATES
    from pipeline.gates.evidence import kept_evidence
    from pipeline.gates.subject import subject_of
    from pipeline.gates.waivers import instead
    from pipeline.site.recipe import recipe

    if recipe(there, environment, check=False).install:
        return False
    subject = subject_of(there, artifact, environment)
    given, today = there.policy_for(environment).waivers, utc_now().date()
    reading = [
        gate
        for gate in GATES.values()
        if gate.SCOPE == "source" and not instead(gate.NAME, given, today, negotiable=not gate.NON_NEGOTIABLE)
    ]
    return all(kept_evidence(there.state, gate.NAME, gate.inputs(subject)) for gate in reading)


def _furnish(project: Project, root: Path) -> None:
    """Copy what git ignores and builds read."""
    copied = [
        one for one in sorted(project.root.glob(".env*")) if one.is_file() and not (root / one.name).exists()
    ]
    for one in copied:
        shutil.copy2(one, root / one.name)
    if copied:
        ui.say(f"    with today's {', '.join(one.name for one in copied)}, which git ignores", style="dim")


def _share_objects(project: Project, there: Project) -> None:
    objects(project)
    (there.state / "objects.git").symlink_to(objects_folder(project), target_is_directory=True)


def _keep_evidence(there: Project, project: Project) -> None:
    found = there.state / "evidence"
    if found.is_dir():
        shutil.copytree(found, project.state / "evidence", dirs_exist_ok=True)


def _remove(here: Git, folder: Path) -> None:
    if folder.exists():
        here.try_run("worktree", "remove", "--force", "--force", str(folder))
        shutil.rmtree(folder, ignore_errors=True)
    here.try_run("worktree", "prune")
