"""Where a release comes from, and what production asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import Stop
from pipeline.core.files import plural
from pipeline.deploy.target import Target
from pipeline.tools import git


@dataclass(frozen=True)
class Source:
    """The commit that a release is made from; `commit` is empty where there is none."""

    commit: str
    dirty: bool
    subject: str


def source_of(root: Path, target: Target, *, allow_dirty: bool) -> tuple[Source, tuple[str, ...]]:
    """Return the source and what should be said about it; raises Stop (2) for what production refuses."""
    head = git.head(root)
    subject = git.Git(root, bare=False).maybe("log", "-1", "--format=%s") if head and head.commit else None
    branches = _branches(root) if head and head.branch is None and head.commit else ("",)
    problem = problem_of(root, head, named=bool(branches))
    if problem and target.production and not (allow_dirty and head and head.dirty and head.commit):
        raise problem
    source = Source((head.commit or "") if head else "", bool(head and head.dirty), subject or "")
    return source, (problem.message,) if problem else ()


def problem_of(root: Path, head: git.Head | None, *, named: bool) -> Stop | None:
    """Return what is wrong with releasing from this state, or None; `named`: a branch holds the commit."""
    if head is None:
        text = f"{root} is not in a git repository, so a release cannot name its source"
        return Stop(text, "git init && git add --all && git commit --message 'first commit'")
    if head.commit is None:
        text = f"{root} has no commit yet, so a release cannot name its source"
        return Stop(text, "git add --all && git commit --message 'first commit'")
    if head.dirty:
        text = f"{plural(len(head.dirty), 'change')} not committed, so the source commit would not give this site"
        shown = head.dirty[:10]
        more = (f"and {len(head.dirty) - 10} more",) if len(head.dirty) > len(shown) else ()
        return Stop(text, "commit them, or say --allow-dirty", details=shown + more)
    if head.branch is None and not named:
        text = f"HEAD is detached at {head.commit[:10]} and no branch holds this commit: git would forget it"
        return Stop(text, "git switch --create <branch>")
    return None


def _branches(root: Path) -> tuple[str, ...]:
    listed = (
        git.Git(root, bare=False).maybe("branch", "--all", "--format=%(refname)", "--contains", "HEAD") or ""
    )
    return tuple(line for line in listed.splitlines() if line.startswith("refs/"))
