"""Reads what Lighthouse says about a page: the few figures and audits that gates judge, or why it is not usable."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

# What is read here is laid out as these major versions do: https://github.com/GoogleChrome/lighthouse/blob/main/docs/understanding-results.md
MAJORS = frozenset({12, 13})
# Our name, Lighthouse's audit. Times are in milliseconds, CLS has no unit.
METRICS = {
    "lcp": "largest-contentful-paint",
    "fcp": "first-contentful-paint",
    "cls": "cumulative-layout-shift",
    "tbt": "total-blocking-time",
    "si": "speed-index",
}
# They say what to do about slow pages, and count nothing in the score.
_ADVICE = (
    "render-blocking-insight",
    "lcp-breakdown-insight",
    "layout-shifts",
    "long-tasks",
    "bootup-time",
)
_NODES = 5
_FRAMES = 4
_LONGEST = 160
_PICTURE = 60_000


class Garbage(Exception):
    """The answer cannot be judged: it is no report, of another format, or Lighthouse says itself that it failed."""


def read(report: object, home: str) -> dict[str, Any]:
    """Return one run of one page as JSON-able data; `home` is the address of the site's root.

    `refs` has `[audit, weight, score]` of every audit that counts, by category; scores are 0 to 1. `failed` has what
    is not perfect, `metrics` milliseconds and bytes (`weight`), `wall` and `cpu` the main thread's milliseconds,
    `requests` the paths below the root with their status, `foreign` other origins. Raises Garbage.
    """
    if not isinstance(report, dict):
        raise Garbage("Lighthouse's answer is no report")
    version = str(report.get("lighthouseVersion", ""))
    major = version.partition(".")[0]
    if not major.isdigit() or int(major) not in MAJORS:
        raise Garbage(f"the report is of Lighthouse {version or 'of no version'}, whose format is not known")
    if error := report.get("runtimeError"):
        text = error.get("message") or error.get("code") if isinstance(error, dict) else str(error)
        raise Garbage(f"Lighthouse could not measure the page: {_line(str(text))}")
    try:
        return _read(report, version, home)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise Garbage(f"the report of Lighthouse {version} lacks {_line(str(error))}") from error


def _read(report: Mapping[str, Any], version: str, home: str) -> dict[str, Any]:
    audits = report["audits"]
    categories = {name: value for name, value in report["categories"].items() if name != "machine"}
    if not categories:
        raise Garbage("the report has no category")
    refs = {name: list(_refs(name, value, audits)) for name, value in categories.items()}
    run: dict[str, Any] = {
        "version": version,
        "at": report["fetchTime"],
        "final": report["finalDisplayedUrl"],
        "preset": report["configSettings"]["formFactor"],
        "benchmark": report["environment"]["benchmarkIndex"],
        "warnings": [_line(str(text)) for text in report["runWarnings"]][:_NODES],
        "refs": refs,
        "failed": [_failed(audits[name], category, home) for category, name in _imperfect(refs)],
    }
    if "performance" in categories:
        run |= _performance(audits, home)
    return run


def _refs(category: str, value: Mapping[str, Any], audits: Mapping[str, Any]) -> Iterator[list[Any]]:
    for ref in value["auditRefs"]:
        weight = _number(ref["weight"], ref["id"])
        audit = audits[ref["id"]]
        if not weight:
            continue
        score = audit["score"]
        if score is None:
            # "If there is 1 null score, return a null average": lighthouse/core/scoring.js
            why = audit.get("errorMessage") or audit.get("explanation") or "no score"
            raise Garbage(f"Lighthouse could not score {category}, {ref['id']}: {_line(str(why))}")
        if not 0 <= _number(score, ref["id"]) <= 1:
            raise Garbage(f"the score of {ref['id']} is {score}, not between 0 and 1")
        yield [ref["id"], weight, score]


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Garbage(f"{name} of the report is not a number")
    return value


def _imperfect(refs: Mapping[str, list[list[Any]]]) -> Iterator[tuple[str, str]]:
    for category, rows in refs.items():
        yield from ((category, name) for name, _, score in rows if score < 1)


def _performance(audits: Mapping[str, Any], home: str) -> dict[str, Any]:
    metrics = {name: _number(audits[audit]["numericValue"], audit) for name, audit in METRICS.items()}
    requests = audits["network-requests"]["details"]["items"]
    machine = audits["machine"]
    if "details" not in machine:
        raise Garbage(f"the trace could not be read: {_line(str(machine.get('errorMessage', '')))}")
    found = machine["details"]
    metrics["weight"] = sum(_number(one.get("transferSize", 0), "transferSize") for one in requests)
    metrics["cpu_tbt"] = _number(found["tbt"], "machine")
    return {
        "metrics": {name: round(value, 4) for name, value in metrics.items()},
        "cpu_score": _number(found["score"], "machine"),
        "wall": round(_number(found["wall"], "machine"), 1),
        "cpu": round(_number(found["cpu"], "machine"), 1),
        "advice": [_failed(audits[name], "", home) for name in _ADVICE if _useful(audits.get(name))],
        "requests": sorted(
            {
                _path(one["url"], home): one.get("statusCode", 0) for one in requests if _ours(one, home)
            }.items()
        ),
        "foreign": sorted({_origin(one["url"]) for one in requests if _foreign(one["url"], home)}),
        "film": _film(audits),
    }


def _useful(audit: Mapping[str, Any] | None) -> bool:
    return bool(audit and audit.get("details", {}).get("items") and (audit.get("score") or 0) < 1)


def _ours(request: Mapping[str, Any], home: str) -> bool:
    return _origin(request["url"]) == _origin(home)


def _foreign(url: str, home: str) -> bool:
    return urlsplit(url).scheme in {"http", "https", "ws", "wss"} and _origin(url) != _origin(home)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _path(url: str, home: str) -> str:
    """Return an address of ours as the path below the site's root; one outside of it begins with two slashes."""
    path = urlsplit(url).path
    base = urlsplit(home).path
    return "/" + path.removeprefix(base) if path.startswith(base) else "/" + path


def _failed(audit: Mapping[str, Any], category: str, home: str) -> dict[str, Any]:
    details = audit.get("details") or {}
    items = details.get("items") or []
    return {
        "id": audit["id"],
        "category": category,
        "score": audit["score"],
        "title": _line(audit["title"]),
        "why": _line(audit.get("displayValue") or audit.get("explanation") or ""),
        "source": _link(audit.get("description", "")),
        # The address of the server here says nothing to anyone.
        "items": [text.replace(home, "/") for one in items[: 2 * _NODES] if (text := _item(one))][:_NODES],
    }


def _link(text: str) -> str:
    """Return the first address of a Markdown text."""
    _, _, rest = text.partition("](")
    return rest.partition(")")[0]


def _item(item: object) -> str:
    """Return one line for what an audit found: the element, or the file, and its figures."""
    if not isinstance(item, dict):
        return ""
    node = item if item.get("type") == "node" else item.get("node")
    if isinstance(node, dict):
        return _line(f"{node.get('selector', '')}  {node.get('snippet', '')}")
    name = item.get("url") or item.get("source") or item.get("description") or item.get("label")
    if isinstance(name, dict):
        name = name.get("url") or name.get("value")
    if not isinstance(name, str):
        return ""
    ms = next(
        (item[key] for key in ("wastedMs", "duration", "total") if isinstance(item.get(key), int | float)),
        None,
    )
    told = item.get("description") if item.get("description") != name else None
    return _line(
        name + (f"  {ms:.0f} ms" if ms is not None else "") + (f"  {told}" if isinstance(told, str) else "")
    )


def _film(audits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a few pictures of how the page appeared (`ms`, `data` as a data: address), each one once."""
    film: list[dict[str, Any]] = []
    for one in (audits.get("screenshot-thumbnails", {}).get("details") or {}).get("items", []):
        if len(one["data"]) <= _PICTURE and all(one["data"] != seen["data"] for seen in film):
            film.append({"ms": round(one["timing"]), "data": one["data"]})
    return film[:_FRAMES]


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
