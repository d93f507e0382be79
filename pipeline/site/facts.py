"""What a folder holds, read without judgement: the ground that guesses stand on."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.core.errors import Stop
from pipeline.site import packages
from pipeline.site.frameworks import KINDS
from pipeline.tools.git import Git

PLAIN_FOLDERS = ("public", "dist", "docs", "site", "www", "_site", "build", "html")
CNAMES = ("public/CNAME", "static/CNAME", "CNAME")
WORKSPACES = ("pnpm-workspace.yaml", "lerna.json", "turbo.json", "nx.json", "rush.json")
_SKIPPED = frozenset({"node_modules", "dist", "build", "out", "vendor", "target", "__pycache__"})
# Enough of a lockfile to know its format, and more than any configuration has.
_READ_CHARS = 200_000
LOCKS = tuple((name, lock) for name, one in packages.MANAGERS.items() for lock in one.lockfiles)


@dataclass(frozen=True)
class Facts:
    """What a folder holds, without judgement.

    `files` are texts by path (empty for those that are only known to exist), `lock_above` the path of a
    workspace's lockfile further up, `remotes` addresses by name, `commits` None outside of git, `sites`
    sub-folders that look like sites.
    """

    folder: str
    files: Mapping[str, str]
    lock_above: str = ""
    remotes: Mapping[str, str] = field(default_factory=dict)
    commits: bool | None = None
    sites: tuple[str, ...] = ()


def look(folder: Path) -> Facts:
    """Read what a guess needs; raises Stop (2) where there is no folder or its package.json is no JSON."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is not there"
        raise Stop(f"{folder} {what}", "invoke init --site=<folder of your site>")
    packages.manifest(folder)
    git = Git(folder, bare=False)
    inside = git.maybe("rev-parse", "--show-toplevel")
    remotes: dict[str, str] = {}
    if inside is not None:
        # Asked one by one: `git remote -v` shows addresses after `insteadOf`, which are not the public ones.
        for line in (git.maybe("config", "--get-regexp", r"^remote\..*\.url$") or "").splitlines():
            key, _, address = line.partition(" ")
            remotes[key.removeprefix("remote.").removesuffix(".url")] = address
    return Facts(
        folder.resolve().name,
        dict(_texts(folder)),
        _lock_above(folder.resolve()),
        remotes,
        None if inside is None else git.maybe("rev-parse", "--verify", "--quiet", "HEAD") is not None,
        tuple(_sites(folder)),
    )


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    wanted = {config for kind in KINDS for config in kind.configs} | {
        "package.json",
        "pnpm-workspace.yaml",
        *CNAMES,
    }
    wanted |= {lock for _, lock in LOCKS if lock != "bun.lockb"}
    names = [entry.name for entry in os.scandir(folder) if entry.is_file()]
    names += [f"{inner}/index.html" for inner in PLAIN_FOLDERS]
    for name in sorted({*names, *wanted}):
        path = folder / name
        if not path.is_file():
            continue
        if name in wanted or re.fullmatch(r"tsconfig[\w.]*\.json", name):
            with path.open(encoding="utf-8", errors="replace") as file:
                yield name, file.read(_READ_CHARS)
        else:
            yield name, ""


def _lock_above(folder: Path) -> str:
    for level, above in enumerate(folder.parents, 1):
        package = above / "package.json"
        workspace = any((above / name).is_file() for name in WORKSPACES)
        if workspace or (package.is_file() and b'"workspaces"' in package.read_bytes()):
            found = next((lock for _, lock in LOCKS if (above / lock).is_file()), "")
            return "../" * level + found if found else ""
        if (above / ".git").exists():
            return ""
    return ""


def _sites(folder: Path, depth: int = 3) -> Iterator[str]:
    for path in _folders(folder, depth):
        package = _package(path / "package.json")
        has = {*package.get("dependencies", {}), *package.get("devDependencies", {})}
        if any(name in has for kind in KINDS for name in kind.packages) or (path / "index.html").is_file():
            yield path.relative_to(folder).as_posix()


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return
    for path in inner:
        if path.name in _SKIPPED or path.name.startswith("."):
            continue
        yield path
        if depth > 1:
            yield from _folders(path, depth - 1)


def _package(path: Path) -> dict[str, Any]:
    """Return a package.json's content, empty where there is none or it is not JSON."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
