"""Quick fixes of stock servers: which are taken, and at which level."""

from __future__ import annotations

import pytest

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic, QuickFix
from pipeline.typescript.strategies import served
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.tree import Tree
from pipeline.typescript.world import World


class Offers:
    """A source that offers these fixes, and knows nothing else: as a stock server."""

    def __init__(self, *fixes: QuickFix) -> None:
        self.offered = fixes

    def fixes(self, _one: Diagnostic) -> list[QuickFix]:
        return list(self.offered)

    def trees(self, _files: object, _sources: object) -> list[Tree]:
        return []

    def implementers(self, _base: str, _members: object) -> list[str]:
        return []

    def ambient(self, _names: object) -> dict[str, str | None]:
        return {}


def fix(title: str, text: str = "", file: str = "a.ts") -> QuickFix:
    return QuickFix("", title, (Edit(file, 0, 0, text),))


def proposed(*fixes: QuickFix, file: str = "a.ts") -> list[Repair]:
    one = Diagnostic(file, 0, 1, 2304, "Cannot find name 'A'.", file, 0, 1)
    return list(served.propose(one, World(Offers(*fixes), {file: ""}, [one], frozenset((file,)))))


@pytest.mark.parametrize(
    "title",
    [
        "Change spelling to 'title'",
        "Add all missing imports",
        "Fix all detected spelling errors",
        "Add missing function declaration 'load'",
        "Add missing properties",
        "Add definite assignment assertion to property 'a: string'",
        "Declare property 'zoo'",
        "Declare method 'zoo'",
        "Implement interface 'Shape'",
        "Infer parameter types from usage",
        "Ignore this error message",
        "Disable checking for this file",
        "Remove unused declaration for: 'a'",
        "Add initializer to property 'a'",
        "Add 'unknown' conversion for non-overlapping types",
    ],
)
def test_what_guesses_or_invents_is_never_taken(title: str) -> None:
    assert proposed(fix(title)) == []


@pytest.mark.parametrize(
    ("title", "text", "level"),
    [
        ('Add import from "./a"', 'import type { A } from "./a";', "type-only"),
        ('Update import from "./a"', ", type A", "type-only"),
        ('Add import from "./a"', 'import { A } from "./a";', "guard"),
        ('Update import from "./a"', ", typeA", "guard"),
        ("Add async modifier to containing function", "async ", "guard"),
        ("Add 'await'", "await ", "guard"),
        ("Add missing 'super()' call", "super();", "guard"),
        ("Add 'override' modifier", "override ", "type-only"),
        ("Replace 'number' with 'Promise<number>'", "Promise<number>", "type-only"),
        ("Remove import from './a'", "", "unused"),
        ("Prefix 'a' with an underscore", "_a", "unused"),
    ],
)
def test_a_fix_has_the_level_of_what_it_does(title: str, text: str, level: str) -> None:
    (repair,) = proposed(fix(title, text))
    assert (repair.level, repair.why, bool(repair.risk)) == (level, title, level != "type-only")


def test_types_are_imported_without_proof_only_where_node_cannot_make_the_javascript() -> None:
    text = 'import type { A } from "./a";'
    (repair,) = proposed(fix('Add import from "./a"', text, "a.tsx"), file="a.tsx")
    assert repair.level == "guard"


def test_a_name_that_two_modules_give_is_for_a_person() -> None:
    assert proposed(fix('Add import from "./a"', "x"), fix('Add import from "./b"', "y")) == []
