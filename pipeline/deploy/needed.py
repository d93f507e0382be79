"""Which refs of the object store something still needs, and which of them nothing does."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.core.project import Project
from pipeline.deploy import journal, ledger, original
from pipeline.deploy.journal import ENDED, Entry
from pipeline.deploy.target import objects
from pipeline.tools.git import Git

_ARTIFACT = re.compile(r"refs/pages/artifacts/[0-9a-f]{32}")
_HISTORY = re.compile(r"refs/pages/[a-z0-9]+/(?:live|audit)")
_STAGED = re.compile(r"refs/pages/staging/(\d{8}-\d{6}-.+)")
_INDEX = "pages-index-*"
# A build, its gates and its release are over by then; whatever is younger stays.
GRACE = timedelta(days=1)


@dataclass(frozen=True)
class Ref:
    """A ref of the object store: the tree of its commit, and when it was made (None: that is not known)."""

    name: str
    oid: str
    tree: str
    made: datetime | None


@dataclass(frozen=True)
class Needs:
    """What must stay: trees of artifacts, and names of releases whose staging ref a journal may still ask for.

    `released` are all artifacts that any environment ever released, wherever they are held.
    """

    trees: frozenset[str]
    releases: frozenset[str]
    released: frozenset[str]
    evidence: frozenset[tuple[str, str]]


def refs(git: Git) -> list[Ref]:
    """Return the refs of artifacts and of staged releases."""
    form = "--format=%(refname) %(objectname) %(tree)"
    lines = git.text("for-each-ref", form, "refs/pages/artifacts", "refs/pages/staging").splitlines()
    rows = [line.split(" ") for line in lines]
    return [
        Ref(name, oid, tree, _made(git.folder / name))
        for name, oid, tree in rows
        if _ARTIFACT.fullmatch(name) or _STAGED.fullmatch(name)
    ]


def _made(path: Path) -> datetime | None:
    # Their commits are of 1970, so that equal content gives equal commits; the file tells when it was written.
    try:
        return datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    except FileNotFoundError:
        return None


def unneeded(found: Sequence[Ref], needs: Needs, now: datetime) -> list[Ref]:
    """Return the refs that may go; pure. Of several refs to a needed tree the newest stays.

    One whose age is not known stays: nothing tells that no running build is about to use it.
    """
    gone: list[Ref] = []
    held: set[str] = set()
    for one in sorted(found, key=lambda one: one.made.timestamp() if one.made else 0.0, reverse=True):
        staged = _STAGED.fullmatch(one.name)
        if one.made is None or one.made > now - GRACE:
            held.add(one.tree)
        elif staged:
            gone += [] if staged[1] in needs.releases else [one]
        elif one.tree in needs.trees and one.tree not in held:
            held.add(one.tree)
        else:
            gone.append(one)
    return gone


def needs(project: Project) -> Needs:
    """Ask histories, journals and build indexes what they need; the remotes are not asked."""
    git = objects(project)
    names = git.text("for-each-ref", "--format=%(refname)", "refs/pages").splitlines()
    histories = [name for name in names if _HISTORY.fullmatch(name)]
    live = [name for name in histories if name.endswith("/live")]
    logs = [name for name in histories if name.endswith("/audit")]
    entries = list(_journals(project))
    wanted = {one.release for one in entries}
    staged = [f"refs/pages/staging/{name}" for name in wanted if f"refs/pages/staging/{name}" in names]
    released = set(_released(git, [*live, *staged]))
    artifacts = {tree for tree, _ in released}
    trees = (artifacts - _logged(git, logs)) | set(scanned(git.folder))
    return Needs(frozenset(trees), frozenset(wanted), frozenset(artifacts), frozenset(released))


def _journals(project: Project) -> Iterator[Entry]:
    """Yield what a next run may go on with: the newest entry of each journal, and any that did not end."""
    for path in sorted((project.state / "journal").glob("*.jsonl")):
        newest = {one.release: one for one in journal.read_all(path)}
        entries = list(newest.values())
        yield from (one for one in entries if one is entries[-1] or one.state not in ENDED)


def _released(git: Git, tips: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield artifact tree and evidence digest of every release in the histories, promotions' sources included."""
    if not tips:
        return
    text = git.run("log", "--format=%B%x1e", *tips, "--").out.decode("utf-8", "replace")
    for message in text.split("\x1e"):
        values = ledger.trailers(message)
        if tree := values.get("Artifact-Tree"):
            yield tree, values.get("Evidence", "")


def _logged(git: Git, logs: Sequence[str]) -> frozenset[str]:
    """Return the artifacts that audit logs hold by themselves."""
    if not logs:
        return frozenset()
    commits = git.text("log", "--format=%H", *logs, "--").split()
    return original.existing(git, [f"{commit}:artifact" for commit in commits])


def scanned(store: Path) -> Iterator[str]:
    """Yield the tree of each build index: the next build starts from it without looking whether it is whole."""
    for path in store.glob(_INDEX):
        with path.open("rb") as file:
            head = file.readline().decode("utf-8", "replace").rstrip("\n").split("\t")
        if len(head) == 2:
            yield head[1]


def stale_indexes(project: Project, store: Path, before: float) -> list[Path]:
    """Return the indexes of folders that are gone, such as rebuilds, older than `before` (Unix time, s)."""
    folders = [project.output, *(project.state / "trees").glob("*")]
    known = {_index_name(folder) for folder in folders}
    return [path for path in store.glob(_INDEX) if path.name not in known and path.stat().st_mtime < before]


def _index_name(folder: Path) -> str:
    return f"pages-index-{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]}"


def delete(git: Git, gone: Collection[Ref]) -> None:
    """Delete refs, each only while it is where it was; some at a time, so that no lock is held for long."""
    every = list(gone)
    for start in range(0, len(every), 50):
        lines = "".join(f"delete {one.name} {one.oid}\n" for one in every[start : start + 50])
        git.run("update-ref", "--stdin", stdin=lines.encode(), what="cannot prune the object store")
