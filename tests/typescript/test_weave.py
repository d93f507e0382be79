from __future__ import annotations

import random

import pytest

from pipeline.typescript.edits import Edit, apply
from pipeline.typescript.rounds import Kept
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.weave import Weave, touched


def kept(base: int, *edits: Edit) -> Kept:
    return Kept(Repair("some", "type-only", edits, "why"), (), (), base, base)


def test_all_repairs_give_the_final_text_and_none_the_first() -> None:
    texts = {"a": "one two three"}
    repairs = [kept(0, Edit("a", 0, 3, "1")), kept(0, Edit("a", 8, 13, "3")), kept(1, Edit("a", 2, 5, "2"))]
    weave = Weave(texts, repairs)
    assert weave.text("a", {0, 1, 2}) == "1 2 3"
    assert weave.text("a", ()) == "one two three"


def test_later_repair_stands_without_earlier_ones_of_other_places() -> None:
    repairs = [kept(0, Edit("a", 0, 0, "// a long first line\n")), kept(1, Edit("a", 25, 28, "TWO"))]
    weave = Weave({"a": "one two three"}, repairs)
    assert weave.text("a", {1}) == "one TWO three"
    assert weave.needs == [set(), set()]


def test_repair_of_another_ones_text_needs_it() -> None:
    repairs = [kept(0, Edit("a", 0, 0, "const x = [];\n")), kept(1, Edit("a", 7, 7, ": number[]"))]
    weave = Weave({"a": "rest"}, repairs)
    assert weave.needs == [set(), {0}]
    replaced = Weave({"a": "rest"}, [kept(0, Edit("a", 0, 4, "REST")), kept(1, Edit("a", 0, 4, "last"))])
    assert replaced.needs == [set(), {0}]
    assert replaced.text("a", {0, 1}) == "last"


def test_an_edit_that_two_repairs_make_is_made_once_and_stands_with_either() -> None:
    same = Edit("a", 3, 3, " | null")
    repairs = [kept(0, same, Edit("a", 0, 0, "- ")), kept(0, same), kept(1, Edit("a", 8, 12, "none"))]
    weave = Weave({"a": "one two"}, repairs)
    assert weave.text("a", {0}) == "- one | null two"
    assert weave.text("a", {1}) == "one | null two"
    assert weave.text("a", {0, 1}) == "- one | null two"
    assert weave.text("a", {0, 1, 2}) == "- one | none two"
    assert weave.needs == [set(), set(), {0, 1}]


def test_lines_are_those_of_the_final_text() -> None:
    repairs = [kept(0, Edit("a", 4, 7, "2")), kept(1, Edit("a", 0, 0, "first\nsecond\n"))]
    weave = Weave({"a": "one\ntwo\n"}, repairs)
    assert weave.line("a", 0) == 4
    assert weave.line("a", 1) == 1
    assert weave.line("b", 1) == 0
    assert touched(repairs) == ["a"]


def test_position_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the text"):
        Weave({"a": "x"}, [kept(0, Edit("a", 5, 5, "y"))])


@pytest.mark.parametrize("seed", range(30))
def test_any_history_ends_in_what_applying_it_gives(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choice("abc\n") for _ in range(40))
    first, repairs = text, []
    for base in range(6):
        edits, at = [], 0
        while at < len(text) - 1:
            start = rng.randint(at + 1, len(text))
            end = min(len(text), start + rng.randint(0, 4))
            edits.append(Edit("a", start, end, "x" * rng.randint(0, 3)))
            at = end + rng.randint(1, 8)
        repairs += [kept(base, edit) for edit in edits]
        text = {"a": text, **apply({"a": text}, edits)}["a"]
    weave = Weave({"a": first}, repairs)
    assert weave.text("a", set(range(len(repairs)))) == text
    assert weave.text("a", ()) == first
