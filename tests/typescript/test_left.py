from __future__ import annotations

from pipeline.typescript.left import explain, roots
from pipeline.typescript.proof import Change
from pipeline.typescript.record import Error, Made, Row, error_of, rows
from pipeline.typescript.session import Diagnostic


def error(code: int, message: str, file: str = "a.ts", line: int = 1, kind: str = "other") -> Error:
    return Error(file, line, 1, code, message, kind)


def test_every_reason_is_told_apart() -> None:
    errors = [
        error(2339, "x", "dirty.ts"),
        error(2339, "x", "types.d.ts"),
        error(9999, "x"),
        error(2339, "x"),
    ]
    refused = {"types.d.ts": "it is a declaration file"}
    found = explain(errors, refused=refused, known={2339}, type_only=False, late=False, dirty={"dirty.ts"})
    assert [one.reason for one in found] == [
        "the file is not committed, so it was not edited",
        "the file is not edited: it is a declaration file",
        "no repair is known for TS9999",
        "no repair was found that removes it and brings no other error",
    ]
    late = explain(errors[3:], refused={}, known={2339}, type_only=True, late=True)
    assert late[0].reason == "the time was up"
    strict = explain(errors[3:], refused={}, known={2339}, type_only=True, late=False)
    assert "--type-only" in strict[0].reason
    assert all(one.decide for one in found)


def test_errors_about_one_name_are_one_root() -> None:
    errors = [error(2339, "Property 'a' does not exist on 'X'.", line=n) for n in range(1, 6)]
    lefts = explain([*errors, error(7006, "p")], refused={}, known=set(), type_only=False, late=False)
    first, second = roots(lefts)
    assert (first.code, first.name, len(first.lefts)) == (2339, "a", 5)
    assert first.places == "a.ts:1, a.ts:2, a.ts:3 and 2 more"
    assert (second.code, second.name) == (7006, "")


def test_lines_and_columns_count_from_one() -> None:
    one = error_of(Diagnostic("a.ts", 7, 8, 7006, "m", "a.ts", 7, 8), {"a.ts": "first\nsecond"})
    assert (one.line, one.column, one.category, one.place) == (2, 2, "missing type", "a.ts:2")
    assert error_of(Diagnostic("", 0, 0, 18003, "m", "", 0, 0), {}).place == "tsconfig.json"


def test_table_adds_up() -> None:
    before = [error(7006, "p", kind="missing type") for _ in range(4)] + [error(6133, "u", kind="unused")]

    def made(changes: tuple[Change, ...], *errors: Error) -> Made:
        return Made(1, "s", "type-only", "a.ts", 1, "why", "", errors, changes)

    changed = (Change("a.ts", "guard", "", "x"),)
    repairs = [made((), before[0]), made(changed, before[1])]
    assert rows(before, repairs, [before[4]]) == [
        Row("missing type", 4, 1, 1, 2, 0),
        Row("unused", 1, 0, 0, 0, 1),
    ]
