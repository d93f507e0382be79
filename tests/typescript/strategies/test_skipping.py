"""Statements that may as well do nothing."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import skipping
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", skipping)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            'document.querySelector(".a")',
            [
                'document.querySelector(".a")?.remove();',
            ],
            id="call whose value nobody reads",
        ),
        pytest.param(
            "found.note",
            [
                'if (found) found.note = "mark";',
            ],
            id="assignment",
        ),
        pytest.param(
            "const text",
            [],
            id="value that is used",
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
