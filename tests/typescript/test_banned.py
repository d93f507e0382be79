from __future__ import annotations

import pytest

from pipeline.typescript.banned import brings, constructs
from pipeline.typescript.edits import Edit


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (": any", ["any"]),
        ("Record<string, any>", ["any"]),
        ("any[]", ["any"]),
        ("// @ts-ignore", ["@ts-ignore"]),
        ("// @ts-expect-error later", ["@ts-ignore"]),
        ("x as unknown as Row", ["as unknown as"]),
        ("x!.y", ["non-null !"]),
        ("f(x!)", ["non-null !"]),
        ("x! = 2", ["non-null !"]),
        (": Function", ["Function"]),
        ("// eslint-disable-next-line", ["eslint-disable"]),
    ],
)
def test_what_is_never_written_is_seen(text: str, names: list[str]) -> None:
    assert constructs(text) == names


@pytest.mark.parametrize(
    "text",
    [
        '"any"',
        "`any`",
        "many",
        "x.any",
        "company: string",
        "a != b",
        "a !== b",
        "!x",
        "width!: number",
        "unknown",
        "FunctionName",
    ],
)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert constructs(text) == []


def test_what_stood_there_before_is_not_brought() -> None:
    texts = {"a": "let x: any = y!;"}
    assert brings([Edit("a", 5, 15, ": any = z!")], texts) == []
    assert brings([Edit("a", 5, 15, ": any = z! as any")], texts) == ["any"]
