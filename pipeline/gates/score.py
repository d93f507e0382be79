"""The compliance score: what share of each principle's gates passed, and what every lost point is lost for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import floor

PRINCIPLES = ("I", "II", "III", "IV", "V")
# Kept and compared to this many digits, so that a score that is 98 by its definition is not 97.99999999.
_DIGITS = 6


class Standing(StrEnum):
    """How a gate counts: only the first two are part of the score, the others have nothing to weigh."""

    PASSED = "passed"
    LOST = "lost"
    NOTHING = "nothing"
    DEFERRED = "deferred"


@dataclass(frozen=True)
class Share:
    """One gate's part: its principle, its weight within it, and its verdict in words."""

    gate: str
    principle: str
    weight: int
    standing: Standing
    said: str = ""


@dataclass(frozen=True)
class Loss:
    """A gate that did not pass, and how many points of 100 of the overall score that costs."""

    gate: str
    principle: str
    said: str
    points: float


@dataclass(frozen=True)
class Score:
    """Points of 100, overall and by principle; None where no gate had anything to judge."""

    overall: float | None
    principles: Mapping[str, float | None]
    losses: tuple[Loss, ...] = ()
    deferred: tuple[str, ...] = ()

    def reaches(self, threshold: float) -> bool:
        """Whether it is enough; what judged nothing never is."""
        return self.overall is not None and self.overall >= threshold


def score(shares: Iterable[Share]) -> Score:
    """Return the score of some gates; pure.

    A principle's score is its passed weight over its applicable weight, the overall score the mean of the principles
    that have one: the definition in docs/constitution.md.
    """
    every = list(shares)
    exact = {name: _principle([one for one in every if one.principle == name]) for name in PRINCIPLES}
    judged = [value for value in exact.values() if value is not None]
    overall = sum(judged, Fraction()) / len(judged) if judged else None
    losses = [
        Loss(one.gate, one.principle, one.said, _points(_cost(one, every) / len(judged)))
        for one in every
        if one.standing is Standing.LOST
    ]
    return Score(
        None if overall is None else _points(overall),
        {name: None if value is None else _points(value) for name, value in exact.items()},
        tuple(sorted(losses, key=lambda one: -one.points)),
        tuple(one.gate for one in every if one.standing is Standing.DEFERRED),
    )


def _applicable(shares: Iterable[Share]) -> list[Share]:
    return [one for one in shares if one.standing in {Standing.PASSED, Standing.LOST}]


def _principle(shares: Iterable[Share]) -> Fraction | None:
    counted = _applicable(shares)
    whole = sum(one.weight for one in counted)
    if not whole:
        return None
    passed = sum(one.weight for one in counted if one.standing is Standing.PASSED)
    return Fraction(100 * passed, whole)


def _cost(lost: Share, every: Iterable[Share]) -> Fraction:
    """Return the points that a gate costs its principle."""
    same = _applicable(one for one in every if one.principle == lost.principle)
    return Fraction(100 * lost.weight, sum(one.weight for one in same))


def _points(value: Fraction) -> float:
    return round(float(value), _DIGITS)


def shown(points: float | None) -> str:
    """Return points with one digit, never rounded up: 97.96 is not 98."""
    return "-" if points is None else f"{floor(points * 10 + 1e-9) / 10:.1f}"
