"""The score: its definition, and what must hold of it whatever the gates say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pipeline.gates.score import PRINCIPLES, Share, Standing, score, shown

PASSED, LOST, NOTHING, DEFERRED = Standing


def share(principle: str, standing: Standing, weight: int = 1, gate: str = "") -> Share:
    return Share(gate or f"{principle}-{standing}-{weight}", principle, weight, standing, "failed")


@pytest.mark.parametrize(
    ("shares", "principles", "overall"),
    [
        ([], {}, None),
        ([share("I", PASSED)], {"I": 100.0}, 100.0),
        ([share("I", LOST)], {"I": 0.0}, 0.0),
        ([share("I", NOTHING)], {}, None),
        ([share("I", DEFERRED)], {}, None),
        ([share("II", PASSED, 3), share("II", LOST, 1)], {"II": 75.0}, 75.0),
        ([share("II", PASSED, 3), share("II", LOST, 1), share("V", PASSED)], {"II": 75.0, "V": 100.0}, 87.5),
        ([share("II", PASSED), share("II", NOTHING, 9), share("II", DEFERRED, 9)], {"II": 100.0}, 100.0),
        ([share("III", PASSED, 2), share("III", LOST, 1)], {"III": 66.666667}, 66.666667),
    ],
)
def test_definition(shares: list[Share], principles: dict[str, float], overall: float | None) -> None:
    found = score(shares)
    assert found.overall == overall
    assert found.principles == {name: principles.get(name) for name in PRINCIPLES}


def test_losses_say_what_costs_how_much_the_dearest_first() -> None:
    shares = [
        share("II", PASSED, 3, "budgets"), share("II", LOST, 1, "images"),
        share("III", LOST, 1, "html"), share("V", PASSED, 1, "build"), share("V", DEFERRED, 1, "slow"),
    ]  # fmt: skip
    found = score(shares)
    assert [(one.gate, one.points) for one in found.losses] == [("html", 33.333333), ("images", 8.333333)]
    assert found.deferred == ("slow",)
    assert found.overall == 58.333333


shares_of = some.lists(
    some.builds(
        Share,
        gate=some.uuids().map(str),
        principle=some.sampled_from(PRINCIPLES),
        weight=some.integers(1, 20),
        standing=some.sampled_from(Standing),
    ),
    max_size=30,
)


@given(shares_of)
def test_points_lost_and_points_kept_make_a_hundred(shares: list[Share]) -> None:
    found = score(shares)
    if found.overall is not None:
        assert 0 <= found.overall <= 100
        assert sum(one.points for one in found.losses) + found.overall == pytest.approx(100, abs=1e-4)


@given(shares_of, some.data())
def test_mending_a_gate_never_lowers_the_score(shares: list[Share], data: some.DataObject) -> None:
    lost = [place for place, one in enumerate(shares) if one.standing is LOST]
    if not lost:
        return
    place = data.draw(some.sampled_from(lost))
    mended = [*shares[:place], replace(shares[place], standing=PASSED), *shares[place + 1 :]]
    before, after = score(shares), score(mended)
    assert before.overall is not None
    assert after.overall is not None
    assert after.overall > before.overall
    told = {one.gate: one.points for one in before.losses}
    assert after.overall - before.overall == pytest.approx(told[shares[place].gate], abs=1e-4)


@given(shares_of)
def test_the_order_of_gates_means_nothing(shares: list[Share]) -> None:
    assert score(shares).overall == score(reversed(shares)).overall


def test_a_score_at_the_threshold_reaches_it_and_one_below_never_reads_like_it() -> None:
    at = score([share("II", PASSED, 49), share("II", LOST, 1)])
    assert at.overall == 98.0
    assert at.reaches(98)
    below = score([share("II", PASSED, 4899), share("II", LOST, 101)])
    assert below.overall == 97.98
    assert not below.reaches(98)
    assert shown(below.overall) == "97.9"
    assert shown(98.0) == "98.0"
    assert shown(None) == "-"
    assert not score([]).reaches(0)
