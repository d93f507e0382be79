"""Strings where one of a few is expected."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import unions
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import repaired

_STRATEGY = cast("Strategy", unions)


def test_types_the_variable_and_keeps_the_quotes_of_the_file() -> None:
    assert repaired("values", _STRATEGY, "return { state, litres }") == [
        "let state: 'full' | 'low' = 'full';"
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "pour(items)",
            [
                "const items: { kind: 'tap' | 'can' }[] = [{ kind: 'tap' }, { kind: 'can' }];",
                "const items = [{ kind: 'tap' as const }, { kind: 'can' as const }];",
            ],
            id="literals in a list",
        ),
    ],
)
def test_types_the_literals_of_a_list(line: str, expected: list[str]) -> None:
    assert [one.replace('"', "'") for one in repaired("values", _STRATEGY, line)] == expected


def test_leaves_a_number_for_a_string_alone() -> None:
    assert repaired("values", _STRATEGY, "element.style.width") == []
