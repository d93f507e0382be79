"""Writes a step into the work tree as a whole: staged, noted in a journal, renamed; a killed one is finished later."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.core.errors import Stop
from pipeline.core.files import plural, read_json, sync_folder, write_atomic, write_json
from pipeline.tools.git import Git, moves
from pipeline.typescript.workspace import digest

_JOURNAL = "journal.json"


@dataclass(frozen=True)
class Content:
    """A file's bytes before and after a step; None where it is not there."""

    old: bytes | None
    new: bytes | None


@dataclass(frozen=True)
class Move:
    """What git is to hold once the files are written: `ref` at `tip`, and HEAD there if it is still at `expected`.

    `ref` is "HEAD" where no branch is checked out; `entries` are the lines for the index: mode, id, tab, path.
    """

    ref: str
    expected: str
    tip: str
    entries: tuple[str, ...]


def land(root: Path, state: Path, contents: Mapping[str, Content], move: Move | None) -> list[str]:
    """Write all files and move git to the new commits; returns warnings.

    Raises Stop (2), with nothing written, when a file or HEAD is not what it was.
    """
    _must_be(root, contents, move)
    folder = _folder(state)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = []
    for number, (file, content) in enumerate(sorted(contents.items())):
        staged = folder / str(number)
        if content.new is not None:
            staged.write_bytes(content.new)
        files.append(
            {"file": file, "old": _key(content.old), "new": _key(content.new), "staged": staged.name}
        )
    sync_folder(folder)
    # From here on the step will be completed, by this run or by the next.
    write_json(folder / _JOURNAL, {"files": files, "move": asdict(move) if move else None}, durable=True)
    return _finish(root, folder)


def recover(root: Path, state: Path) -> list[str]:
    """Finish what a killed run had begun to write; returns what to tell, empty when there is nothing."""
    folder = _folder(state)
    if not folder.is_dir():
        return []
    journal = read_json(folder / _JOURNAL)
    if not isinstance(journal, dict):
        shutil.rmtree(folder)
        return ["an earlier run was ended before it wrote anything: the files are as before"]
    told = _finish(root, folder)
    count = plural(len(journal["files"]), "file")
    return [f"an earlier run was ended while it wrote; its {count} are complete now", *told]


def _folder(state: Path) -> Path:
    return state / "ts" / "landing"


def _must_be(root: Path, contents: Mapping[str, Content], move: Move | None) -> None:
    other = [file for file, content in sorted(contents.items()) if _read(root / file) != content.old]
    if other:
        raise changed(other)
    if move and Git(root, bare=False).text("rev-parse", "HEAD") != move.expected:
        raise Stop("another commit was checked out during the run; nothing was written", "invoke ts.fix")


def changed(files: Sequence[str]) -> Stop:
    """Return the end for files that somebody changed during the run."""
    what = f"{files[0]} was" if len(files) == 1 else f"{len(files)} files were"
    return Stop(
        f"{what} changed during the run; nothing was written",
        "invoke ts.fix",
        details=tuple(files[:10]) if len(files) > 1 else (),
    )


def _key(data: bytes | None) -> str:
    """Return a content's digest; empty for a file that is not there."""
    return "" if data is None else digest(data)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _finish(root: Path, folder: Path) -> list[str]:
    journal = read_json(folder / _JOURNAL)
    told = []
    for one in journal["files"]:
        path = root / one["file"]
        now = _key(_read(path))
        if now == one["new"]:
            continue
        if now == one["old"]:
            _replace(folder / one["staged"], path) if one["new"] else path.unlink()
        else:
            told.append(f"{one['file']} was changed meanwhile and is left as it is")
    if journal["move"]:
        told += _move(Git(root, bare=False), journal["move"])
    shutil.rmtree(folder)
    return told


def _replace(staged: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A new file has the mode that the staged one was given, by the umask.
    mode = (path if path.exists() else staged).stat().st_mode
    staged.chmod(mode)
    try:
        staged.replace(path)
    except OSError:  # the state folder lies on another disk
        write_atomic(path, staged.read_bytes(), durable=True)
        path.chmod(mode)


def _move(git: Git, move: Mapping[str, Any]) -> list[str]:
    ref, tip, expected = move["ref"], move["tip"], move["expected"]
    now = git.text("rev-parse", "HEAD")
    if now not in (expected, tip):
        name = ref.removeprefix("refs/heads/")
        if ref != "HEAD" and git.maybe("rev-parse", "--verify", "--quiet", ref) is None:
            git.run("update-ref", ref, tip)
            return [f"another commit was checked out meanwhile: the repairs are on the branch {name}"]
        return [f"another commit was checked out meanwhile: the repairs are the commit {tip[:10]}"]
    if ref == "HEAD":
        git.run("update-ref", "--no-deref", "HEAD", tip)
    else:
        git.run("update-ref", "--stdin", stdin=moves({ref: tip}))
        git.run("symbolic-ref", "HEAD", ref)
    lines = "".join(f"{line}\0" for line in move["entries"])
    git.run("update-index", "-z", "--index-info", stdin=os.fsencode(lines))
    return []
