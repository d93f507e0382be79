"""What an environment lays over an artifact: Pages' own files, and assets that cached pages still ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.core.clock import stamp
from pipeline.deploy.ledger import Release
from pipeline.tools.git import Git, Object

RELEASE_FILE = ".well-known/release.json"
_ROBOTS = b"# Not for search engines: this is no production site.\nUser-agent: *\nDisallow: /\n"
# Folders whose file names carry a digest of their content, by framework.
_FOLDERS = re.compile(r"(?:^|/)(?:_astro|_next/static|_app/immutable|_nuxt)/")
# name-BF8QNONU.js, name.DLgBKYEv_1Qhxci.webp: a digest of eight characters or more before the ending.
_HASHED = re.compile(r"[.-](?=[\w-]*[A-Z0-9])[\w-]{8,}\.(?!html$)[a-z0-9]+$")


@dataclass(frozen=True)
class Overlay:
    """Files that a release has on top of its tree: `files` by content, `kept` by blob id from earlier releases."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Past:
    """An earlier release: when it was replaced (None: it is live), and what it has that the new tree lacks."""

    replaced: datetime | None
    own_kept: frozenset[str]
    missing: Mapping[str, str]


def immutable(path: str) -> bool:
    """Whether a file's name promises that its content never changes."""
    return bool(_FOLDERS.search(path) or _HASHED.search(path)) and not path.endswith(".html")


def kept_assets(past: Iterable[Past], now: datetime, hours: int) -> dict[str, str]:
    """Return the assets to keep, path to blob id: of releases that were live within the last `hours`.

    GitHub Pages lets browsers keep a page for 600 s, and what that page asks for must still be there.
    What a release itself had only kept is not kept on, or nothing would ever go.
    """
    kept: dict[str, str] = {}
    for one in past:
        if one.replaced is not None and one.replaced < now - timedelta(hours=hours):
            continue
        for path, oid in one.missing.items():
            if immutable(path) and path not in one.own_kept:
                kept.setdefault(path, oid)
    return kept


def read_past(
    git: Git, releases: Sequence[Release], records: Iterable[Object | None], tree: str
) -> list[Past]:
    """Return what `releases`, newest first, have that `tree` lacks; `records` are their release files."""
    replaced = [None, *(one.when for one in releases[:-1])]
    missing = missing_in(git, [one.tree for one in releases], tree)
    return [
        Past(when, kept_in(record), gone)
        for when, record, gone in zip(replaced, records, missing, strict=False)
    ]


def missing_in(git: Git, trees: Sequence[str], new: str) -> list[dict[str, str]]:
    """Return, for each of `trees`, the files that `new` has not, path to blob id; one process for all."""
    if not trees:
        return []
    pairs = "".join(f"{old} {new}\n" for old in trees).encode()
    words = ("diff-tree", "--stdin", "-r", "-z", "--no-renames", "--diff-filter=D")
    found: list[dict[str, str]] = []
    fields = iter(git.run(*words, stdin=pairs).out.decode().split("\0"))
    for part in fields:
        # Before its first row, each pair has a line of its own, which ends in \n in spite of -z.
        *pairs_begun, row = part.split("\n")
        found += [{} for _ in pairs_begun]
        if row:
            found[-1][next(fields)] = row.split()[2]
    return found


def kept_by(git: Git, release: Release) -> frozenset[str]:
    """Return the paths that a release had only kept for others."""
    [record] = git.objects([f"{release.tree}:{RELEASE_FILE}"])
    return kept_in(record)


def kept_in(record: Object | None) -> frozenset[str]:
    """Return the paths that a release had only kept for others, from its release file."""
    try:
        value = json.loads(record.data) if record else {}
    except ValueError:
        return frozenset()
    return frozenset(value.get("kept") or ())


def files_over(
    record: Mapping[str, object], *, cname: bytes | None, noindex: bool, kept: Mapping[str, str]
) -> Overlay:
    """Return the overlay of a release; `cname` None leaves the tree's own, if any."""
    # Without .nojekyll, GitHub Pages drops every path that starts with an underscore or a dot.
    files = {".nojekyll": b"", RELEASE_FILE: _json({**record, "kept": sorted(kept)})}
    if noindex:
        files["robots.txt"] = _ROBOTS
    if cname is not None:
        files["CNAME"] = cname
    return Overlay(files, kept)


def cname_for(configured: str | None, own: Object | None, live: Object | None) -> bytes | None:
    """Return the CNAME to publish: the configured one, else None if the tree has its own, else the live one.

    A domain that was set on GitHub is a commit on the pages branch; a release without it would take the site down.
    """
    if configured:
        return configured.encode() + b"\n"
    return live.data if live and not own else None


def record_of(  # noqa: PLR0913 - the record says all of it
    *,
    name: str,
    environment: str,
    kind: str,
    restores: str,
    source: str,
    dirty: bool,
    artifact: str,
    manifest: str,
    evidence: str,
    when: datetime,
) -> dict[str, object]:
    """Return what the release file says; it is public and names nothing private."""
    return {
        "release": name,
        "environment": environment,
        "kind": kind,
        "restores": restores or None,
        "source_commit": source or None,
        "source_dirty": dirty,
        "artifact_tree": artifact,
        "manifest_sha256": manifest,
        "evidence": evidence or None,
        "created": stamp(when),
    }


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"
