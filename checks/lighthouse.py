"""Lighthouse's scores and the times until a page is seen, stable and usable are good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks.base import (
    Digest,
    Evidence,
    Finding,
    Lighthouse,
    Limits,
    Measure,
    Principle,
    Rule,
    Scope,
    Subject,
    Tools,
    Unavailable,
    count_text,
    digest,
)
from checks.lighthouse_pages import Choice, Chosen, choose
from checks.lighthouse_runs import (
    CATEGORIES,
    EXCLUDED,
    METRICS,
    NOINDEX,
    REPLACED,
    Run,
    counting,
    disturbed,
    limits_of,
    middle,
    over,
    values,
)

NAME = "lighthouse"
PRINCIPLE: Principle = "II"
SCOPE: Scope = "page"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 2
TIMED = True
# What other origins answer changes without us; pages that ask none are then carried over from the database of runs.
AGE: int | None = 86_400

# The defaults of the policy's `lighthouse`. Times are in milliseconds, scores of 100. "Good" LCP and CLS:
# https://web.dev/articles/vitals, FCP: https://web.dev/articles/fcp, TBT: https://web.dev/articles/tbt
LIMITS: Limits = {
    "engine": "fast",
    "runs": 3,
    "presets": ["mobile", "desktop"],
    "every": False,
    "changed": 10,
    "performance": 95,
    "accessibility": 95,
    "best_practices": 95,
    "seo": 95,
    "lcp": 2500,
    "fcp": 1800,
    "cls": 0.1,
    "tbt": 200,
    "pages": [],
}

EXPLAIN = (
    "It opens the home page, one page of each template, the heaviest page and those that differ from the live release "
    "in Lighthouse, as on a phone and on a desktop, with simulated throttling. Of each it judges the four scores and "
    "the times until the first and the largest part is shown, how far things jump, and how long scripts block. It "
    "takes the median of several runs, leaves out runs that other programs on this machine disturbed, and needs only "
    "one where everything is far inside of its limit. The limits of times are what web.dev calls good, those of scores "
    "are ours; both are set under `lighthouse` in constitution.toml, for patterns of pages too."
)

_SCORING = "https://developer.chrome.com/docs/lighthouse/performance/performance-scoring/"
RULES: Mapping[str, Rule] = {
    "performance": Rule(
        "Lighthouse's score for speed, the weighted mean of five figures, is below its limit",
        "mend the figure that is named first; the score follows",
        _SCORING,
    ),
    "accessibility": Rule(
        "Lighthouse's score for accessibility is below its limit",
        "mend the audits that are named: the elements stand below them",
        "https://developer.chrome.com/docs/lighthouse/accessibility/scoring/",
    ),
    "best_practices": Rule(
        "Lighthouse's score for good practice (console errors, image sizes, outdated interfaces) is below its limit",
        "mend the audits that are named",
        "https://developer.chrome.com/docs/lighthouse/best-practices/",
    ),
    "seo": Rule(
        "Lighthouse's score for what search engines need is below its limit",
        "mend the audits that are named; a page with a robots meta of `noindex` need not be listed",
        "https://developer.chrome.com/docs/lighthouse/seo/",
    ),
    "lcp": Rule(
        "the largest image or text of the first view comes late (Largest Contentful Paint)",
        "make that image smaller and load it first (`fetchpriority=high`, no `loading=lazy`), and load no script or "
        "style sheet before it that it does not need",
        "https://web.dev/articles/optimize-lcp",
    ),
    "fcp": Rule(
        "the page stays blank for long (First Contentful Paint)",
        "load scripts with `defer`, split style sheets, and preload the font of the first view",
        "https://web.dev/articles/fcp",
    ),
    "cls": Rule(
        "parts of the page jump while it loads (Cumulative Layout Shift)",
        "give images and frames `width` and `height`, and keep the place of what comes later free",
        "https://web.dev/articles/optimize-cls",
    ),
    "tbt": Rule(
        "scripts keep the page from answering (Total Blocking Time)",
        "load less script, later: `defer`, `import()`, islands with `client:visible`; do no work at load that can wait",
        "https://web.dev/articles/tbt",
    ),
    "unmeasured": Rule(
        "a page could not be measured, so nothing is known about it",
        "read the reason; let the machine do nothing else, then: invoke check.lighthouse --fresh",
        "https://developer.chrome.com/docs/lighthouse/performance/performance-scoring/#fluctuations",
    ),
    "lhci-assertion": Rule(
        "Lighthouse CI refused a median that is inside of the limits as we judge them",
        "look at the page by hand: the figure is near its limit",
        "https://googlechrome.github.io/lighthouse-ci/docs/configuration.html#assert",
    ),
}

_WORDS = {
    "lcp": ("shows its largest part after {0}", "ms"),
    "fcp": ("stays blank for {0}", "ms"),
    "cls": ("jumps by {0} while it loads", ""),
    "tbt": ("is blocked by scripts for {0}", "ms"),
}
_LABELS = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best_practices": "best practices",
    "seo": "search engines",
}
# Which advice of Lighthouse says most about a figure.
_ADVICE = {
    "lcp": ("lcp-breakdown-insight", "render-blocking-insight"),
    "fcp": ("render-blocking-insight",),
    "cls": ("layout-shifts",),
    "tbt": ("long-tasks", "bootup-time"),
    "performance": ("render-blocking-insight", "long-tasks", "lcp-breakdown-insight", "layout-shifts"),
}
_MEASURED = {
    "performance": "performance score",
    "accessibility": "accessibility score",
    "best_practices": "best practices score",
    "seo": "search engine score",
    "lcp": "LCP",
    "fcp": "FCP",
    "cls": "CLS",
    "tbt": "TBT",
    "cpu_tbt": "TBT by CPU time",
}
_LINES = 5
# So many pages in a row that cannot be measured mean that nothing can.
_HOPELESS = 3


def unavailable(tools: Tools) -> str | None:
    """Return None: a browser, node and Lighthouse are looked for when a page must be measured."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files, the release that they are compared with, and what measures them how."""
    live = subject.live.tree if subject.live else ""
    versions = [subject.versions.get(name, "") for name in ("chromium", "lighthouse", "@lhci/cli")]
    plan = subject.plans.get(NAME, "")
    return digest(NAME, VERSION, subject.tree, subject.base, subject.url, live, versions, plan)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Measure the chosen pages until each has runs enough; raises Unavailable when one has not, and none is bad."""
    found = tools.lighthouse(subject)
    limits = found.limits
    choice = choose(subject, every=limits["every"], changed=limits["changed"])
    rows: list[dict[str, Any]] = []
    hopeless = 0
    for chosen in choice.pages:
        for number, preset in enumerate(limits["presets"]):
            row = _measure(found, chosen, preset, limits, whole=number == 0)
            rows.append(row)
            hopeless = hopeless + 1 if row["problem"] else 0
            if hopeless == _HOPELESS:
                details = [f"{one['page']}: {one['problem']}" for one in rows[-_HOPELESS:]]
                raise Unavailable(rows[-1]["problem"], "invoke doctor", details)
    data = {**_about(choice), "engine": limits["engine"], "rows": rows}
    evidence = Evidence(data, nothing="" if rows else "the site has no page", tools=dict(found.tools))
    _require(evidence, limits)
    return evidence


def _about(choice: Choice) -> dict[str, int]:
    return {
        "pages": choice.known,
        "templates": choice.templates,
        "changed": choice.changed,
        "left": choice.left,
    }


def _measure(
    found: Lighthouse, chosen: Chosen, preset: str, limits: Limits, *, whole: bool
) -> dict[str, Any]:
    """Measure one page on one screen as often as its verdict needs; only the first screen gets all categories."""
    row: dict[str, Any] = {
        "page": chosen.page,
        "file": chosen.file.path,
        "why": chosen.why,
        "preset": preset,
        "excluded": {**EXCLUDED, **({NOINDEX: "the page asks not to be listed"} if chosen.noindex else {})},
        "carried": 0,
        "problem": "",
    }
    runs = list(found.kept(chosen.page, preset))
    row["carried"] = len(runs)
    wanted, own = limits["runs"], limits_of(limits, chosen.page)
    try:
        # Once with all categories, and then as often as the times need it.
        if whole and not any("seo" in run["refs"] for run in runs):
            runs += found.measure(chosen.page, preset, tuple(CATEGORIES.values()), 1)
        while not counting(runs, wanted, own) and (count := _missing(runs, wanted, row["carried"])):
            runs += found.measure(chosen.page, preset, ("performance",), count)
    except Unavailable as refusal:
        row["problem"] = refusal.reason
    return {**row, "runs": runs}


def _missing(runs: Sequence[Run], wanted: int, carried: int) -> int:
    """Return how many runs to make next: one first, then what is missing, 0 when too many were disturbed."""
    if not runs:
        return 1
    calm = sum(not disturbed(run) for run in runs)
    # Disturbed runs of an earlier time do not count against this one.
    spent = sum(disturbed(run) for run in runs[carried:])
    return max(0, min(wanted - calm, wanted + REPLACED - calm - spent)) if spent <= REPLACED else 0


def _require(evidence: Evidence, limits: Limits) -> None:
    """Raise Unavailable when all that stands in the way is what was not measured, so that it is tried again."""
    findings = [one for one in judge(evidence, limits) if one.blocking]
    if findings and all(one.unmeasured for one in findings):
        count = count_text(len({one.path for one in findings}), "page")
        details = [one.message for one in findings][:_LINES]
        reason = findings[0].message if len(findings) == 1 else f"{count} could not be measured"
        raise Unavailable(reason, findings[0].fix, details)


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return a finding for each page and figure beyond its limit, and for each page that was not measured."""
    findings: list[Finding] = []
    pages: dict[str, list[Mapping[str, Any]]] = {}
    for row in evidence.data["rows"]:
        pages.setdefault(row["page"], []).append(row)
    for page, rows in pages.items():
        found = _page(page, rows, limits)
        findings += found or _assertions(page, rows)
    return findings


def _page(page: str, rows: Sequence[Mapping[str, Any]], limits: Limits) -> list[Finding]:
    own = limits_of(limits, page)
    bad: dict[str, list[tuple[float, Mapping[str, Any]]]] = {}
    findings = []
    for row in rows:
        if not (found := _values(row, limits)):
            findings.append(_unmeasured(row, limits))
            continue
        for name, limit in own.items():
            if name in found and over(name, found[name], limit):
                bad.setdefault(name, []).append((found[name], row))
    for name, places in bad.items():
        # Small scores are worst, of the others the big ones.
        places.sort(key=lambda one: one[0], reverse=name not in CATEGORIES)
        findings.append(_finding(page, name, places, own[name] or 0, limits))
    return findings


def _values(row: Mapping[str, Any], limits: Limits) -> dict[str, float]:
    """Return a page's medians on one screen, nothing when there are not enough runs that count."""
    runs = [] if row["problem"] else counting(row["runs"], limits["runs"], limits_of(limits, row["page"]))
    if not runs:
        return {}
    # The other three categories are in one run only, disturbed or not: they do not depend on time.
    whole = middle([values(run, row["excluded"]) for run in row["runs"]])
    return {
        **{name: whole[name] for name in CATEGORIES if name in whole},
        **middle([values(run, row["excluded"]) for run in runs]),
    }


def _unmeasured(row: Mapping[str, Any], limits: Limits) -> Finding:
    runs = row["runs"]
    lost = sum(disturbed(run) for run in runs)
    if row["problem"]:
        why, fix = row["problem"], "invoke doctor, then: invoke check.lighthouse --fresh"
    elif lost:
        why = f"other programs disturbed {lost} of {count_text(len(runs), 'run')}"
        fix = "let the machine do nothing else, then: invoke check.lighthouse --fresh"
    else:
        why = f"{count_text(len(runs), 'run')} are too few for the limits as they are now"
        fix = "invoke check.lighthouse --fresh"
    return Finding(
        "unmeasured",
        f"{row['page']} on {_screen(row)} was not measured: {why}",
        path=row["page"],
        measured=lost,
        limit=REPLACED,
        details=tuple(_shares(runs)),
        fix=fix,
        unmeasured=True,
        source=RULES["unmeasured"].source,
    )


def _shares(runs: Sequence[Run]) -> Iterator[str]:
    for run in runs[:_LINES]:
        share = 100 * run["cpu"] / run["wall"] if run["wall"] else 100
        yield f"the main thread worked {run['cpu']:.0f} ms and took {run['wall']:.0f} ms: {share:.0f}% of a processor"


def _finding(
    page: str, name: str, places: Sequence[tuple[float, Mapping[str, Any]]], limit: float, limits: Limits
) -> Finding:
    value, row = places[0]
    rule = RULES[name]
    return Finding(
        name,
        _message(page, name, value, limit, places),
        path=page,
        measured=round(value, 4),
        limit=limit,
        unit=_WORDS[name][1] if name in _WORDS else "",
        details=tuple(_details(name, row, limits))[:_LINES],
        fix=f"{rule.fix}; or set lighthouse.{name} in constitution.toml",
        source=_source(name, row) or rule.source,
        picture=_picture(row) if name in METRICS else "",
    )


def _message(
    page: str, name: str, value: float, limit: float, places: Sequence[tuple[float, Mapping[str, Any]]]
) -> str:
    where = _screen(places[0][1])
    also = "".join(f", {_amount(name, other)} on {_screen(row)}" for other, row in places[1:])
    if name in CATEGORIES:
        return f"{page} has {value:.0f} of 100 for {_LABELS[name]} on {where}{also}; at least {limit:g} is needed"
    text = _WORDS[name][0].format(_amount(name, value))
    return f"{page} {text} on {where}{also}; the limit is {_amount(name, limit)}"


def _amount(name: str, value: float) -> str:
    if name in CATEGORIES:
        return f"{value:.0f}"
    return (
        f"{value:.2f}" if name == "cls" else f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"
    )


def _screen(row: Mapping[str, Any]) -> str:
    return "a phone" if row["preset"] == "mobile" else "a desktop"


def _details(name: str, row: Mapping[str, Any], limits: Limits) -> Iterator[str]:
    if name in CATEGORIES and name != "performance":
        for audit in _audits(row, name):
            yield f"{audit['title']}" + (f": {audit['why']}" if audit["why"] else "")
            yield from (f"  {item}" for item in audit["items"])
        return
    found = _values(row, limits)
    if name == "performance":
        yield ", ".join(f"{one.upper()} {_amount(one, found[one])}" for one in METRICS)
    if name in {"performance", "tbt"}:
        yield f"TBT by processor time {_amount('tbt', found['cpu_tbt'])}"
    for one in row["runs"][0].get("advice", ()):
        if one["id"] in _ADVICE[name]:
            yield f"{one['title']}" + (f": {one['why']}" if one["why"] else "")
            yield from (f"  {item}" for item in one["items"])


def _audits(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return what is not perfect in a category, as the first run that looked told it."""
    run = next((run for run in row["runs"] if CATEGORIES[name] in run["refs"]), None)
    failed = run["failed"] if run else ()
    return [one for one in failed if one["category"] == CATEGORIES[name] and one["id"] not in row["excluded"]]


def _source(name: str, row: Mapping[str, Any]) -> str:
    audits = _audits(row, name) if name in CATEGORIES and name != "performance" else []
    return str(audits[0]["source"]) if audits else ""


def _picture(row: Mapping[str, Any]) -> str:
    film = row["runs"][0].get("film") or [{}]
    return str(film[-1].get("picture", ""))


def _assertions(page: str, rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    lines = [
        f"{_screen(row)}: {text}" for row in rows for run in row["runs"] for text in run.get("assertions", ())
    ]
    if not lines:
        return []
    text = f"{page} passes here, and Lighthouse CI refused {count_text(len(lines), 'figure')} of it"
    rule = RULES["lhci-assertion"]
    return [
        Finding(
            "lhci-assertion", text, blocking=False, path=page, details=tuple(lines)[:_LINES], fix=rule.fix,
            source=rule.source,
        )
    ]  # fmt: skip


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return the worst page for each figure, how many pages were measured, and how many runs were disturbed."""
    rows = [(row, found) for row in evidence.data["rows"] if (found := _values(row, limits))]
    made = [
        Measure("pages measured", len({row["page"] for row, _ in rows})),
        Measure("runs", sum(len(row["runs"]) for row, _ in rows)),
        Measure("disturbed runs", sum(disturbed(run) for row, _ in rows for run in row["runs"])),
    ]
    if evidence.data["left"]:
        made.append(Measure("changed pages left out", evidence.data["left"]))
    for name, label in _MEASURED.items():
        if places := [(found[name], row) for row, found in rows if name in found]:
            value, row = (min if name in CATEGORIES else max)(places, key=lambda one: one[0])
            limit = limits_of(limits, row["page"]).get(name)
            # A score's limit is a floor: the table marks what is over a limit.
            shown = f"{label}, at least {limit:g}" if name in CATEGORIES and limit is not None else label
            top = limit if name in METRICS else None
            unit = _WORDS[name][1] if name in _WORDS else "ms" if name == "cpu_tbt" else ""
            made.append(Measure(shown, round(value, 3), top, unit, f"{row['page']} {row['preset']}"))
    return made
