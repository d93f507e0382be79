"""The previews that stand below an environment's `_preview/`, and which of them the next release keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.core.clock import parse
from pipeline.deploy import journal
from pipeline.deploy.audit import Kind
from pipeline.deploy.journal import State
from pipeline.tools.git import Git, Object, folders

if TYPE_CHECKING:
    from pipeline.deploy.desk import Desk

FOLDER = "_preview"
RECORD = "release.json"
_MARK = b"# Previews are not for search engines.\n"
_UNDONE = frozenset({State.FAILED, State.ROLLING_BACK})


@dataclass(frozen=True)
class Preview:
    """A preview as its own record tells it; `tree` is what stands in its folder, `artifact` what was built.

    `expires` is when it may go; `release` names the release that published it.
    """

    slug: str
    tree: str
    branch: str
    release: str
    source: str
    artifact: str
    created: datetime
    expires: datetime

    @property
    def path(self) -> str:
        """Return its folder in the published tree."""
        return f"{FOLDER}/{self.slug}"


def read(git: Git, commit: str | None) -> list[Preview]:
    """Return the previews of a published tree, in order; a folder without a record of ours is none."""
    if commit is None:
        return []
    [folder] = git.objects([f"{commit}:{FOLDER}"])
    return previews_in(git, folder)


def previews_in(git: Git, folder: Object | None) -> list[Preview]:
    """Return the previews of a published tree from its folder of previews (None: it has none)."""
    rows = folders(folder)
    if not rows:
        return []
    records = git.objects(f"{tree}:{RECORD}" for tree in rows.values())
    found = [
        _preview(slug, tree, _record(one)) for (slug, tree), one in zip(rows.items(), records, strict=True)
    ]
    return [one for one in found if one is not None]


def _record(record: Object | None) -> Mapping[str, object]:
    try:
        value = json.loads(record.data) if record else None
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _preview(slug: str, tree: str, record: Mapping[str, object]) -> Preview | None:
    try:
        return Preview(
            slug=slug,
            tree=tree,
            branch=str(record["preview"]),
            release=str(record["release"]),
            source=str(record.get("source_commit") or ""),
            artifact=str(record["artifact_tree"]),
            created=parse(str(record["created"])),
            expires=parse(str(record["expires"])),
        )
    except (KeyError, ValueError):
        return None


def standing(desk: Desk, there: Sequence[Preview] | None = None) -> list[Preview]:
    """Return the previews that the next release keeps: not expired, and not of a release that was taken back.

    Where the newest version of a preview was taken back, the one before it stands again. `there` are the live ones,
    where they are known already.
    """
    now = desk.clock()
    live = read(desk.git, desk.remote.tip) if there is None else there
    undone = _undone(desk) if live else frozenset()
    found = []
    for one in live:
        good = one if one.release not in undone else _earlier(desk, one.slug, undone)
        if good and good.expires > now:
            found.append(good)
    return found


def _undone(desk: Desk) -> frozenset[str]:
    """Return the releases that failed: from the audit log, and from the journal for the one that fails right now."""
    logged = {event.release for event in desk.events if event.kind is Kind.FAILED}
    return frozenset(logged | {one.release for one in journal.read_all(desk.journal) if one.state in _UNDONE})


def _earlier(desk: Desk, slug: str, undone: frozenset[str]) -> Preview | None:
    for release in desk.every:
        found = next((one for one in read(desk.git, release.commit) if one.slug == slug), None)
        if found is None or found.release not in undone:
            return found
    return None


def subtrees(own: Sequence[Preview], wanted: Sequence[Preview]) -> dict[str, str | None]:
    """Return what must stand below the root of a new release: the wanted previews, and no other of the tree's own."""
    gone: dict[str, str | None] = {one.path: None for one in own}
    return gone | {one.path: one.tree for one in wanted}


def robots(own: bytes, base: str, *, hidden: bool) -> bytes | None:
    """Return the robots.txt that keeps search engines out of previews (`hidden`) or says nothing of them.

    `own` is the tree's. Empty means that there must be none, None that the tree's own is right.
    """
    bare = own.partition(_MARK)[0]
    # A second group for all robots adds to the first one: https://www.rfc-editor.org/rfc/rfc9309.html#section-2.2.1
    block = _MARK + f"User-agent: *\nDisallow: {base}{FOLDER}/\n".encode()
    gap = b"" if not bare or bare.endswith(b"\n") else b"\n"
    wanted = bare + gap + block if hidden else bare
    return None if wanted == own else wanted


def without(kept: Mapping[str, str]) -> dict[str, str]:
    """Return the kept assets that are the site's own: a preview that goes takes all of its files along."""
    return {path: oid for path, oid in kept.items() if not path.startswith(f"{FOLDER}/")}
