"""One visit: a page is opened once and looked at in each view; what comes of it is its record."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from checks.base import File
from checks.parse.address import page_address
from pipeline.core.clock import Clock, stamp
from pipeline.core.files import write_atomic
from pipeline.gates.visits.ground import Ground
from pipeline.gates.visits.traffic import OURS, Traffic
from pipeline.tools.browser import Browser, BrowserError, Gone, Hung, Json, Refused, Tab

# A page that is still loading after this is looked at as it is, in seconds.
_LOAD_SECONDS = 15.0
_QUIET_SECONDS = 0.1
_IDLE_SECONDS = 5.0
# One look of a tool at one view.
_LOOK_SECONDS = 60.0
_VISIT_SECONDS = 180.0
# More HTML than this takes browsers minutes and gigabytes to check, in bytes.
_LARGEST = 8_000_000
_PICTURE_HEIGHT = 1_600
_PICTURE_QUALITY = 45

WCAG21 = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
# Rules whose outcome can change although the same elements are visible: colours, sizes and positions decide.
# https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md
_BY_LOOKS = (
    *("color-contrast", "color-contrast-enhanced", "link-in-text-block", "target-size"),
    "scrollable-region-focusable",
)


class View(NamedTuple):
    """A width and a colour scheme to look at pages in; sizes in CSS pixels."""

    name: str
    width: int
    height: int
    scheme: str
    picture: bool


VIEWS = (
    View("narrow-light", 390, 844, "light", picture=True),
    View("narrow-dark", 390, 844, "dark", picture=False),
    View("wide-light", 1280, 800, "light", picture=True),
    View("wide-dark", 1280, 800, "dark", picture=False),
)


class Unvisitable(Exception):
    """Why there is nothing to see on a page."""


@dataclass(frozen=True)
class Seen:
    """A page's record, the paths that it asked the site for, and for how many seconds it counts (None: for good)."""

    record: dict[str, Any]
    asked: frozenset[str]
    age: int | None


@dataclass(frozen=True)
class Instruments:
    """What looks at pages: two scripts, the folder for pictures, axe's tags and HTML_CodeSniffer's standard."""

    axe: Path
    sniffer: Path
    pictures: Path
    tags: tuple[str, ...] = WCAG21
    standard: str = "WCAG2AA"

    @cached_property
    def scripts(self) -> tuple[str, str]:
        """The script for pages and the one for frames inside of them."""
        here = Path(__file__).parent
        axe = self.axe.read_text("utf-8") + f"\n//# sourceURL={OURS}axe.js"
        sniffer = self.sniffer.read_text("utf-8")
        look = (here / "look.js").read_text("utf-8")
        return f"{axe}\n;\n{sniffer}\n;\n{look}", axe

    @cached_property
    def early(self) -> str:
        """The script that runs before any of the page."""
        return (Path(__file__).parent / "early.js").read_text("utf-8")


class Visitor:
    """Visits pages of one ground in one browser; `read` returns the bytes of a file."""

    def __init__(
        self,
        browser: Browser,
        ground: Ground,
        instruments: Instruments,
        read: Callable[[File], bytes],
        clock: Clock,
    ) -> None:
        self._browser = browser
        self._ground = ground
        self._instruments = instruments
        self._read = read
        self._clock = clock

    async def visit(self, file: File) -> Seen:
        """Return what there is to see on a page; raises BrowserError when the browser ended or hung."""
        page = page_address(file.path)
        if file.size > _LARGEST:
            why = f"it has {file.size / 1e6:.1f} MB of HTML, more than the {_LARGEST / 1e6:.0f} MB that can be checked"
            return self.failed(page, why)
        if not _utf8(file.path):
            return self.failed(page, "its name is not UTF-8, so that no browser can ask for it")
        tab = await self._browser.tab(width=VIEWS[0].width, height=VIEWS[0].height)
        try:
            async with asyncio.timeout(_VISIT_SECONDS):
                return await _Visit(tab, self._ground, self._instruments, self._read).look(page, self._clock)
        except Unvisitable as reason:
            return self.failed(page, str(reason))
        except TimeoutError:
            raise Hung(f"looking at it took longer than {_VISIT_SECONDS:g} s") from None
        finally:
            await tab.close()

    def failed(self, page: str, why: str) -> Seen:
        """Return the record of a page that could not be visited; it counts for this run only."""
        record = {"page": page, "file": _file_of(page), "failed": why, "measured_at": stamp(self._clock())}
        return Seen(record, frozenset(), 0)


class _Visit:
    def __init__(
        self, tab: Tab, ground: Ground, instruments: Instruments, read: Callable[[File], bytes]
    ) -> None:
        self._tab = tab
        self._ground = ground
        self._instruments = instruments
        self._traffic = Traffic(tab, ground, read)
        self._world = 0

    async def look(self, page: str, clock: Clock) -> Seen:
        idle = await self._open(page)
        # From here on it goes nowhere: what leads on later than this leads on from a page that people see.
        self._traffic.freeze()
        self._world = await self._enter()
        basics = await self._ours("look.shifts()")
        await self._ours("look.scroll()")
        idle = await self._traffic.quiet(_QUIET_SECONDS, _IDLE_SECONDS) and idle
        final = await self._final()
        views = await self._views()
        keyboard = await self._keyboard()
        # Browsers ask for a site's icon once, at whatever page they happen to see first.
        self._traffic.forget(set(await self._ours("look.icons()")))
        record: dict[str, Any] = {
            "page": page,
            "file": _file_of(page),
            "measured_at": stamp(clock()),
            "final": final,
            "idle": idle,
            "console": self._traffic.console,
            "exceptions": self._traffic.exceptions,
            "requests": self._traffic.requests(await self._ours("look.integrity()")),
            "cookies": await self._cookies(),
            "storage": {
                "local": await self._ours("look.keys('localStorage')"),
                "session": await self._ours("look.keys('sessionStorage')"),
            },
            **basics,
            "views": views,
            "keyboard": keyboard,
        }
        volatile, age = await self._volatile(record)
        asked = frozenset(self._traffic.asked | {page})
        record |= {"volatile": volatile, "needs": self._ground.needs(set(asked))}
        return Seen(record, asked, age)

    async def _open(self, page: str) -> bool:
        """Go to the page and wait until its network is quiet; returns whether it became so."""
        tab = self._tab
        await asyncio.gather(
            tab.send("Page.enable"),
            tab.send("Runtime.enable"),
            tab.send("Log.enable"),
            tab.send("Network.enable"),
            tab.send("Network.setBypassServiceWorker", bypass=True),
            tab.send("Fetch.enable", patterns=self._traffic.patterns),
            tab.send("Page.addScriptToEvaluateOnNewDocument", source=self._instruments.early),
            self._browser_rules(),
            self._show(VIEWS[0]),
        )
        going = await tab.send("Page.navigate", seconds=_LOAD_SECONDS * 2, url=self._ground.url(page))
        error = going.get("errorText", "")
        if error and self._traffic.downloads:
            raise Unvisitable("the browser downloads it and does not show it")
        if error and not self._traffic.left:
            raise Unvisitable(f"the browser could not open it: {error}")
        loaded = True
        try:
            await asyncio.wait_for(self._traffic.loaded.wait(), _LOAD_SECONDS)
        except TimeoutError:
            loaded = False
        quiet = await self._traffic.quiet(_QUIET_SECONDS, _IDLE_SECONDS)
        self._stay()
        return quiet and loaded

    async def _browser_rules(self) -> None:
        await self._tab.send("Page.setDownloadBehavior", behavior="deny")

    def _stay(self) -> None:
        if self._traffic.endless:
            raise Unvisitable("it loads itself, or leads to other pages, again and again")

    async def _final(self) -> str:
        if self._traffic.left:
            return self._traffic.left
        place, path = self._ground.place(str(await self._ours("location.href")))
        return path or place

    async def _enter(self) -> int:
        """Make a world of our own in the page, with the scripts that look."""
        world = await self._tab.world("look", seconds=_LOOK_SECONDS)
        await self._tab.evaluate(f"{self._instruments.scripts[0]}\n;0", world=world, seconds=_LOOK_SECONDS)
        return world

    async def _ours(self, expression: str) -> Any:  # noqa: ANN401 - JSON
        return await self._tab.evaluate(expression, world=self._world, seconds=_LOOK_SECONDS)

    async def _show(self, view: View) -> None:
        narrow = view.width < 600
        await asyncio.gather(
            self._tab.send(
                "Emulation.setDeviceMetricsOverride",
                width=view.width,
                height=view.height,
                deviceScaleFactor=1,
                mobile=narrow,
            ),
            self._tab.send("Emulation.setTouchEmulationEnabled", enabled=narrow),
            self._tab.send(
                "Emulation.setEmulatedMedia",
                media="screen",
                features=[{"name": "prefers-color-scheme", "value": view.scheme}],
            ),
        )

    async def _views(self) -> list[Json]:
        found: list[Json] = []
        seen: set[str] = set()
        for view in VIEWS:
            await self._show(view)
            await self._ours("look.settle()")
            await self._traffic.quiet(_QUIET_SECONDS / 2, _IDLE_SECONDS / 2)
            structure = await self._ours("look.structure()")
            size = await self._ours("look.size()")
            whole = structure not in seen
            seen.add(structure)
            found.append(
                {
                    "name": view.name,
                    "width": view.width,
                    "height": view.height,
                    "scheme": view.scheme,
                    "axe": await self._axe(whole=whole),
                    "htmlcs": await self._ours(f"look.sniff({json.dumps(self._instruments.standard)})"),
                    "overflow": size["overflow"],
                    "picture": await self._picture(view, size["height"]) if view.picture else "",
                }
            )
        return found

    async def _axe(self, *, whole: bool) -> Json:
        """Run axe's rules, all or those that looks decide; frames of the site are looked into."""
        chosen: Json = {"type": "tag", "values": list(self._instruments.tags)}
        options: Json = {"runOnly": chosen, "resultTypes": ["violations", "incomplete"]}
        if not whole:
            options["runOnly"] = {"type": "rule", "values": list(self._rules)}
        tree = (await self._tab.send("Page.getFrameTree"))["frameTree"]
        if tree.get("childFrames"):
            from pipeline.gates.visits.frames import run_in_frames

            return await run_in_frames(self._tab, self._world, self._instruments.scripts[1], options)
        found: Json = await self._ours(f"look.axeRun({json.dumps(options)})")
        return found

    @property
    def _rules(self) -> Sequence[str]:
        tags = set(self._instruments.tags)
        # The two that the default standard does not have.
        without = {"target-size"} - ({"target-size"} if "wcag22aa" in tags else set())
        without |= set() if "wcag2aaa" in tags else {"color-contrast-enhanced"}
        return [rule for rule in _BY_LOOKS if rule not in without]

    async def _picture(self, view: View, height: int) -> str:
        tall = max(1, min(height, _PICTURE_HEIGHT))
        clip = {"x": 0, "y": 0, "width": view.width, "height": tall, "scale": 1 if view.width < 600 else 0.5}
        data = await self._tab.screenshot(
            clip=clip, quality=_PICTURE_QUALITY, beyond=tall > view.height, seconds=_LOOK_SECONDS
        )
        name = hashlib.sha256(data).hexdigest()
        path = self._instruments.pictures / f"{name}.webp"
        if not path.exists():
            write_atomic(path, data)
        return name

    async def _keyboard(self) -> Json:
        walk = walker()
        if walk is None:
            return {}
        await self._show(VIEWS[0])
        found: Json = await walk(self._tab)
        return found

    async def _cookies(self) -> list[Json]:
        return sorted(
            (
                {
                    "name": one["name"],
                    "domain": one["domain"],
                    "path": one["path"],
                    "expires": one["expires"],
                    "foreign": not self._ground.own(f"https://{one['domain'].lstrip('.')}/")
                    and not self._ground.own(f"http://{one['domain'].lstrip('.')}/"),
                }
                for one in await self._tab.cookies()
            ),
            key=lambda one: (one["domain"], one["name"]),
        )

    async def _volatile(self, record: Mapping[str, Any]) -> tuple[str, int | None]:
        """Return why a record counts for a while only, and for how many seconds."""
        try:
            uses = await self._tab.evaluate(
                "window[Symbol.for('pages-pipeline')]?.() ?? ['a page of its own']"
            )
        except Refused:
            uses = ["a page of its own"]
        reasons = []
        if any(one["foreign"] for one in record["requests"]):
            reasons.append("asks another origin")
        if record["exceptions"]:
            reasons.append("throws")
        if not record["idle"]:
            reasons.append("never goes quiet")
        if self._traffic.left:
            reasons.append("leads to another origin")
        # What a worker asks for is not seen.
        age = 0 if reasons or "a worker" in uses else 86_400 if uses else None
        reasons += [f"uses {what}" for what in sorted(uses)]
        return ", ".join(reasons), age


def walker() -> Any:  # noqa: ANN401 - a coroutine function of a tab
    """Return the walk with the Tab key."""
    import importlib
    import importlib.util

    if importlib.util.find_spec("pipeline.gates.walk") is None:
        return None
    return importlib.import_module("pipeline.gates.walk").walk


def _file_of(page: str) -> str:
    return page[1:] + "index.html" if page.endswith("/") else page[1:]


def _utf8(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


__all__ = ["VIEWS", "WCAG21", "BrowserError", "Gone", "Instruments", "Seen", "Unvisitable", "View", "Visitor"]
