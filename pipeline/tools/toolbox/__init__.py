"""Programs for gates that npm carries: exact versions, locked, in folders of our own in the user's cache.

Each group is a folder beside this file with a package.json and a lockfile. It is installed on first use into a folder
that is named after the lockfile's digest, so that another version never changes what an earlier one measured.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from pipeline.core import lock
from pipeline.core.errors import Code, Stop
from pipeline.core.paths import cache_folder
from pipeline.core.proc import Done, run
from pipeline.tools.node import Node

Group = Literal["page", "lighthouse", "lhci", "pa11y", "code", "html"]
GROUPS: tuple[str, ...] = get_args(Group)
_HERE = Path(__file__).parent
_INSTALL_SECONDS = 600.0
_WAIT_SECONDS = 900.0
_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


@cache
def digest(group: Group) -> str:
    """Return what names the versions of a group: the SHA-256 of its lockfile."""
    return hashlib.sha256((_HERE / group / "package-lock.json").read_bytes()).hexdigest()


@cache
def versions(group: Group) -> Mapping[str, str]:
    """Return the version of each package that a group is there for, by name."""
    found: dict[str, str] = json.loads((_HERE / group / "package.json").read_bytes())["dependencies"]
    return found


def place(group: Group, environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder that holds, or will hold, a group's `node_modules`."""
    return cache_folder(environ) / "toolbox" / f"{group}-{digest(group)[:16]}"


def installed(group: Group, environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the folder of a group, None when it is not installed whole."""
    folder = place(group, environ)
    return folder if (folder / "node_modules").is_dir() else None


def need(group: Group, node: Node, environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of a group, installed now where it is not there; raises Stop (69) when that fails."""
    folder = installed(group, environ)
    if folder:
        return folder
    final = place(group, environ)
    with _alone(final.with_suffix(".lock")):
        if installed(group, environ):
            return final
        _install(group, node, final)
    return final


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock for the block; while another run installs the same, wait for it."""
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            with lock.hold(path, "installing tools for gates"):
                yield
                return
        except Stop as stop:
            if stop.code is not Code.LOCKED or time.monotonic() > end:
                raise
        time.sleep(0.5)


def _install(group: Group, node: Node, final: Path) -> None:
    """Install beside the place and then rename, so that a killed run leaves nothing half-made."""
    draft = final.with_name(f"{final.name}.{uuid.uuid4().hex}")
    try:
        draft.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(_HERE / group / name, draft / name)
        done = _npm(node, draft, "ci")
        if not done.ok and "in sync" in done.text + done.error:
            # npm writes lockfiles that lack other platforms' packages: https://github.com/npm/cli/issues/4828
            done = _npm(node, draft, "install", "--no-save")
        if not done.ok:
            what = ", ".join(f"{name} {version}" for name, version in versions(group).items())
            raise Stop(f"npm could not install {what}", "npm ping", Code.MISSING, done.tail(8))
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _npm(node: Node, folder: Path, *words: str) -> Done:
    return run([*node.npm, *words, *_QUIET], cwd=folder, timeout=_INSTALL_SECONDS)
