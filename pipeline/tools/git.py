"""git, run with the user's proxies and credentials but without their hooks, signing and housekeeping."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.core.errors import Code, Stop
from pipeline.core.files import write_atomic
from pipeline.core.proc import Done, run

# Single keys instead of an empty configuration: proxies and credential helpers live there too.
_NEUTRAL = {
    "core.hooksPath": "/dev/null",
    "core.quotePath": "false",
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "0",
    "commit.gpgSign": "false",
    "push.gpgSign": "false",
    "advice.detachedHead": "false",
}
# Set by git for its hooks; inside one they would point every command at the wrong repository.
_FOREIGN = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
)
_ENVIRONMENT: dict[str, str | None] = {
    **dict.fromkeys(_FOREIGN),
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C.UTF-8",
    # Bytes. For each object git asks for 256 kB that it gives back at once; glibc then returns them to the kernel, and
    # the page faults are more than half of a first publish's CPU. https://man7.org/linux/man-pages/man3/mallopt.3.html
    "MALLOC_TRIM_THRESHOLD_": "4194304",
}
ZERO = "0" * 40


class GitError(Stop):
    """git ended with an error; `done` holds what it said."""

    def __init__(self, done: Done, what: str) -> None:
        reason = done.error.splitlines()[-1] if done.error else f"exit code {done.code}"
        super().__init__(f"{what}: {reason}", "", Code.SERVICE, done.tail(12))
        self.done = done


class Object(NamedTuple):
    """An object of the store: id, kind (blob, tree, commit, tag), content."""

    oid: str
    kind: str
    data: bytes


@dataclass(frozen=True)
class Git:
    """One repository: `folder` is a git directory when `bare`, else a work tree."""

    folder: Path
    bare: bool = True

    def argv(self, arguments: Sequence[str], config: Sequence[str] = ()) -> list[str]:
        """Return the whole command line; `config` holds further `key=value` settings."""
        keys = [part for key, value in _NEUTRAL.items() for part in ("-c", f"{key}={value}")]
        keys += [part for pair in config for part in ("-c", pair)]
        place = [f"--git-dir={self.folder}"] if self.bare else ["-C", str(self.folder)]
        return ["git", *keys, *place, *arguments]

    def try_run(
        self,
        *arguments: str,
        stdin: bytes | Iterable[bytes] = b"",
        timeout: float | None = None,
        config: Sequence[str] = (),
        env: dict[str, str | None] | None = None,
    ) -> Done:
        """Run a git command and return what it said, whatever its exit code; `timeout` in seconds."""
        environment = {**_ENVIRONMENT, **(env or {})}
        return run(self.argv(arguments, config), stdin=stdin, timeout=timeout, env=environment)

    def run(
        self, *arguments: str, what: str = "", stdin: bytes | Iterable[bytes] = b"", **more: object
    ) -> Done:
        """Run a git command; raises GitError, whose message starts with `what`, when it fails."""
        done = self.try_run(*arguments, stdin=stdin, **more)  # type: ignore[arg-type]
        if not done.ok:
            raise GitError(done, what or f"git {arguments[0]} failed")
        return done

    def text(self, *arguments: str) -> str:
        """Return a command's output as text; raises GitError when it fails."""
        return self.run(*arguments).text

    def maybe(self, *arguments: str) -> str | None:
        """Return a command's output as text, or None when it fails."""
        done = self.try_run(*arguments)
        return done.text if done.ok else None

    def has(self, name: str) -> bool:
        """Whether an object or revision is here."""
        return self.try_run("cat-file", "-e", name).ok

    def ids(self, *names: str) -> list[str | None]:
        """Return the id behind each name of an object, None where there is nothing; one process for all."""
        asked = "".join(f"{name}\n" for name in names).encode()
        lines = self.run("cat-file", "--batch-check", "--buffer", stdin=asked).text.splitlines()
        return [None if _absent(line) else line.split(" ", 1)[0] for line in lines]

    def objects(self, names: Iterable[str]) -> Iterator[Object | None]:
        """Yield the object behind each name, None where there is nothing; one process for all."""
        asked = "".join(f"{name}\n" for name in names).encode()
        said = self.run("cat-file", "--batch", "--buffer", stdin=asked).out
        position = 0
        while position < len(said):
            end = said.index(b"\n", position)
            header = said[position:end].decode()
            position = end + 1
            if _absent(header):
                yield None
                continue
            oid, kind, size = header.split()
            yield Object(oid, kind, said[position : position + int(size)])
            position += int(size) + 1

    def put(self, kind: str, data: bytes) -> str:
        """Write an object into a bare repository as git would, without a process, and return its id."""
        whole = b"%s %d\0%s" % (kind.encode(), len(data), data)
        oid = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        path = self.folder / "objects" / oid[:2] / oid[2:]
        if not path.exists():
            write_atomic(path, zlib.compress(whole))
        return oid

    def exists(self) -> bool:
        """Whether this is a git repository at all."""
        return self.folder.is_dir() and self.try_run("rev-parse", "--git-dir").ok


def _absent(line: str) -> bool:
    return line.endswith((" missing", " ambiguous"))


def moves(refs: Mapping[str, str | None]) -> bytes:
    """Return what `update-ref --stdin` reads to set refs to commits, or to delete them (None): all or nothing."""
    lines = (f"update {ref} {oid}\n" if oid else f"delete {ref}\n" for ref, oid in refs.items())
    return "".join(lines).encode()


def folders(tree: Object | None) -> dict[str, str]:
    """Return the folders right below a tree, name to tree id, in git's order."""
    found: dict[str, str] = {}
    rest = tree.data if tree and tree.kind == "tree" else b""
    while rest:
        mode, _, more = rest.partition(b" ")
        name, _, more = more.partition(b"\0")
        if mode == b"40000":
            found[name.decode("utf-8", "surrogateescape")] = more[:20].hex()
        rest = more[20:]
    return found


def store(folder: Path) -> Git:
    """Return the bare repository at `folder`, made when it is not there."""
    git = Git(folder)
    if not (folder / "HEAD").is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        init = ["git", "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(folder)]
        done = run(init, env=_ENVIRONMENT)
        if not done.ok:
            raise GitError(done, f"cannot make the repository {folder}")
    return git


@dataclass(frozen=True)
class Head:
    """A work tree's state: commit (None: none yet), branch (None: detached), changed paths, commit time (Unix)."""

    commit: str | None
    branch: str | None
    dirty: tuple[str, ...]
    time: int | None


def head(root: Path) -> Head | None:
    """Return the state of the repository that holds `root`, or None where there is none.

    Only changes below `root` count as dirty.
    """
    git = Git(root, bare=False)
    done = git.try_run("status", "--porcelain=v2", "--branch", "--untracked-files=normal", "-z", "--", ".")
    if not done.ok:
        return None
    commit: str | None = None
    branch: str | None = None
    dirty: list[str] = []
    fields = iter(done.out.decode("utf-8", "replace").split("\0"))
    for field in fields:
        if field.startswith("# branch.oid "):
            commit = None if field.endswith("(initial)") else field.split(" ", 2)[2]
        elif field.startswith("# branch.head "):
            branch = None if field.endswith("(detached)") else field.split(" ", 2)[2]
        elif field.startswith(("1 ", "u ")):
            dirty.append(field.split(" ", 8 if field[0] == "1" else 10)[-1])
        elif field.startswith("2 "):
            dirty.append(field.split(" ", 9)[-1])
            next(fields, None)
        elif field.startswith("? "):
            dirty.append(field[2:])
    time = git.maybe("log", "-1", "--format=%ct") if commit else None
    return Head(commit, branch, tuple(dirty), int(time) if time else None)


def version() -> tuple[int, ...]:
    """Return git's version as numbers, such as (2, 39, 5)."""
    words = run(["git", "version"]).text.split()
    digits = words[2].split(".") if len(words) > 2 else []
    return tuple(int(part) for part in digits if part.isdigit())


def identity(root: Path) -> str:
    """Return `Name <mail>` of the user as git knows it in `root`, or ours where git knows none."""
    found = Git(root, bare=False).maybe("var", "GIT_COMMITTER_IDENT")
    return found.rsplit(" ", 2)[0] if found else "pages-pipeline <pages-pipeline@localhost>"
