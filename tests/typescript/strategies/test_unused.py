"""Names that nothing reads."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import unused
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", unused)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("import { crops", ["import { sowable } from './b';"], id="one of two imports"),
        pytest.param("const made = start()", ["", "start();"], id="a call may do more than make a value"),
        pytest.param(
            "return sowable.map",
            [
                "return sowable.map((crop) => crop.length);",
                "return sowable.map((crop, _index) => crop.length);",
            ],
            id="the last parameter of a callback",
        ),
        pytest.param(
            "export function sized",
            ["export function sized(name: string, _size: number) {"],
            id="a parameter that callers pass",
        ),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    assert repaired("names", _STRATEGY, line) == expected


def test_a_type_goes_without_a_trace() -> None:
    levels = {
        repairs[0].level
        for one, repairs in proposals("names", _STRATEGY)
        if "'Unused'" in one.message and repairs
    }
    assert levels == {"type-only"}
