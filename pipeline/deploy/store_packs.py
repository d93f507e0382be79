"""The object store's packs: counted, merged, and rid of old objects that nothing reaches."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.core.clock import stamp
from pipeline.core.errors import Code, Stop
from pipeline.deploy import needed
from pipeline.tools.git import Git, version

# 256 folders hold the loose objects, by the first two digits of their ids: these tell about all of them.
_SAMPLE = ("17", "31", "4d", "68", "83", "a6", "c9", "ee")
# https://git-scm.com/docs/git-repack: `--geometric` since 2.32, `--expire-to` since 2.39.
_GEOMETRIC, _EXPIRE = (2, 32), (2, 39)
# An unreachable object is out of reach of any build or journal after this: git's own default for pruning.
_EXPIRES = timedelta(weeks=2)
# How long what was taken out of the store is still kept beside it.
_ATTIC = timedelta(days=1)
# Beside a release that may run meanwhile; bitmaps are for servers.
_MILD = ("pack.threads=1", "repack.writeBitmaps=false", "repack.updateServerInfo=false")


@dataclass(frozen=True)
class Heap:
    """What an object store consists of: packs, loose objects (an estimate), refs of builds."""

    packs: int
    loose: int
    refs: int


def heap(store: Path) -> Heap:
    """Count by listing ten folders; no program runs."""
    packs = sum(name.endswith(".pack") for name in _names(store / "objects/pack"))
    loose = sum(len(_names(store / "objects" / folder)) for folder in _SAMPLE) * (256 // len(_SAMPLE))
    return Heap(packs, loose, len(_names(store / "refs/pages/artifacts")))


def _names(folder: Path) -> list[str]:
    try:
        return [one.name for one in folder.iterdir()]
    except FileNotFoundError:
        return []


def merge(git: Git) -> None:
    """Pack loose objects, and merge packs until each is at least twice as large as all smaller ones together.

    Nothing is dropped, reachable or not. There is no multi-pack index: a handful of packs needs none, and it is one
    file more that a reader may find older than the packs.
    """
    how = ("--geometric=2",) if version() >= _GEOMETRIC else ()
    git.run("repack", "-d", "-q", *how, config=_MILD, what="cannot merge packs")


def pack_whole(git: Git, attic: Path, must_be_quiet: Callable[[], None], now: datetime) -> bool:
    """Pack everything that is reached, and what is not once it is two weeks old into the attic; returns whether.

    A build that begins meanwhile may find an object that is about to go and therefore not write it again. So nothing
    is deleted yet: if a ref lacks something afterwards, the attic's packs come back; after a day they are deleted.
    Does nothing on a git that cannot put aside what it drops. Raises Stop as `must_be_quiet` does.
    """
    if version() < _EXPIRE:
        return False
    empty(git, attic, now)
    must_be_quiet()
    folder = attic / now.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True, exist_ok=True)
    before = stamp(now - _EXPIRES)
    words = ("-a", "-d", "-q", "--cruft", f"--cruft-expiration={before}", f"--expire-to={folder}/pack")
    git.run("repack", *words, config=_MILD, what="cannot pack the object store")
    # The attic has the loose ones too, but only this takes them away.
    git.run("prune", f"--expire={before}", what="cannot prune the object store")
    heal(git, attic)
    with contextlib.suppress(OSError):
        folder.rmdir()
    return True


def empty(git: Git, attic: Path, now: datetime) -> None:
    """Delete what has been in the attic for a day, after making sure that nothing lacks it."""
    old = [one for one in _folders(attic) if one.stat().st_mtime < (now - _ATTIC).timestamp()]
    if not old:
        return
    heal(git, attic)
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)


def heal(git: Git, attic: Path) -> None:
    """Bring the attic's packs back if a ref or a build index lacks an object; raises Stop (7) if that is no help."""
    if whole(git):
        return
    for folder in _folders(attic):
        _bring_back(folder, git.folder / "objects/pack")
    if not whole(git):
        text = "the object store lacks objects that its refs need"
        raise Stop(text, f"git --git-dir={git.folder} fsck --connectivity-only", Code.SERVICE)


def whole(git: Git) -> bool:
    """Whether everything that refs and build indexes name is here."""
    trees = [tree for tree in dict.fromkeys(needed.scanned(git.folder)) if git.has(tree)]
    return git.try_run("rev-list", "--objects", "--quiet", "--all", *trees, "--").ok


def _folders(attic: Path) -> list[Path]:
    return sorted(one for one in attic.iterdir() if one.is_dir()) if attic.is_dir() else []


def _bring_back(folder: Path, packs: Path) -> None:
    # A pack is there for git once its index is.
    for path in sorted(folder.iterdir(), key=lambda one: one.suffix == ".idx"):
        path.replace(packs / path.name)


def bytes_of(top: Path) -> int:
    """Return the bytes of all files below a folder, or of a file; what vanishes meanwhile counts as nothing."""
    return sum(_sizes(top))


def _sizes(top: Path) -> Iterator[int]:
    if top.is_symlink() or not top.is_dir():
        with contextlib.suppress(FileNotFoundError):
            yield top.lstat().st_size
        return
    for folder, _, names in os.walk(top):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                yield (Path(folder) / name).lstat().st_size
