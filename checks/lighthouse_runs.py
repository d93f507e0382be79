"""What several runs of Lighthouse on one page come to: which of them count, and whether there are enough. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from statistics import median
from typing import Any

from checks.base import Limits

Run = Mapping[str, Any]
Values = Mapping[str, float]

# Ours, and Lighthouse's name of the category; scores are 0 to 100.
CATEGORIES = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best_practices": "best-practices",
    "seo": "seo",
}
METRICS = ("lcp", "fcp", "cls", "tbt")
# Measured, not judged: TBT by processor time, Speed Index in milliseconds, bytes on the wire.
TOLD = ("cpu_tbt", "si", "weight")
# A run is disturbed when the page's main thread had the processor for much less time than it took. Measured on idle
# and loaded machines with tasks' `dur` and `tdur`; benchmarkIndex does not tell it: benchmarks/README.md.
DISTURBED_RATIO = 2.5
DISTURBED_MS = 100.0
# Runs that may be replaced because they were disturbed.
REPLACED = 3
# One run is enough when every value is this far inside of its limit.
_INSIDE = 0.2
# Audits that say nothing about the site where we measure, and why.
EXCLUDED = {
    "is-on-https": "it is served over http on loopback here; GitHub Pages serves it over https",
    "redirects-http": "there is no https on loopback to redirect to; GitHub Pages does it",
}
NOINDEX = "is-crawlable"


def limits_of(limits: Limits, page: str) -> dict[str, float | None]:
    """Return a page's limits: the general ones, then those of each pattern that matches, later ones on top."""
    found: dict[str, float | None] = {name: limits.get(name) for name in (*CATEGORIES, *METRICS)}
    for one in limits.get("pages", ()):
        if fnmatchcase(page, one["path"]):
            found |= {name: one[name] for name in found if one.get(name) is not None}
    return found


def disturbed(run: Run) -> bool:
    """Whether other programs took the processor away so long that the run's times say little about the page."""
    wall, cpu = float(run["wall"]), float(run["cpu"])
    return wall - cpu > DISTURBED_MS and wall > DISTURBED_RATIO * cpu


def score(refs: Sequence[Sequence[Any]], excluded: Mapping[str, str]) -> float | None:
    """Return a category's score of 100 without some audits: Lighthouse's own weighted mean of 0 to 1, to 2 decimals.

    None when nothing is left. https://github.com/GoogleChrome/lighthouse/blob/main/core/scoring.js
    """
    left = [(weight, value) for name, weight, value in refs if name not in excluded]
    whole = sum(weight for weight, _ in left)
    if not whole:
        return None
    # floor(x + 0.5) is JavaScript's rounding.
    return float(int(sum(weight * value for weight, value in left) / whole * 100 + 0.5))


def values(run: Run, excluded: Mapping[str, str]) -> dict[str, float]:
    """Return a run's scores (0 to 100) and metrics (ms, bytes) by our names."""
    scores = {name: score(run["refs"].get(theirs, ()), excluded) for name, theirs in CATEGORIES.items()}
    found = {name: value for name, value in scores.items() if value is not None}
    return {**found, **{name: float(run["metrics"][name]) for name in (*METRICS, *TOLD)}}


def over(name: str, value: float, limit: float | None) -> bool:
    """Whether a value breaks its limit: scores are at least it, the others at most."""
    if limit is None:
        return False
    return value < limit if name in CATEGORIES else value > limit


def inside(found: Values, limits: Mapping[str, float | None]) -> bool:
    """Whether every value is more than 20% inside of its limit; of a score, what is missing of 100 counts."""
    return all(_inside(name, found[name], limit) for name, limit in limits.items() if name in found)


def _inside(name: str, value: float, limit: float | None) -> bool:
    if limit is None:
        return True
    # Accessibility, best practices and SEO are the same in every run.
    if name in CATEGORIES and name != "performance":
        return True
    if name in CATEGORIES:
        return 100 - value <= (1 - _INSIDE) * (100 - limit)
    return value <= (1 - _INSIDE) * limit


def counting(runs: Sequence[Run], wanted: int, limits: Mapping[str, float | None]) -> list[Run]:
    """Return the runs that the verdict rests on, none when there are not enough.

    Any run that is 20% inside everywhere is enough by itself, a disturbed one too: other programs only add time.
    """
    for run in runs:
        if inside(values(run, EXCLUDED), limits):
            return [run]
    calm = [run for run in runs if not disturbed(run)]
    return calm if len(calm) >= wanted else []


def middle(rows: Sequence[Values]) -> dict[str, float]:
    """Return the median of each value over those runs that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: median(row[name] for row in rows if name in row) for name in names}
