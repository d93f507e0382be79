"""`?? value` where the result is the same."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import defaults
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", defaults)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("return bed.rows * 3", [], id="no NaN is written down"),
        pytest.param(
            "window.clearTimeout",
            [
                "window.clearTimeout(timer ?? undefined);",
            ],
            id="no timer is no timer",
        ),
        pytest.param(
            "console.log(beds[id]",
            [
                'console.log(beds[id ?? "undefined"], rows.length);',
            ],
            id="key of the same name",
        ),
        pytest.param(
            "parseInt",
            [
                'parseInt(localStorage.getItem("count") ?? "");',
            ],
            id="nothing parses as the empty string",
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
