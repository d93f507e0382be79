"""Pages run without errors, load all of their own files, and do not jump while they load."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from checks.base import Digest, Evidence, Finding, Limits, Measure, Principle, Scope, Subject, Tools
from checks.looks import looks
from checks.rows import Kind, Row, advice, findings, refusal, row, rules
from checks.seen import UNVISITED, Record, gather, places, unvisited, visit_digest, without_browser

NAME = "runtime"
PRINCIPLE: Principle = "III"
SCOPE: Scope = "page"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None

# Defaults of the policy's `runtime`. "Good" is 0.1 or less: https://web.dev/articles/cls#what_is_a_good_cls_score
LIMITS: Limits = {"cls": 0.1}

EXPLAIN = """\
Opens every page once in a real browser, scrolls through it, and takes down what went wrong: uncaught exceptions,
errors on the console, files of the site that did not load, pages that send visitors on by script, and content that
jumps. Requests to other origins are refused on purpose while a page is looked at, so what only fails for that is left
out here; the gate `privacy` tells of it. The limit of layout shift is Google's for a good page, runtime.cls of
constitution.toml."""

_CONSOLE = "https://developer.mozilla.org/en-US/docs/Web/API/console/error_static"
KINDS: Mapping[str, Kind] = {
    "exception": refusal(
        "a script of the page fails: {about}",
        "an exception that no code caught: what should come after it does not happen",
        "open the page with `invoke serve`, press F12 and look at the console; mend the line that it names",
        "https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Errors",
    ),
    "console-error": refusal(
        "the browser's console has an error: {about}",
        "a script, or the browser itself, reports an error, such as code that the page's policy forbids",
        "open the page with `invoke serve`, press F12 and look at the console",
        _CONSOLE,
    ),
    "failed-request": refusal(
        "{about} did not load ({note})",
        "the page asks for a file of the site that is not there",
        "correct the address in the script or style that asks for it, or add the file (public/ in Astro and Vite)",
        "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Status/404",
    ),
    "leaves": refusal(
        "a script sends every visitor of the page to another site: {about}",
        "who opens the page never sees it",
        'remove the script; a page that moved says <meta http-equiv="refresh" content="0; url=…">',
        "https://developers.google.com/search/docs/crawling-indexing/301-redirects",
    ),
    "cls": refusal(
        "content jumps while the page loads: layout shift {about}",
        "something appears late and pushes away what people already read or were about to press",
        "give images and frames width and height, keep room for what scripts add, and preload fonts",
        "https://web.dev/articles/optimize-cls",
    ),
    "redirect": advice(
        "a script sends visitors of the page on to {about}",
        "the page's address changes by script: search engines and people with a slow connection see two pages (advice)",
        'link to the right page, or use <meta http-equiv="refresh" content="0; url=…">',
        "https://developers.google.com/search/docs/crawling-indexing/301-redirects",
    ),
    "never-idle": advice(
        "the page never stops loading",
        "requests go on and on, which costs visitors' batteries and data (advice)",
        "ask less often, or only while the page is in view (document.visibilityState)",
        "https://developer.mozilla.org/en-US/docs/Web/API/Page_Visibility_API",
    ),
    "maybe-foreign": advice(
        "a script fails, maybe only because other origins were refused: {about}",
        "a name is missing that a script of another origin may bring (advice)",
        "let the page work without it: that script is blocked in many browsers, too",
        "https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Errors/Not_defined",
    ),
}  # fmt: skip
RULES = {**rules(KINDS), **UNVISITED}

# What a script hears when a request is refused.
_UNFETCHED = re.compile(
    r"Failed to fetch|NetworkError|Load failed|Network request failed|net::ERR_(?:NAME_NOT_RESOLVED|FAILED)"
    r"|dynamically imported module|WebSocket connection to|Network Error"
)
_UNDEFINED = re.compile(
    r"ReferenceError: .* is not defined|Cannot read properties of undefined|is not a function"
)
# The network's own line on the console; the request tells it better.
_NETWORK = "Failed to load resource"
# A directive of a policy in `meta` that counts in headers only: the page works, and the gate `security` advises.
_IN_META = "is ignored when delivered via a <meta> element"
# The page itself took these back, or nobody waits for them.
_WITHDRAWN = frozenset({"net::ERR_ABORTED"})
_ASKED = frozenset({"Script", "Fetch", "XHR", "WebSocket", "EventSource"})

unavailable = without_browser


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files, the address and what looks at them."""
    return visit_digest(NAME, VERSION, subject)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Take what went wrong while the pages were looked at; raises Unavailable."""
    pages = looks(subject).pages
    return gather(subject, tools, _reader(lambda file: file in pages and bool(pages[file].forward)))


def _reader(forwards: Callable[[str], bool]) -> Callable[[Record], Iterator[Row]]:
    def rows(record: Record) -> Iterator[Row]:
        page = record["page"]
        yield row("layout-shift", page) | {
            "value": record["cls"],
            "shifts": [[one["selector"], one["value"]] for one in record["shifts"]],
        }
        yield from _errors(record)
        for one in record["requests"]:
            problem = _problem(one)
            if problem:
                yield row("failed-request", page, one["url"], problem)
        final = record["final"]
        if final != page and not forwards(record["file"]):
            yield row("leaves" if "://" in final else "redirect", page, final)
        if not record["idle"]:
            yield row("never-idle", page)

    return rows


def _errors(record: Record) -> Iterator[Row]:
    page = record["page"]
    refused = [one for one in record["requests"] if one["foreign"]]
    hosts = {urlsplit(one["url"]).netloc for one in refused} - {""}
    asked = any(one["type"] in _ASKED for one in refused)
    for one in record["exceptions"]:
        first = one["text"].partition("\n")[0]
        if _caused(one["text"], hosts, asked=asked):
            continue
        rule = "maybe-foreign" if asked and _UNDEFINED.search(first) else "exception"
        yield row(rule, page, first, _place(one))
    for one in record["console"]:
        if one["level"] != "error" or one["text"].startswith(_NETWORK) or _IN_META in one["text"]:
            continue
        if not _caused(one["text"], hosts, asked=asked):
            yield row("console-error", page, one["text"].partition("\n")[0], _place(one))


def _caused(text: str, hosts: set[str], *, asked: bool) -> bool:
    """Whether a message tells of nothing but a request to another origin, which was refused on purpose."""
    return (asked and _UNFETCHED.search(text) is not None) or any(host in text for host in hosts)


def _problem(request: Mapping[str, Any]) -> str:
    if request["foreign"]:
        return ""
    if request["status"] >= 400:
        return f"answer {request['status']}"
    if request["error"] in _WITHDRAWN:
        return ""
    return "" if request["status"] else str(request["error"])


def _place(one: Mapping[str, Any]) -> str:
    return f"{one['url']}:{one['line']}" if one["url"] and one["line"] else str(one["url"])


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what fails, is missing or jumps."""
    rows = [one for one in evidence.data["rows"] if one["rule"] in KINDS]
    return [*unvisited(evidence), *_shifts(evidence, limits), *findings(rows, KINDS)]


def _shifts(evidence: Evidence, limits: Limits) -> Iterator[Finding]:
    limit, kind = limits["cls"], KINDS["cls"]
    for one in evidence.data["rows"]:
        if one["rule"] == "layout-shift" and one["value"] > limit:
            about = f"{one['value']:.3f}, {limit:g} is allowed"
            yield Finding(
                "cls",
                kind.message.format(about=about),
                path=one["page"],
                measured=one["value"],
                limit=limit,
                details=places((selector or "(gone)", f"{value:.3f}") for selector, value in one["shifts"]),
                fix=kind.rule.fix,
                source=kind.rule.source,
            )


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how many pages ran, and the biggest layout shift."""
    shifts = {one["page"]: one["value"] for one in evidence.data["rows"] if one["rule"] == "layout-shift"}
    worst = max(shifts, key=lambda page: shifts[page], default="")
    found = [Measure("pages opened", len(shifts))]
    if worst:
        found.append(Measure("layout shift", shifts[worst], limits["cls"], "", worst))
    return found
