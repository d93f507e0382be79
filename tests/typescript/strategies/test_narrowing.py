"""Conditions where missing and false come to the same."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import narrowing
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", narrowing)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "if (open && bed",
            [
                'if (open && bed?.id === "a") console.log("a");',
            ],
            id="comparison in a condition",
        ),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    found = list(dict.fromkeys(repaired("missing", _STRATEGY, line)))
    assert found == expected


def test_says_what_may_differ() -> None:
    repairs = [repair for _, found in proposals("missing", _STRATEGY) for repair in found]
    assert repairs
    assert all(repair.level == "guard" and repair.risk for repair in repairs)
