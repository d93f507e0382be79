"""Members that types of the project lack."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import shapes
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", shapes)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("return bed.shade", ["shade?: string;"], id="a member that is read"),
        pytest.param("export const north", ["soil?: string;"], id="a member that is given"),
        pytest.param(
            "export const south",
            ["rows?: number;", "export const south: Partial<Bed> = { name: 'south' };"],
            id="a member that is left out",
        ),
        pytest.param(
            "return plant.pod",
            ["pod?: number;", "return ('pod' in plant ? plant.pod : undefined);"],
            id="a member of one type of a union",
        ),
        pytest.param(
            "settings.size",
            ["const settings: { dark: boolean; size?: number } = { dark: true };"],
            id="a member that comes later",
        ),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    assert list(dict.fromkeys(repaired("objects", _STRATEGY, line))) == expected


def test_changes_only_types_but_for_the_look_into_a_union() -> None:
    levels = {
        (repair.level, "' in " in repair.edits[0].text)
        for _, found in proposals("objects", _STRATEGY)
        for repair in found
    }
    assert levels == {("type-only", False), ("guard", True)}
