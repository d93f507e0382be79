"""`delete` of a member."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import deleting
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", deleting)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "delete bed.id",
            [
                "type Bed = { id?: string; rows?: number; note: string | null };",
                "delete (bed as Partial<Bed>).id;",
            ],
            id="optional where it is declared",
        ),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    found = list(dict.fromkeys(repaired("missing", _STRATEGY, line)))
    assert found == expected


def test_claims_to_be_type_only() -> None:
    levels = {repair.level for _, found in proposals("missing", _STRATEGY) for repair in found}
    assert levels == {"type-only"}
