from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from pipeline.core.errors import Stop
from pipeline.typescript.flags import FLAGS, Forecast, brought, forecast, is_on, named, turned_on
from pipeline.typescript.session import Diagnostic


def error(start: int, code: int, file: str = "a.ts") -> Diagnostic:
    return Diagnostic(file, start, start + 1, code, "m", file, start, start + 1)


def test_strict_turns_its_family_on_unless_one_is_off() -> None:
    assert is_on("noImplicitAny", {"strict": True})
    assert not is_on("noImplicitAny", {"strict": True, "noImplicitAny": False})
    assert not is_on("noUnusedLocals", {"strict": True})
    assert is_on("noUnusedLocals", {"noUnusedLocals": True})


def test_forecast_counts_only_what_is_new() -> None:
    asked: list[Mapping[str, bool]] = []

    def check(options: Mapping[str, bool]) -> Sequence[Diagnostic]:
        asked.append(options)
        return [error(1, 2339), error(5, 7006), error(9, 7006), error(2, 7005, "b.ts")]

    found = brought("noImplicitAny", {}, [error(1, 2339)], check)
    expected = Forecast("noImplicitAny", False, 3, 2, ((7006, 2), (7005, 1)))
    assert forecast("noImplicitAny", [found]) == expected
    on = brought("noImplicitAny", {"strict": True}, [], check)
    assert on is None
    assert forecast("noImplicitAny", [on]).on
    assert forecast("noImplicitAny", [on, found, found]) == expected
    needing = brought("strictPropertyInitialization", {}, [], check)
    assert needing
    assert needing.needs == "strictNullChecks"
    assert asked == [
        {"noImplicitAny": True},
        {"strictPropertyInitialization": True, "strictNullChecks": True},
    ]


def test_unknown_flag_names_the_nearest() -> None:
    assert named("STRICTNULLCHECKS") == "strictNullChecks"
    with pytest.raises(Stop, match="there is no strict flag strictNulls") as caught:
        named("strictNulls")
    assert caught.value.hint == "invoke ts.migrate --apply=strictNullChecks"
    assert len(set(FLAGS)) == len(FLAGS)


def test_flag_is_turned_on_in_place() -> None:
    text = '{\r\n\t// later\r\n\t"compilerOptions": {\r\n\t\t"noImplicitAny": false, // yet\r\n\t},\r\n}\r\n'
    assert turned_on(text, "noImplicitAny") == text.replace("false", "true")
    assert '"strictNullChecks": true' in turned_on(text, "strictNullChecks")
    assert turned_on(turned_on(text, "strictNullChecks"), "strictNullChecks") == turned_on(
        text, "strictNullChecks"
    )


@pytest.mark.parametrize("text", ["", '{"compilerOptions": {'])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(Stop, match=r"tsconfig\.json"):
        turned_on(text, "noImplicitAny")
