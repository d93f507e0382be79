"""The categories of type errors, by code and by what the message speaks of."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from pipeline.core.errors import Stop
from pipeline.typescript.workspace import Misnamed

# The order of the tables that people read, and of preference where several fit.
CATEGORIES = (
    "missing type",
    "null check",
    "interface or property",
    "DOM type",
    "unknown in catch",
    "import/export",
    "unused",
    "configuration",
    "other",
)

_BY_CODE = {
    # No annotation, and nothing to infer it from.
    "missing type": "2347 2683 7005 7006 7008 7009 7010 7011 7013 7018 7019 7020 7022 7023 7024 7025 7031 7032 7033"
    " 7034 7050 7051 7055",
    # Possibly null or undefined; used before it is assigned.
    "null check": "2454 2531 2532 2533 2564 2565 2721 2722 2723 18047 18048 18049 18050",
    # A member that is not there, a shape that does not fit, a key that the type does not know.
    "interface or property": "2322 2326 2339 2344 2345 2353 2367 2375 2379 2412 2415 2416 2420 2430 2536 2538 2540"
    " 2551 2559 2561 2739 2740 2741 2769 4111 7015 7017 7052 7053",
    "unknown in catch": "2571 18046",
    "import/export": "1149 1192 1205 1259 1261 1371 1448 1479 1484 1485 1541 2300 2303 2304 2305 2306 2307 2308 2318"
    " 2440 2459 2503 2552 2613 2614 2691 2695 2724 2834 2835 2882 7016",
    "unused": "6133 6138 6192 6196 6198 6199 6205 7027 7028",
    "configuration": "1323 1343 1378 1432 2468 2550 2580 2582 2583 2584 2585 2591 2592 2593 2688 2705 2712 2737 2792"
    " 2802 2875 5011 6142 7026 17004",
}
_CATEGORY = {int(code): name for name, codes in _BY_CODE.items() for code in codes.split()}

# Element, EventTarget, HTMLElement and what comes from them; NodeList, KeyboardEvent and so on.
_DOM = re.compile(
    r"'(?:[^']*[<(|&\s])?(?:(?:HTML|SVG|MathML)\w*Element|Element|EventTarget|NodeListOf|NodeList|Node|ParentNode|ChildNode"
    r"|HTMLCollection\w*|Document|DocumentFragment|ShadowRoot|Window|\w*Event|CSSStyleDeclaration|DOMStringMap)\b"
)
_NULL = re.compile(r"\b(?:null|undefined)\b")
_ASSIGNED = frozenset((2322, 2345, 2769, 2488, 2464))


def category(code: int, message: str) -> str:
    """Return the category of an error.

    A property or an assignment that is about an element or an event is a DOM type; an assignment that fails only
    for `null` or `undefined` is a null check; 5000 to 5999 and 18000 to 18045 are about options.
    """
    found = _CATEGORY.get(code)
    if found == "interface or property":
        if code in _ASSIGNED and _only_nullable(message):
            return "null check"
        return "DOM type" if _DOM.search(message.partition("\n")[0]) else found
    if found:
        return found
    return "configuration" if 5000 <= code < 6000 or 18000 <= code <= 18045 else "other"


def _only_nullable(message: str) -> bool:
    lines = message.strip().splitlines()
    first, last = lines[0], lines[-1]
    told = re.match(r"\s*(?:Type|Argument of type) '(null|undefined)' is not assignable", last)
    return bool(told) or (
        bool(re.search(r"type '[^']*\| (?:null|undefined)[^']*' is not", first, re.IGNORECASE))
        and bool(_NULL.search(last))
    )


def wanted_categories(words: Sequence[str]) -> frozenset[str]:
    """Return the categories that words name, by their beginning; raises Stop (2) for one that there is not."""
    found = set()
    for word in words:
        key = _plain(word)
        hits = [one for one in CATEGORIES if _plain(one).startswith(key)] if key else []
        if not hits:
            near = difflib.get_close_matches(key, [_plain(one) for one in CATEGORIES], 1, 0.5)
            names = ", ".join(_plain(one) for one in CATEGORIES)
            hint = f"invoke ts.fix --category={near[0]}" if near else "invoke ts.fix"
            raise Stop(f"there is no category {word}; there are: {names}", hint)
        found.update(hits)
    return frozenset(found)


def wanted_codes(words: Sequence[str], known: Sequence[int]) -> frozenset[int]:
    """Return the codes that words such as `TS2339` or `2339` name; raises Stop (2) for what is no code.

    `known` are the codes of the errors that there are; one that none of them has is refused too.
    """
    found = set()
    for word in words:
        match = re.fullmatch(r"(?:ts)?(\d{4,5})", word.strip(), re.IGNORECASE)
        here = [f"TS{one}" for one in sorted(set(known))]
        if not match:
            raise Stop(f"{word} is no code of an error; they look like TS2339", "invoke ts.fix --code=TS2339")
        if int(match[1]) not in known:
            near = difflib.get_close_matches(f"TS{match[1]}", here, 1, 0.6)
            hint = f"invoke ts.fix --code={near[0]}" if near else "invoke ts.fix"
            there = f"; there are: {', '.join(here)}" if here else ""
            raise Misnamed(f"no error has the code TS{match[1]}{there}", hint)
        found.add(int(match[1]))
    return frozenset(found)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]+", "-", name.lower()).strip("-")
