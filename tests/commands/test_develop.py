"""`test` runs every check of this checkout and tells all that failed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from invoke import Context

from pipeline.commands import develop
from pipeline.core.errors import Code, Stop

TOOLS = Path("/venv/bin")


def labels(only: str = "") -> list[str]:
    return [check.label for check in plan(only)]


def plan(only: str = "", k: str = "", *, fast: bool = False) -> list[develop.Check]:
    return develop.checks("python", TOOLS, only=only, k=k, fast=fast)


def test_all_kinds_run_with_one_pytest_at_the_end() -> None:
    assert labels() == [
        "lint (ruff)",
        "format (ruff)",
        "shell scripts (shellcheck)",
        "layers (import-linter)",
        "types (mypy)",
        "tests (pytest)",
    ]
    assert plan()[-1].argv[:4] == ("python", "-m", "pytest", "tests")


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("lint", ["lint (ruff)", "format (ruff)", "shell scripts (shellcheck)"]),
        ("imports", ["layers (import-linter)"]),
        ("types", ["types (mypy)"]),
        ("unit", ["tests (pytest)"]),
        ("e2e", ["tests (pytest)"]),
    ],
)
def test_only_one_kind(only: str, expected: list[str]) -> None:
    assert labels(only=only) == expected


def test_unit_and_end_to_end_tests_are_apart() -> None:
    assert "--ignore=tests/end_to_end" in plan("unit")[0].argv
    assert plan("e2e")[0].argv[3] == "tests/end_to_end"


def test_an_expression_runs_nothing_but_tests() -> None:
    (check,) = plan(k="rollback and not slow")

    assert check.argv[-2:] == ("-k", "rollback and not slow")


def test_fast_leaves_out_what_is_slow() -> None:
    assert plan(fast=True)[-1].argv[-2:] == ("-m", "not slow and not node")


def test_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(Stop, match="--only=unti is none of lint, types, imports, unit, e2e") as stop:
        develop.test(Context(), only="unti")

    assert stop.value.code == Code.USAGE


def test_every_check_runs_although_one_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def three(*_: object, **__: object) -> list[develop.Check]:
        return [
            develop.Check("lint", "first", (sys.executable, "-c", "print('a finding'); raise SystemExit(1)")),
            develop.Check("types", "second", (sys.executable, "-c", "print('nobody asks')")),
            develop.Check("unit", "third", (sys.executable, "-c", "print('== 1 passed ==')"), shown=True),
        ]

    monkeypatch.setattr(develop, "checks", three)
    with pytest.raises(Stop, match="1 of 3 checks failed: first") as stop:
        develop.test(Context())

    said = capsys.readouterr()
    assert (stop.value.code, stop.value.hint) == (Code.GATE, "./inv test --only=lint")
    assert "a finding" in said.err
    assert said.out == "== 1 passed ==\n"
