"""The tasks about the constitution, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke import Collection, Program

from checks import GATES
from pipeline.commands import check, compliance, releases
from pipeline.core.errors import Code, Stop
from pipeline.core.project import open_project
from tests.deploy.fleet import change, commit, deploy, fleet
from tests.deploy.harbour import Ticker, write

Typed = Callable[[str], str]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five gates that need nothing but files."""
    for name in set(GATES) - {"build", "typescript", "budgets", "churn", "zero_actions"}:
        monkeypatch.delitem(GATES, name)


def test_what_was_released_is_scored_reported_listed_and_certified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def typed(words: str) -> str:
        capsys.readouterr()
        spaces = Collection(check.ns, compliance.ns, releases.ns)
        Program(namespace=spaces).run(["invoke", *f"{words} --env=staging".split()], exit=False)
        return capsys.readouterr().out

    with fleet(tmp_path) as made_at:
        write(made_at.root / "constitution.toml", "")
        commit(made_at, "policy")
        project = open_project(made_at.root)
        monkeypatch.chdir(project.root)
        clock = Ticker()
        with pytest.raises(Stop, match="nothing was judged for staging"):
            typed("compliance.score")
        assert typed("compliance.history") == ""
        first = deploy(project, clock=clock).release
        change(project, "Night")
        second = deploy(project, clock=clock).release
        assert "score 100.0 of 100" in typed("compliance")
        assert json.loads(typed("compliance.score --json"))["overall"] == 100.0
        report = typed("compliance.report")
        assert "build: passed, not negotiable" in report
        assert json.loads(typed("compliance.report --json"))["violations"] == []
        table = typed("compliance.history").splitlines()
        assert [line.split()[0] for line in table[1:]] == [second, first]
        assert max(map(len, table)) <= 80
        value = json.loads(typed("compliance.history --json --limit=1"))
        assert [one["release"] for one in value["releases"]] == [second]
        made = json.loads(typed("compliance.certificate live --json"))
        assert made["release"]["name"] == second
        assert (
            Path(made["files"]["markdown"]).read_text(encoding="utf-8").startswith("# Compliance certificate")
        )
        assert second in typed(f"compliance.certificate {second}")
        assert "is whole (from this machine)" in typed("check.verify live")
        assert json.loads(typed(f"check.verify {first} --json"))["differs"] is False
        shown = typed("releases.show live")
        assert "score " in shown
        assert "machine" in shown
        write(project.root / "constitution.toml", '[budgets.page]\ntotal = "1 B"\n')
        with pytest.raises(Stop) as stopped:
            typed("check.verify live")
        assert stopped.value.code is Code.DRIFT
        with pytest.raises(Stop) as refused:
            typed("check")
        assert refused.value.code is Code.GATE
        with pytest.raises(Stop, match="in the way: budgets") as low:
            typed("compliance.score")
        assert low.value.code is Code.GATE
        said = typed("compliance.report")
        assert "not released; costs" in said
        assert max(len(line) for line in said.splitlines()) <= 80
