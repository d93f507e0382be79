"""Which release a rollback goes back to, and what production asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project
from pipeline.deploy import ledger
from pipeline.deploy.engine import before, confirm
from pipeline.deploy.ledger import Release, message, trailers
from pipeline.deploy.source import problem_of
from pipeline.deploy.target import target_of
from pipeline.tools.git import Head


def history(*rows: tuple[str, str, str]) -> list[Release]:
    """Releases from (name, artifact, what it restores), oldest first; returned newest first."""
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    made = [
        Release(
            name,
            name * 4,
            artifact,
            "prod",
            "rollback" if restores else "deploy",
            artifact,
            "",
            "",
            "",
            restores,
            "me",
            moment,
            "",
        )
        for name, artifact, restores in rows
    ]
    return made[::-1]


@pytest.mark.parametrize(
    ("rows", "target"),
    [
        ([("a", "1", "")], None),
        ([("a", "1", ""), ("b", "2", "")], "a"),
        ([("a", "1", ""), ("b", "2", ""), ("c", "1", "a")], None),
        ([("a", "1", ""), ("b", "2", ""), ("c", "3", ""), ("d", "2", "b")], "a"),
        ([("a", "1", ""), ("b", "2", ""), ("c", "3", ""), ("d", "2", "b"), ("e", "1", "a")], None),
        ([("a", "1", ""), ("b", "2", ""), ("c", "1", "a"), ("d", "4", "")], "c"),
        ([("a", "1", ""), ("b", "2", ""), ("c", "1", "a"), ("d", "4", ""), ("e", "1", "c")], None),
        ([("a", "1", ""), ("b", "1", "")], None),
        ([("c", "1", "gone before"), ("d", "2", "")], "c"),
    ],
)
def test_a_rollback_goes_back_and_never_forth(rows: list[tuple[str, str, str]], target: str | None) -> None:
    found = before(history(*rows), frozenset())
    assert (found.name if found else None) == target


def test_a_release_is_found_by_name_by_beginning_and_by_commit() -> None:
    known = history(("20260301-120000-prod-one", "1", ""), ("20260302-120000-prod-two", "2", ""))
    assert ledger.find(known, "20260301-120000-prod-one").artifact == "1"
    assert ledger.find(known, "20260302").artifact == "2"
    with pytest.raises(Stop, match="fits 2 releases"):
        ledger.find(known, "2026030")
    with pytest.raises(Stop, match="the nearest is 20260301-120000-prod-one"):
        ledger.find(known, "20260301-120000-prod-onne")


def test_trailers_are_read_back_from_the_message() -> None:
    text = message(
        "name",
        "why: because\n\nRelease: not this one",
        {"Release": "name", "Source-Commit": "", "Kind": "deploy"},
    )
    assert trailers(text) == {"Release": "name", "Kind": "deploy"}


@pytest.mark.parametrize(
    ("head", "named", "says"),
    [
        (None, True, "not in a git repository"),
        (Head(None, "main", (), None), True, "no commit yet"),
        (Head("a" * 40, "main", ("x.md",), 1), True, "1 change not committed"),
        (Head("a" * 40, None, (), 1), False, "HEAD is detached at aaaaaaaaaa"),
        (Head("a" * 40, None, (), 1), True, ""),
        (Head("a" * 40, "main", (), 1), True, ""),
    ],
)
def test_what_production_refuses_as_a_source(head: Head | None, named: bool, says: str) -> None:
    problem = problem_of(Path("/site"), head, named=named)
    assert (says in problem.message and bool(problem.hint)) if problem else not says


def test_production_without_a_terminal_names_the_flag(project: Project) -> None:
    with pytest.raises(Stop) as caught:
        confirm(project, target_of(project, "prod"), "deploy", yes=False)
    assert (caught.value.code, caught.value.hint) == (Code.ANSWER, "answer it with --yes")
    confirm(project, target_of(project, "prod"), "deploy", yes=True)
    confirm(project, target_of(project, "local"), "deploy", yes=False)
