"""Conversions that took place already."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import conversions
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", conversions)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "return (to - from)",
            ["return (to.getTime() - from) / 86400000;", "return (to - from.getTime()) / 86400000;"],
            id="dates",
        ),
        pytest.param("element.style.width", ["element.style.width = String(width);"], id="a style"),
        pytest.param("element.dataset", ["element.dataset.width = String(width);"], id="a data attribute"),
        pytest.param("localStorage", ["localStorage.setItem('width', String(width));"], id="the storage"),
        pytest.param(
            "element.textContent",
            ["element.textContent = String(width).padStart(2, '0');"],
            id="a method of strings",
        ),
        pytest.param("return text * 2", ["return Number(text) * 2;"], id="arithmetic with a string"),
        pytest.param("return names.includes", [], id="a list compares without converting"),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    assert repaired("values", _STRATEGY, line) == expected


def test_changes_nothing_that_could_differ() -> None:
    found = [repair for _, found in proposals("values", _STRATEGY) for repair in found]
    assert {(repair.level, repair.risk) for repair in found} == {("guard", "")}
