"""Types at declarations: what empty starts, members, parameters and props are, from all that is written to them."""

from __future__ import annotations

from types import ModuleType
from typing import cast

import pytest

from pipeline.typescript.strategies import (
    definite,
    forwarding,
    literals,
    members,
    parameters,
    props,
    released,
    returns,
    widening,
)
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_NAME = "declarations"
_ALL = (definite, forwarding, literals, members, parameters, props, returns, widening)

_BEST = [
    (literals, "for (const crop of crops)", "const byId: Record<string, (typeof crops)[number]> = {};"),
    (literals, "const out", "const out: number[] = [];"),
    (literals, "let chosen", "let chosen: Plant | null = null;"),
    (literals, "setRows(['a'])", "const [rows, setRows] = useState<string[]>([]);"),
    (literals, "input.current", "const input = useRef<HTMLInputElement>(null);"),
    (members, "this.hover = row", "declare hover: number | null;"),
    (members, "this.saved", "declare saved?: number;"),
    (definite, "box: string", "box!: string;"),
    (definite, "width: number", "width!: number;"),
    (definite, "depth: number", "depth!: number;"),
    (definite, "height: number", "height: number | undefined;"),
    (definite, "title: string", "title: string | undefined;"),
    (parameters, "export function greet", "export function greet(name: number | string) {"),
    (parameters, "export function documented", "export function documented(label: string) {"),
    (parameters, "export const half", "export const half = (value: number) => value / 2;"),
    (parameters, "function clicked", "function clicked(e: PointerEvent) {"),
    (
        parameters,
        "export function passedOn",
        "import type { Plant } from './model';\nexport function passedOn(plant: Plant) {",
    ),
    (
        parameters,
        "export function open",
        (
            "export interface Secret {\nimport type { Secret } from './model';\n"
            "export function open(hidden: Secret) {"
        ),
    ),
    (
        forwarding,
        "return (...args)",
        (
            "export function debounce<A extends unknown[]>(fn: (...args: A) => void, ms = 200) {\n"
            "return (...args: A) => {"
        ),
    ),
    (
        props,
        "export function Card",
        (
            "import type { Plant } from './model';\n"
            "export function Card({ plant, limit = 8, wide }: { plant: Plant; limit?: number; wide?: boolean }) {"
        ),
    ),
    (returns, "export function depth", "export function depth(plant: Plant[]): number {"),
    (widening, "return { state", 'let state: "full" | "low" = \'full\';'),
    (widening, "near(Math", "export function near(row: number | null) {"),
    (widening, "let first", "let first: Plant | null = null;"),
    (widening, "this.plants = null", "plants: Plant[] | null = [];"),
]


@pytest.mark.parametrize(("module", "line", "expected"), _BEST, ids=[line for _, line, _ in _BEST])
def test_the_best_proposal_for(module: ModuleType, line: str, expected: str) -> None:
    found = repaired(_NAME, cast("Strategy", module), line)
    assert found[0] == expected


def test_a_parameter_that_a_caller_leaves_out_is_optional() -> None:
    found = repaired(_NAME, cast("Strategy", parameters), "export function called")
    assert "export function called(first, second?: number) {" in found


def test_a_member_of_an_object_given_up_is_declared_so_and_asked_for_where_it_is_used() -> None:
    [changed] = repaired(_NAME, cast("Strategy", released), "this.plants = null")
    assert changed.splitlines() == [
        "plants: Plant[] | null = [];",
        "this.plants?.push(one);",
        "if (this.plants) this.plants.length = 3;",
    ]


def test_literals_do_not_become_any_string() -> None:
    found = repaired(_NAME, cast("Strategy", widening), "return { state")
    assert not [one for one in found if "| string" in one]


@pytest.mark.parametrize("module", _ALL)
def test_nothing_says_any_or_claims_to_change_code(module: ModuleType) -> None:
    found = [one for _, repairs in proposals(_NAME, cast("Strategy", module)) for one in repairs]
    assert found
    assert {one.level for one in found} == {"type-only"}
    assert not [
        one for one in found for edit in one.edits if "any" in edit.text.replace("company", "").split()
    ]


def test_evidence_with_unknown_waits() -> None:
    found = [one for _, repairs in proposals(_NAME, cast("Strategy", literals)) for one in repairs]
    assert all(one.vague for one in found if any("unknown" in edit.text for edit in one.edits))
    assert any(one.vague for one in found)
