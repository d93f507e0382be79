"""The local Pages server: a thread that answers, and a thread that watches the branch."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.core.errors import Code, Stop
from pipeline.site.server.protocol import Connection, Limits, Shared
from pipeline.site.server.snapshot import Snapshot, empty, normal_base
from pipeline.site.server.source import Branch, load_commit

# How long a new release may go unnoticed; a look costs about 20 microseconds.
_LOOK_SECONDS = 0.05
# What a response under way gets when the server stops.
_GRACE_SECONDS = 2.0
_SWEEP_SECONDS = 1.0


def _silent(_: str) -> None:
    pass


class Server:
    """Serves the tip of a branch of a bare repository under `base` as GitHub Pages would.

    On a loopback address only requests for loopback names are answered; `names` are more, None is any.
    `notify` gets a line for each release that goes live or cannot be read, in the thread that watches.
    """

    def __init__(  # noqa: PLR0913 - all but the first have defaults
        self,
        repository: Path,
        branch: str = "gh-pages",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        base: str = "/",
        names: Collection[str] | None = (),
        limits: Limits | None = None,
        notify: Callable[[str], None] = _silent,
    ) -> None:
        self._branch = Branch(repository, branch)
        self._base = normal_base(base)
        self._host = host
        self._port = port
        self._notify = notify
        loopback = host == "localhost" or host.startswith("127.") or host == "::1"
        known = None if names is None or not loopback else frozenset(name.lower() for name in names)
        self._shared = Shared(empty(base), limits or Limits(), known)
        self._served: set[str] = set()
        self._problem: Stop | None = None
        self._changed = threading.Condition()
        self._look = threading.Event()
        self._stopping = threading.Event()
        # Start and stop take turns: a server is stopped before it begins, or after, never in between.
        self._turning = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._end: Callable[[], object] = _nothing

    @property
    def repository(self) -> Path:
        """The repository whose branch is served."""
        return self._branch.repository

    @property
    def url(self) -> str:
        """The address of the site's root; its port is known once the server has started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}{self._base}"

    @property
    def snapshot(self) -> Snapshot:
        """The release that is live."""
        return self._shared.snapshot

    def start(self) -> Self:
        """Read the branch, then answer and watch in the background; raises Stop when the port is taken."""
        with self._turning:
            # Whoever stopped it before it began has the last word.
            if not self._stopping.is_set():
                self._begin()
        return self

    def _begin(self) -> None:
        sock = self._listen()
        self._port = sock.getsockname()[1]
        self._refresh()
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        ready = threading.Event()
        self._end = lambda: loop.call_soon_threadsafe(stop.set)
        self._threads = [
            threading.Thread(target=self._answer, args=(loop, sock, stop, ready), daemon=True),
            threading.Thread(target=self._watch, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        ready.wait()

    def serve_forever(self) -> None:
        """Serve until `stop` is called from another thread or the process is interrupted."""
        with self:
            self._stopping.wait()

    def stop(self) -> None:
        """Take no more connections, send what is under way for up to 2 s, and end both threads."""
        with self._turning:
            if self._stopping.is_set():
                return
            self._stopping.set()
            self._look.set()
            self._end()
            for thread in self._threads:
                thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_for(self, commit: str, timeout: float = 10.0) -> None:
        """Return once a commit is, or has been, what is served; looks at the branch at once.

        Raises Stop after `timeout` seconds, with what is served instead or why the branch cannot be read.
        """
        self._look.set()
        with self._changed:
            if self._changed.wait_for(lambda: commit in self._served, timeout):
                return
        reason = self._problem.message if self._problem else _describe(self.snapshot)
        raise Stop(
            f"the local server does not serve {commit[:10]} after {timeout:g} s: {reason}",
            "invoke verify --env=local",
            Code.PUBLISH,
        )

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            return socket.create_server((self._host, self._port), family=family, backlog=1_024)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Stop(
                    f"port {self._port} of {self._host} is taken by another program",
                    f"invoke serve --port={self._port + 1}, or --port=0 for any free one",
                ) from error
            what = f"cannot listen on port {self._port} of {self._host}: {error.strerror}"
            raise Stop(what, "invoke serve --port=0 for any free one") from error

    def _watch(self) -> None:
        while not self._stopping.is_set():
            self._look.wait(_LOOK_SECONDS)
            self._look.clear()
            self._refresh()

    def _refresh(self) -> None:
        """Load the release at the tip if it is another one, and switch to it by one assignment."""
        before = self._shared.snapshot
        try:
            commit = self._branch.tip()
            self._shared.loading = commit != before.commit
            after = load_commit(self._branch.repository, commit, self._base, before)
        except Stop as problem:
            # The release before stays live; who waits for this one is told, and so is who watches.
            if self._problem is None or self._problem.message != problem.message:
                self._notify(problem.message)
            self._problem = problem
            return
        finally:
            self._shared.loading = False
        self._problem = None
        if after is before:
            return
        with self._changed:
            self._shared.snapshot = after
            self._served |= {after.commit} if after.commit else set()
            self._changed.notify_all()
        self._notify(_describe(after))

    def _answer(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        stop: asyncio.Event,
        ready: threading.Event,
    ) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._accept(sock, stop, ready))

    async def _accept(self, sock: socket.socket, stop: asyncio.Event, ready: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self._shared, loop), sock=sock, backlog=1_024)
        ready.set()
        limits = self._shared.limits
        pause = min(_SWEEP_SECONDS, limits.idle / 4, limits.request / 4, limits.write / 4, limits.linger / 4)
        while not stop.is_set():
            self._shared.sweep(loop.time())
            await _wait(stop, pause)
        server.close()
        await self._drain()

    async def _drain(self) -> None:
        connections = self._shared.connections
        for connection in list(connections):
            connection.shut()
        if connections:
            await asyncio.wait([connection.closed for connection in connections], timeout=_GRACE_SECONDS)
        for connection in list(connections):
            connection.abort()
        # An aborted transport closes its socket in the next turn of the loop.
        await asyncio.sleep(0)


def _describe(snapshot: Snapshot) -> str:
    return f"{snapshot.commit[:10]} is live" if snapshot.commit else "nothing is published"


def _nothing() -> None:
    pass


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
