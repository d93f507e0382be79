"""Steps over a small language: `BAD` is an error, `needs(file)` one until that file has `OK`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

import pytest

from pipeline.typescript.edits import Edit
from pipeline.typescript.rounds import Kept
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.steps import By, Step, plan
from pipeline.typescript.strategies.base import Level, Repair
from pipeline.typescript.weave import Weave


class Language:
    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)
        self.checked: list[list[str] | None] = []

    def set(self, texts: Mapping[str, str]) -> None:
        self.texts.update(texts)

    def check(self, files: Iterable[str] | None = None) -> list[Diagnostic]:
        self.checked.append(None if files is None else sorted(files))
        return [
            Diagnostic(file, found.start(), found.end(), 1, "bad", file, 0, 0)
            for file in sorted(self.texts if files is None else files)
            for found in re.finditer(r"BAD|needs\((\w+)\)", self.texts[file])
            if not found[1] or "OK" not in self.texts[found[1]]
        ]

    def dependents(self, files: Iterable[str]) -> list[str] | None:
        changed = set(files)
        while True:
            words = [f'import "{each}"' for each in changed] + [f"({each})" for each in changed]
            users = {one for one, text in self.texts.items() if any(word in text for word in words)}
            if users <= changed:
                return sorted(changed)
            changed |= users


def kept(name: str, base: int, edit: Edit, level: Level = "type-only") -> Kept:
    return Kept(Repair(name, level, (edit,), "why"), (), (), base, base)


def planned(
    texts: dict[str, str],
    repairs: list[Kept],
    by: By = "strategy",
    checked: list[list[str] | None] | None = None,
) -> list[Step]:
    weave = Weave(texts, repairs)
    whole = {file: weave.text(file, range(len(repairs))) for file in texts}
    before, after = Language(texts).check(), Language(whole).check()
    language = Language(whole)
    steps = plan(language, texts, repairs, weave, before, after, by)
    if checked is not None:
        checked += language.checked
    for one, following in itertools.pairwise(steps):
        assert one.after == following.before
    held = dict(texts)
    for step in steps:
        assert step.after <= step.before
        held.update(step.texts)
        assert len(Language(held).check()) == step.after
    return steps


def test_each_strategy_is_a_step_and_the_safest_comes_first() -> None:
    texts = {"a": "BAD BAD", "b": "BAD"}
    repairs = [
        kept("guards", 0, Edit("a", 0, 3, "g"), "guard"),
        kept("types", 0, Edit("a", 4, 7, "t")),
        kept("types", 0, Edit("b", 0, 3, "t")),
    ]
    steps = planned(texts, repairs)
    assert [(one.names, one.repairs, one.before, one.after) for one in steps] == [
        (("types",), (1, 2), 3, 1),
        (("guards",), (0,), 1, 0),
    ]
    assert steps[0].texts == {"a": "BAD t", "b": "t"}


@pytest.mark.parametrize(("by", "names"), [("file", [("a",), ("b",)]), ("one", [("all repairs",)])])
def test_steps_by_file_or_as_one(by: By, names: list[tuple[str, ...]]) -> None:
    repairs = [kept("one", 0, Edit("a", 0, 3, "x")), kept("two", 0, Edit("b", 0, 3, "x"))]
    assert [one.names for one in planned({"a": "BAD", "b": "BAD"}, repairs, by)] == names


def test_group_that_brings_errors_alone_lands_with_what_removes_them() -> None:
    texts = {"a": "BAD", "b": "nothing"}
    repairs = [
        kept("uses", 0, Edit("a", 0, 3, "needs(b) needs(b)")),
        kept("gives", 1, Edit("b", 0, 7, "OK")),
    ]
    (step,) = planned(texts, repairs)
    assert step.names == ("uses", "gives")
    assert (step.before, step.after) == (1, 0)


def test_last_group_that_brings_errors_goes_back_into_an_earlier_step() -> None:
    texts = {"a": "BAD BAD", "b": "x"}
    repairs = [kept("good", 0, Edit("a", 0, 7, "fine")), kept("worse", 1, Edit("b", 0, 1, "BAD"), "guard")]
    (step,) = planned(texts, repairs)
    assert (step.repairs, step.before, step.after) == ((0, 1), 2, 1)


def test_groups_that_stand_in_each_others_texts_are_one() -> None:
    repairs = [
        kept("one", 0, Edit("a", 0, 3, "[]")),
        kept("two", 1, Edit("a", 1, 1, "()")),
        kept("one", 2, Edit("a", 2, 2, "x")),
    ]
    (step,) = planned({"a": "BAD"}, repairs)
    assert step.names == ("one and two",)
    assert step.texts == {"a": "[(x)]"}


def test_group_comes_after_the_one_whose_text_it_edits() -> None:
    repairs = [
        kept("late", 0, Edit("a", 0, 3, "[]"), "unused"),
        kept("early", 1, Edit("a", 1, 1, "x")),
    ]
    assert [one.names for one in planned({"a": "BAD"}, repairs)] == [("late",), ("early",)]


def test_only_what_two_steps_may_change_is_checked_between_them() -> None:
    texts = {"a": "BAD needs(c)", "b": "BAD needs(c)", "c": "x", "d": "BAD"}
    repairs = [
        kept("one", 0, Edit("a", 0, 3, "x")),
        kept("two", 0, Edit("c", 0, 1, "OK")),
        kept("three", 0, Edit("d", 0, 3, "x")),
    ]
    checked: list[list[str] | None] = []
    steps = planned(texts, repairs, checked=checked)
    assert [one.after for one in steps] == [4, 2, 1]
    assert checked == [["a"]]


def test_last_step_and_steps_apart_are_not_checked() -> None:
    texts = {"a": "BAD", "b": "BAD BAD"}
    checked: list[list[str] | None] = []
    repairs = [kept("one", 0, Edit("a", 0, 3, "x")), kept("two", 0, Edit("b", 0, 7, "x"))]
    assert [one.after for one in planned(texts, repairs, checked=checked)] == [2, 0]
    assert checked == []


def test_file_that_loses_an_import_is_checked_between_all_steps() -> None:
    # Until `last` takes the reference away, what `first` does to `b` shows in `a`.
    texts = {"a": 'import "b" needs(b)', "b": "BAD OK"}
    repairs = [
        kept("first", 0, Edit("b", 0, 6, "x")),
        kept("last", 1, Edit("a", 0, 19, "x"), "unused"),
    ]
    checked: list[list[str] | None] = []
    (first, last) = planned(texts, repairs, checked=checked)
    assert (first.before, first.after, last.after) == (1, 1, 0)
    assert checked == [["a"]]
