"""A walk through a page with the Tab key, as somebody without a mouse takes it; `docs/visits.md` has its keys."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.tools.browser import Json, Refused, Tab, exception_text

# A walk ends after so many stops or seconds, and says so.
_STOPS = 200
_SECONDS = 40.0
_PRESSES = 600
_JUMPS = 10
# So many stops whose styles show no focus are looked at in pictures.
_PICTURES = 12
_LISTENERS = 500
# Scripts that move the focus do so in the next turn at the latest.
_STEP, _ACTIVE = (
    f"new Promise((done) => setTimeout(done, 0)).then(walk.{name})" for name in ("step", "active")
)
# What a pointer does; keys do none of it by themselves.
_CLICKS = frozenset({"click", "dblclick", "mousedown", "mouseup", "pointerdown", "pointerup", "touchend"})
# People with a keyboard sit at a wide screen; the narrow one hides its menu behind a button.
_WIDE: Json = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
_NARROW: Json = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


async def walk(tab: Tab) -> dict[str, Any]:
    """Return what a person with a keyboard meets on the page that the tab shows; raises BrowserError.

    It is walked at 1280 pixels with reduced motion wanted; what cannot be focused, and what is small, is also looked
    for at 390. The page is not left as it was: this is the last thing to do with it.
    """
    return await _Walk(tab).go()


@cache
def _script() -> str:
    return Path(__file__).with_suffix(".js").read_text("utf-8")


class _Walk:
    def __init__(self, tab: Tab) -> None:
        self._back = False
        self._tab = tab
        self._world = 0
        self._end = asyncio.get_running_loop().time() + _SECONDS
        self._traps: list[Json] = []
        self._cut = ""
        self._count = self._ends = 0
        self._inside = False

    async def go(self) -> dict[str, Any]:
        self._world = await self._tab.world("walk")
        await self._ours(f"{_script()}\n;0")
        await self._media("reduce")
        await self._show(_WIDE)
        motion = await self._ours("walk.motion()")
        await self._ours("walk.calm()")
        await self._stops()
        await self._pictures()
        skip = await self._skip()
        await self._ours("walk.blur()")
        unfocusable, small = await self._beside()
        await self._show(_NARROW)
        narrow = await self._beside()
        await self._media("no-preference")
        found: Json = await self._ours("walk.result()")
        return {
            **found,
            "unfocusable": _merged(unfocusable, narrow[0]),
            "traps": self._traps,
            "skip": skip,
            "small": _merged(small, narrow[1]),
            "motion": motion,
            "count": len(found["stops"]),
            "cut": self._cut,
        }

    async def _ours(self, expression: str) -> Any:  # noqa: ANN401 - JSON
        return await self._tab.evaluate(expression, world=self._world)

    async def _media(self, motion: str) -> None:
        features = [
            {"name": "prefers-color-scheme", "value": "light"},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        await self._tab.send("Emulation.setEmulatedMedia", media="screen", features=features)

    async def _show(self, size: Json) -> None:
        await self._tab.send("Emulation.setDeviceMetricsOverride", **size)
        await self._tab.send("Emulation.setTouchEmulationEnabled", enabled=bool(size["mobile"]))
        # One frame, so that scripts that listen to the size have heard of it.
        await self._ours(
            "new Promise((done) => { const late = setTimeout(done, 200);"
            " requestAnimationFrame(() => { clearTimeout(late); setTimeout(done, 0); }); })"
        )

    def _late(self) -> bool:
        return asyncio.get_running_loop().time() > self._end

    async def _stops(self) -> None:
        """Press Tab until the page ends; what keeps the focus is noted, and left behind."""
        # The page may have put the focus somewhere; then what stands before it comes after the end.
        begun = await self._ours("walk.step()")
        self._count, self._inside, presses, moved = int(begun["fresh"]), begun["fresh"], 0, False
        while presses < _PRESSES and self._count < _STOPS and not self._late():
            if not moved:
                await self._tab.press("Tab")
            presses += 1
            moved = False
            now = await self._ours(_STEP)
            if now["fresh"]:
                self._count += 1
            elif now["end"]:
                if await self._ended():
                    return
            elif now["same"] and now["patient"]:
                continue
            elif self._ends or await self._stuck(now):
                return
            else:
                moved = await self._ours("walk.active()") == -1
        self._cut = f"{_STOPS} stops" if self._count >= _STOPS else f"{_SECONDS:g} seconds"

    async def _ended(self) -> bool:
        """Whether the walk is over, now that the focus left the page's last stop."""
        self._ends += 1
        if await self._ours("walk.dialog()"):
            # It was open from the start and hides the page; Escape is the way out of it.
            await self._tab.press("Escape")
        elif not self._inside:
            return True
        return self._ends > 1

    async def _stuck(self, now: Json) -> bool:
        """Find out whether a stop that came again is a trap, note it, and go on; True when that cannot be done."""
        last, first = self._count - 1, now["known"]
        if await self._ours(f"walk.modal({first})"):
            return True
        if await self._leaves(first):
            return False
        onward = await self._ours(f"walk.onward({last})")
        if not now["same"] and not onward["left"]:
            # It leads around in a circle, and nothing is outside of it.
            return True
        here = await self._ours(f"walk.trapped({first}, {last})")
        if here["selector"] in {one["selector"] for one in self._traps}:
            # It takes the focus back from everywhere.
            return True
        self._traps.append(here | {"back": self._back})
        self._count += (await self._ours(_STEP))["fresh"]
        return not onward["there"] or len(self._traps) > _JUMPS

    async def _leaves(self, first: int) -> bool:
        """Whether Escape and Tab lead out of the stops from `first` on; notes whether Shift+Tab does."""
        await self._tab.press("Escape")
        await self._tab.press("Tab")
        if await self._outside(first):
            return True
        await self._tab.press("Tab", shift=True)
        self._back = first > 0 and await self._outside(first)
        return False

    async def _outside(self, first: int) -> bool:
        active = await self._ours(_ACTIVE)
        return active is None or not first <= active < self._count

    async def _pictures(self) -> None:
        """Compare pictures with and without the focus where styles show no difference."""
        for index in (await self._ours("walk.doubtful()"))[:_PICTURES]:
            if self._late():
                return
            clip = await self._ours(f"walk.aim({index})")
            if clip is None or clip["width"] < 1 or clip["height"] < 1:
                continue
            try:
                focused = await self._tab.screenshot(clip=clip)
                await self._ours("walk.blur()")
                plain = await self._tab.screenshot(clip=clip)
                again = await self._tab.screenshot(clip=clip)
            except Refused:
                continue
            # What changes by itself, such as a video, proves nothing.
            if plain == again and focused != plain:
                await self._ours(f"walk.sign({index})")

    async def _skip(self) -> Json:
        """Follow the link that leads over what stands on every page, if there is one."""
        facts = await self._ours("walk.skip()")
        index = facts["index"]
        found = index >= 0
        works = False
        if found and await self._ours(f"walk.skipTo({index})"):
            try:
                await self._tab.press("Enter")
                await self._tab.press("Tab")
                works = await self._ours(f"walk.skipped({index})")
            except Refused:
                works = False
        return {
            "needed": facts["before"] > _FEW,
            "found": found,
            "at": index,
            "works": works,
            "before": facts["before"],
            "bypass": facts["main"] or facts["heading"],
        }

    async def _beside(self) -> tuple[list[Json], list[Json]]:
        """Return what reacts to clicks only, and what is small, in the view as it is now."""
        send = self._tab.send
        document = (await send("Runtime.evaluate", expression="document"))["result"]["objectId"]
        # Listeners belong to the page's own world, so its own document is asked.
        heard = (await send("DOMDebugger.getEventListeners", objectId=document, depth=-1, pierce=True))[
            "listeners"
        ]
        nodes = list(
            dict.fromkeys(
                one["backendNodeId"] for one in heard if one["type"] in _CLICKS and "backendNodeId" in one
            )
        )[:_LISTENERS]
        resolved = await asyncio.gather(
            *(send("DOM.resolveNode", backendNodeId=node, executionContextId=self._world) for node in nodes),
            return_exceptions=True,
        )
        # What is in a frame, or has gone meanwhile, has no object here.
        objects = [
            {"objectId": one["object"]["objectId"]}
            for one in resolved
            if isinstance(one, dict) and "objectId" in one["object"]
        ]
        clickable = await send(
            "Runtime.callFunctionOn",
            functionDeclaration="function (...listening) { return walk.unfocusable(...listening); }",
            executionContextId=self._world,
            arguments=objects,
            returnByValue=True,
        )
        if "exceptionDetails" in clickable:
            raise Refused(exception_text(clickable["exceptionDetails"]))
        return clickable["result"]["value"], await self._ours("walk.small()")


# So many stops before the content are no burden.
_FEW = 3


def _merged(first: list[Json], second: list[Json]) -> list[Json]:
    known = {one["selector"] for one in first}
    return [*first, *(one for one in second if one["selector"] not in known)]
