"""Keys that an object's type does not know."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import indexing
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import repaired

_STRATEGY = cast("Strategy", indexing)


@pytest.mark.parametrize(
    ("line", "best"),
    [
        pytest.param(
            "return colours[crop]",
            "export function colour(crop: keyof typeof colours) {",
            id="a key of a table",
        ),
        pytest.param(
            "return Object.keys(bed)",
            "return (Object.keys(bed) as (keyof Bed)[]).map((key) => bed[key]);",
            id="keys of the object itself",
        ),
        pytest.param(
            "console.log(bed[key])", "console.log(bed[key as keyof Bed]);", id="a loop over its keys"
        ),
        pytest.param("return names[index]", "return names[index ?? -1];", id="no index into a list"),
        pytest.param("return table[key]", "return table[String(key)];", id="no key into a table"),
        pytest.param(
            "if (typeof menu[key]",
            "export function bag(menu: Record<string, string>) {",
            id="a bag of strings",
        ),
    ],
)
def test_proposes_first(line: str, best: str) -> None:
    assert repaired("objects", _STRATEGY, line)[0] == best


def test_never_asserts_what_a_key_is_outside_a_loop_over_the_keys() -> None:
    found = repaired("objects", _STRATEGY, "return colours[crop]")
    assert found[2:] == [
        "export const colours: Record<string, string> = {",
        "return (colours as Record<string, string>)[crop];",
    ]
