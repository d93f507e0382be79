"""What an event comes from."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import targets
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", targets)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "picker?.",
            [
                'picker?.addEventListener("change", (e) => console.log((e.target as HTMLSelectElement).value));',
            ],
            id="what is listened on",
        ),
        pytest.param(
            "if (e.target.matches",
            [
                'if ((e.target as Element).matches("button")) start();',
            ],
            id="most general kind with the member",
        ),
        pytest.param(
            "form?.",
            [
                'form?.addEventListener("submit", (e) => console.log((e.currentTarget as HTMLFormElement).elements));',
            ],
            id="current target",
        ),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    found = list(dict.fromkeys(repaired("dom", _STRATEGY, line)))
    assert found == expected


def test_claims_to_be_type_only() -> None:
    levels = {repair.level for _, found in proposals("dom", _STRATEGY) for repair in found}
    assert levels == {"type-only"}
