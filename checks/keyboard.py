"""Everything can be reached and left with the Tab key, in a sensible order, and the focus is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.base import Digest, Evidence, Finding, Limits, Measure, Principle, Scope, Subject, Tools
from checks.rows import Kind, Row, advice, findings, refusal, row, rules
from checks.seen import UNVISITED, Record, gather, unvisited, visit_digest, without_browser

NAME = "keyboard"
PRINCIPLE: Principle = "III"
SCOPE: Scope = "page"
NON_NEGOTIABLE = False
VERSION = 2
WEIGHT = 1
TIMED = False
AGE: int | None = None

# The policy's `accessibility` has it: WCAG 2.2 adds the size of targets and covered focus.
LIMITS: Limits = {"standard": "wcag21aa"}

EXPLAIN = """\
Presses the Tab key in a real browser until the page ends, and looks where the focus goes: whether it is seen, whether
it can leave again, whether it follows the order of the page, and what reacts to a mouse and is never reached. Checkers
of the markup find neither an outline that was taken away nor a menu that opens by mouse only. The limits are WCAG 2.1's
for people who use no mouse; the size of targets and covered focus block only when the standard is WCAG 2.2."""

_WCAG = "https://www.w3.org/WAI/WCAG21/Understanding/"
_WCAG22 = "https://www.w3.org/WAI/WCAG22/Understanding/"
KINDS: Mapping[str, Kind] = {
    "focus-invisible": refusal(
        "{about} shows no sign that it has the focus: who uses the Tab key does not see where they are",
        "an element looks the same with and without the focus (outline: none without another sign)",
        "remove `outline: none`, or add `:focus-visible { outline: 2px solid; outline-offset: 2px }`",
        _WCAG + "focus-visible.html",
    ),
    "focus-hidden": refusal(
        "the Tab key stops at {about}, which nobody can see",
        "something that is hidden off the screen, transparent or cut away takes the focus",
        "show it while it has the focus (`:focus`), or hide it from the keyboard too: `display: none`, `inert` or "
        'tabindex="-1"',
        _WCAG + "focus-visible.html",
    ),
    "trap": refusal(
        "the Tab key does not get away from {about}: the rest of the page cannot be reached",
        "Tab and Escape leave the focus where it is, or lead around in a circle",
        "let Tab through (no preventDefault() for it, no focus() on blur); in a dialog use <dialog> and showModal()",
        _WCAG + "no-keyboard-trap.html",
    ),
    "unfocusable": refusal(
        "{about} reacts to a click, but the Tab key never reaches it",
        "a script listens for clicks on an element, or it has a role such as button, and it cannot take the focus",
        'make it a <button> (or <a href> when it leads somewhere); else give it tabindex="0", a role, and react to '
        "Enter and Space too",
        _WCAG + "keyboard.html",
    ),
    "tab-order": refusal(
        "the Tab key jumps back {about}",
        "a positive tabindex, or a script, makes the focus go against the order of the page",
        "remove tabindex values above 0, and put the elements into the order in which they are used",
        _WCAG + "focus-order.html",
    ),
    "skip-link-broken": refusal(
        "the skip link {about} does not lead to the content: after it, the Tab key goes on as before",
        "the first link promises to lead over the menu and does not",
        'give the target the id that the link names, and tabindex="-1": <main id="content" tabindex="-1">',
        _WCAG + "bypass-blocks.html",
    ),
    "no-bypass": refusal(
        "{about} stops of the Tab key come before the content, and nothing leads over them",
        "no skip link, no <main> and no heading: who uses the keyboard goes through the menu on every page",
        'put the content into <main id="content" tabindex="-1">, and '
        '<a href="#content">Skip to the content</a> first into the body',
        _WCAG + "bypass-blocks.html",
    ),
    "skip-link": advice(
        "{about} stops of the Tab key come before the content, and no link leads over them",
        "a page without skip link; <main> and headings help users of screen readers only (advice)",
        'put <a href="#content">Skip to the content</a> first into the body, shown while it has the focus',
        "https://www.w3.org/WAI/WCAG21/Techniques/general/G1",
    ),
    "clickable-look": advice(
        "{about} has the pointer of something that can be clicked, and the Tab key never reaches it",
        "the style says cursor: pointer, and a script may listen for clicks further up (advice)",
        "make it a <button> or <a href> if it can be clicked, else remove `cursor: pointer`",
        _WCAG + "keyboard.html",
    ),
    "visual-order": advice(
        "the Tab key jumps back {about} as the page is seen",
        "styles show elements in another order than the source has them (advice)",
        "put them into the order in which they are read; avoid `order`, `row-reverse` and `column-reverse` for links",
        "https://www.w3.org/WAI/WCAG21/Techniques/css/C27",
    ),
    "focus-covered": advice(
        "{about} is covered by something else while it has the focus",
        "a fixed header or a banner hides what has the focus; WCAG 2.2 asks for it (2.4.11)",
        "give the page `scroll-padding-top` of the header's height, or move the banner",
        _WCAG22 + "focus-not-obscured-minimum.html",
    ),
    "small-target": advice(
        "{about} is smaller than 24 by 24 pixels and close to others: fingers miss it",
        "a target below 24 CSS pixels, neither in a sentence nor with room around it; WCAG 2.2 asks for it (2.5.8)",
        "give it `padding`, `min-width: 24px; min-height: 24px`, or more room to its neighbours",
        _WCAG22 + "target-size-minimum.html",
    ),
    "motion": advice(
        "{about} keeps moving although the visitor asked for less motion",
        "an animation of more than 5 seconds runs with prefers-reduced-motion (advice)",
        "@media (prefers-reduced-motion: reduce) { … { animation: none } }",
        "https://www.w3.org/WAI/WCAG21/Techniques/css/C39",
    ),
    "walk-cut": advice(
        "the walk ended after {about}: what comes then was not looked at",
        "a page with very many stops, or a very slow one (advice)",
        "split the page, or load long lists when they are asked for",
        _WCAG + "keyboard.html",
    ),
}  # fmt: skip
RULES = {**rules(KINDS), **UNVISITED}
# What WCAG 2.2 AA asks for and 2.1 does not.
_OF_22 = ("small-target", "focus-covered")

unavailable = without_browser


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files, the address and what looks at them."""
    return visit_digest(NAME, VERSION, subject)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Take what the walks saw; raises Unavailable."""
    return gather(subject, tools, _rows)


def _rows(record: Record) -> Iterator[Row]:
    page, walk = record["page"], record["keyboard"]
    yield row("count", page, str(walk["count"]))
    for stop in walk["stops"]:
        if rule := _sight(stop):
            yield row(rule, page, _named(stop), stop["selector"])
    for one in walk["traps"]:
        around = f"around in a circle of {one['loop'] + 1}" if one["loop"] else ""
        back = "Shift+Tab leads out backwards" if one["back"] else ""
        yield row("trap", page, one["selector"], ", ".join(filter(None, [around, back])))
    for one in walk["unfocusable"]:
        rule = "clickable-look" if one["why"] == "pointer" else "unfocusable"
        yield row(rule, page, one["selector"], one["html"])
    for one in walk["order"]:
        rule = "visual-order" if one["why"] == "layout" else "tab-order"
        yield row(rule, page, f"from {one['from']} to {one['to']}")
    for one in walk["small"]:
        yield row("small-target", page, one["selector"], f"{one['width']} x {one['height']} pixels")
    for one in walk["motion"]:
        yield row("motion", page, one["selector"], one["name"])
    yield from _skip(page, walk)
    if walk["cut"]:
        yield row("walk-cut", page, walk["cut"])


def _sight(stop: Mapping[str, Any]) -> str:
    if not stop["visible"]:
        return "focus-hidden"
    if not stop["indicator"]:
        return "focus-invisible"
    return "focus-covered" if stop["obscured"] else ""


def _skip(page: str, walk: Mapping[str, Any]) -> Iterator[Row]:
    skip = walk["skip"]
    if skip["found"]:
        if not skip["works"]:
            yield row("skip-link-broken", page, _named(walk["stops"][skip["at"]]))
    elif skip["needed"]:
        yield row("skip-link" if skip["bypass"] else "no-bypass", page, str(skip["before"]))


def _named(stop: Mapping[str, Any]) -> str:
    return f"“{stop['name']}”" if stop["name"] else str(stop["selector"])


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what somebody without a mouse cannot do."""
    kinds = {**KINDS, **{name: KINDS[name]._replace(blocking=_strict(limits)) for name in _OF_22}}
    rows = [one for one in evidence.data["rows"] if one["rule"] in kinds]
    return [*unvisited(evidence), *findings(rows, kinds)]


def _strict(limits: Limits) -> bool:
    return str(limits.get("standard", "")).startswith("wcag22")


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how many stops the pages have."""
    counts = {one["page"]: int(one["about"]) for one in evidence.data["rows"] if one["rule"] == "count"}
    most = max(counts, key=lambda page: counts[page], default="")
    return [
        Measure("pages walked", len(counts)),
        Measure("stops of the Tab key", sum(counts.values())),
        Measure("most on one page", counts.get(most, 0), where=most),
    ]
