"""Measuring, once more where the first try failed by chance: a browser or another program that crashed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from checks.base import Changed, Evidence, Gate, Result, Subject, Tools, Unavailable

# What a shell says of a program that a signal ended: 128 and the signal's number. These come from crashes (illegal
# instruction, abort, bus error, arithmetic, kill by the system, segmentation): signal(7).
_CRASHED = frozenset(128 + number for number in (4, 6, 7, 8, 9, 11))
TRIES = 2


class Watched:
    """The tools of one gate, which notice when a program crashes."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.crashed: list[str] = []

    def run(
        self, argv: Sequence[str], *, cwd: Path, timeout: float, env: Mapping[str, str | None] | None = None
    ) -> Result:
        """Run a command to its end; raises Unavailable when the program is not there."""
        result = self._tools.run(argv, cwd=cwd, timeout=timeout, env=env)
        if result.code is not None and (result.code < 0 or result.code in _CRASHED):
            self.crashed.append(f"{Path(argv[0]).name} crashed (exit code {result.code})")
        return result

    def __getattr__(self, name: str) -> object:
        """Return everything else as the tools have it."""
        return getattr(self._tools, name)


def collect(gate: Gate, subject: Subject, tools: Tools, stopping: threading.Event) -> tuple[Evidence, int]:
    """Return a gate's evidence and how many tries it took.

    Raises Unavailable: at once for what would be the same again, else after the second try. Raises KeyboardInterrupt
    when the run was stopped meanwhile: what ended programs said is worth nothing.
    """
    first = ""
    for tries in range(1, TRIES + 1):
        watched = Watched(tools)
        try:
            found = gate.collect(subject, cast("Tools", watched))
        except Unavailable as refusal:
            if stopping.is_set():
                raise KeyboardInterrupt from refusal
            if first:
                refusal.details = (f"tried twice; the first time: {first}", *refusal.details)
            # What was changed under our hands stays changed.
            if tries == TRIES or isinstance(refusal, Changed) or not (refusal.flaky or watched.crashed):
                raise
            first = "; ".join(watched.crashed) or refusal.reason
            continue
        if stopping.is_set():
            raise KeyboardInterrupt
        return found, tries
    raise AssertionError
