"""Type arguments that cannot be inferred."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import generics
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import repaired

_STRATEGY = cast("Strategy", generics)


@pytest.mark.parametrize(
    ("fixture", "line", "expected"),
    [
        pytest.param(
            "objects", "all[word] = 1", "}, {} as Record<string, number>);", id="an object is filled"
        ),
        pytest.param(
            "objects",
            "return numbers.reduce",
            "return numbers.reduce((all, one) => [...all, one * 2], [] as number[]);",
            id="a list is spread",
        ),
        pytest.param(
            "values", "resolve();", "return new Promise<void>((resolve) => {", id="a promise of nothing"
        ),
    ],
)
def test_proposes(fixture: str, line: str, expected: str) -> None:
    assert repaired(fixture, _STRATEGY, line) == [expected]


def test_leaves_other_errors_alone() -> None:
    assert repaired("objects", _STRATEGY, "return colours[crop]") == []
