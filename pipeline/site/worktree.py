"""The site's own files: what a build was made from, and which of them changed since."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.files import read_json, write_json
from pipeline.tools.git import Git

# Left out where git does not tell what is ignored: made by tools, and made again at any time.
_MADE = frozenset(
    {"node_modules", ".git", ".pages", ".astro", ".next", ".nuxt", ".output", ".svelte-kit", ".docusaurus"}
    | {".vite", ".cache", ".turbo", ".parcel-cache", ".DS_Store", "__pycache__"}
)
# Files of ours that no build reads; a new budget must not make the output look stale.
_NOT_BUILT_FROM = frozenset({"constitution.toml", "invoke.yaml", "tasks.py", "ts-baseline.json"})
# File systems stamp with a coarse clock; a file changed this shortly before it was read could change unseen.
_RACY_NS = 2_000_000_000

Key = tuple[int, int, int]  # size in bytes, mtime and ctime in ns


@dataclass(frozen=True)
class Sources:
    """The digest of all source files, each file's stat key and SHA-256 by path, and when they were read."""

    digest: str
    files: Mapping[str, tuple[Key, str]]
    read_ns: int


def paths(site: Path, output: Path) -> list[str]:
    """Return the paths of the site's own files, in order.

    They are what git tracks or does not ignore, else everything that no tool makes; and `.env` files always,
    because git ignores them and builds read them.
    """
    out = os.path.relpath(output, site)
    top = "" if out == "." else f"{out}/"
    tracked = _of_git(site)
    found = set(_walk(site) if tracked is None else tracked)
    found |= {path.name for path in site.glob(".env*")}
    return sorted(
        path
        for path in found
        if path not in _NOT_BUILT_FROM
        and not (top and path.startswith(top))
        and _MADE.isdisjoint(path.split("/"))
    )


def _of_git(site: Path) -> list[str] | None:
    git = Git(site, bare=False)
    done = git.try_run("ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", ".")
    if not done.ok:
        return None
    return [os.fsdecode(name) for name in done.out.split(b"\0") if name]


def _walk(site: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(site):
        folders[:] = [name for name in folders if name not in _MADE]
        prefix = os.path.relpath(folder, site)
        for name in names:
            yield name if prefix == "." else f"{prefix}/{name}"


def read_sources(site: Path, output: Path, index: Path) -> Sources:
    """Read the site's own files; one whose stat data is as in `index` is not opened again."""
    known, moment = _read_index(index), time.time_ns()
    files: dict[str, tuple[Key, str]] = {}
    for path in paths(site, output):
        try:
            about = (site / path).lstat()
        except OSError:
            continue  # tracked by git, and deleted here
        key = (about.st_size, about.st_mtime_ns, about.st_ctime_ns)
        before = known.get(path)
        if before and before[0] == key:
            files[path] = before
        elif stat.S_ISREG(about.st_mode):
            with (site / path).open("rb") as file:
                files[path] = (key, hashlib.file_digest(file, "sha256").hexdigest())
        elif stat.S_ISLNK(about.st_mode):
            target = os.fsencode((site / path).readlink())
            files[path] = (key, hashlib.sha256(target).hexdigest())
    digest = hashlib.sha256()
    for path, (_, content) in files.items():
        digest.update(f"{content}  {path}\n".encode("utf-8", "surrogateescape"))
    return Sources(digest.hexdigest(), files, moment)


def _read_index(index: Path) -> dict[str, tuple[Key, str]]:
    found = read_json(index)
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        return {}
    latest = int(found.get("read", 0)) - _RACY_NS
    known: dict[str, tuple[Key, str]] = {}
    for path, (size, mtime, ctime, content) in found["files"].items():
        known[path] = ((size, mtime, ctime) if max(mtime, ctime) < latest else (-1, 0, 0), content)
    return known


def write_index(index: Path, sources: Sources) -> None:
    """Keep what was read, for the next comparison."""
    rows = {path: [*key, content] for path, (key, content) in sources.files.items() if path.isprintable()}
    write_json(index, {"read": sources.read_ns, "files": rows})


def changed(index: Path, now: Sources) -> list[str]:
    """Return the paths that differ from the index, the last modified first, gone ones at the end."""
    before = _read_index(index)
    new = [
        path
        for path, (_, content) in now.files.items()
        if path.isprintable() and (path not in before or before[path][1] != content)
    ]
    gone = sorted(before.keys() - now.files.keys())
    return sorted(new, key=lambda path: (-now.files[path][0][1], path)) + gone
