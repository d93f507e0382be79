"""One run at a time where it matters, with the holder's details for those who wait."""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.core.clock import Clock, ago, parse, stamp, utc_now
from pipeline.core.errors import Code, Stop


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, since when (ISO 8601, UTC) and why."""

    user: str
    host: str
    pid: int
    since: str
    why: str


def user_name() -> str:
    """Return the login name, or the number where the system knows no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def holder(path: Path) -> Holder | None:
    """Return who holds the lock at `path` now, or None when it is free."""
    try:
        with path.open("r", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _details(path)
    return None


def _details(path: Path) -> Holder:
    with contextlib.suppress(ValueError, TypeError, OSError):
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    return Holder("unknown", "unknown", 0, "1970-01-01T00:00:00Z", "is just starting")


@contextlib.contextmanager
def hold(path: Path, why: str, clock: Clock = utc_now) -> Iterator[None]:
    """Hold the lock at `path` for the block; the kernel frees it however the process ends.

    Raises Stop with exit code 6 when another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _locked(_details(path), path, clock) from None
        file.truncate(0)
        me = Holder(user_name(), os.uname().nodename, os.getpid(), stamp(clock()), why)
        file.write(json.dumps(asdict(me)))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _locked(by: Holder, path: Path, clock: Clock) -> Stop:
    since = ago(parse(by.since), clock())
    return Stop(
        f"{by.user}@{by.host} (process {by.pid}) is busy here: {by.why}, started {since}",
        f"wait for it to end, or stop it with: kill {by.pid}",
        Code.LOCKED,
        (f"lock: {path}",),
    )
