"""What pages and components of React need: defaults that come back, filtered lists, libraries that take no null."""

from __future__ import annotations

from types import ModuleType
from typing import cast

import pytest

from pipeline.typescript.strategies import (
    checked,
    contexts,
    forwarded,
    guards,
    handed,
    indexing,
    narrowing,
    pages,
    parameters,
    props,
    reducers,
    returned,
    sifted,
    widening,
    wrapped,
)
from pipeline.typescript.strategies.base import Strategy
from pipeline.typescript.strategies.writing import write
from pipeline.typescript.tree import Pool, Type
from tests.typescript.replay import Replay, repaired


@pytest.mark.parametrize(
    ("strategy", "line", "expected"),
    [
        pytest.param(
            checked,
            "export const rootId",
            ['export const rootId: string = idOf("root") as string;'],
            id="present: the next statement throws without it",
        ),
        pytest.param(checked, "export const looseId", [], id="no check follows"),
        pytest.param(
            returned,
            "export const host",
            [
                (
                    "export function getEnv<T extends string | null = string>"
                    "(key: string, fallback?: T): string | T {"
                )
            ],
            id="the default that is passed comes back",
        ),
        pytest.param(narrowing, "return fallback", [], id="what is returned gets no stricter condition"),
        pytest.param(
            sifted,
            "export const names",
            [
                (
                    "export const names: string[] = "
                    "settings.links.map((link) => link && link.name).filter(Boolean) as string[];"
                )
            ],
            id="the filter takes out what is missing",
        ),
        pytest.param(
            sifted,
            "export const ids",
            ["export const ids = settings.links.map((link) => link?.id).filter(Boolean);"],
            id="a missing element is taken out by the filter after it",
        ),
        pytest.param(
            sifted,
            "export const first",
            ["export const ids = settings.links.map((link) => link.id).filter(Boolean) as string[];"],
            id="the list that an element comes from",
        ),
        pytest.param(
            handed,
            "export const shownIcon",
            ["export const shownIcon = shown(icon ?? undefined);"],
            id="an argument of a library's function",
        ),
        pytest.param(
            handed,
            "export const plain",
            ['export const plain = <Reader icon={bright ? "bright" : undefined} />;'],
            id="a branch that is null",
        ),
        pytest.param(
            handed,
            "export const reader",
            [
                "export const reader = <Reader icon={icon ?? undefined} mapUrl={mapUrl} />;",
                'if (url === "icon") return icon ?? undefined;',
            ],
            id="a property of a library's component, and the result of a function that it calls",
        ),
        pytest.param(handed, "export const host", [], id="a function of the project's own is told the truth"),
        pytest.param(
            guards,
            "return await load",
            ['if (id === null) throw new Error("id is missing");'],
            id="nothing to fetch without it",
        ),
        pytest.param(
            widening,
            "export async function checked",
            ["export async function checked(found: boolean): Promise<string | undefined> {"],
            id="ends without a value on one of its ways",
        ),
        pytest.param(
            widening,
            "return idOf",
            ["export async function nameOf(text: string): Promise<string | null> {"],
            id="what the promise of an async function is of",
        ),
        pytest.param(
            widening,
            "export const shownRow",
            ["at: string | null;", 'export const shownRow: Shown | Pick<Row, "at"> = row;'],
            id="what a library picks out of a type of the project",
        ),
        pytest.param(
            parameters,
            "export const fetched",
            [
                (
                    "export const fetched = async (id: string, ...args: [Parameters<typeof load>[1]?]) "
                    "=> load(id, ...args);"
                )
            ],
            id="the rest that is handed on as the last arguments",
        ),
        pytest.param(
            parameters,
            "export default function Page",
            [
                'import type { PageProps } from "@/lib/model";\nexport default function Page(props: PageProps) {'
            ],
            id="props spread into a component, imported as the page imports others",
        ),
        pytest.param(
            wrapped,
            "player.start = function (...args",
            [
                (
                    "player.start = function (this: typeof player, ...args: Parameters<typeof original>) {"
                    "\n} as typeof original;"
                )
            ],
            id="a method replaced by one that calls it",
        ),
        pytest.param(wrapped, "player.start = function (speed", [], id="one that takes something else"),
        pytest.param(
            props,
            "export const dateOf",
            [
                "export const dateOf = ({ data }: { data: { start_date: Date | number | undefined }[][] }) => {"
            ],
            id="a list in a list, and what its member is used as under another name",
        ),
        pytest.param(
            indexing,
            "export const table",
            ["export const table = { [String(key)]: 1 };"],
            id="a computed key that may be null",
        ),
        pytest.param(
            contexts,
            "<LinkContext.Provider",
            ["export const LinkContext = createContext<Link | null>(null);"],
            id="a context that starts as null",
        ),
        pytest.param(
            contexts,
            "export const Loose",
            ["export const Loose = createContext<{ wide: boolean } | undefined>(undefined);"],
            id="a context without a start",
        ),
        pytest.param(
            pages,
            "export default function Post",
            [
                (
                    'import type { InferGetStaticPropsType } from "next";\n'
                    "export default function Post("
                    "{ link, wide }: InferGetStaticPropsType<typeof getStaticProps>) {"
                )
            ],
            id="the props of a page are those that it fetches",
        ),
        pytest.param(pages, "export default function Page", [], id="a page that fetches nothing"),
    ],
)
def test_proposes(strategy: ModuleType, line: str, expected: list[str]) -> None:
    assert list(dict.fromkeys(repaired("react", cast("Strategy", strategy), line))) == expected


def test_a_reducer_takes_the_state_that_it_starts_with_and_the_actions_that_are_dispatched() -> None:
    found = repaired("react", cast("Strategy", reducers), "function tasks")
    expected = (
        "function tasks(state: typeof start, action: { type: 'add'; name: string } | { type: 'open' }) {"
    )
    assert found == [expected, expected]


@pytest.mark.parametrize("line", ["<input ref", "export const field = <Field"])
def test_a_component_that_hands_its_ref_on_is_told_its_element_and_props(line: str) -> None:
    best, *_ = repaired("react", cast("Strategy", forwarded), line)
    assert best == (
        "export const Field = "
        "forwardRef<HTMLInputElement, { label: string; wide: boolean }>(({ label, wide }, ref) => ("
    )


def test_a_timer_of_node_is_what_set_timeout_gives() -> None:
    world = Replay("react").world()
    at = world.trees("pages/tasks.tsx")[0].root
    timer = Type(0, frozenset(("object",)), "Timeout", {"text": "NodeJS.Timeout"}, Pool())
    written = write([timer, "null"], at, world)
    assert written is not None
    assert written.text == "ReturnType<typeof setTimeout> | null"
