"""What a value that may be missing flows into, and the checks and defaults of its readers."""

from __future__ import annotations

from types import ModuleType
from typing import cast

import pytest

from pipeline.typescript.strategies import (
    callbacks,
    comparing,
    customary,
    defaults,
    definite,
    deleting,
    relied,
    styles,
    unassigned,
    widening,
)
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_EVERYWHERE = """\
private rows: number | null | undefined = null;
let found: number | undefined;
private count(rows: number | undefined): number | undefined {"""


@pytest.mark.parametrize(
    ("strategy", "line", "expected"),
    [
        pytest.param(
            unassigned,
            "this.rows = this.count(found)",
            [
                "let found: number | undefined;",
                _EVERYWHERE,
            ],
            id="a variable, then all that its value goes to",
        ),
        pytest.param(
            definite,
            "private label",
            [
                "private label: string | undefined;",
                "private label: string | undefined;\nget title(): string | undefined {",
            ],
            id="a member, then the getter that tells it",
        ),
        pytest.param(
            definite,
            "private first",
            ["private first?: Plant;", "private first: Plant | undefined;\nend(): Plant | undefined {"],
            id="a member that is deleted is optional",
        ),
        pytest.param(
            deleting, "delete this.first", ["private first?: Plant;"], id="private members stay out of casts"
        ),
        pytest.param(
            relied,
            "return { x: (a.x",
            [
                "x: number;\ny: number;\nexport interface Wish extends Partial<Place> {\nx: number;\ny: number;",
                "x: number;\nexport interface Wish extends Partial<Place> {\nx: number;",
                "y: number;\nexport interface Wish extends Partial<Place> {\ny: number;",
            ],
            id="members that are counted on are always there, but not for who only hands them on",
        ),
        pytest.param(relied, "const sizes", [], id="not when the project makes objects without them"),
        pytest.param(
            comparing,
            "if (options.border",
            ['if (options.border !== undefined && options.border > 1) console.log("wide");'],
            id="a comparison asks first",
        ),
        pytest.param(comparing, "for (let at", [], id="a loop asks no more each time"),
        pytest.param(
            customary,
            "const area",
            ["const area = (options.path ?? 2) * 4;"],
            id="the documented default",
        ),
        pytest.param(
            customary,
            "return area",
            ["return area + (options.height ?? 3);"],
            id="the default that options are spread over",
        ),
        pytest.param(customary, "return isNaN", [], id="who asks for NaN still sees it"),
        pytest.param(defaults, "const sizes", [], id="no NaN is written down"),
        pytest.param(
            styles, "style.top", ['style.top = style.left = "";'], id="a style takes null for nothing"
        ),
        pytest.param(styles, "held.style.cssText", [], id="its whole text does not"),
        pytest.param(
            callbacks,
            "tell((event: Event",
            ["tell((event: Event, helper?: HTMLElement) => console.log(event, helper));"],
            id="a parameter that the caller may leave out",
        ),
        pytest.param(callbacks, "tell(dropped", ["tell(dropped as Told);"], id="only the event is closer"),
        pytest.param(widening, "if (!this.rows) return", ["end(): Plant | undefined {"], id="a bare return"),
    ],
)
def test_proposes(strategy: ModuleType, line: str, expected: list[str]) -> None:
    found = dict.fromkeys(repaired("flows", cast("Strategy", strategy), line))
    assert list(found) == expected


def test_declarations_are_type_only_and_checks_are_not() -> None:
    for strategy, level in (
        (unassigned, "type-only"),
        (relied, "type-only"),
        (comparing, "guard"),
        (customary, "guard"),
    ):
        found = [one for _, each in proposals("flows", cast("Strategy", strategy)) for one in each]
        assert {one.level for one in found} == {level}
        assert all(bool(one.risk) is (level == "guard") for one in found)
