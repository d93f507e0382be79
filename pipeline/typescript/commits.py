"""Repairs as git commits, made without touching index or work tree; and each undone alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.core import proc
from pipeline.core.errors import Stop
from pipeline.tools import git as gits
from pipeline.tools.git import Git
from pipeline.typescript.landing import Content, Move

TRAILER = "Ts-Fix"
UNDONE = "Ts-Undo"
BRANCH = "pages/ts-fix-"
_NOTHING = "0" * 40


@dataclass(frozen=True)
class Repository:
    """The repository that holds a site; paths are the site's, `prefix` leads to them from the repository's top."""

    root: Path
    prefix: str
    head: str
    branch: str | None

    @property
    def git(self) -> Git:
        """The work tree, as git is called in it."""
        return Git(self.root, bare=False)

    @cached_property
    def person(self) -> dict[str, str | None]:
        """Return who commits, as git reads it from the environment."""
        name, _, mail = gits.identity(self.root).rpartition(" <")
        return {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", name), ("EMAIL", mail.rstrip(">")))
        }

    def uncommitted(self, files: Iterable[str]) -> dict[str, str]:
        """Return those of the files that differ from the commit, with git's two letters (`??`: not tracked)."""
        wanted = set(files)
        done = self.git.run(
            "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", "."
        )
        lines = [os.fsdecode(one) for one in done.out.split(b"\0") if one]
        found = {line[3:].removeprefix(self.prefix): line[:2] for line in lines}
        return {file: state for file, state in sorted(found.items()) if file in wanted}

    def ignored(self, files: Iterable[str]) -> set[str]:
        """Return those of the files that git ignores."""
        names = b"".join(os.fsencode(file) + b"\0" for file in files)
        done = self.git.try_run("check-ignore", "-z", "--stdin", stdin=names) if names else None
        return {os.fsdecode(one) for one in done.out.split(b"\0") if one} if done and done.ok else set()

    def tree(self, commit: str) -> str:
        """Return the tree id of a commit."""
        return self.git.text("rev-parse", f"{commit}^{{tree}}")

    def commit(
        self, parent: str, files: Mapping[str, bytes | None], message: str, index: Path
    ) -> tuple[str, list[str]]:
        """Return the commit of `parent` with other contents of some files, and its lines for the index.

        The contents are those of the work tree: line ends and filters are git's; None takes a file away. `index` is
        a file for a moment.
        """
        index.parent.mkdir(parents=True, exist_ok=True)
        environment = {"GIT_INDEX_FILE": str(index)}
        self.git.run("read-tree", parent, env=environment)
        modes = self._modes(parent, files)
        lines = []
        for file, data in sorted(files.items()):
            if data is None:
                lines.append(f"0 {_NOTHING}\t{self.prefix}{file}")
                continue
            oid = self.git.run("hash-object", "-w", f"--path={file}", "--stdin", stdin=data).text
            lines.append(f"{modes.get(file, '100644')} {oid}\t{self.prefix}{file}")
        stdin = os.fsencode("".join(f"{line}\0" for line in lines))
        self.git.run("update-index", "-z", "--index-info", stdin=stdin, env=environment)
        tree = self.git.run("write-tree", env=environment).text
        index.unlink(missing_ok=True)
        done = self.git.run(
            "commit-tree", tree, "-p", parent, "-F", "-", stdin=message.encode(), env=self.person
        )
        return done.text, lines

    def _modes(self, commit: str, files: Iterable[str]) -> dict[str, str]:
        done = self.git.run("ls-tree", "-z", commit, "--", *files)
        rows = [os.fsdecode(one).partition("\t") for one in done.out.split(b"\0") if one]
        return {path: head.split(" ")[0] for head, _, path in rows}

    def move(self, tip: str, branch: str | None, entries: Iterable[str]) -> Move:
        """Return the move of HEAD to a commit: on a new branch, or on what is checked out now (None)."""
        name = branch or self.branch
        latest = {line.partition("\t")[2]: line for line in entries}
        return Move(f"refs/heads/{name}" if name else "HEAD", self.head, tip, tuple(latest.values()))


def repository(root: Path) -> Repository | None:
    """Return the repository around a site; None without one, and before its first commit."""
    git = Git(root, bare=False)
    head = git.maybe("rev-parse", "--verify", "--quiet", "HEAD")
    if head is None:
        return None
    branch = git.maybe("symbolic-ref", "--quiet", "--short", "HEAD")
    return Repository(root, git.text("rev-parse", "--show-prefix"), head, branch)


@dataclass(frozen=True)
class Landed:
    """A commit that a run made: its id, the run's name for it (`20261123-091500/2`), its subject and its files."""

    commit: str
    name: str
    subject: str
    undone: bool


def landed(repo: Repository) -> list[Landed]:
    """Return the commits of repairs that HEAD holds, the newest first."""
    parts = ("%H", *(f"%(trailers:key={key},valueonly,separator=%x20)" for key in (TRAILER, UNDONE)), "%s")
    done = repo.git.run("log", "-z", f"--format={'%x00'.join(parts)}", "--grep=^Ts-", "HEAD")
    fields = done.out.decode("utf-8", "replace").split("\0")
    rows = list(zip(fields[0::4], fields[1::4], fields[2::4], fields[3::4], strict=False))
    gone = {name.strip() for _, _, name, _ in rows if name.strip()}
    return [
        Landed(commit, name.strip(), subject, name.strip() in gone)
        for commit, name, _, subject in rows
        if name.strip()
    ]


def named(every: Sequence[Landed], word: str) -> Landed:
    """Return the commit that a word names: the run's name for it, its number in the last run, or its id's beginning.

    Raises Stop (2) for anything else.
    """
    last = every[0].name.partition("/")[0] if every else ""
    hits = [
        one
        for one in every
        if word in (one.name, one.commit)
        or one.name == f"{last}/{word}"
        or (len(word) >= 4 and one.commit.startswith(word.lower()))
    ]
    if len(hits) != 1:
        rows = tuple(f"{one.name}  {one.commit[:10]}  {one.subject}" for one in every[:20])
        what = (
            f"{word} names {len(hits)} commits of repairs"
            if hits
            else f"no commit of repairs is named {word}"
        )
        hint = f"invoke ts.undo {every[0].name}" if every else "invoke ts.fix"
        raise Stop(what if every else "HEAD holds no commit of repairs", hint, details=rows)
    if hits[0].undone:
        raise Stop(f"{hits[0].name} was undone already", "git log")
    return hits[0]


def undo(repo: Repository, one: Landed, index: Path) -> tuple[dict[str, Content], Move, list[str]]:
    """Return what takes a commit back: the files' contents, the move to the new commit, the files in order.

    Raises Stop (2) when a file has uncommitted changes, or later changes of the same lines.
    """
    names = repo.git.run("diff-tree", "--no-commit-id", "--name-only", "-r", "-z", "--relative", one.commit)
    files = [os.fsdecode(name) for name in names.out.split(b"\0") if name]
    if dirty := repo.uncommitted(files):
        raise Stop(
            f"{next(iter(dirty))} has changes that are not committed", "git stash, then the same again"
        )
    results: dict[str, bytes | None] = {}
    for file in files:
        now, then, before = (_blob(repo, commit, file) for commit in ("HEAD", one.commit, f"{one.commit}^"))
        if before is None and now == then:
            results[file] = None
            continue
        merged = None if now is None or then is None or before is None else merge(now, then, before)
        if merged is None:
            raise _conflict(repo, one, file)
        results[file] = merged
    return _undoing(repo, one, results, index)


def _undoing(
    repo: Repository, one: Landed, results: Mapping[str, bytes | None], index: Path
) -> tuple[dict[str, Content], Move, list[str]]:
    message = f'Undo "{one.subject}"\n\nThis takes back commit {one.commit}.\n\n{UNDONE}: {one.name}\n'
    contents: dict[str, Content] = {}
    new: dict[str, bytes | None] = {}
    for file, blob in results.items():
        new[file] = None if blob is None else _smudged(repo, file, blob)
        contents[file] = Content((repo.root / file).read_bytes(), new[file])
    commit, entries = repo.commit(repo.head, new, message, index)
    return contents, repo.move(commit, None, entries), sorted(results)


def _blob(repo: Repository, commit: str, file: str) -> bytes | None:
    """Return a file's content in a commit, None where it is not there."""
    done = repo.git.try_run("cat-file", "blob", f"{commit}:{repo.prefix}{file}")
    return done.out if done.ok else None


def _smudged(repo: Repository, file: str, blob: bytes) -> bytes:
    """Return a blob as it lies in the work tree."""
    oid = repo.git.run("hash-object", "-w", "--no-filters", "--stdin", stdin=blob).text
    return repo.git.run("cat-file", "--filters", f"--path={repo.prefix}{file}", oid).out


def _conflict(repo: Repository, one: Landed, file: str) -> Stop:
    rows = repo.git.text("log", "--format=%h  %s", f"{one.commit}..HEAD", "--", file).splitlines()
    later = next(
        (each for each in landed(repo) if rows and each.commit.startswith(rows[0].split(" ")[0])), None
    )
    hint = f"invoke ts.undo {later.name}" if later and not later.undone else f"git revert {one.commit[:10]}"
    return Stop(
        f"{one.name} cannot be undone alone: {file} was changed later in the same lines; nothing was written",
        hint,
        details=tuple(rows[:10]),
    )


def merge(ours: bytes, base: bytes, theirs: bytes) -> bytes | None:
    """Return `ours` with what changed from `base` to `theirs`, by lines; None where both changed the same ones."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("ours", "base", "theirs")]
        for path, data in zip(paths, (ours, base, theirs), strict=True):
            path.write_bytes(data)
        done = proc.run(["git", "merge-file", "-p", *map(str, paths)])
    return done.out if done.ok else None
