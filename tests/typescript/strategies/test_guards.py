"""Checks before the first statement that needs it."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import guards
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", guards)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "const text",
            [
                'if (!bed) throw new Error("bed is missing");',
            ],
            id="function that answers throws",
        ),
        pytest.param(
            "found.rows",
            [
                "if (!found) return;",
            ],
            id="function that does not returns",
        ),
        pytest.param(
            "console.log(last.id",
            [
                'if (!last) throw new Error("no element matches h2");',
            ],
            id="within a try it still throws",
        ),
        pytest.param(
            "const { row }",
            [
                "if (!bed.place) return;",
            ],
            id="destructured",
        ),
        pytest.param(
            'document.querySelector(".a")',
            [
                'const a = document.querySelector(".a");\nif (a) a.remove();',
            ],
            id="looked up once",
        ),
        pytest.param(
            "shows(one)",
            [
                "if (!one) return;",
            ],
            id="what it is given to reads it",
        ),
        pytest.param(
            "keeps(other)",
            [],
            id="what it is given to only keeps it",
        ),
        pytest.param(
            "return bed.rows",
            [],
            id="operands go on with NaN",
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


def test_one_check_serves_all_uses_below() -> None:
    edits = [
        repair.edits
        for one, found in proposals("missing", _STRATEGY)
        for repair in found[:1]
        if "bed" in one.message and one.code == 18048
    ]
    assert len(edits) > len(set(edits))
