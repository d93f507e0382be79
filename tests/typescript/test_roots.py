"""Errors are grouped by what they come from."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.typescript.roots import REMOVALS, root_of
from pipeline.typescript.session import Diagnostic


def error(code: int, message: str, start: int = 10, file: str = "a.ts") -> Diagnostic:
    return Diagnostic(file, start, start + 3, code, message, file, start, start + 3)


def place(name: str, kind: str, start: int = 5, file: str = "b.ts", own: bool = True) -> dict[str, Any]:
    return {"name": name, "kind": kind, "file": file, "start": start, "own": own}


PARAMETER = place("seed", "Parameter")
NULLABLE = place("bed", "VariableDeclaration")
LIBRARY = place(
    "querySelector", "MethodSignature", file="node_modules/typescript/lib/lib.dom.d.ts", own=False
)
CLASS = {**place("Grid", "ClassDeclaration"), "type": "this"}
ELEMENT = {**place("Element", "VariableDeclaration", own=False), "type": "Element"}


@pytest.mark.parametrize(
    ("code", "message", "subject", "kind", "title"),
    [
        (7006, "Parameter 'seed' implicitly has an 'any' type.", {"at": PARAMETER}, "untyped", "parameter seed"),
        (
            7031,
            "Binding element 'a' implicitly has an 'any' type.",
            {"at": place("a", "BindingElement"), "holder": place("__0", "Parameter")},
            "untyped",
            "parameter, taken apart",
        ),
        (18048, "'bed' is possibly 'undefined'.", {"at": NULLABLE}, "nullable", "variable bed"),
        (
            2345,
            "Argument of type 'string | null' is not right.\n  Type 'null' is not assignable to type 'string'.",
            {"source": NULLABLE, "target": PARAMETER},
            "nullable",
            "variable bed",
        ),
        (
            2339,
            "Property 'hover' does not exist on type 'Grid'.",
            {"owner": CLASS},
            "member",
            "hover of Grid",
        ),
        (
            2339,
            "Property 'value' does not exist on type 'Element'.",
            {"owner": ELEMENT, "near": NULLABLE},
            "narrow",
            "variable bed",
        ),
        (
            2339,
            "Property 'value' does not exist on type 'Element'.",
            {"owner": ELEMENT, "at": LIBRARY, "spot": 3, "text": "document.querySelector('a')"},
            "narrow",
            "expression document.querySelector('a')",
        ),
        (
            2339,
            "Property 'id' does not exist on type 'never'.",
            {"origin": place("undo", "PropertyDeclaration")},
            "empty",
            "member undo",
        ),
        (
            7053,
            "Element implicitly has an 'any' type because it is indexed.",
            {"owner": {**place("__object", "ObjectLiteralExpression"), "type": "{}"}, "near": NULLABLE},
            "index",
            "variable bed",
        ),
        (2564, "Property 'w' has no initializer.", {"at": place("w", "PropertyDeclaration")}, "unset", "member w"),
        (18046, "'error' is of type 'unknown'.", {"at": place("error", "VariableDeclaration")}, "caught",
         "variable error"),
        (2322, "Type 'number' is not assignable to type 'string'.", {"target": PARAMETER}, "given",
         "parameter seed"),
        (2307, "Cannot find module './x' or its types.", None, "module", 'module "./x"'),
        (2305, "Module '\"./store\"' has no exported member 'Harvest'.", None, "export", 'Harvest of "./store"'),
        (2304, "Cannot find name 'Props'.", None, "name", "the name Props"),
        (7026, "JSX element implicitly has type 'any'.", None, "jsx", "JSX without types"),
        (6133, "'x' is declared but its value is never read.", {}, "unused", "x, unused"),
    ],
)  # fmt: skip
def test_the_cause_of_an_error(
    code: int, message: str, subject: dict[str, Any] | None, kind: str, title: str
) -> None:
    root = root_of(error(code, message), subject)
    assert (root.kind, root.title) == (kind, title)
    assert kind in REMOVALS


def test_errors_of_one_declaration_have_one_cause() -> None:
    null = root_of(error(18047, "'button' is possibly 'null'."), {"at": NULLABLE})
    member = root_of(
        error(2339, "Property 'onclick' does not exist on type 'Element'.", 90),
        {"owner": ELEMENT, "near": NULLABLE},
    )
    assert null.key == member.key


def test_errors_of_one_expression_have_one_cause_and_of_two_have_two() -> None:
    spots = [{"at": LIBRARY, "spot": spot, "text": "f()"} for spot in (3, 3, 40)]
    roots = [root_of(error(2531, "Object is possibly 'null'."), one) for one in spots]
    assert roots[0].key == roots[1].key != roots[2].key


def test_without_a_worker_messages_group_by_code_and_name_in_a_file() -> None:
    one = root_of(error(18048, "'a.b' is possibly 'undefined'.", 10), None)
    other = root_of(error(18048, "'a.b' is possibly 'undefined'.", 90), None)
    third = root_of(error(18048, "'a.b' is possibly 'undefined'.", 10, "c.ts"), None)
    assert one.key == other.key != third.key
