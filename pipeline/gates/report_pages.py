"""The pages of a report: what was found on each, what it weighs, and how fast it was; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checks.base import Finding, Limits, Verdict
from checks.lighthouse_runs import CATEGORIES, counting, limits_of, middle, over, values
from checks.parse.address import page_address
from pipeline.gates.evidence import Judged, Judgement

# How a finding counts, what matters most first.
KINDS = ("blocks", "unmeasured", "waived", "advice")
_TIMES = {"lcp": "LCP", "cls": "CLS", "tbt": "TBT"}
_SCORES = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best_practices": "best practices",
    "seo": "search",
}


@dataclass(frozen=True)
class Figure:
    """One of Lighthouse's figures as people read it, and whether it is beyond its limit."""

    name: str
    text: str
    bad: bool


@dataclass(frozen=True)
class Screen:
    """What Lighthouse measured on one screen; `note` says why there is nothing."""

    name: str
    scores: tuple[Figure, ...] = ()
    times: tuple[Figure, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A page: how many findings of which kind each gate has there, bytes that it loads, and what Lighthouse said."""

    page: str
    found: tuple[tuple[str, str, int], ...] = ()
    weight: int | None = None
    screens: tuple[Screen, ...] = ()

    def count(self, *kinds: str) -> int:
        """Return how many findings of some kinds there are."""
        return sum(count for _, kind, count in self.found if kind in kinds)

    @property
    def order(self) -> tuple[int, int, bool, str]:
        """The worst comes first, then what was measured closely."""
        return -self.count("blocks", "unmeasured"), -len(self.found), not self.screens, self.page


@dataclass(frozen=True)
class Folder:
    """The pages below one folder that are not listed one by one."""

    name: str
    pages: int
    blocking: int
    advice: int
    heaviest: int | None


def rows(judgement: Judgement, pages: Iterable[str], limits: Limits) -> list[Row]:
    """Return a row for each page, the worst first; `limits` are Lighthouse's."""
    made = {page: Row(page) for page in pages}
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for one in judgement.results:
        for finding in one.findings:
            if page := page_of(finding, made):
                counts.setdefault(page, Counter())[kind_of(one, finding), one.gate] += 1
    weights = weights_of(judgement)
    screens = screens_of(judgement, limits)
    for page, row in made.items():
        every = sorted(counts.get(page, {}).items(), key=lambda pair: KINDS.index(pair[0][0]))
        made[page] = replace(
            row,
            found=tuple((gate, kind, count) for (kind, gate), count in every),
            weight=weights.get(page),
            screens=tuple(screens.get(page, ())),
        )
    return sorted(made.values(), key=lambda row: row.order)


def kind_of(one: Judged, finding: Finding) -> str:
    """Return how a finding of a gate counts: one of `KINDS`."""
    if finding.unmeasured:
        return "unmeasured"
    if not finding.blocking:
        return "advice"
    return "waived" if one.verdict is Verdict.WAIVED else "blocks"


def page_of(finding: Finding, pages: Mapping[str, object]) -> str:
    """Return the page that a finding is about, empty for one of a source file or of the whole site."""
    if finding.path in pages:
        return finding.path
    address = page_address(finding.path)
    return address if finding.path and address in pages else ""


def folders(left: Iterable[Row]) -> list[Folder]:
    """Return the rest of the pages by their first folder, the one with most findings first."""
    found: dict[str, list[Row]] = {}
    for row in left:
        name, slash, _ = row.page[1:].partition("/")
        found.setdefault(f"/{name}/" if slash else "/", []).append(row)
    made = [
        Folder(
            name,
            len(every),
            sum(row.count("blocks", "unmeasured") for row in every),
            sum(row.count("waived", "advice") for row in every),
            max((row.weight for row in every if row.weight is not None), default=None),
        )
        for name, every in found.items()
    ]
    return sorted(made, key=lambda one: (-one.blocking, -one.advice, -one.pages, one.name))


def weights_of(judgement: Judgement) -> dict[str, int]:
    """Return what each page loads in bytes, as `budgets` counted it."""
    data = _data(judgement, "budgets")
    try:
        sizes = [size for _, _, size in data["files"]]
        return {row["page"]: row["html"] + sum(sizes[at] for at in row["assets"]) for row in data["pages"]}
    # The record of another version may be laid out otherwise: then there is no column.
    except (KeyError, TypeError, ValueError, IndexError):
        return {}


def lighthouse_rows(judgement: Judgement) -> list[Mapping[str, Any]]:
    """Return the rows of Lighthouse's evidence, none where it did not measure."""
    found = _data(judgement, "lighthouse").get("rows", ())
    return [one for one in found if isinstance(one, Mapping)]


def _data(judgement: Judgement, gate: str) -> Mapping[str, Any]:
    one: Judged | None = next((one for one in judgement.results if one.gate == gate), None)
    return one.evidence.data if one and one.evidence else {}


def screens_of(judgement: Judgement, limits: Limits) -> dict[str, list[Screen]]:
    """Return the medians of Lighthouse's runs by page and screen."""
    found: dict[str, list[Screen]] = {}
    for row in lighthouse_rows(judgement):
        found.setdefault(row["page"], []).append(_screen(row, limits))
    return found


def _screen(row: Mapping[str, Any], limits: Limits) -> Screen:
    name = "phone" if row["preset"] == "mobile" else "desktop"
    own = limits_of(limits, row["page"])
    runs: Sequence[Mapping[str, Any]] = row["runs"]
    counted = [] if row["problem"] else counting(runs, limits.get("runs", 3), own)
    if not counted:
        return Screen(name, note=row["problem"] or "too few undisturbed runs")
    # The other three categories are in one run only, disturbed or not: they do not depend on time.
    whole = middle([values(run, row["excluded"]) for run in runs])
    told = {
        **{one: whole[one] for one in CATEGORIES if one in whole},
        **middle([values(run, row["excluded"]) for run in counted]),
    }
    figures = {
        one: Figure(label, _text(one, told[one]), over(one, told[one], own.get(one)))
        for one, label in {**_SCORES, **_TIMES}.items()
        if one in told
    }
    return Screen(
        name,
        tuple(figure for one, figure in figures.items() if one in _SCORES),
        tuple(figure for one, figure in figures.items() if one in _TIMES),
    )


def _text(name: str, value: float) -> str:
    if name in _SCORES:
        return f"{value:.0f}"
    return (
        f"{value:.2f}" if name == "cls" else f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"
    )
