"""Rounds over a small language of their own: `BAD` is an error, `BAD(file)` one as long as that file has no `OK`."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import SimpleNamespace
from typing import Any, cast

from pipeline.typescript.edits import Edit, apply
from pipeline.typescript.rounds import Outcome, Rounds
from pipeline.typescript.scripts import Script
from pipeline.typescript.session import Diagnostic, QuickFix
from pipeline.typescript.strategies.base import Level, Repair, Strategy
from pipeline.typescript.tree import Tree
from pipeline.typescript.world import World

_ERROR = re.compile(r"BAD(?P<code>\d)(?:\((?P<file>\w+)\))?")


class Language:
    """A checker of that language; it counts the files that it was asked to check."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)
        self.checked = 0

    def set(self, texts: Mapping[str, str]) -> None:
        self.texts.update(texts)

    def check(self, files: Iterable[str] | None = None) -> list[Diagnostic]:
        wanted = sorted(self.texts if files is None else files)
        self.checked += len(wanted)
        return [one for file in wanted for one in self._errors(file)]

    def _errors(self, file: str) -> Iterator[Diagnostic]:
        for found in _ERROR.finditer(self.texts[file]):
            if not found["file"] or "OK" not in self.texts[found["file"]]:
                start, end = found.span()
                yield Diagnostic(file, start, end, int(found["code"]), "bad", file, start, end)

    def dependents(self, files: Iterable[str]) -> list[str] | None:
        changed = set(files)
        return sorted(
            changed
            | {one for one, text in self.texts.items() if any(f"({each})" in text for each in changed)}
        )

    def emit(self, texts: Mapping[str, str]) -> dict[str, tuple[Script, ...]]:
        # Lower case is what runs, upper case is types.
        return {
            file: (Script("", ".ts", re.sub(r"[A-Z]+\d?(\(\w*\))?|\s", "", text)),)
            for file, text in texts.items()
        }

    def compare(self, pairs: Sequence[tuple[str, str, str]]) -> list[list[dict[str, str]]]:
        return [
            [{"form": "guard" if "guard" in after else "other", "before": before, "after": after}]
            for before, after, _ in pairs
        ]

    def trees(self, files: Iterable[str], sources: Mapping[str, str]) -> list[Tree]:  # noqa: ARG002
        return []

    def fixes(self, one: Diagnostic) -> list[QuickFix]:  # noqa: ARG002
        return []

    def implementers(self, base: str, members: Iterable[str]) -> list[str]:  # noqa: ARG002
        return []

    def ambient(self, names: Iterable[str]) -> dict[str, str | None]:  # noqa: ARG002
        return {}

    def subjects(self, errors: Iterable[Diagnostic]) -> list[dict[str, Any] | None]:
        return [self._subject(one) for one in errors]

    def _subject(self, one: Diagnostic) -> dict[str, Any] | None:
        # An error that names a file is about the `OK` that was there, or would be: about the beginning of that file.
        found = _ERROR.match(self.texts[one.file], one.start)
        if not found or not found["file"]:
            return None
        return {"source": {"file": found["file"], "start": 0, "own": True, "kind": "Parameter"}}


def strategy(name: str, code: int, *texts: str, level: Level = "type-only", at: str = "") -> Strategy:
    """Return a strategy that offers each of the texts in place of the error, or at the start of the file `at`."""

    def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
        for text in texts:
            edit = Edit(at, 0, 0, text) if at else Edit(one.file, one.start, one.end, text)
            yield Repair(name, level, (edit,), "a reason")

    return cast("Strategy", SimpleNamespace(NAME=name, CODES=frozenset((code,)), propose=propose))


def run(texts: Mapping[str, str], *strategies: Strategy, **more: Any) -> Outcome:  # noqa: ANN401
    return Rounds(Language(texts), texts, frozenset(texts), strategies, **more).run()


def replayed(texts: Mapping[str, str], done: Outcome) -> dict[str, str]:
    """Return the texts after the kept repairs, group by group: those of one base apply together."""
    found = dict(texts)
    for _, group in groupby(done.kept, key=lambda one: one.base):
        found.update(apply(found, [edit for one in group for edit in one.repair.edits]))
    return found


def test_what_removes_errors_stays() -> None:
    done = run({"a": "x BAD1 y BAD1", "b": "z"}, strategy("s", 1, "FINE"))
    assert done.texts == {"a": "x FINE y FINE"}
    assert (len(done.before), len(done.after), done.ended) == (2, 0, "done")
    assert [len(one.removed) for one in done.kept] == [1, 1]
    assert all(one.proven for one in done.kept)


def test_the_next_proposal_comes_when_the_first_does_not_help() -> None:
    done = run({"a": "BAD1"}, strategy("s", 1, "BAD1 BAD2", "BAD3", "FINE"))
    assert done.texts == {"a": "FINE"}


def test_one_bad_repair_does_not_take_the_others_with_it() -> None:
    texts = {f"f{number}": "BAD1 BAD1" for number in range(8)} | {"g": "BAD2"}
    done = run(texts, strategy("good", 1, "FINE"), strategy("bad", 2, "BAD3 BAD3"))
    assert len(done.after) == 1
    assert {one.repair.strategy for one in done.kept} == {"good"}


def test_one_edit_at_a_declaration_comes_before_many_at_the_uses() -> None:
    done = run(
        {"lib": "x", "a": "BAD1(lib) BAD1(lib)"},
        strategy("use", 1, "FINE"),
        strategy("declaration", 1, "OK ", at="lib"),
    )
    assert done.texts == {"lib": "OK x"}
    assert len(done.kept) == 1
    assert len(done.kept[0].removed) == 2


def test_a_repair_that_changes_what_runs_is_no_type_only_repair() -> None:
    done = run({"a": "BAD1"}, strategy("liar", 1, "run"))
    assert not done.texts
    assert not done.kept


def test_a_guard_is_kept_with_its_change_told() -> None:
    done = run({"a": "BAD1 x"}, strategy("guard", 1, "guard", level="guard"))
    assert done.texts == {"a": "guard x"}
    assert [change.form for change in done.kept[0].changes] == ["guard"]


def test_no_guard_where_only_types_may_change() -> None:
    done = run({"a": "BAD1 x"}, strategy("guard", 1, "guard", level="guard"), levels=("type-only",))
    assert not done.texts


def test_what_is_banned_is_never_tried() -> None:
    assert not run({"a": "BAD1"}, strategy("s", 1, ": any")).texts


def test_a_file_that_is_not_ours_to_edit_stays() -> None:
    texts = {"a": "BAD1", "b": "BAD1"}
    done = Rounds(Language(texts), texts, frozenset("b"), [strategy("s", 1, "FINE")]).run()
    assert done.texts == {"b": "FINE"}


def test_a_repair_that_reveals_an_error_is_kept_with_what_removes_that() -> None:
    done = run({"a": "BAD1"}, strategy("reveals", 1, "BAD2"), strategy("removes", 2, "FINE"))
    assert done.texts == {"a": "FINE"}
    assert [one.repair.strategy for one in done.kept] == ["reveals", "removes"]


def test_a_repair_that_reveals_what_nobody_removes_is_taken_back() -> None:
    done = run({"a": "BAD1"}, strategy("reveals", 1, "BAD2"))
    assert not done.texts
    assert len(done.after) == 1


def test_at_the_time_limit_the_work_is_kept() -> None:
    done = run({"a": "BAD1"}, strategy("s", 1, "FINE"), seconds=0.0)
    assert (done.ended, len(done.after)) == ("time", 1)


def test_only_wanted_errors_are_repaired() -> None:
    done = run({"a": "BAD1", "b": "BAD1"}, strategy("s", 1, "FINE"), wanted=lambda one: one.file == "b")
    assert done.texts == {"b": "FINE"}


def test_the_same_input_gives_the_same_output_and_never_more_errors() -> None:
    pieces = ["BAD1", "BAD2", "BAD3(f0)", "BAD4", "x", "y z"]
    for seed in range(40):
        chance = random.Random(seed)
        texts = {f"f{number}": " ".join(chance.choices(pieces, k=6)) for number in range(5)}
        strategies = (
            strategy("one", 1, "BAD2", "FINE"),
            strategy("two", 2, "BAD4 BAD4", "BAD1"),
            strategy("three", 3, "OK", at="f0"),
            strategy("four", 4, "guard", "run", level="guard"),
        )
        first, second = run(texts, *strategies), run(texts, *strategies)
        assert first.texts == second.texts
        assert len(first.after) <= len(first.before)
        assert replayed(texts, first) == {**texts, **first.texts}
        assert sorted(Language({**texts, **first.texts}).check()) == sorted(first.after)
        again = run({**texts, **first.texts}, *strategies)
        assert len(again.after) == len(first.after)
