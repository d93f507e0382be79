"""What exactOptionalPropertyTypes and noUncheckedIndexedAccess find, and what an emitter keeps: over one small site."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import (
    deleting,
    emitters,
    finite,
    leaving,
    proofs,
    restating,
    tuples,
    vanished,
)
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_LISTENERS = (
    "private listeners: Record<string, ((detail: unknown) => void)[]> = {};\n"
    "on<T>(event: string, listener: (detail: T) => void) {\n"
    "this.listeners[event] = [...(this.listeners[event] || []), listener as (detail: unknown) => void];"
)


@pytest.mark.parametrize(
    ("strategy", "line", "expected"),
    [
        pytest.param(
            restating,
            "return <FormBox button",
            "import type { Form } from './types';\n"
            "interface Props extends Omit<Form, 'button' | 'note'> {\n"
            "button?: Form['button'] | undefined;\n"
            "note?: Form['note'] | undefined;",
            id="an import becomes an interface, for all that is given anywhere",
        ),
        pytest.param(
            restating,
            "return <Wide",
            "interface Props extends Omit<Form, 'inputs' | 'note'> {\nnote?: Form['note'] | undefined;",
            id="an interface extends less and declares the rest",
        ),
        pytest.param(
            leaving,
            "const form: Form",
            "const form: Form = { ...(note === undefined ? {} : { note }), ...(on ? { button } : {}) };",
            id="a member is left out instead of undefined",
        ),
        pytest.param(
            tuples,
            "return scale(",
            "const size: [number, number] = wide ? [16, 9] : [4, 3];",
            id="a list of one length is a tuple",
        ),
        pytest.param(proofs, "found.push(list[i]", "found.push(list[i]!.id);", id="asked for by the loop"),
        pytest.param(
            finite,
            "if (down && !isNaN(up))",
            "if (down && up !== undefined && !isNaN(up)) return up / down;",
            id="undefined is no number",
        ),
        pytest.param(emitters, "on(event: string, listener)", _LISTENERS, id="listeners by the parameter"),
        pytest.param(emitters, "for (const listener of", _LISTENERS, id="listeners by the object"),
        pytest.param(
            vanished,
            "import { Store, type Harvest",
            'export type Harvest = NonNullable<Planting["harvested"]>[number];',
            id="a type that a member still has; nothing for one that is nowhere",
        ),
        pytest.param(
            deleting,
            "delete gone.sown",
            "if (gone) delete (gone as Partial<Planting>).sown;",
            id="delete of what may be missing",
        ),
    ],
)
def test_proposes_first(strategy: object, line: str, expected: str) -> None:
    assert repaired("exactness", cast("Strategy", strategy), line)[0] == expected


def test_an_index_that_moved_before_it_is_used_is_not_proven() -> None:
    assert repaired("exactness", cast("Strategy", proofs), "found.push(list[late]") == []


def test_a_member_that_others_rely_on_becomes_optional_last() -> None:
    found = [repair for _, each in proposals("exactness", cast("Strategy", deleting)) for repair in each]
    assert [(one.level, one.vague) for one in found if one.level == "type-only"] == [("type-only", True)]
