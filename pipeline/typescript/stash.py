"""A person's uncommitted changes of some files, put away for a run and brought back after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.core import ui
from pipeline.core.files import plural, read_json, write_json
from pipeline.tools.git import Git
from pipeline.typescript.commits import Repository

_MESSAGE = "pages: changes from before ts.fix"


def put_away(repo: Repository, state: Path, files: Sequence[str]) -> None:
    """Stash the changes of these tracked files, and of no others."""
    repo.git.run(
        "stash", "push", "--quiet", "-m", _MESSAGE, "--", *files, what="cannot stash", env=repo.person
    )
    oid = repo.git.text("rev-parse", "refs/stash")
    noted = read_json(_note(state)) or []
    write_json(
        _note(state), [*noted, {"stash": oid, "folder": str(repo.root), "files": list(files)}], durable=True
    )


def bring_back(state: Path) -> list[str]:
    """Apply what was put away, the last first, and say so; returns what went wrong, for a warning.

    Where it does not fit any more, the stash stays, and the files stay as they are committed.
    """
    noted = read_json(_note(state))
    if not isinstance(noted, list):
        return []
    told = [
        line for one in reversed(noted) for line in _apply(Path(one["folder"]), one["stash"], one["files"])
    ]
    _note(state).unlink()
    return told


def _apply(root: Path, oid: str, files: Sequence[str]) -> list[str]:
    git = Git(root, bare=False)
    entries = git.text("stash", "list", "--format=%H").splitlines()
    if oid not in entries:
        return []
    name = f"stash@{{{entries.index(oid)}}}"
    if not any(git.try_run("stash", "apply", "--quiet", *words, oid).ok for words in (["--index"], [])):
        git.run("reset", "--quiet", "--", *files)
        git.run("checkout", "--quiet", "--", *files)
        return [
            f"your changes of {', '.join(files[:3])} touch repaired lines; they are safe in {name}: git stash pop"
        ]
    git.run("stash", "drop", "--quiet", name)
    ui.say(f"your changes of {plural(len(files), 'file')} are back", style="dim")
    return []


def _note(state: Path) -> Path:
    return state / "ts" / "stash.json"
