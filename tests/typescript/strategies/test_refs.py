"""Refs of elements."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import refs
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import repaired

_STRATEGY = cast("Strategy", refs)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "field.current.focus",
            [
                "const field = useRef<HTMLInputElement>(null);\nfield.current?.focus();",
            ],
            id="told its element by the tag",
        ),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    found = list(dict.fromkeys(repaired("refs", _STRATEGY, line)))
    assert found == expected
