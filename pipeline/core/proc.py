"""The one place that runs other programs: argv lists, never a shell."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline.core.errors import Code, Stop
from pipeline.core.secrets import redact

Line = Callable[[str], None]
# What runs now, for whoever has to end it all from another thread.
_running: set[subprocess.Popen[bytes]] = set()
# Between the polite signal and the final one; npm and git need a moment to remove their temporary files.
_GRACE_SECONDS = 3.0


@dataclass(frozen=True)
class Done:
    """A finished command: exit code, both outputs as bytes, wall time in seconds."""

    argv: tuple[str, ...]
    code: int
    out: bytes
    err: bytes
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the exit code was 0."""
        return self.code == 0

    @property
    def text(self) -> str:
        """Standard output as text without the last line end; undecodable bytes are replaced."""
        return self.out.decode("utf-8", "replace").rstrip("\n")

    @property
    def error(self) -> str:
        """Standard error as text, stripped."""
        return self.err.decode("utf-8", "replace").strip()

    def tail(self, count: int = 30) -> tuple[str, ...]:
        """Return the last `count` lines of both outputs, redacted."""
        text = (self.out + b"\n" + self.err).decode("utf-8", "replace")
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        return tuple(redact(line) for line in lines[-count:])


class TimedOut(Stop):
    """A command was still running at its time limit and was ended, with all its children."""

    def __init__(self, done: Done, limit: float) -> None:
        super().__init__(
            f"{show(done.argv)} was still running after {limit:g} s and was ended",
            "raise its limit under `timeouts` in invoke.yaml, or find out what it waits for",
            Code.SERVICE,
            done.tail(),
        )
        self.done = done


def show(argv: Sequence[str]) -> str:
    """Return the command as one would type it, redacted."""
    import shlex

    return redact(shlex.join(argv))


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    stdin: bytes | Iterable[bytes] = b"",
    timeout: float | None = None,
    on_line: Line | None = None,
) -> Done:
    """Run a command to its end and return what it said, whatever its exit code.

    `env` is added to our environment (None takes a variable away), `timeout` is in seconds,
    `on_line` gets every line of both outputs as it comes.
    Raises Stop (69) when the program is missing, TimedOut at the limit. A Ctrl-C ends the whole process group.
    """
    words = tuple(os.fspath(word) for word in argv)
    start = time.monotonic()
    process = _start(words, cwd, env)
    _running.add(process)
    out, err = bytearray(), bytearray()
    try:
        threads = [
            _spawn(_collect, process.stdout, out, on_line),
            _spawn(_collect, process.stderr, err, on_line),
        ]
        feeder = _Feeder(process.stdin, stdin)
        threads.append(feeder.thread)
        # Popen.wait(timeout) polls, which costs up to 50 ms a command; a thread blocking in waitpid costs nothing.
        waiter = _spawn(process.wait)
        waiter.join(timeout)
        late = waiter.is_alive()
        if late:
            _end(process)
    except BaseException:
        _end(process)
        raise
    finally:
        _running.discard(process)
    # A grandchild that keeps a pipe open must not keep us: what it says after its parent's end is not ours.
    end = time.monotonic() + _GRACE_SECONDS
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    if feeder.error is not None:
        raise feeder.error
    done = Done(words, process.returncode, bytes(out), bytes(err), time.monotonic() - start)
    if late and timeout is not None:
        raise TimedOut(done, timeout)
    return done


def detach(argv: Sequence[str], *, env: Mapping[str, str | None], log: Path) -> int:
    """Start a program that outlives this one and return its process number; what it says goes to `log`, anew.

    Nobody waits for it. Raises OSError when it cannot be started.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.fspath(log), flags, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(argv[0], list(argv), _environment(env) or {}, file_actions=actions, setsid=True)


def _environment(extra: Mapping[str, str | None] | None) -> dict[str, str] | None:
    if extra is None:
        return None
    merged = {**os.environ, **extra}
    return {name: value for name, value in merged.items() if value is not None}


def _start(
    words: tuple[str, ...], cwd: Path | None, env: Mapping[str, str | None] | None
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words,
            cwd=cwd,
            env=_environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            message = f"the folder {cwd} is not there"
            raise Stop(message) from error
        message = f"{words[0]} is not installed"
        raise Stop(message, "invoke doctor --fix", Code.MISSING) from error
    except PermissionError as error:
        message = f"{words[0]} may not be executed"
        raise Stop(message, f"chmod +x {words[0]}", Code.MISSING) from error


def _spawn(target: Callable[..., object], *args: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread


def _collect(pipe: IO[bytes], into: bytearray, on_line: Line | None) -> None:
    with pipe:
        if on_line is None:
            for chunk in iter(lambda: os.read(pipe.fileno(), 1 << 16), b""):
                into += chunk
            return
        for line in pipe:
            into += line
            on_line(line.decode("utf-8", "replace").rstrip("\r\n"))


class _Feeder:
    """Writes to a program while it runs; an error of the writer's own making is kept for the caller."""

    def __init__(self, pipe: IO[bytes] | None, data: bytes | Iterable[bytes]) -> None:
        self.error: BaseException | None = None
        self.thread = _spawn(self._feed, pipe, (data,) if isinstance(data, bytes) else data)

    def _feed(self, pipe: IO[bytes], chunks: Iterable[bytes]) -> None:
        try:
            # The program may stop reading before we stop writing; its exit code tells, not our pipe.
            with contextlib.suppress(BrokenPipeError), pipe:
                for chunk in chunks:
                    pipe.write(chunk)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self.error = error


def end_all() -> None:
    """End every program that other threads wait for now, with its children: a Ctrl-C reaches the main thread only."""
    for process in tuple(_running):
        if process.poll() is None:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
