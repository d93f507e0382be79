"""`!` with a proof."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import proofs
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", proofs)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "all.push(beds[i].id, beds",
            [
                "all.push(beds[i]!.id, beds[i - 1].id);",
                "all.push(beds[i].id, beds[i - 1]!.id);",
            ],
            id="index within the loop",
        ),
        pytest.param(
            "all.push(beds[i + 1]",
            [],
            id="index beyond the loop",
        ),
        pytest.param(
            "Object.keys(by)",
            [
                "Object.keys(by).forEach((key) => all.push(by[key]!.id));",
            ],
            id="own key",
        ),
        pytest.param(
            "if (known.has",
            [
                'if (known.has("a")) all.push(known.get("a")!.id);',
            ],
            id="asked before",
        ),
        pytest.param(
            "if (beds.length > 0)",
            [
                "if (beds.length > 0) all.push(beds[0]!.id);",
            ],
            id="counted before",
        ),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    found = list(dict.fromkeys(repaired("missing", _STRATEGY, line)))
    assert found == expected


def test_claims_to_be_type_only() -> None:
    levels = {repair.level for _, found in proposals("missing", _STRATEGY) for repair in found}
    assert levels == {"type-only"}
