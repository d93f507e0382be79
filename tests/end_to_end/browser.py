"""A real Chromium that tests click through pages with: its debugging protocol over a pipe, nothing else needed."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Chromium reads commands from descriptor 3 and answers on 4.
_LAUNCH = """\
import fcntl, os, sys
ends = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3]]
for end, number in zip(ends, (3, 4)):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--remote-debugging-pipe", "--window-size=1000,900"),
)
_SECONDS = 30.0


class Page:
    """One page; `errors` are the messages of exceptions that nobody caught in it."""

    def __init__(self, commands: int, answers: int) -> None:
        self.errors: list[str] = []
        self._commands = commands
        self._answers = answers
        self._rest = b""
        self._last = 0
        self._session = ""
        self._loaded = 0
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime"):
            self._ask(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Go to an address and wait until it is loaded and every island of it runs."""
        before = self._loaded
        self._ask("Page.navigate", url=url)
        while self._loaded == before:
            self._hear()
        self.wait("!document.querySelector('astro-island[ssr]')")

    def value(self, expression: str) -> Any:  # noqa: ANN401 - JSON
        """Return what an expression gives in the page."""
        found = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise AssertionError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until an expression is true in the page."""
        end = time.monotonic() + _SECONDS
        while not self.value(f"Boolean({expression})"):
            if time.monotonic() > end:
                raise AssertionError(f"never became true: {expression}")
            time.sleep(0.02)

    def click(self, selector: str, down: float | None = None) -> None:
        """Click with the mouse in the middle of an element, or that many pixels below its upper edge."""
        found = self.value(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            " one.scrollIntoView({ block: 'center' }); const box = one.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y, box.height]; })()"
        )
        x, y = found[0], found[1] + (found[2] / 2 if down is None else down)
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Put the cursor into a field, empty it, and write into it."""
        self.value(f"document.querySelector({json.dumps(selector)}).select()")
        self.value(f"document.querySelector({json.dumps(selector)}).focus()")
        self._ask("Input.insertText", text=text)

    def choose(self, selector: str, value: str) -> None:
        """Choose an option, as a person's choice tells the page."""
        self.value(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)}); one.value = {json.dumps(value)};"
            " one.dispatchEvent(new Event('input', { bubbles: true }));"
            " one.dispatchEvent(new Event('change', { bubbles: true })); })()"
        )

    def press(self, key: str, *, control: bool = False) -> None:
        """Press and release a key."""
        for kind in ("rawKeyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, modifiers=2 if control else 0)

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        self._last += 1
        session = {"sessionId": self._session} if self._session else {}
        message = {"id": self._last, "method": method, "params": params, **session}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._last:
                if "error" in heard:
                    raise AssertionError(f"{method}: {heard['error']}")
                return dict(heard["result"])

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._answers, 1 << 16)
            if not more:
                raise AssertionError("the browser ended")
            self._rest += more
        line, self._rest = self._rest.split(b"\0", 1)
        heard: dict[str, Any] = json.loads(line)
        if heard.get("method") == "Page.loadEventFired":
            self._loaded += 1
        if heard.get("method") == "Runtime.exceptionThrown":
            details = heard["params"]["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        return heard


@contextlib.contextmanager
def chromium(program: Path, profile: Path) -> Iterator[Page]:
    """Run a Chromium with a profile of its own for the block; it is stopped whatever happens in it."""
    commands, to_browser = os.pipe()
    from_browser, answers = os.pipe()
    words = [*_FLAGS, f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        [sys.executable, "-c", _LAUNCH, str(commands), str(answers), str(program), *words],
        pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(commands)
    os.close(answers)
    watch = threading.Timer(300, process.kill)
    watch.start()
    try:
        yield Page(to_browser, from_browser)
    finally:
        watch.cancel()
        process.kill()
        process.wait()
        os.close(to_browser)
        os.close(from_browser)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback for the block and return its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
