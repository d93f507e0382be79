"""The live site, read back byte for byte and compared with the release's tree."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote

from pipeline.core import http
from pipeline.core.errors import Code, Stop
from pipeline.core.http import Answer
from pipeline.deploy.publish import RELEASE_FILE
from pipeline.site.artifact import blobs
from pipeline.tools.git import Git

# Beyond this many files a deploy reads what changed, the pages and a sample; `invoke verify` reads everything.
EVERY_FILE_UP_TO = 2_000
SAMPLE = 200
_CONNECTIONS = 8
_POLL_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Expected:
    """A published file: path, git blob id, and whether it differs from the release before."""

    path: str
    oid: str
    changed: bool


@dataclass(frozen=True)
class Mismatch:
    """A file that is not what was released: what was wanted and what came."""

    path: str
    problem: str


@dataclass(frozen=True)
class Proof:
    """What was read back: files compared, files in the release, bytes, seconds until live and until all was proven."""

    checked: int
    total: int
    size: int
    live_seconds: float
    seconds: float
    mismatches: tuple[Mismatch, ...]

    @property
    def ok(self) -> bool:
        """Whether every file that was read is the released one."""
        return not self.mismatches


def expected_files(git: Git, commit: str, before: str | None) -> list[Expected]:
    """Return the files that a release publishes, in path order; without `before` all count as changed."""
    listing = git.run("ls-tree", "-r", "-z", "--full-tree", commit).out.decode().split("\0")
    rows = [(line.split("\t", 1)[1], line[:60].split()[2]) for line in listing if line]
    changed = {path for path, _ in rows} if before is None else set(changed_paths(git, before, commit))
    return [Expected(path, oid, path in changed) for path, oid in rows if served(path)]


def changed_paths(git: Git, old: str, new: str, kinds: str = "AMT") -> list[str]:
    """Return the paths that differ between two commits; `kinds` are git's letters (A added, D deleted, M modified)."""
    done = git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", f"--diff-filter={kinds}", old, new)
    return [path for path in done.out.decode().split("\0") if path]


def served(path: str) -> bool:
    """Whether Pages answers this path: no dotfiles but those below `.well-known`."""
    return not any(part.startswith(".") and part != ".well-known" for part in path.split("/"))


def choose(files: Sequence[Expected], *, every: bool, seed: str) -> list[Expected]:
    """Return the files to read back: all of a small site; of a large one what changed, the pages and a sample."""
    if every or len(files) <= EVERY_FILE_UP_TO:
        return list(files)
    chosen = {file.path: file for file in files if file.changed}
    pages = [file for file in files if file.path.endswith(".html")]
    for file in pages[:EVERY_FILE_UP_TO] if len(pages) <= EVERY_FILE_UP_TO else []:
        chosen[file.path] = file
    rest = [file for file in files if file.path not in chosen]
    for file in random.Random(seed).sample(rest, min(SAMPLE, len(rest))):  # noqa: S311 - a sample, not a secret
        chosen[file.path] = file
    return sorted(chosen.values(), key=lambda file: file.path)


def wait_until_live(url: str, release: str, timeout: float, *, fetch: Callable[[str], Answer]) -> float:
    """Poll the release file until it names `release`; returns the seconds it took, Stop (5) after `timeout` s."""
    start = time.monotonic()
    last = Answer(0, b"", "not asked")
    turn = 0
    while time.monotonic() - start < timeout:
        last = fetch(f"{url}{RELEASE_FILE}")
        if last.status == 200 and _release_in(last.body) == release:
            return time.monotonic() - start
        time.sleep(_POLL_SECONDS[min(turn, len(_POLL_SECONDS) - 1)])
        turn += 1
    seen = _release_in(last.body) if last.status == 200 else None
    there = f"it shows {seen}" if seen else f"it answers {last.status or last.reason}"
    raise Stop(f"{url} does not show {release} after {timeout:g} s: {there}", "invoke verify", Code.PUBLISH)


def _release_in(body: bytes) -> str | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    name = value.get("release") if isinstance(value, dict) else None
    return name if isinstance(name, str) else None


def digests(git: Git, oids: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Return SHA-256 and size in bytes of each blob, from the object store itself and not from what the build said."""
    found: dict[str, tuple[str, int]] = {}
    unique = list(dict.fromkeys(oids))
    for start in range(0, len(unique), 500):
        part = unique[start : start + 500]
        for oid, data in zip(part, blobs(git, part), strict=True):
            found[oid] = (hashlib.sha256(data).hexdigest(), len(data))
    return found


def compare(
    git: Git, files: Sequence[Expected], gone: Sequence[str], url: str, *, fetch: Callable[[str], Answer]
) -> tuple[list[Mismatch], int]:
    """Read files back and return what is not as released, and the bytes read; `gone` must not be served any more."""
    wanted = digests(git, [file.oid for file in files])

    def one(file: Expected) -> tuple[Mismatch | None, int]:
        answer = fetch(url + quote(file.path))
        return _judge(file.path, answer, wanted[file.oid][0]), len(answer.body)

    def absent(path: str) -> tuple[Mismatch | None, int]:
        answer = fetch(url + quote(path))
        ok = answer.status == 404
        return (None if ok else Mismatch(path, f"was deleted and still answers {answer.status}")), 0

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        results = [*pool.map(one, files), *pool.map(absent, gone)]
    return [bad for bad, _ in results if bad], sum(size for _, size in results)


def _judge(path: str, answer: Answer, sha256: str) -> Mismatch | None:
    if answer.status != 200:
        return Mismatch(path, f"answers {answer.status}" if answer.status else f"no answer ({answer.reason})")
    got = hashlib.sha256(answer.body).hexdigest()
    if got != sha256:
        return Mismatch(path, f"has other bytes: SHA-256 {got[:12]} instead of {sha256[:12]}")
    return None


def prove(
    git: Git, *, commit: str, before: str | None, release: str, url: str, timeout: float, every: bool = False
) -> Proof:
    """Wait until `release` is live at `url`, read it back, and return the proof; raises Stop (5) if it never shows."""
    start = time.monotonic()
    session = http.session(_CONNECTIONS)

    def fetch(address: str) -> Answer:
        return http.get(session, address)

    with session:
        live = wait_until_live(url, release, timeout, fetch=fetch)
        files = expected_files(git, commit, before)
        gone = [p for p in changed_paths(git, before, commit, "D") if served(p)] if before else []
        chosen = choose(files, every=every, seed=release)
        bad, size = compare(git, chosen, gone, url, fetch=fetch)
    return Proof(len(chosen), len(files), size, live, time.monotonic() - start, tuple(bad))
