"""A browser without windows, driven by the Chrome DevTools Protocol over a pipe: tabs, keys, pictures.

Protocol: https://chromedevtools.github.io/devtools-protocol/. Commands are JSON objects that end with a zero byte.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

Json = dict[str, Any]
Handler = Callable[[Json], None]

# Chromium reads commands from descriptor 3 and answers on 4 (content/browser/devtools/devtools_pipe_handler.cc).
_LAUNCH = """\
import fcntl, os, sys
ends = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3]]
for end, number in zip(ends, (3, 4)):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""
_NOT_WANTED = (
    "Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,AutofillServerCommunication,"
    "CertificateTransparencyComponentUpdater,PaintHolding,HttpsUpgrades,"
    # The address bar's menus are pages with a process of their own for each window, shown or not: as dear as a page.
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,"
    # Nothing of others is let in, so frames need no processes of their own: their events come with the page's.
    "IsolateOrigins,site-per-process"
)
_FLAGS = (
    *(
        "--headless",
        "--remote-debugging-pipe",
        "--no-first-run",
        "--no-default-browser-check",
        "--mute-audio",
    ),
    # Else it opens a window with its own start page, which nobody asked for.
    "--no-startup-window",
    *("--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb"),
    # Nothing of its own leaves the machine; what pages ask for is up to the resolver's rules.
    *("--disable-background-networking", "--disable-component-update", "--disable-domain-reliability"),
    *("--disable-sync", "--disable-default-apps", "--disable-extensions", "--metrics-recording-only"),
    *("--no-proxy-server", "--no-pings", "--disable-client-side-phishing-detection", "--disable-breakpad"),
    "--disable-site-isolation-trials",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # A page in the background is as fast as one in front.
    *("--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows"),
    *("--disable-renderer-backgrounding", "--disable-hang-monitor", "--disable-ipc-flooding-protection"),
    *("--password-store=basic", "--use-mock-keychain", "--lang=en-US"),
    f"--disable-features={_NOT_WANTED}",
)
_START_SECONDS = 60.0
_ANSWER_SECONDS = 30.0
_GRACE_SECONDS = 5.0
# Chromium puts `/org.chromium.Chromium.XXXXXX/SingletonSocket` below it, and sockets have at most 104 bytes (macOS).
_LONGEST = 55

# Key name: what `Input.dispatchKeyEvent` needs beside it, virtual key code and text.
_KEYS: dict[str, tuple[int, str]] = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    " ": (32, " "),
    "End": (35, ""),
    "Home": (36, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}
_SHIFT = 8


class BrowserError(Exception):
    """Something about the browser that is not the page's fault, or cannot be told apart from it."""


class Gone(BrowserError):
    """The browser or the tab ended in the middle."""


class Hung(BrowserError):
    """No answer within the time limit."""


class Refused(BrowserError):
    """The browser did not accept a command, or an expression threw."""


class Browser:
    """One Chromium process with a profile of its own; leaving the block ends it, whatever state it is in.

    `rules` are for `--host-resolver-rules`; by default nothing but loopback is reached. Raises Gone where it does not
    start.
    """

    def __init__(
        self,
        program: Path,
        *,
        rules: str = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        flags: Sequence[str] = (),
    ) -> None:
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        # Chromium refuses to run as root in its sandbox.
        sandbox = ("--no-sandbox",) if root else ()
        self._words = (str(program), *_FLAGS, *sandbox, f"--host-resolver-rules={rules}", *flags)
        self._running: _Running | None = None
        self.starts = 0

    @property
    def alive(self) -> bool:
        """Whether it runs and its pipe is open."""
        return self._running is not None and not self._running.lost

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it, if it does not run; raises Gone or Hung with what it said."""
        if self.alive:
            return
        await self.stop()
        self.starts += 1
        running = _Running(self._words)
        self._running = running
        try:
            await running.open()
            await self.send("Browser.getVersion", seconds=_START_SECONDS)
        except BrowserError as error:
            said = running.said()
            await self.stop()
            raise Gone(f"the browser does not start: {said or error}") from error

    async def stop(self) -> None:
        """End it and remove its profile."""
        running, self._running = self._running, None
        if running:
            await running.close()

    async def restart(self) -> None:
        """End it, if it still runs, and start another one; all its tabs are gone."""
        await self.stop()
        await self.start()

    async def send(self, method: str, *, seconds: float = _ANSWER_SECONDS, **params: Any) -> Json:  # noqa: ANN401 - JSON
        """Send a command to the browser itself and return its result; raises BrowserError."""
        return await self._ask(method, params, "", seconds)

    async def context(self) -> str:
        """Make a browser context, which shares no cookie, storage or cache with others, and return its number."""
        return str((await self.send("Target.createBrowserContext", disposeOnDetach=True))["browserContextId"])

    async def tab(self, *, width: int = 1280, height: int = 800, context: str = "") -> Tab:
        """Open a tab in a window of its own, and in a browser context of its own unless one is given."""
        own = context or await self.context()
        try:
            # Only the front tab of a window draws, so each has its own.
            made = await self.send(
                "Target.createTarget",
                url="about:blank",
                browserContextId=own,
                newWindow=True,
                width=width,
                height=height,
            )
            target = made["targetId"]
            attached = await self.send("Target.attachToTarget", targetId=target, flatten=True)
        except BrowserError:
            if not context:
                await self.dispose(own)
            raise
        tab = Tab(self, target, own, attached["sessionId"], shared=bool(context))
        if self._running:
            self._running.tabs[tab.session] = tab
        await tab.send("Emulation.setFocusEmulationEnabled", enabled=True)
        return tab

    async def dispose(self, context: str) -> None:
        """End a browser context with its tabs, if it is still there."""
        with contextlib.suppress(BrowserError):
            await self.send("Target.disposeBrowserContext", browserContextId=context, seconds=_GRACE_SECONDS)

    async def _ask(self, method: str, params: Json, session: str, seconds: float) -> Json:
        running = self._running
        if running is None or running.lost:
            raise Gone("the browser ended")
        answer = running.post(method, params, session)
        try:
            return await asyncio.wait_for(answer, seconds)
        except TimeoutError:
            raise Hung(f"no answer to {method} for {seconds:g} s") from None

    def _post(self, method: str, params: Json, session: str) -> None:
        if self._running and not self._running.lost:
            answer = self._running.post(method, params, session)
            # Nobody waits for it, so its failure is nobody's either.
            answer.add_done_callback(lambda done: done.cancelled() or done.exception())


class Tab:
    """A page in the browser; every call has a time limit and raises BrowserError."""

    def __init__(
        self, browser: Browser, target: str, context: str, session: str, *, shared: bool = False
    ) -> None:
        self._browser = browser
        self._handlers: dict[str, list[Handler]] = {}
        self.target = target
        self.context = context
        self.session = session
        self.gone = ""
        self._shared = shared

    async def send(self, method: str, *, seconds: float = _ANSWER_SECONDS, **params: Any) -> Json:  # noqa: ANN401 - JSON
        """Send a command of the protocol and return its result."""
        if self.gone:
            raise Gone(self.gone)
        return await self._browser._ask(method, params, self.session, seconds)  # noqa: SLF001 - one module

    def post(self, method: str, **params: Any) -> None:  # noqa: ANN401 - JSON
        """Send a command whose result nobody needs."""
        if not self.gone:
            self._browser._post(method, params, self.session)  # noqa: SLF001

    async def evaluate(
        self, expression: str, *, world: int | None = None, seconds: float = _ANSWER_SECONDS
    ) -> Any:  # noqa: ANN401 - JSON
        """Return what an expression gives, a promise's value too; `world` is an execution context's number.

        Raises Refused when it throws.
        """
        where: Json = {} if world is None else {"contextId": world}
        found = await self.send(
            "Runtime.evaluate",
            seconds=seconds,
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
            **where,
        )
        if "exceptionDetails" in found:
            raise Refused(exception_text(found["exceptionDetails"]))
        return found["result"].get("value")

    async def world(self, name: str, frame: str = "", *, seconds: float = _ANSWER_SECONDS) -> int:
        """Make an isolated world in a frame, by default the page's own, and return its context's number.

        Scripts there see the page's elements and not its globals; its Content-Security-Policy does not stop them.
        """
        made = await self.send(
            "Page.createIsolatedWorld", seconds=seconds, frameId=frame or self.target, worldName=name
        )
        return int(made["executionContextId"])

    def on(self, event: str, handler: Handler) -> Callable[[], None]:
        """Call `handler` with the parameters of each such event; returns what takes it away again."""
        handlers = self._handlers.setdefault(event, [])
        handlers.append(handler)
        return lambda: handlers.remove(handler)

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key: `Tab`, `Enter`, `Escape`, `Home`, `End`, an arrow, a space or a character."""
        code, text = _KEYS.get(key, (0, key))
        common: Json = {
            "key": key,
            "code": "Space" if key == " " else key,
            "windowsVirtualKeyCode": code,
            "modifiers": _SHIFT if shift else 0,
        }
        down: Json = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        await asyncio.gather(
            self.send("Input.dispatchKeyEvent", **down, **common),
            self.send("Input.dispatchKeyEvent", type="keyUp", **common),
        )

    async def screenshot(
        self,
        *,
        clip: Json | None = None,
        quality: int = 60,
        beyond: bool = False,
        seconds: float = _ANSWER_SECONDS,
    ) -> bytes:
        """Return a picture (WebP) of the view, or of `clip` (`x`, `y`, `width`, `height`, `scale` in CSS pixels).

        `beyond` shows what is outside of the view too.
        """
        where: Json = {"clip": {"scale": 1, **clip}} if clip else {}
        found = await self.send(
            "Page.captureScreenshot",
            seconds=seconds,
            format="webp",
            quality=quality,
            captureBeyondViewport=beyond,
            optimizeForSpeed=True,
            **where,
        )
        return base64.b64decode(found["data"])

    async def cookies(self) -> list[Json]:
        """Return the cookies of its browser context, as `Network.Cookie`."""
        found = await self._browser.send("Storage.getCookies", browserContextId=self.context)
        return list(found["cookies"])

    async def close(self) -> None:
        """Close it, also when its page hangs; a browser context of its own goes with it."""
        self._end("the tab was closed")
        if self._shared:
            with contextlib.suppress(BrowserError):
                await self._browser.send("Target.closeTarget", seconds=_GRACE_SECONDS, targetId=self.target)
            return
        await self._browser.dispose(self.context)

    def hear(self, event: str, params: Json) -> None:
        """Hand an event to those who asked for it."""
        for handler in tuple(self._handlers.get(event, ())):
            handler(params)

    def _end(self, why: str) -> None:
        self.gone = self.gone or why
        running = self._browser._running  # noqa: SLF001
        if running:
            running.forget(self.session, why)


def exception_text(details: Json) -> str:
    """Return what a person reads of `Runtime.ExceptionDetails`."""
    thrown = details.get("exception", {})
    text = thrown.get("description") or thrown.get("value") or details.get("text", "")
    return str(text)


class _Running(asyncio.Protocol):
    """The process, its profile, its pipe, and the answers that are awaited."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.tabs: dict[str, Tab] = {}
        self.lost = False
        self._words = words
        self._waiting: dict[int, tuple[str, asyncio.Future[Json]]] = {}
        self._last = 0
        self._rest = bytearray()
        self._scanned = 0
        self._profile = Path(tempfile.mkdtemp(prefix="pages-browser-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._in: asyncio.WriteTransport | None = None
        self._out: asyncio.BaseTransport | None = None

    async def open(self) -> None:
        """Start the process and connect its pipe."""
        loop = asyncio.get_running_loop()
        commands, to_browser = os.pipe()
        from_browser, answers = os.pipe()
        variables = {**os.environ, "LANGUAGE": "en"}
        if len(os.fsencode(self._profile)) <= _LONGEST:
            # What it leaves behind when it is killed goes with the profile.
            variables["TMPDIR"] = str(self._profile)
        words = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(commands), str(answers), *self._words]
        try:
            with (self._profile / "said").open("wb") as said:
                self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - argv of our own; it returns at once
                    [*words, f"--user-data-dir={self._profile / 'profile'}"],
                    pass_fds=(commands, answers),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    env=variables,
                    start_new_session=True,
                )
        finally:
            os.close(commands)
            os.close(answers)
            self._in, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(to_browser, "wb", 0))
            self._out, _ = await loop.connect_read_pipe(lambda: self, os.fdopen(from_browser, "rb", 0))

    def said(self) -> str:
        """Return the last line of what it wrote."""
        with contextlib.suppress(OSError):
            lines = (self._profile / "said").read_text("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""

    def post(self, method: str, params: Json, session: str) -> asyncio.Future[Json]:
        """Send a command; the future gets its result, or a BrowserError."""
        self._last += 1
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = (session, answer)
        message = {"id": self._last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        if self._in:
            self._in.write(json.dumps(message).encode() + b"\0")
        return answer

    def data_received(self, data: bytes) -> None:
        """Take what came through the pipe apart."""
        self._rest += data
        while (end := self._rest.find(0, self._scanned)) >= 0:
            line = bytes(self._rest[:end])
            del self._rest[: end + 1]
            self._scanned = 0
            self._hear(json.loads(line))
        self._scanned = len(self._rest)

    def _hear(self, heard: Json) -> None:
        number = heard.get("id")
        if number is not None:
            _, answer = self._waiting.pop(number, ("", None))
            if answer is None or answer.done():
                return
            if "error" in heard:
                answer.set_exception(Refused(str(heard["error"].get("message", heard["error"]))))
            else:
                answer.set_result(heard["result"])
            return
        event, params = heard["method"], heard.get("params", {})
        if event == "Target.detachedFromTarget":
            self._tab_ended(params["sessionId"], "the tab ended")
            return
        tab = self.tabs.get(heard.get("sessionId", ""))
        if tab is None:
            return
        if event == "Inspector.targetCrashed":
            self._tab_ended(tab.session, "the page crashed the browser's process for it")
            return
        tab.hear(event, params)

    def _tab_ended(self, session: str, why: str) -> None:
        tab = self.tabs.get(session)
        if tab:
            tab.gone = tab.gone or why
        self.forget(session, why)

    def forget(self, session: str, why: str) -> None:
        """Let nobody wait for a tab that is gone."""
        self.tabs.pop(session, None)
        for number, (of, answer) in list(self._waiting.items()):
            if of == session:
                del self._waiting[number]
                if not answer.done():
                    answer.set_exception(Gone(why))

    def connection_lost(self, exc: Exception | None = None) -> None:
        """Let nobody wait for a browser that is gone."""
        _ = exc
        self.lost = True
        for tab in self.tabs.values():
            tab.gone = tab.gone or "the browser ended"
        for _, answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Gone("the browser ended"))
        self._waiting.clear()

    async def close(self) -> None:
        """End the whole process group, and remove the profile."""
        self.connection_lost()
        for transport in (self._in, self._out):
            if transport:
                transport.close()
        process = self._process
        if process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.get_running_loop().run_in_executor(None, process.wait)
        # One turn of the loop closes the pipe's ends.
        await asyncio.sleep(0)
        # A helper process that is still ending may write into it for a moment.
        for _ in range(20):
            shutil.rmtree(self._profile, ignore_errors=True)
            if not self._profile.exists():
                break
            await asyncio.sleep(0.05)


def frames(tree: Json) -> list[str]:
    """Return the frame numbers of a `Page.getFrameTree` result, the page's own first."""
    found = [cast("str", tree["frame"]["id"])]
    for child in tree.get("childFrames", ()):
        found += frames(child)
    return found
