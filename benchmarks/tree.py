"""CPU time and memory of a command with all the processes that it starts, read from /proc (Linux).

`wait4` forgets children that nobody waited for, and a browser ends most of its own that way.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_EVERY = 0.05
_MEMORY_EVERY = 1.0


@dataclass(frozen=True)
class Moment:
    """Memory in bytes `seconds` after the start: proportional set sizes by kind; `pages` is what the caller counts."""

    seconds: float
    sizes: Mapping[str, int]
    pages: int


@dataclass(frozen=True)
class Tree:
    """A finished command: wall and CPU seconds of all its processes, its exit code and output, memory over time."""

    wall: float
    cpu: float
    code: int
    said: str
    moments: Sequence[Moment] = ()
    stopped: bool = False

    def peak(self, kind: str) -> int:
        """Return the highest memory of a kind of process."""
        return max((one.sizes.get(kind, 0) for one in self.moments), default=0)


@dataclass
class _Family:
    """The processes below one, as far as they were seen; CPU in ticks by process and start."""

    root: int
    members: set[int] = field(default_factory=set)
    strangers: set[int] = field(default_factory=set)
    ticks: dict[tuple[int, int], int] = field(default_factory=dict)

    def look(self) -> None:
        """Find new processes, and read how much each has worked."""
        self.members.add(self.root)
        there = {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()}
        fresh = {pid: stat for pid in there - self.members - self.strangers if (stat := _stat(pid))}
        while grown := [pid for pid, stat in fresh.items() if int(stat[1]) in self.members]:
            self.members.update(grown)
            for pid in grown:
                del fresh[pid]
        self.strangers |= set(fresh)
        self.members &= there
        self.strangers &= there
        for pid in self.members:
            if stat := _stat(pid):
                self.ticks[pid, int(stat[19])] = int(stat[11]) + int(stat[12])

    def sizes(self) -> dict[str, int]:
        """Return the memory by kind."""
        found = {"python": 0, "node": 0, "browser": 0, "other": 0}
        for pid in self.members:
            found[self._kind(pid)] += _size(pid)
        return found

    def _kind(self, pid: int) -> str:
        with contextlib.suppress(OSError):
            name = Path(f"/proc/{pid}/exe").readlink().name
            kinds = {"chrom": "browser", "node": "node", "python": "python"}
            return next((kind for start, kind in kinds.items() if start in name), "other")
        return "other"


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _size(pid: int) -> int:
    """Return the proportional set size in bytes: what several processes share is divided among them."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
    return 0


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    good: Collection[int] = (0,),
    seconds: float = 1_800.0,
    count: Callable[[], int] | None = None,
) -> Tree:
    """Run a command and watch all its processes; raises RuntimeError with its output when it fails.

    With `count` its memory is watched too, and being ended after `seconds` is no failure.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in argv],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        family = _Family(process.pid)
        moments: list[Moment] = []
        stopped = False
        while True:
            family.look()
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            passed = time.monotonic() - start
            if count and (not moments or passed - moments[-1].seconds >= _MEMORY_EVERY):
                moments.append(Moment(passed, family.sizes(), count()))
            if passed > seconds and not stopped:
                stopped = True
                os.killpg(process.pid, signal.SIGINT)
            if passed > seconds + 20:
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(_EVERY)
        wall = time.monotonic() - start
        process.returncode = code = os.waitstatus_to_exitcode(status)
        said, wrong = (_text(file) for file in (out, err))
    if (stopped and not count) or (not stopped and code not in good):
        why = f"was stopped after {seconds:g} s" if stopped else f"ended with {code}"
        raise RuntimeError(f"{argv[0]} {why}: {(said + wrong)[-2_000:]}")
    # A process may come and go between two looks, and then only its parent knows.
    cpu = max(sum(family.ticks.values()) / _TICK, usage.ru_utime + usage.ru_stime)
    return Tree(wall, cpu, code, said, tuple(moments), stopped)


def _text(file: tempfile._TemporaryFileWrapper[bytes] | object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    text: bytes = file.read()  # type: ignore[attr-defined]
    return text.decode(errors="replace")
