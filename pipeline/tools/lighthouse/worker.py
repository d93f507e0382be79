"""The fast engine: a Node worker that keeps Lighthouse loaded and one browser warm between runs."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pipeline.core.secrets import redact

_WORKER = Path(__file__).with_name("worker.mjs")
# What Lighthouse's own launcher gives a browser, as far as it matters without windows:
# https://github.com/GoogleChrome/chrome-launcher/blob/main/docs/chrome-flags-for-tools.md
FLAGS = (
    *("--headless=new", "--no-first-run", "--no-default-browser-check", "--mute-audio", "--disable-gpu"),
    *(
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ),
    *("--disable-default-apps", "--disable-extensions", "--metrics-recording-only", "--disable-breakpad"),
    *("--disable-client-side-phishing-detection", "--disable-component-extensions-with-background-pages"),
    *(
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-hang-monitor",
    ),
    *(
        "--disable-renderer-backgrounding",
        "--password-store=basic",
        "--use-mock-keychain",
        "--no-proxy-server",
    ),
    (
        "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,"
        "AutofillServerCommunication,CertificateTransparencyComponentUpdater,"
        # The address bar's menus would be pages with processes of their own, at work while a page is measured.
        "WebUIOmniboxPopup,WebUIOmniboxAimPopup"
    ),
)
# Lighthouse gives a page 30 s to load and at most 15 s to paint; the audits follow.
SECONDS = 90.0
_START_SECONDS = 60.0
_GRACE_SECONDS = 2.0
_SAID_LINES = 30


class Broken(Exception):
    """The engine or its browser ended, hung or answered with something else than a report; what it said is there."""

    def __init__(self, reason: str, said: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.said = tuple(said)


def sandbox() -> tuple[str, ...]:
    """Return the flag that a browser needs to run as root, where its sandbox cannot be set up."""
    return ("--no-sandbox",) if os.geteuid() == 0 else ()


class Worker:
    """Lighthouse, loaded once; starts on the first question and again after a failure.

    `package` is the folder of the npm package, `script` our worker, `seconds` the limit of one run.
    """

    def __init__(
        self,
        node: Path,
        package: Path,
        chrome: Path,
        *,
        script: Path = _WORKER,
        seconds: float = SECONDS,
    ) -> None:
        self.restarts = -1
        self._argv = [str(node), str(script), str(package), str(chrome), *FLAGS, *sandbox()]
        self._seconds = seconds
        self._number = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes | None] = queue.Queue()
        self._said: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def number(self) -> int | None:
        """The process number of the worker while it runs."""
        return self._process.pid if self._process else None

    def report(self, url: str, preset: str, categories: Sequence[str]) -> Mapping[str, Any]:
        """Return Lighthouse's report of one run; raises Broken, after which the next call starts anew."""
        process = self._running()
        self._number += 1
        request = {"id": self._number, "url": url, "preset": preset, "categories": list(categories)}
        try:
            if process.stdin is None:
                raise BrokenPipeError
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            raise self._broken("Lighthouse ended") from None
        answer = self._answer(self._seconds)
        if answer.get("id") != self._number:
            raise self._broken("Lighthouse answered another question")
        if error := answer.get("error"):
            if answer.get("crashed"):
                raise self._broken(f"the browser ended: {error}")
            raise Broken(f"Lighthouse failed: {redact(str(error))[:300]}")
        result = answer.get("result")
        if not isinstance(result, dict):
            raise self._broken("Lighthouse answered without a report")
        return result

    def close(self) -> None:
        """End the worker and its browser."""
        process, self._process = self._process, None
        if process is None:
            return
        # First politely: it removes the browser's profile. The group holds the browser too.
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                if stream:
                    stream.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self.restarts += 1
        self._answers, self._said = queue.Queue(), []
        try:
            process = subprocess.Popen(  # noqa: S603 - our own worker under the node that was found
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise Broken(f"{self._argv[0]} cannot be run: {error.strerror}") from error
        self._process = process
        for target, arguments in (
            (_read, (process.stdout, self._answers)),
            (_listen, (process.stderr, self._said)),
        ):
            threading.Thread(target=target, args=arguments, daemon=True).start()
        if "ready" not in self._answer(_START_SECONDS):
            raise self._broken("Lighthouse did not start")
        return process

    def _answer(self, seconds: float) -> Mapping[str, Any]:
        end = time.monotonic() + seconds
        try:
            line = self._answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            raise self._broken(f"Lighthouse did not answer within {seconds:g} s") from None
        if line is None:
            raise self._broken("Lighthouse ended in the middle")
        try:
            answer = json.loads(line)
        except ValueError:
            raise self._broken("Lighthouse answered with something else than JSON") from None
        if not isinstance(answer, dict):
            raise self._broken("Lighthouse answered with something else than an object")
        return answer

    def _broken(self, reason: str) -> Broken:
        self.close()
        return Broken(reason, self._said)


def _read(stream: IO[bytes], answers: queue.Queue[bytes | None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            answers.put(line)
    answers.put(None)


def _listen(stream: IO[bytes], said: list[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            said.append(redact(line.decode("utf-8", "replace").rstrip()))
            del said[:-_SAID_LINES]
