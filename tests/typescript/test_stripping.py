"""The JavaScript that Node makes of TypeScript, and what is proven by it."""

from __future__ import annotations

from contextlib import closing

import pytest

from pipeline.core.errors import Stop
from pipeline.typescript import proof
from pipeline.typescript.proof import allowed
from pipeline.typescript.stripping import UNPROVEN, Stripper, different
from pipeline.typescript.texts import units
from tests.typescript import packages

BEFORE = 'import { b } from "./b"; // why\nexport class A { private x = b("😀"); }\n'


def changes(before: str, after: str, file: str = "a.ts", **options: object) -> list[proof.Change]:
    with closing(Stripper(packages.node().path, options)) as stripper:
        return proof.changes(stripper, {file: units(before)}, {file: units(after)})


def test_types_comments_and_layout_change_nothing() -> None:
    after = (
        'import { b, type T } from "./b";\n/** it */\nexport class A {\n  private x: T = b("😀");\n'
        "  declare y: number;\n}\ninterface I { a: T }\n"
    )
    assert changes(BEFORE, after) == []


def test_another_expression_is_told_with_its_lines_and_is_not_type_only() -> None:
    (found,) = changes(BEFORE, BEFORE.replace('b("', 'b?.("'))
    assert (found.form, found.before.strip(), found.after.strip()) == (
        UNPROVEN,
        units('x = b("😀");'),
        units('x = b?.("😀");'),
    )
    assert allowed([found], "guard")
    assert not allowed([found], "type-only")
    assert not allowed([found], "definite")


def test_what_node_refuses_is_not_provable() -> None:
    for file, text in (("a.tsx", "export const a: A = <b/>;\n"), ("a.ts", "function f() { await g(); }\n")):
        (found,) = changes(text, f"type A = object;\n{text}", file)
        assert (found.form, found.before, found.after) == (UNPROVEN, "", "type A = object;")


def test_types_that_become_code_are_not_provable() -> None:
    after = BEFORE.replace("x =", "x: string =")
    assert changes(BEFORE, after) == []
    assert [one.form for one in changes(BEFORE, after, emitDecoratorMetadata=True)] == [UNPROVEN]


def test_one_text_is_stripped_once_and_a_node_that_ends_is_told() -> None:
    with closing(Stripper(packages.node().path, {})) as stripper:
        first = stripper.emit({"a.ts": BEFORE})
        assert stripper._process
        stripper._process.kill()
        assert stripper.emit({"a.ts": BEFORE}) == first
        with pytest.raises(Stop, match="node could not strip"):
            stripper.emit({"a.ts": "let a;"})


def test_different_lines_are_those_between_the_first_and_the_last() -> None:
    assert different("a\nb\nc\nd", "a\nx\ny\nd") == {"form": UNPROVEN, "before": "b\nc", "after": "x\ny"}
