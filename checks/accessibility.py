"""Everyone can use every page: axe-core and HTML_CodeSniffer find nothing against WCAG 2.1 AA."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks.base import (
    Digest,
    Evidence,
    Finding,
    Limits,
    Measure,
    Principle,
    Rule,
    Scope,
    Subject,
    Tools,
    count_text,
)
from checks.parse import wcag
from checks.seen import UNVISITED, Record, gather, places, unvisited, visit_digest, without_browser

NAME = "accessibility"
PRINCIPLE: Principle = "III"
SCOPE: Scope = "page"
NON_NEGOTIABLE = False
VERSION = 2
WEIGHT = 2
TIMED = False
AGE: int | None = None

# Defaults of the policy's `accessibility`.
LIMITS: Limits = {"standard": "wcag21aa", "engine": "visits"}

EXPLAIN = """\
Looks at every page with axe-core and HTML_CodeSniffer (Pa11y's engine) at 390 and 1280 pixels, light and dark, in one
visit, and merges what both say. What breaks a success criterion of WCAG 2.1 A or AA blocks, the level that European law
asks of public bodies (EN 301 549); accessibility.standard adds 2.2 or AAA, accessibility.engine = "pa11y-ci" runs that
program instead. What the checkers are not sure of, and good practice, is advice. Machines find a third of the barriers:
the gate `keyboard` walks through the pages too, and nothing replaces asking people."""

# So many elements of a rule are kept for each page.
_KEPT = 10
# Rules whose result differs from view to view although the elements are the same; axe looks for others once.
_BY_LOOKS = frozenset(
    {"color-contrast", "color-contrast-enhanced", "link-in-text-block", "target-size"}
    | {"scrollable-region-focusable", "css-orientation-lock"}
)
# No element needs to have that id: https://html.spec.whatwg.org/multipage/browsing-the-web.html#select-the-indicated-part
_TOP = re.compile(r"""\bhref\s*=\s*["']?#(?:top)?(?:["'\s>]|:~:)""", re.IGNORECASE)
_REFLOW = "https://www.w3.org/WAI/WCAG21/Understanding/reflow.html"
RULES: Mapping[str, Rule] = {
    "axe:*": Rule(
        "axe-core found elements that break a success criterion, or are not good practice",
        "follow the finding's address: it shows the rule with good and bad examples",
        "https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md",
    ),
    "htmlcs:*": Rule(
        "HTML_CodeSniffer, the engine of Pa11y, found elements that break a success criterion",
        "follow the finding's address: it explains the criterion",
        "https://squizlabs.github.io/HTML_CodeSniffer/Standards/WCAG2/",
    ),
    "pa11y:*": Rule(
        "pa11y-ci found elements that break a success criterion",
        "follow the finding's address: it explains the criterion",
        "https://github.com/pa11y/pa11y-ci",
    ),
    "unsure": Rule(
        "axe-core could not tell by itself, such as text over a picture (advice)",
        "look at the elements: can they be read and used?",
        "https://github.com/dequelabs/axe-core/blob/develop/doc/API.md#results-object",
    ),
    "overflow": Rule(
        "the page is wider than a narrow screen and has to be moved sideways (advice)",
        "let wide things shrink (max-width: 100%), wrap or scroll by themselves (overflow-x: auto)",
        _REFLOW,
    ),
    **UNVISITED,
}

unavailable = without_browser


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files, the address, what looks at them and by which standard."""
    return visit_digest(NAME, VERSION, subject)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Take what the checkers found in all views; raises Unavailable."""
    if subject.plans.get("accessibility", "").startswith("pa11y-ci"):
        from checks import pa11y

        return pa11y.collect(subject, tools)
    return gather(subject, tools, _rows)


def _rows(record: Record) -> Iterator[dict[str, Any]]:
    """Return one row for each rule that the page breaks in any view."""
    found: dict[str, dict[str, Any]] = {}
    # Structure is looked at once where it is the same in several views, so axe's results of all of them count.
    violations = [one for view in record["views"] for one in view["axe"]["violations"]]
    for view in record["views"]:
        for sure, results in ((True, view["axe"]["violations"]), (False, view["axe"]["incomplete"])):
            for one in results:
                nodes = [(node["target"], node["html"], node["summary"]) for node in one["nodes"]]
                _add(found, record, view, f"axe:{one['id']}" if sure else f"unsure:{one['id']}", nodes,
                     count=one["count"], help=one["help"], url=one["helpUrl"], tags=one["tags"],
                     impact=one["impact"])  # fmt: skip
        for message in view["htmlcs"]:
            code = wcag.read(message["code"])
            node = (message["selector"], message["context"], "")
            if not (_told(violations, code, message["context"]) or _to_top(code, message["context"])):
                _add(found, record, view, f"htmlcs:{code.short}", [node], count=1, help=message["message"],
                     url="", tags=list(code.tags), impact="")  # fmt: skip
    yield from found.values()
    for view in record["views"]:
        if view["overflow"] > 0 and view["width"] < 600:
            yield {"rule": "overflow", "page": record["page"], "pixels": view["overflow"], "width": view["width"],
                   "picture": view["picture"]}  # fmt: skip
            return


def _add(
    found: dict[str, dict[str, Any]],
    record: Record,
    view: Mapping[str, Any],
    rule: str,
    nodes: Sequence[tuple[str, str, str]],
    *,
    count: int,
    **facts: Any,  # noqa: ANN401 - JSON
) -> None:
    one = found.setdefault(
        rule,
        {
            "rule": rule,
            "page": record["page"],
            "nodes": [],
            "views": [],
            "counts": {},
            "picture": "",
            **facts,
        },
    )
    name = view["name"]
    if name not in one["views"]:
        one["views"].append(name)
    one["counts"][name] = one["counts"].get(name, 0) + count
    known = {node[0]: node for node in one["nodes"]}
    for selector, snippet, summary in nodes:
        if selector in known:
            if name not in known[selector][3]:
                known[selector][3].append(name)
        elif len(one["nodes"]) < _KEPT:
            one["nodes"].append([selector, snippet, summary, [name]])
    one["picture"] = one["picture"] or _picture(record, view)


def _picture(record: Record, view: Mapping[str, Any]) -> str:
    """Return the picture of a view, or of the same width where only the colours differ."""
    if view["picture"]:
        return str(view["picture"])
    same = (one["picture"] for one in record["views"] if one["width"] == view["width"] and one["picture"])
    return next(same, "")


def _told(violations: Sequence[Mapping[str, Any]], code: wcag.Code, context: str) -> bool:
    """Whether axe tells of the same element and the same criterion."""
    mine = _opening(context)
    for one in violations:
        if code.criterion not in wcag.criteria(one["tags"]) and one["id"] not in code.axe:
            continue
        if mine in {_opening(node["html"]) for node in one["nodes"]} or one["count"] > len(one["nodes"]):
            return True
    return False


def _to_top(code: wcag.Code, context: str) -> bool:
    """Whether a link is told to lead nowhere that leads to the start of the page, or to a text on it."""
    return code.short.endswith("NoSuchID") and _TOP.search(context) is not None


def _opening(snippet: str) -> str:
    """Return the start tag of a snippet, which both checkers quote alike."""
    return snippet.partition(">")[0].removesuffix("…").rstrip("/ ")


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what the standard forbids, and advice."""
    levels = wcag.levels(str(limits["standard"]))
    found = [_finding(one, levels) for one in evidence.data["rows"]]
    return [*unvisited(evidence), *sorted(found, key=lambda one: (not one.blocking, one.path, one.rule))]


def _finding(one: Mapping[str, Any], levels: frozenset[str]) -> Finding:
    if one["rule"] == "overflow":
        return _overflow(one)
    kind, _, name = one["rule"].partition(":")
    criteria = wcag.criteria(one["tags"])
    blocking = kind != "unsure" and bool(levels & set(one["tags"])) and not wcag.only_advice(name)
    most = max(one["counts"].values())
    known = wcag.ADVICE.get(name)
    said = known.what if known else _sentence(one["help"])
    differs = kind == "htmlcs" or name in _BY_LOOKS
    views = _views(one["views"]) if differs else ""
    start = "not sure, please look: " if kind == "unsure" else ""
    by = f" (WCAG {', '.join(criteria)})" if criteria else "" if blocking else " (good practice)"
    source = one["url"].partition("?")[0] or wcag.understanding(criteria)
    return Finding(
        "unsure" if kind == "unsure" else one["rule"],
        f"{start}{said}{by}: {count_text(most, 'element')}{views}",
        blocking=blocking,
        path=one["page"],
        measured=most,
        limit=0 if blocking else None,
        details=places(
            (
                (node[0], node[1] + (_views(node[3]).replace(", ", "  ", 1) if differs else ""))
                for node in one["nodes"]
            ),
            int(most),
        ),
        fix=known.fix if known else _fix(one["nodes"]),
        source=source,
        picture=one["picture"],
    )


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(". ") if text[1:2].islower() else text.rstrip(". ")


def _views(names: Sequence[str]) -> str:
    """Return in which views it was seen, empty for all of them."""
    every = {(width, scheme) for width in ("narrow", "wide") for scheme in ("light", "dark")}
    seen = {tuple(name.split("-")) for name in names}
    if seen >= every or not seen:
        return ""
    for word in ("dark", "light", "narrow", "wide"):
        if seen == {view for view in every if word in view}:
            return f", {word} only"
    return f", seen {' and '.join(name.replace('-', ' ') for name in names)}"


def _fix(nodes: Sequence[Sequence[str]]) -> str:
    """Return what axe says is to be done with the first element."""
    summary = next((node[2] for node in nodes if len(node) > 2 and node[2]), "")
    return summary.replace("Fix any of the following: ", "one of: ").replace("Fix all of the following: ", "")


def _overflow(one: Mapping[str, Any]) -> Finding:
    return Finding(
        "overflow",
        f"at {one['width']} pixels the page is {one['pixels']} pixels too wide: people have to move it sideways. "
        "WCAG 1.4.10 asks for 320 pixels, which is narrower still and is not measured",
        blocking=False,
        path=one["page"],
        measured=one["pixels"],
        limit=0,
        unit="px",
        fix=RULES["overflow"].fix,
        source=_REFLOW,
        picture=one["picture"],
    )


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how many pages were looked at, and how many are free of findings."""
    levels = wcag.levels(str(limits["standard"]))
    bad = {one.path for one in (_finding(row, levels) for row in evidence.data["rows"]) if one.blocking}
    pages = evidence.data["pages"] - len(evidence.data["failed"])
    return [Measure("pages looked at", pages), Measure("pages with barriers", len(bad), 0)]
