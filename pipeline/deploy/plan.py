"""What a deploy or rollback will do, as data."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.deploy.ledger import Release
from pipeline.deploy.target import Target
from pipeline.tools.git import Git

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True)
class Changes:
    """The paths that a release adds, changes and removes."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def case_only(self) -> tuple[tuple[str, str], ...]:
        """Return the renames that only change case, old and new: Pages tells them apart, other systems do not."""
        gone = {path.lower(): path for path in self.removed}
        return tuple((gone[path.lower()], path) for path in self.added if path.lower() in gone)

    def __str__(self) -> str:
        parts = ((self.added, "added"), (self.changed, "changed"), (self.removed, "removed"))
        said = [f"{len(paths):,} {word}" for paths, word in parts if paths]
        return ", ".join(said) or "nothing"


@dataclass(frozen=True)
class Plan:
    """A release to be made: where, what kind, from which tree to which, and in which steps."""

    environment: str
    kind: str
    url: str
    remote: str
    before: str | None
    tree: str | None
    changes: Changes | None
    steps: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the plan for people to read."""
        said = [f"plan: {self.kind} to {self.environment} ({self.url})"]
        said += [f"  live now: {self.before or 'nothing'}"]
        if self.changes:
            said += [f"  changes:  {self.changes}"]
        return said + [f"  {number}. {step}" for number, step in enumerate(self.steps, 1)]


def changes_between(git: Git, old: str | None, new: str) -> Changes:
    """Return what differs between two trees, by path; None stands for the empty one."""
    done = git.run("diff-tree", "-r", "-z", "--name-status", "--no-renames", old or EMPTY_TREE, new)
    fields = [field for field in done.out.decode().split("\0") if field]
    by_kind: dict[str, list[str]] = {"A": [], "M": [], "D": [], "T": []}
    for kind, path in zip(fields[::2], fields[1::2], strict=True):
        by_kind[kind[0]].append(path)
    return Changes(tuple(by_kind["A"]), tuple(by_kind["M"] + by_kind["T"]), tuple(by_kind["D"]))


def publish_steps(target: Target, name: str, live: Release | None) -> tuple[str, ...]:
    """Return the steps that every release ends with."""
    undo = f"publish {live.name} again" if live else "leave it, because there is nothing to go back to"
    return (
        f"commit the tree and push branch {target.branch} forward together with the new branch {name}",
        f"read the site back from {target.url} and compare every digest",
        f"if that fails: {undo}",
    )
