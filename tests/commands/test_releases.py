"""The tasks that read and tidy the ledger, as they are typed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from invoke import Collection, Program

from pipeline.commands import releases
from pipeline.commands.ledger import rows_that_fit
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project
from pipeline.deploy.target import target_of
from tests.deploy.fleet import MOMENT, change, deploy, fleet, release, repository, run, show
from tests.deploy.harbour import Ticker

Typed = Callable[[Project, str], str]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Typed:
    """Type `invoke releases.WORDS` in a site's folder and return what it prints."""

    def run_it(project: Project, words: str) -> str:
        monkeypatch.chdir(project.root)
        capsys.readouterr()
        Program(namespace=Collection(releases.ns)).run(["invoke", *f"releases.{words}".split()], exit=False)
        return capsys.readouterr().out

    return run_it


def test_the_ledger_is_listed_shown_compared_audited_and_measured(tmp_path: Path, typed: Typed) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        first = deploy(project, clock=clock)
        change(project, "Night")
        second = deploy(project, clock=clock)
        shown = show(project, "new-colours", clock)
        listed = typed(project, "list --env=staging")
        assert f"{second.release} (live)" in listed
        assert listed.splitlines()[-1].split() == ["new-colours", "expired", shown.url]
        rows = json.loads(typed(project, "list --env=staging --json"))
        assert [row["name"] for row in rows] == [shown.release, second.release, first.release]
        assert rows[0]["preview"] == {
            "branch": "new-colours", "url": shown.url, "expires": "2026-03-08T12:18:00Z"
        }  # fmt: skip
        about = typed(project, f"show {second.release} --env=staging")
        assert "unsigned" in about
        assert "evidence at" in about
        assert "gate build" in about
        value = json.loads(typed(project, "show live --env=staging --json"))
        assert (value["name"], value["proven"], value["branch"]) == (second.release, True, "is there")
        assert value["gates"]["build"] == "passed"
        different = typed(project, f"diff {first.release} live --env=staging")
        assert "index.html" in different
        assert typed(project, f"diff {first.release} live --stat --env=staging").startswith(
            "2 files: 2 changed"
        )
        assert "+<!doctype" in typed(project, f"diff {first.release} live --text index.html --env=staging")
        found = json.loads(typed(project, f"diff {first.release} live --json --env=staging"))
        assert [one["path"] for one in found["files"]] == [".well-known/release.json", "index.html"]
        assert typed(project, "audit --env=staging").splitlines() == [
            "staging: 3 releases, 6 audit events", "signatures: 3 unsigned", "the ledger is whole"
        ]  # fmt: skip
        sizes = typed(project, "size --env=staging")
        assert "branches" in sizes
        assert "never tidied" in sizes
        measured = json.loads(typed(project, "size --env=staging --json"))
        assert measured["environment"] == "staging"
        assert measured["local"]["total"] == sum(measured["local"]["parts"].values()) > 0
        every = (listed, different, sizes)
        assert all(len(line) <= 80 for text in every for line in text.splitlines())


def test_a_broken_ledger_ends_with_8_after_its_findings(
    tmp_path: Path, typed: Typed, capsys: Capture
) -> None:
    with fleet(tmp_path) as project:
        name = deploy(project).release
        run(tmp_path / "staging.git", "update-ref", "-d", f"refs/heads/{name}")
        with pytest.raises(Stop, match="the ledger of staging is not whole") as caught:
            typed(project, "audit --env=staging")
        assert caught.value.code is Code.DRIFT
        assert f"  branch: {name}\n    its branch is gone and was not archived" in capsys.readouterr().out


def test_archiving_is_planned_and_done(tmp_path: Path, typed: Typed) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        first = deploy(project, clock=clock)
        change(project, "Night")
        deploy(project, clock=clock)
        top = repository(tmp_path / "archive.git")
        words = f"archive --to={top} --env=staging --older-than=0 --keep=1"
        assert typed(project, f"{words} --dry-run").startswith("1 would be copied")
        assert not run(top, "branch")
        assert json.loads(typed(project, f"{words} --json"))["copied"] == [first.release]
        assert run(top, "branch").strip() == first.release


def test_expired_previews_go(tmp_path: Path, typed: Typed) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        show(project, "one", clock)
        assert "take away _preview/one" in typed(project, "expire --dry-run")
        assert typed(project, "expire").strip() == target_of(project, "staging").url
        assert json.loads(typed(project, "expire --json")) == []


def test_the_state_folder_is_tidied_by_hand(tmp_path: Path, typed: Typed) -> None:
    with fleet(tmp_path) as project:
        deploy(project)
        planned = typed(project, "tidy --dry-run").splitlines()
        assert planned[0] == "0 builds that no release needs would go"
        assert planned[-1].startswith("object store: ")
        assert not (project.state / "upkeep.json").exists()
        assert " -> " in typed(project, "tidy").splitlines()[-1]
        value = json.loads(typed(project, "tidy --json"))
        assert (value["packs"], value["loose"], value["refs"], value["dry_run"]) == (1, 0, 0, False)
        assert re.search(
            r"1 pack, about 0 loose objects; tidied \d+ s ago$", typed(project, "size --env=staging")
        )


@pytest.mark.parametrize(
    ("slug", "width", "heads"),
    [("x", 120, "source what"), ("x", 80, "source what"), ("x" * 20, 80, "source"), ("x" * 50, 80, "when")],
)
def test_columns_give_way_to_the_width(slug: str, width: int, heads: str) -> None:
    one = release(f"20260301-120000-prod-{slug}", source="c" * 40, why="a long reason " * 10)
    table = rows_that_fit([one], one, MOMENT + timedelta(hours=1), width)
    assert table.splitlines()[0].split()[-len(heads.split()) :] == heads.split()
    assert len(slug) == 50 or max(map(len, table.splitlines())) <= width
