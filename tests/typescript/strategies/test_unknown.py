"""Values of type unknown."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import unknown
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", unknown)


@pytest.mark.parametrize(
    ("line", "best"),
    [
        pytest.param(
            "console.warn('lost",
            "console.warn('lost: ' + (error instanceof Error ? error.message : String(error)));",
            id="the message of what was caught",
        ),
        pytest.param(
            "console.warn(error.code)",
            "console.warn((error as { code?: string }).code);",
            id="another member of what was caught",
        ),
        pytest.param(
            "return report(error)",
            "return report(error instanceof Error ? error : new Error(String(error)));",
            id="what was caught is passed on",
        ),
        pytest.param(
            "for (const [, grams]",
            "export function total(picks: Record<string, number>) {",
            id="a parameter that says less than its callers",
        ),
    ],
)
def test_proposes_first(line: str, best: str) -> None:
    assert repaired("values", _STRATEGY, line)[0] == best


def test_never_casts_twice_or_to_any() -> None:
    texts = [edit.text for _, found in proposals("values", _STRATEGY) for one in found for edit in one.edits]
    assert texts
    assert not [text for text in texts if "unknown as" in text or "any" in text.split()]
