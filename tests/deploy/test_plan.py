"""What a release would change."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.project import Project, open_project
from pipeline.deploy.engine import Order, deploy
from pipeline.deploy.plan import Changes
from pipeline.deploy.publish import Refs, push, stage
from tests.deploy.harbour import desk_of, draft, write


@pytest.mark.parametrize(
    ("added", "removed", "renames"),
    [
        (("Boats.html",), ("boats.html",), (("boats.html", "Boats.html"),)),
        (("new.html",), ("old.html",), ()),
        (("a/B.css", "x"), ("a/b.css",), (("a/b.css", "a/B.css"),)),
        ((), ("boats.html",), ()),
    ],
)
def test_renames_that_change_nothing_but_case(
    added: tuple[str, ...], removed: tuple[str, ...], renames: tuple[tuple[str, str], ...]
) -> None:
    assert Changes(added, (), removed).case_only == renames


def test_changes_are_counted_in_words() -> None:
    assert str(Changes(("a",), ("b", "c"), ())) == "1 added, 2 changed"
    assert str(Changes((), (), ())) == "nothing"


def test_a_release_that_nobody_proved_is_proven_by_the_next_deploy(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = open_project(site)
    desk = desk_of(project)
    one = draft(desk)
    commit = stage(desk.git, one)
    push(desk.git, desk.target, Refs(commit, None, one.name), 60.0)
    assert deploy(project, Order("local")).proof
    assert f"{one.name} was never proven" in capsys.readouterr().err
    assert desk_of(project).healthy == {one.name}
    assert deploy(project, Order("local")).proof is None


def test_a_rename_that_only_changes_case_is_warned_of(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project: Project = open_project(site)
    deploy(project, Order("local"))
    (site / "dist/boats/index.html").rename(site / "dist/boats/boats.html")
    (site / "dist/boats").rename(site / "dist/Boats")
    write(site / "dist/Boats/index.html", "<!doctype html><title>Boats</title><h1>Boats</h1>")
    from pipeline.site.build import forget

    forget()
    capsys.readouterr()
    deploy(project, Order("local"))
    assert "boats/index.html is now Boats/index.html" in capsys.readouterr().err
