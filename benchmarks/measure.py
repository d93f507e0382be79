"""Whole-process figures of commands, in turn, and the ratio between them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One finished run: wall and CPU time (with that of its children) in seconds, peak memory in bytes, output."""

    wall: float
    cpu: float
    peak: int
    said: str


@dataclass(frozen=True)
class Command:
    """What is timed; `before` puts the world into its starting state and is not timed."""

    name: str
    argv: Sequence[str]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    before: Callable[[], None] | None = None


def once(command: Command) -> Figure:
    """Run a command to its end; raises RuntimeError with its output when it fails."""
    if command.before:
        command.before()
    environment = {**os.environ, **(command.env or {})}
    start = time.monotonic()
    process = subprocess.Popen(
        command.argv, cwd=command.cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.stdout:
        process.stdout.close()
    if process.returncode:
        raise RuntimeError(
            f"{command.name} ended with {process.returncode}: {said.decode(errors='replace')[-2000:]}"
        )
    cpu = usage.ru_utime + usage.ru_stime
    return Figure(wall, cpu, usage.ru_maxrss * 1024, said.decode(errors="replace"))


def in_turn(commands: Sequence[Command], rounds: int, warmup: int = 1) -> dict[str, list[Figure]]:
    """Run the commands A B C, A B C, ...: what disturbs the machine disturbs all of them alike."""
    figures: dict[str, list[Figure]] = {command.name: [] for command in commands}
    for number in range(warmup + rounds):
        for command in commands:
            figure = once(command)
            if number >= warmup:
                figures[command.name].append(figure)
    return figures


def median(figures: Sequence[Figure], what: str) -> float:
    """Return the median of one figure."""
    return statistics.median(getattr(figure, what) for figure in figures)


def ratio(ours: Sequence[Figure], theirs: Sequence[Figure], what: str) -> float:
    """Return the median of the ratios, round by round."""
    return statistics.median(getattr(a, what) / getattr(b, what) for a, b in zip(ours, theirs, strict=True))


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
