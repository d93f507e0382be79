"""Is one set of measurements worse than another? A rank test, and how much worse. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

# Up to so many pairs the distribution is counted out; beyond, the normal approximation is good to three decimals.
_EXACT_PAIRS = 400
# One-sided. Five against five undisturbed runs give 1/252 when every new one is worse than every old one.
ALPHA = 0.05
# A smaller change is none: benchmarks/README.md has the false alarms and the power of these two.
EFFECT = 0.10


@dataclass(frozen=True)
class Comparison:
    """Medians before and after, the share by which it grew (None from 0), the chance of such ranks by luck."""

    before: float
    after: float
    growth: float | None
    p: float
    worse: bool


def compare(before: Sequence[float], after: Sequence[float], floor: float = 0.0) -> Comparison:
    """Return whether `after` is worse (bigger): the rank test says so, and by more than 10% and more than `floor`.

    Raises ValueError when one of them is empty.
    """
    if not before or not after:
        raise ValueError("nothing to compare")
    old, new = median(before), median(after)
    growth = new / old - 1 if old > 0 else None
    p = chance(before, after)
    grew = new - old > floor and (growth is None or growth > EFFECT)
    return Comparison(old, new, growth, p, grew and p <= ALPHA)


def chance(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the one-sided p of the Mann-Whitney U test that `after` is bigger; equal values share their ranks.

    Exact, given the ties: the share of all ways to choose `after` out of both whose ranks add up to as much.
    Mann and Whitney (1947), https://doi.org/10.1214/aoms/1177730491; with ties: Lehmann, Nonparametrics (1975), 1.4.
    """
    doubled = _ranks([*before, *after])
    count = len(after)
    reached = sum(doubled[len(before) :])
    if len(before) * count <= _EXACT_PAIRS:
        return _exact(doubled, count, reached)
    return _normal(doubled, count, reached)


def _ranks(values: Sequence[float]) -> list[int]:
    """Return twice the rank of each value, which is whole for ties too."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = start + end + 2
        start = end + 1
    return ranks


def _exact(doubled: Sequence[int], count: int, reached: int) -> float:
    # ways[k][s]: in how many ways k of the ranks seen so far add up to s.
    ways: list[dict[int, int]] = [{0: 1}, *({} for _ in range(count))]
    for rank in doubled:
        for size in range(count, 0, -1):
            for total, number in ways[size - 1].items():
                ways[size][total + rank] = ways[size].get(total + rank, 0) + number
    at_least = sum(number for total, number in ways[count].items() if total >= reached)
    return at_least / math.comb(len(doubled), count)


def _normal(doubled: Sequence[int], count: int, reached: int) -> float:
    """Return the approximation with the variance of the ranks as they are, ties included, and a continuity step."""
    whole = len(doubled)
    mean = sum(doubled) / whole
    spread = sum((rank - mean) ** 2 for rank in doubled) / (whole - 1)
    deviation = math.sqrt(spread * count * (whole - count) / whole)
    if not deviation:
        return 1.0
    # Sums of doubled ranks are two apart without ties: half a step is one.
    return 1 - NormalDist().cdf((reached - count * mean - 1) / deviation)
