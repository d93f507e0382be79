"""The artifact inside of a release: what was built, without what the environment laid over it."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.core.errors import Code, Stop
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.deploy import standing
from pipeline.deploy.ledger import Release
from pipeline.deploy.overlay import RELEASE_FILE, kept_by
from pipeline.deploy.target import objects, objects_folder
from pipeline.site.artifact import blobs, snapshot
from pipeline.tools.git import Git

# Laid over the root by an environment; the artifact may have had one of its own, which is then hidden.
HIDING = ("robots.txt", "CNAME", ".nojekyll")
# Folders with files written out of the store; more are removed, oldest first.
_KEPT_TREES = 3
_BATCH = 16_000_000


class Row(NamedTuple):
    """A file of a tree: path, blob id, size in bytes."""

    path: str
    oid: str
    size: int


def rows(git: Git, tree: str) -> list[Row]:
    """Return the files of a tree, in path order."""
    listing = git.run("ls-tree", "-r", "-l", "-z", "--full-tree", tree).out.decode("utf-8", "surrogateescape")
    found = []
    for line in listing.split("\0")[:-1]:
        about, _, path = line.partition("\t")
        _, _, oid, size = about.split()
        found.append(Row(path, oid, int(size)))
    return found


def contents(git: Git, files: Sequence[Row]) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of files, in order, some megabytes at a time."""
    batch: list[Row] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.size
        if size >= _BATCH or file is files[-1]:
            data = blobs(git, [one.oid for one in batch])
            yield from ((one.path, next(data)) for one in batch)
            batch, size = [], 0


def existing(git: Git, oids: Sequence[str]) -> frozenset[str]:
    """Return those of the objects that are here."""
    asked = sorted({oid for oid in oids if oid})
    done = git.run(
        "cat-file", "--batch-check", "--buffer", stdin="".join(f"{oid}\n" for oid in asked).encode()
    )
    return frozenset(line.split()[0] for line in done.text.splitlines() if not line.endswith("missing"))


def objects_of(git: Git, oids: Sequence[str]) -> Iterator[bytes]:
    """Yield the content of objects, in order, some hundreds at a time."""
    for start in range(0, len(oids), 500):
        yield from blobs(git, list(oids[start : start + 500]))


@dataclass(frozen=True)
class Scratch:
    """A tree being changed, in an index file of its own."""

    git: Git
    env: Mapping[str, str]

    def put(self, files: Mapping[str, str | None]) -> None:
        """Set paths to blobs, or take them away (None)."""
        lines = [f"100644 {oid}\t{path}" if oid else f"0 {'0' * 40}\t{path}" for path, oid in files.items()]
        data = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
        self.git.run("update-index", "-z", "--index-info", stdin=data, env=self.env)

    def write(self) -> str:
        """Return the id of the tree as it is now."""
        return self.git.run("write-tree", env=self.env).text


@contextlib.contextmanager
def scratch(git: Git, tree: str) -> Iterator[Scratch]:
    """Give a copy of a tree to change for the block."""
    index = git.folder / f"scratch-{uuid.uuid4().hex}"
    env = {"GIT_INDEX_FILE": str(index)}
    try:
        git.run("read-tree", tree, env=env)
        yield Scratch(git, env)
    finally:
        index.unlink(missing_ok=True)


def laid_over(git: Git, release: Release) -> frozenset[str]:
    """Return the paths that the overlay of a release owns; previews end with a slash."""
    previews = {f"{one.path}/" for one in standing.read(git, release.tree)}
    return frozenset({RELEASE_FILE, *HIDING, *kept_by(git, release), *previews})


def owned(path: str, overlay: frozenset[str]) -> bool:
    """Whether a path belongs to an overlay."""
    return path in overlay or any(path.startswith(folder) for folder in overlay if folder.endswith("/"))


def inside(git: Git, release: Release, robots: Sequence[str] = ()) -> str | None:
    """Return the artifact's tree put together again from the published one, or None where that is not possible.

    An environment's robots.txt, CNAME and .nojekyll may hide the artifact's own: it may have had the same, none, or
    (`robots`: blob ids) what another release shows. The id of the tree tells which.
    """
    overlay = laid_over(git, release)
    published = {one.path: one.oid for one in rows(git, release.tree)}
    with scratch(git, release.tree) as changed:
        own = {path: None for path in published if owned(path, overlay) and path not in HIDING}
        changed.put(own)
        choices: list[list[tuple[str, str | None]]] = []
        for path in HIDING:
            here = [published[path]] if path in published else []
            more = list(robots) if path == "robots.txt" else []
            choices.append([(path, oid) for oid in dict.fromkeys([None, *here, *more])])
        for choice in itertools.product(*choices):
            changed.put(dict(choice))
            if changed.write() == release.artifact:
                return release.artifact
    return None


def artifact_tree(git: Git, release: Release, robots: Sequence[str] = ()) -> str | None:
    """Return the tree id of a release's artifact with its objects here, or None."""
    if release.artifact and git.has(f"{release.artifact}^{{tree}}"):
        return release.artifact
    return inside(git, release, robots) if release.artifact else None


def on_disk(project: Project, tree: str) -> Artifact:
    """Return an artifact whose files lie in a folder of ours, written from the store byte for byte.

    No checkout: attributes inside of the tree would change line ends. A folder that was touched since is written
    again; raises Stop (7) when the store does not hold the tree.
    """
    folder = project.state / "trees" / tree
    for _ in range(2):
        if folder.is_dir():
            artifact = snapshot(folder, objects_folder(project))
            if artifact.tree == tree:
                return artifact
            shutil.rmtree(folder)
        _write(objects(project), tree, folder)
    raise Stop(
        f"the object store does not give tree {tree[:12]} back as it was", "invoke deploy", Code.SERVICE
    )


def _write(git: Git, tree: str, folder: Path) -> None:
    half = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        for path, data in contents(git, rows(git, tree)):
            target = half / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        half.rename(folder)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    every = sorted(
        (one for one in folder.parent.iterdir() if one != folder), key=lambda one: one.stat().st_mtime
    )
    for old in every[: -(_KEPT_TREES - 1)]:
        shutil.rmtree(old, ignore_errors=True)
