"""The live site, read back byte for byte and compared with the release's tree."""

from __future__ import annotations

import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from urllib.parse import quote

from pipeline.core import http
from pipeline.core.errors import Code, Stop
from pipeline.core.http import Answer
from pipeline.deploy.overlay import RELEASE_FILE
from pipeline.site.artifact import blobs
from pipeline.tools.git import Git

# Beyond this many files a deploy reads what changed, the pages and a sample; `invoke verify` reads everything.
EVERY_FILE_UP_TO = 2_000
SAMPLE = 200
_CONNECTIONS = 8
# Where nothing is waited for, a server whose answers do not come in time is asked for so long, in seconds.
_ONE_LOOK = 60.0
Fetch = Callable[[str], Answer]
# Told how many seconds it has taken; returns why it never will, or None.
Stuck = Callable[[float], str | None]
_POLL_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Expected:
    """A published file: path, git blob id, and whether it differs from the release before."""

    path: str
    oid: str
    changed: bool


@dataclass(frozen=True)
class Mismatch:
    """A file that is not what was released; `unknown`: the server did not say, rather than said otherwise."""

    path: str
    problem: str
    unknown: bool = False
    wait: float = 0.0


@dataclass(frozen=True)
class Proof:
    """What was read back: files compared, files in the release, bytes, good rounds, seconds until live and proven."""

    checked: int
    total: int
    size: int
    rounds: int
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


def wait_until_live(
    url: str, release: str, timeout: float, *, fetch: Fetch, stuck: Stuck = lambda _: None
) -> float:
    """Poll the release file until it names `release`; returns the seconds it took, Stop (5) after `timeout` s.

    `stuck` is told how long it has taken and may say why it never will.
    """
    start = time.monotonic()
    turn = 0
    while True:
        last = fetch(f"{url}{RELEASE_FILE}")
        if last.status == 200 and _release_in(last.body) == release:
            return time.monotonic() - start
        waited = time.monotonic() - start
        reason = stuck(waited)
        if reason or waited > timeout:
            break
        time.sleep(max(last.wait, _pause(turn)))
        turn += 1
    seen = _release_in(last.body) if last.status == 200 else None
    there = reason or (f"it shows {seen}" if seen else f"it answers {last.status or last.reason}")
    raise Stop(f"{url} does not show {release} after {waited:.0f} s: {there}", "invoke verify", Code.PUBLISH)


def _pause(turn: int) -> float:
    return _POLL_SECONDS[min(turn, len(_POLL_SECONDS) - 1)]


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


@dataclass(frozen=True)
class Wanted:
    """What a site must answer: files with their SHA-256, and paths that must be gone."""

    files: Mapping[str, str]
    gone: tuple[str, ...]


def compare(wanted: Wanted, url: str, *, fetch: Fetch, until: float = math.inf) -> tuple[list[Mismatch], int]:
    """Read files back and return what is not as released, and the bytes read.

    Once an answer did not come in time, none is asked for after `until` (monotonic, s): each would take as long.
    """
    slow = Event()

    def one(path: str) -> tuple[Mismatch | None, int]:
        if slow.is_set() and time.monotonic() > until:
            return Mismatch(path, "was not asked for: the server is too slow", unknown=True), 0
        answer = fetch(url + quote(path))
        if answer.slow:
            slow.set()
        return judge(path, answer, wanted.files.get(path)), len(answer.body)

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        results = list(pool.map(one, [*wanted.files, *wanted.gone]))
    return [bad for bad, _ in results if bad], sum(size for _, size in results)


def judge(path: str, answer: Answer, sha256: str | None) -> Mismatch | None:
    """Return what is wrong with an answer; `sha256` None means that the path must be gone.

    No answer, 403, 429 and 5xx say nothing about the release: GitHub sends them for a while after good builds.
    """
    if answer.status == 0 or answer.status in {403, 408, 429} or answer.status >= 500:
        said = f"answers {answer.status}" if answer.status else f"no answer ({answer.reason})"
        return Mismatch(path, said, unknown=True, wait=answer.wait)
    if sha256 is None:
        return Mismatch(path, "was deleted and is still there") if answer.status == 200 else None
    if answer.status != 200:
        return Mismatch(path, f"answers {answer.status}")
    got = hashlib.sha256(answer.body).hexdigest()
    return (
        None
        if got == sha256
        else Mismatch(path, f"has other bytes: SHA-256 {got[:12]} instead of {sha256[:12]}")
    )


def only(wanted: Wanted, bad: Sequence[Mismatch]) -> Wanted:
    """Return what `wanted` says about the paths in `bad`."""
    paths = {one.path for one in bad}
    files = {path: digest for path, digest in wanted.files.items() if path in paths}
    return Wanted(files, tuple(path for path in wanted.gone if path in paths))


def rounds_of_reading(
    wanted: Wanted, url: str, *, rounds: int, interval: float, timeout: float, fetch: Fetch
) -> tuple[list[Mismatch], int, int]:
    """Read everything until `rounds` rounds in a row are good, or `timeout` seconds are over.

    What was bad is asked again alone, with growing pauses, before the next whole round: an edge may lag behind.
    Returns what is still wrong, the bytes of the last whole round, and the good rounds.
    """
    start = time.monotonic()
    until = start + max(timeout, _ONE_LOOK)
    good = turn = size = 0
    while True:
        bad, size = compare(wanted, url, fetch=fetch, until=until)
        good = 0 if bad else good + 1
        if good >= rounds:
            return [], size, good
        while bad:
            if time.monotonic() - start > timeout:
                return bad, size, good
            time.sleep(max(_pause(turn), *(one.wait for one in bad)))
            turn += 1
            bad, _ = compare(only(wanted, bad), url, fetch=fetch, until=until)
        if good:
            time.sleep(interval)


@dataclass(frozen=True)
class Question:
    """What is to be proven: that `commit` (the release named `release`, in place of `before`) is what `url` serves.

    `timeout` (s) bounds the waiting until it shows, and once more the waiting until every byte is right.
    """

    release: str
    commit: str
    before: str | None
    url: str
    timeout: float
    rounds: int = 1
    interval: float = 1.0
    every: bool = False


def prove(
    git: Git,
    asked: Question,
    *,
    stuck: Stuck = lambda _: None,
    on_live: Callable[[], None] = lambda: None,
    check: Callable[[], None] = lambda: None,
) -> Proof:
    """Wait until the release shows, read it back, and return the proof; raises Stop (5) if it never shows.

    `check` is called before each request, and may end it by raising Stop.
    """
    start = time.monotonic()
    session = http.session(_CONNECTIONS)

    def fetch(address: str) -> Answer:
        check()
        return http.get(session, address)

    with session:
        live = wait_until_live(asked.url, asked.release, asked.timeout, fetch=fetch, stuck=stuck)
        on_live()
        files = expected_files(git, asked.commit, asked.before)
        chosen = choose(files, every=asked.every, seed=asked.release)
        by_oid = digests(git, [file.oid for file in chosen])
        gone = changed_paths(git, asked.before, asked.commit, "D") if asked.before else []
        wanted = Wanted({file.path: by_oid[file.oid][0] for file in chosen}, tuple(filter(served, gone)))
        bad, size, good = rounds_of_reading(
            wanted,
            asked.url,
            rounds=asked.rounds,
            interval=asked.interval,
            timeout=asked.timeout,
            fetch=fetch,
        )
    return Proof(len(chosen), len(files), size, good, live, time.monotonic() - start, tuple(bad))
