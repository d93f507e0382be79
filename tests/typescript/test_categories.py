from __future__ import annotations

import pytest

from pipeline.core.errors import Stop
from pipeline.typescript.categories import CATEGORIES, category, wanted_categories, wanted_codes


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (7006, "Parameter 'a' implicitly has an 'any' type.", "missing type"),
        (18047, "'box' is possibly 'null'.", "null check"),
        (2339, "Property 'x' does not exist on type 'Plot'.", "interface or property"),
        (2339, "Property 'value' does not exist on type 'Element'.", "DOM type"),
        (2339, "Property 'key' does not exist on type 'Event'.", "DOM type"),
        (2345, "Argument of type 'HTMLElement' is not assignable to parameter of type 'X'.", "DOM type"),
        (
            2322,
            "Type 'A | undefined' is not assignable to type 'A'.\n  Type 'undefined' is not assignable to type 'A'.",
            "null check",
        ),
        (2322, "Type 'null' is not assignable to type 'HTMLElement'.", "null check"),
        (2322, "Type 'string' is not assignable to type 'number'.", "interface or property"),
        (18046, "'error' is of type 'unknown'.", "unknown in catch"),
        (2307, "Cannot find module './x' or its corresponding type declarations.", "import/export"),
        (6133, "'x' is declared but its value is never read.", "unused"),
        (17004, "Cannot use JSX unless the '--jsx' flag is provided.", "configuration"),
        (5101, "Option 'baseUrl' is deprecated.", "configuration"),
        (18003, "No inputs were found in config file.", "configuration"),
        (2554, "Expected 2 arguments, but got 1.", "other"),
        (1005, "';' expected.", "other"),
    ],
)
def test_category_is_told_by_code_and_message(code: int, message: str, expected: str) -> None:
    assert category(code, message) == expected
    assert expected in CATEGORIES


def test_categories_are_named_by_their_beginning() -> None:
    assert wanted_categories(["null-check", "dom", "Unknown in catch"]) == {
        "null check",
        "DOM type",
        "unknown in catch",
    }
    with pytest.raises(Stop, match="there is no category nul-chek") as caught:
        wanted_categories(["nul-chek"])
    assert caught.value.hint == "invoke ts.fix --category=null-check"


def test_codes_are_named_with_or_without_ts() -> None:
    assert wanted_codes(["TS2339", "7006"], [2339, 7006, 6133]) == {2339, 7006}
    with pytest.raises(Stop, match="no error has the code TS2393; there are: TS2339, TS7006") as caught:
        wanted_codes(["2393"], [2339, 7006])
    assert caught.value.hint == "invoke ts.fix --code=TS2339"
    with pytest.raises(Stop, match="unused is no code"):
        wanted_codes(["unused"], [2339])
