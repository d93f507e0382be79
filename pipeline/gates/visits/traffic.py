"""What a page asks for and says: requests, console, exceptions, and the answers that do not come from the server."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from checks.base import File, Unavailable
from pipeline.gates.visits.ground import MISSING, ORIGIN, Ground
from pipeline.site.server.mime import media_type
from pipeline.tools.browser import Json, Tab, exception_text

# Our own scripts carry this in their `sourceURL`: what they ask for or say is not the page's.
OURS = "pages-pipeline:"
# A page that loads more documents than this is not going to stop.
_DOCUMENTS = 8
_STUCK_SECONDS = 1.5
_SHOWN = 500
_ENTRIES = 1_000
_LEVELS = {"error": "error", "assert": "error", "warning": "warning"}
# Not asked over the network.
_INNER = ("data:", "blob:", "about:", "chrome:", "chrome-error:", "devtools:", "javascript:")


class Traffic:
    """Listens to a tab from before a page begins; `read` is called for files that the public address names."""

    def __init__(self, tab: Tab, ground: Ground, read: Callable[[File], bytes]) -> None:
        self._tab = tab
        self._ground = ground
        self._read = read
        self._requests: dict[str, Json] = {}
        self._done: list[Json] = []
        self._going: dict[str, float] = {}
        self._frozen = False
        self._documents = 0
        self._last = asyncio.get_running_loop().time()
        self.loaded = asyncio.Event()
        self.asked: set[str] = set()
        self.console: list[Json] = []
        self.exceptions: list[Json] = []
        self.left = ""
        self.endless = False
        self.downloads: list[str] = []
        self._worlds: set[int] = set()
        listeners: dict[str, Callable[[Json], None]] = {
            "Network.requestWillBeSent": self._request,
            "Network.responseReceived": self._response,
            "Network.requestServedFromCache": self._cached,
            "Network.loadingFinished": self._finished,
            "Network.loadingFailed": self._failed,
            "Network.webSocketCreated": self._socket,
            "Fetch.requestPaused": self._paused,
            "Runtime.consoleAPICalled": self._said,
            "Runtime.exceptionThrown": self._threw,
            "Runtime.executionContextCreated": self._world,
            "Log.entryAdded": self._logged,
            "Page.javascriptDialogOpening": self._dialog,
            "Page.downloadWillBegin": self._download,
            "Page.windowOpen": self._window,
            "Page.loadEventFired": lambda _: self.loaded.set(),
        }
        for event, handler in listeners.items():
            tab.on(event, handler)

    @property
    def patterns(self) -> list[Json]:
        """What the browser has to ask us about: documents, and what names the public address."""
        own = [{"urlPattern": f"{self._ground.public}/*"}] if self._ground.public else []
        return [*own, {"urlPattern": "*", "resourceType": "Document"}]

    def freeze(self) -> None:
        """Let the page go nowhere any more: it is being measured."""
        self._frozen = True

    async def quiet(self, still: float, limit: float) -> bool:
        """Wait until nothing was under way for `still` seconds; False when it did not happen within `limit`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        while (now := loop.time()) < end and not self.endless:
            rest = still - (now - self._last)
            # Our server answers at once: what takes longer is not under way, its end is told elsewhere (workers).
            going = any(now - since < _STUCK_SECONDS for since in self._going.values())
            if not going and rest <= 0:
                return True
            await asyncio.sleep(min(max(rest, 0.01), 0.05))
        return False

    def forget(self, urls: set[str]) -> None:
        """Take requests for some addresses out that no element of the page asked for."""
        every = [*self._done, *self._requests.values()]
        gone = {one["url"] for one in every if one["type"] == "Other" and one["url"] in urls}
        rest = {one["url"] for one in every if one["type"] != "Other"}
        self._done = [one for one in every if one["type"] != "Other" or one["url"] not in gone]
        self._requests = {}
        self.asked -= {self._ground.place(url)[1] for url in gone - rest}
        names = {_short(self._ground.place(url)[0]) for url in gone - rest}
        self.console = [one for one in self.console if one["url"] not in names]

    def requests(self, integrity: dict[str, str]) -> list[Json]:
        """Return the requests in the order in which they began; `integrity` has attributes by address."""
        entries = sorted([*self._done, *self._requests.values()], key=lambda one: one["order"])
        return [self._entry(one, integrity) for one in entries[:_ENTRIES]]

    def _entry(self, one: Json, integrity: dict[str, str]) -> Json:
        name, path = self._ground.place(one["url"])
        foreign = not self._ground.own(one["url"])
        return {
            "url": _short(name),
            "type": one["type"],
            "status": one["status"],
            "error": one["error"],
            "bytes": self._ground.sent(path) if path and one["status"] in {200, 206, 404} else 0,
            "initiator": _short(self._ground.place(one["initiator"])[0]),
            "integrity": integrity.get(one["url"]),
            "foreign": foreign,
        }

    def _request(self, heard: Json) -> None:
        url, number = heard["request"]["url"], heard["requestId"]
        kind = heard.get("type", "Other")
        if url.startswith(_INNER) or kind == "Preflight" or _is_ours(heard["initiator"]):
            return
        before = self._requests.pop(number, None)
        if before and "redirectResponse" in heard:
            before["status"] = heard["redirectResponse"]["status"]
            self._done.append(before)
        self._note(number, url, kind, _initiator(heard["initiator"]))

    def _note(self, number: str, url: str, kind: str, initiator: str) -> None:
        path = self._ground.place(url)[1]
        if path:
            self.asked.add(path)
        self._going[number] = asyncio.get_running_loop().time()
        self._touch()
        if len(self._done) > _ENTRIES:
            return
        self._requests[number] = {
            "order": len(self._done) + len(self._requests),
            "url": url,
            "type": kind,
            "status": 0,
            "error": "",
            "initiator": initiator,
        }

    def _response(self, heard: Json) -> None:
        if one := self._requests.get(heard["requestId"]):
            one["status"] = heard["response"]["status"]
        if heard.get("type") in {"EventSource", "Ping"}:
            # It stays open, or nobody reads it.
            self._going.pop(heard["requestId"], None)
        self._touch()

    def _cached(self, heard: Json) -> None:
        if (one := self._requests.get(heard["requestId"])) and not one["status"]:
            one["status"] = 200

    def _finished(self, heard: Json) -> None:
        self._going.pop(heard["requestId"], None)
        self._touch()

    def _failed(self, heard: Json) -> None:
        if one := self._requests.get(heard["requestId"]):
            blocked = heard.get("blockedReason", "")
            one["error"] = heard["errorText"] or (f"blocked: {blocked}" if blocked else "")
        self._finished(heard)

    def _socket(self, heard: Json) -> None:
        if len(self._done) <= _ENTRIES:
            self._done.append(
                {
                    "order": len(self._done) + len(self._requests),
                    "url": heard["url"],
                    "type": "WebSocket",
                    "status": 0,
                    "error": "",
                    "initiator": _initiator(heard.get("initiator", {})),
                }
            )

    def _touch(self) -> None:
        self._last = asyncio.get_running_loop().time()

    def _paused(self, heard: Json) -> None:
        url, number = heard["request"]["url"], heard["requestId"]
        top = heard.get("resourceType") == "Document" and heard["frameId"] == self._tab.target
        if top:
            self._documents += 1
            self.endless = self.endless or self._documents > _DOCUMENTS
            foreign = not self._ground.own(url)
            if foreign:
                self.left = url
            if foreign or self._frozen or self.endless:
                # An aborted navigation leaves the page as it is.
                self._tab.post("Fetch.failRequest", requestId=number, errorReason="Aborted")
                return
        if not url.lower().startswith(self._ground.public + "/") or not self._ground.public:
            self._tab.post("Fetch.continueRequest", requestId=number)
            return
        self._fulfil(number, url)

    def _fulfil(self, number: str, url: str) -> None:
        """Answer for the public address as GitHub Pages will."""
        path = self._ground.place(url)[1]
        file = self._ground.answer(path) if path else None
        whole = urlsplit(url).path
        if file and file.path.endswith("index.html") and not whole.endswith(("/", "/index.html", "/index")):
            self._tab.post(
                "Fetch.fulfillRequest",
                requestId=number,
                responseCode=301,
                responseHeaders=[{"name": "Location", "value": f"{self._ground.public}{whole}/"}],
            )
            return
        body = file or self._ground.files.get(MISSING)
        try:
            data = self._read(body) if body else b""
        except Unavailable:
            # Changed since the build: the page is not what is judged, and writing the visit down says so.
            self._tab.post("Fetch.failRequest", requestId=number, errorReason="Failed")
            return
        self._tab.post(
            "Fetch.fulfillRequest",
            requestId=number,
            responseCode=200 if file else 404,
            responseHeaders=[
                {"name": "Content-Type", "value": media_type(body.path if body else MISSING)},
                {"name": "Access-Control-Allow-Origin", "value": "*"},
                {"name": "Cache-Control", "value": "max-age=600"},
            ],
            body=base64.b64encode(data).decode(),
        )

    def _world(self, heard: Json) -> None:
        # What is said in a world beside the page is ours.
        if heard["context"].get("auxData", {}).get("type") == "isolated":
            self._worlds.add(heard["context"]["id"])

    def _said(self, heard: Json) -> None:
        level = _LEVELS.get(heard["type"])
        if level is None or heard.get("executionContextId") in self._worlds:
            return
        text = " ".join(_argument(one) for one in heard["args"])
        frame: Json = next(iter(heard.get("stackTrace", {}).get("callFrames", ())), {})
        self._add(self.console, level, text, frame.get("url", ""), frame.get("lineNumber"))

    def _logged(self, heard: Json) -> None:
        entry = heard["entry"]
        level = _LEVELS.get(entry["level"])
        url = entry.get("url", "")
        # That nothing foreign answers is our doing, and the requests tell it.
        refused = entry.get("source") == "network" and url and not self._ground.own(url)
        refused = refused or "net::ERR_NAME_NOT_RESOLVED" in entry["text"]
        if level and not refused:
            self._add(self.console, level, entry["text"], url, entry.get("lineNumber"))

    def _threw(self, heard: Json) -> None:
        details = heard["exceptionDetails"]
        frame: Json = next(iter(details.get("stackTrace", {}).get("callFrames", ())), {})
        url = details.get("url") or frame.get("url", "")
        if details.get("executionContextId") in self._worlds or url.startswith(OURS):
            return
        self._add(self.exceptions, "", exception_text(details), url, details.get("lineNumber"))

    def _add(self, entries: list[Json], level: str, text: str, url: str, line: Any) -> None:  # noqa: ANN401
        if len(entries) >= _ENTRIES:
            return
        entry: Json = {"level": level} if level else {}
        entry |= {
            "text": _short(self._ground.plain(text)),
            "url": _short(self._ground.place(url)[0]),
            # The protocol counts from 0, people from 1.
            "line": line + 1 if isinstance(line, int) else None,
        }
        entries.append(entry)

    def _dialog(self, heard: Json) -> None:
        self._tab.post("Page.handleJavaScriptDialog", accept=True)
        if heard["type"] != "beforeunload":
            text = f"opened a dialog ({heard['type']}): {heard['message']}"
            self._add(self.console, "warning", text, heard["url"], None)

    def _window(self, heard: Json) -> None:
        self._add(self.console, "warning", "opened a window", heard["url"], None)

    def _download(self, heard: Json) -> None:
        self.downloads.append(heard["url"])
        text = f"began a download: {heard.get('suggestedFilename', '')}"
        self._add(self.console, "warning", text, heard["url"], None)


def _initiator(given: Json) -> str:
    """Return the address of the script or document that made a request."""
    stack = given.get("stack")
    while stack:
        for frame in stack["callFrames"]:
            if frame["url"]:
                return str(frame["url"])
        stack = stack.get("parent")
    return str(given.get("url", ""))


def _is_ours(given: Json) -> bool:
    return _initiator(given).startswith(OURS)


def _argument(given: Json) -> str:
    value = given.get("value", given.get("description", given.get("unserializableValue", given["type"])))
    return value if isinstance(value, str) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def host_rules(port: int) -> str:
    """Return the resolver's rules that lead the site's address to our server and everything else nowhere.

    Syntax: `net/base/host_mapping_rules.h` of Chromium; the first rule that fits counts, also for addresses of numbers.
    """
    host = urlsplit(ORIGIN).hostname
    return f"MAP {host}:80 127.0.0.1:{port}, MAP * ~NOTFOUND"


def quoted(path: str) -> str:
    """Return a path as an address has it."""
    return quote(path, safe="/")
