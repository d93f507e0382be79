from __future__ import annotations

import random

import pytest

from pipeline.typescript.edits import Edit, apply, indent_at, moved, newline_of, returned, unit_of


def test_edits_of_several_files_are_applied_at_their_old_positions() -> None:
    texts = {"a": "one two three", "b": "x"}
    found = apply(texts, [Edit("a", 4, 7, "2"), Edit("a", 0, 3, "1"), Edit("b", 1, 1, "!")])
    assert found == {"a": "1 2 three", "b": "x!"}


def test_an_edit_that_changes_nothing_is_no_change() -> None:
    assert apply({"a": "one"}, [Edit("a", 0, 3, "one")]) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Edit("a", 0, 3, ""), Edit("a", 2, 4, "")),
        (Edit("a", 1, 1, "x"), Edit("a", 1, 1, "y")),
        (Edit("a", 0, 4, ""), Edit("a", 1, 2, "")),
    ],
)
def test_overlapping_edits_are_refused(one: Edit, other: Edit) -> None:
    assert one.overlaps(other)
    assert other.overlaps(one)
    with pytest.raises(ValueError, match="edit outside its text or over another"):
        apply({"a": "12345"}, [one, other])


def test_neighbours_do_not_overlap() -> None:
    assert not Edit("a", 0, 2, "").overlaps(Edit("a", 2, 4, ""))
    assert not Edit("a", 0, 2, "").overlaps(Edit("b", 0, 2, ""))


def test_an_edit_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        apply({"a": "12"}, [Edit("a", 1, 5, "")])


def test_positions_go_there_and_back_through_random_edits() -> None:
    chance = random.Random(7)
    for _ in range(200):
        text = "".join(chance.choices("abc \n", k=60))
        cuts = sorted(chance.sample(range(61), 6))
        edits = [
            Edit("a", cuts[index], cuts[index + 1], "x" * chance.randrange(5)) for index in range(0, 6, 2)
        ]
        new = apply({"a": text}, edits).get("a", text)
        for position in range(len(text)):
            if all(not edit.start <= position < edit.end for edit in edits):
                assert new[moved(position, edits)] == text[position]
                assert returned(moved(position, edits), edits) == position


def test_the_layout_of_a_text_is_read_from_it() -> None:
    assert newline_of("a\r\nb") == "\r\n"
    assert newline_of("a\nb\r\n") == "\n"
    assert unit_of("a\n    b\n        c") == "    "
    assert unit_of("a\n\tb") == "\t"
    assert unit_of("a") == "  "
    assert indent_at("a\n  b c", 6) == "  "
