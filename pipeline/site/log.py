"""Runs the site's own programs: every line goes to the log file and, as it comes, to the reader."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.core import proc, runs, ui
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project
from pipeline.core.secrets import redact

TAIL = 30
# With it npm begins a page on how to use it; only the log needs that.
_USAGE = "npm error Usage:"
# Colours and cursor movements of programs that do not honour NO_COLOR (ECMA-48 CSI and OSC sequences).
_CONTROL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|[\x00-\x08\x0b-\x1f]"
)


class BuildLog:
    """The log of one build, written line by line; `tail` holds its last lines.

    A disk that is full ends the log, never the build: `incomplete` says so.
    """

    def __init__(self, project: Project, environment: str) -> None:
        folder = runs.folder(project.state, project.settings.logs.keep)
        names = (f"build-{environment}{'' if n == 1 else f'-{n}'}.log" for n in range(1, 1_000))
        self.path: Path = next(path for name in names if not (path := folder / name).exists())
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.incomplete: OSError | None = None
        self._usage = False
        self._lock = threading.Lock()
        self._file = self.path.open("w", encoding="utf-8", buffering=1)

    def __enter__(self) -> Self:
        """Return the log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        with self._lock:
            self._try("", close=True)
        if self.incomplete:
            ui.warn(f"the log {self.path} is incomplete: {self.incomplete.strerror}")

    def note(self, text: str) -> None:
        """Write a line of our own: a command, how it ended."""
        with self._lock:
            self._try(f"{redact(text)}\n")

    def line(self, text: str) -> None:
        """Write a line of a program and show it; called from two threads, one for each of its outputs."""
        clean = redact(_CONTROL.sub("", text.rpartition("\r")[2])).rstrip()
        with self._lock:
            self._try(f"{clean}\n")
            self._usage = self._usage or clean == _USAGE
            if clean and not (self._usage and clean.startswith("npm error")):
                self.tail.append(clean)
                ui.stream(clean)

    def _try(self, text: str, *, close: bool = False) -> None:
        if self.incomplete is not None:
            return
        try:
            self._file.write(text)
            if close:
                self._file.close()
        except OSError as error:
            self.incomplete = error

    def run(
        self, argv: Sequence[str], site: Path, env: Mapping[str, str | None], seconds: float
    ) -> proc.Done:
        """Run a command of the site in its folder, with a time limit, and return how it ended."""
        self.tail.clear()
        self._usage = False
        self.note(f"$ {proc.show(argv)}")
        try:
            done = proc.run(argv, cwd=site, env=env, timeout=seconds, on_line=self.line)
        except proc.TimedOut as late:
            self.note(f"ended at its limit of {seconds:g} s")
            late.details = self.details()
            raise
        except KeyboardInterrupt:
            self.note("interrupted")
            raise
        self.note(f"exit code {done.code} after {done.seconds:.1f} s")
        return done

    def details(self) -> tuple[str, ...]:
        """Return the end of the last command's output and where all of it is."""
        return (*self.tail, f"log: {self.path}")


def must_succeed(
    log: BuildLog, what: str, argv: Sequence[str], site: Path, env: Mapping[str, str | None], seconds: float
) -> proc.Done:
    """Run a command that must succeed; `what` begins the message when it does not, as in `the build`.

    Raises Stop (3): what fails here is the site's own, and it stops its release.
    """
    try:
        done = log.run(argv, site, env, seconds)
    except proc.TimedOut as late:
        message = f"{what} was still running after {seconds:g} s and was ended: {proc.show(argv)}"
        raise Stop(message, late.hint, Code.GATE, log.details()) from None
    if not done.ok:
        message = f"{what} failed: {proc.show(argv)} {_ending(done.code)}"
        raise Stop(message, _hint(log), Code.GATE, log.details())
    return done


def _ending(code: int) -> str:
    return f"ended with exit code {code}" if code >= 0 else f"was killed by signal {-code}"


def _hint(log: BuildLog) -> str:
    if any("heap out of memory" in line for line in log.tail):
        return "NODE_OPTIONS=--max-old-space-size=8192 invoke build"
    return "mend what is shown above, then: invoke build"
