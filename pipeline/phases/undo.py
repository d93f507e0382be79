"""`ts.undo`: one step of repairs taken back alone, as a commit of its own or from the backup."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.core import lock
from pipeline.core.errors import Stop
from pipeline.core.files import plural
from pipeline.core.project import Project
from pipeline.phases.repair import finish_earlier
from pipeline.typescript import commits, landing
from pipeline.typescript.landing import Content


def undo(project: Project, word: str) -> str:
    """Take the step that a word names back and say so; raises Stop (2) when it cannot be."""
    with lock.hold(project.state / "ts.lock", "undoing repairs"):
        finish_earlier(project)
        repo = commits.repository(project.root)
        if repo is None:
            return _from_backup(project, word)
        one = commits.named(commits.landed(repo), word)
        contents, move, files = commits.undo(repo, one, project.state / "ts" / "index")
        landing.land(project.root, project.state, contents, move)
        return f"{one.name} is undone in {plural(len(files), 'file')}: commit {move.tip[:10]}"


def _from_backup(project: Project, word: str) -> str:
    folder = _backup(project, word)
    done = folder / "undone"
    name = "/".join(folder.parts[-2:])
    if done.exists():
        raise Stop(f"{name} was undone already", "invoke ts.fix --dry-run")
    contents = {}
    for after in sorted((folder / "after").rglob("*")):
        if after.is_file():
            file = after.relative_to(folder / "after").as_posix()
            contents[file] = _taken_back(project, folder, file, name)
    landing.land(project.root, project.state, contents, None)
    done.touch()
    return f"{name} is undone in {plural(len(contents), 'file')}"


def _taken_back(project: Project, folder: Path, file: str, name: str) -> Content:
    path, before = project.root / file, folder / "before" / file
    now = path.read_bytes() if path.is_file() else None
    after = (folder / "after" / file).read_bytes()
    if now == after and not before.exists():
        return Content(now, None)
    merged = None if now is None or not before.exists() else commits.merge(now, after, before.read_bytes())
    if merged is None:
        raise Stop(
            f"{name} cannot be undone alone: {file} was changed later in the same lines; nothing was written",
            _later(folder, file) or f"diff {folder / 'after' / file} {file}",
        )
    return Content(now, merged)


def _later(folder: Path, file: str) -> str:
    """Return the command that takes back the last later step that changed the file, nothing without one."""
    steps = sorted(folder.parent.iterdir(), key=lambda one: int(one.name), reverse=True)
    for one in steps:
        if (
            int(one.name) > int(folder.name)
            and (one / "after" / file).exists()
            and not (one / "undone").exists()
        ):
            return f"invoke ts.undo {one.parent.name}/{one.name}"
    return ""


def _backup(project: Project, word: str) -> Path:
    top = project.state / "ts" / "backup"
    runs = sorted(top.iterdir(), reverse=True) if top.is_dir() else []
    every = [step for run in runs for step in sorted(run.iterdir(), key=lambda one: int(one.name))]
    for one in every:
        if word in (f"{one.parent.name}/{one.name}", one.name if one.parent == runs[0] else ""):
            return one
    names = tuple(f"{one.parent.name}/{one.name}" for one in every[:20])
    hint = f"invoke ts.undo {names[0]}" if names else "invoke ts.fix"
    shown = word if re.fullmatch(r"[\w/.-]+", word) else "that"
    raise Stop(
        f"no step of repairs is named {shown}" if names else "nothing was repaired here", hint, details=names
    )
