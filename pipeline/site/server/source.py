"""Reading a release from a bare repository."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.core.errors import Code, Stop
from pipeline.site.server.snapshot import Snapshot, build, empty, public, wanted
from pipeline.tools.git import Git

_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_COMMITTED = re.compile(rb"^committer .* (\d+) [+-]\d{4}$", re.MULTILINE)
_GIT_SECONDS = 60.0
# Where only git can read the branch (reftable, symbolic refs), a look costs a process of about 3 ms.
_ASK_SECONDS = 0.5


@dataclass
class Branch:
    """The tip of a branch, read as cheaply as its storage allows: one small file, packed-refs, or git."""

    repository: Path
    name: str
    _packed: tuple[tuple[int, int, int], str | None] | None = field(default=None, repr=False)
    _asked: tuple[float, str | None] | None = field(default=None, repr=False)

    def tip(self) -> str | None:
        """Return the commit at the tip, None where there is no such repository or branch."""
        loose = self._loose()
        if loose is not None and _OID.fullmatch(loose):
            return loose
        if loose is not None or (self.repository / "reftable").is_dir():
            return self._ask()
        # git writes packed-refs before it removes the loose file, so this order never misses.
        return self._from_packed()

    def _loose(self) -> str | None:
        try:
            return (self.repository / "refs" / "heads" / self.name).read_text("ascii", "replace").strip()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(self.repository, error) from error

    def _from_packed(self) -> str | None:
        path = self.repository / "packed-refs"
        try:
            status = path.stat()
            signature = (status.st_mtime_ns, status.st_size, status.st_ino)
            if self._packed is None or self._packed[0] != signature:
                line = re.compile(rf"^(\w+) refs/heads/{re.escape(self.name)}$", re.MULTILINE)
                match = line.search(path.read_text("utf-8", "replace"))
                self._packed = (signature, match[1] if match else None)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(self.repository, error) from error
        return self._packed[1]

    def _ask(self) -> str | None:
        now = time.monotonic()
        if self._asked is None or now - self._asked[0] >= _ASK_SECONDS:
            revision = f"refs/heads/{self.name}^{{commit}}"
            self._asked = (now, Git(self.repository).maybe("rev-parse", "--verify", "--quiet", revision))
        return self._asked[1]


def load(repository: Path, branch: str, base: str = "/", previous: Snapshot | None = None) -> Snapshot:
    """Return the release at the tip of a branch; `previous` itself when the tip has not moved.

    Costs two short git processes and the bytes of the files that changed. Raises Stop when the repository
    cannot be read.
    """
    return load_commit(repository, Branch(repository, branch).tip(), base, previous)


def load_commit(repository: Path, commit: str | None, base: str, previous: Snapshot | None) -> Snapshot:
    """Return the release that a commit is, the empty one for None; see `load`."""
    if previous is not None and previous.commit == commit:
        return previous
    if commit is None:
        return empty(base)
    tree = _tree(repository, commit)
    objects = _objects(repository, [commit, *wanted(tree, previous)])
    match = _COMMITTED.search(objects.pop(commit))
    return build(commit, base, int(match[1]) if match else 0, tree, objects, previous)


def _tree(repository: Path, commit: str) -> dict[str, str]:
    """Return the object ids of the files that may be served; links and submodules are no files."""
    tree: dict[str, str] = {}
    listing = _read(repository, "ls-tree", "-r", "-z", "--full-tree", commit)
    for line in listing.split(b"\0"):
        about, _, name = line.partition(b"\t")
        path = name.decode("utf-8", "surrogateescape")
        if about.startswith(b"100") and public(path):
            tree[path] = about.split(b" ")[2].decode("ascii")
    return tree


def _objects(repository: Path, oids: Iterable[str]) -> dict[str, bytes]:
    out = _read(repository, "cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in oids).encode())
    found: dict[str, bytes] = {}
    at = 0
    while at < len(out):
        end = out.index(b"\n", at)
        oid, _, *size = out[at:end].decode("ascii").split(" ")
        if not size:
            raise _damaged(repository, oid)
        at = end + 1 + int(size[0])
        found[oid] = out[end + 1 : at]
        at += 1
    return found


def _read(repository: Path, *words: str, stdin: bytes = b"") -> bytes:
    what = f"the repository {repository} cannot be read"
    return Git(repository).run(*words, what=what, stdin=stdin, timeout=_GIT_SECONDS).out


def _unreadable(repository: Path, error: OSError) -> Stop:
    return Stop(
        f"the repository {repository} cannot be read: {error.strerror}", f"ls -l {repository}", Code.SERVICE
    )


def _damaged(repository: Path, oid: str) -> Stop:
    hint = f"git --git-dir={repository} fsck"
    return Stop(f"the repository {repository} lacks the object {oid}", hint, Code.SERVICE)
