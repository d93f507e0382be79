"""axe in a page with frames: it looks at each by itself and puts the results together.

https://github.com/dequelabs/axe-core/blob/develop/doc/run-partial.md
"""

from __future__ import annotations

import json
from typing import Any

from pipeline.tools.browser import Json, Refused, Tab

_SECONDS = 60.0
_DEPTH = 4


async def run_in_frames(tab: Tab, world: int, script: str, options: Json) -> Json:
    """Return axe's result for a page and the frames of its own origin; `script` is axe itself."""
    partials = await _partials(tab, world, script, options, "document", 0)
    text = json.dumps(partials)
    finish = f"axe.finishRun({text}, {json.dumps(options)}).then(look.axeResult)"
    found: Json = await tab.evaluate(finish, world=world, seconds=_SECONDS)
    return found


async def _partials(tab: Tab, world: int, script: str, options: Json, context: str, depth: int) -> list[Any]:
    inner = json.loads(
        await tab.evaluate(
            f"JSON.stringify(axe.utils.getFrameContexts({context}))", world=world, seconds=_SECONDS
        )
    )
    run = f"axe.runPartial({context}, {json.dumps(options)}).then(JSON.stringify)"
    found = [json.loads(await tab.evaluate(run, world=world, seconds=_SECONDS))]
    for one in inner:
        frame = await _world_of(tab, world, script, one["frameSelector"])
        if frame is None or depth == _DEPTH:
            # axe then says that the frame could not be tested.
            found.append(None)
            continue
        inside = json.dumps(one["frameContext"])
        found += await _partials(tab, frame, script, options, inside, depth + 1)
    return found


async def _world_of(tab: Tab, world: int, script: str, selector: Any) -> int | None:  # noqa: ANN401
    """Return a world with axe in the frame that an element of another shows; None where it cannot be entered."""
    expression = f"axe.utils.shadowSelect({json.dumps(selector)})"
    try:
        element = await tab.send("Runtime.evaluate", expression=expression, contextId=world)
        number = element["result"].get("objectId")
        if not number:
            return None
        node = (await tab.send("DOM.describeNode", objectId=number))["node"]
        made = await tab.world("look", node["frameId"])
        if await tab.evaluate("location.protocol", world=made) == "chrome-error:":
            return None
        if not await tab.evaluate("typeof axe === 'object'", world=made):
            await tab.evaluate(f"{script}\n;0", world=made, seconds=_SECONDS)
    except (Refused, KeyError):
        return None
    return made
