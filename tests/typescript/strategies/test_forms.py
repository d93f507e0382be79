"""Entries of a form."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import forms
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", forms)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "plant(crop)",
            [
                'const crop = new FormData().get("crop") as string | null;',
            ],
            id="no field is known",
        ),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    found = list(dict.fromkeys(repaired("dom", _STRATEGY, line)))
    assert found == expected


def test_claims_to_be_type_only() -> None:
    levels = {repair.level for _, found in proposals("dom", _STRATEGY) for repair in found}
    assert levels == {"type-only"}
