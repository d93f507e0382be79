"""The kind of element that a lookup finds."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import elements
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", elements)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "if (search)",
            [
                'const search = document.querySelector<HTMLInputElement>("input.search");',
            ],
            id="tag in the selector",
        ),
        pytest.param(
            "if (panel)",
            [
                'const panel = document.querySelector<HTMLElement>("[data-panel]");',
            ],
            id="members that any HTML element has",
        ),
        pytest.param(
            "if (saveButton)",
            [
                'const saveButton = document.querySelector<HTMLButtonElement>(".save");',
            ],
            id="what the code calls it",
        ),
        pytest.param(
            "if (field)",
            [
                'const field = document.getElementById("amount") as HTMLInputElement | null;',
            ],
            id="cast that keeps null",
        ),
        pytest.param(
            "console.log(link.href)",
            [
                'document.querySelectorAll<HTMLAnchorElement>("a.nav").forEach((link) => {',
            ],
            id="list behind a callback",
        ),
        pytest.param(
            "takes(chart)",
            [
                'const chart = document.querySelector<HTMLCanvasElement>("#chart");',
            ],
            id="what the parameter wants",
        ),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    found = list(dict.fromkeys(repaired("dom", _STRATEGY, line)))
    assert found == expected


def test_claims_to_be_type_only() -> None:
    levels = {repair.level for _, found in proposals("dom", _STRATEGY) for repair in found}
    assert levels == {"type-only"}
