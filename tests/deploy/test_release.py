"""Releases made with real git and read back from a real server."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.http import get, session
from pipeline.core.project import Project
from pipeline.deploy import journal, ledger
from pipeline.deploy.desk import Desk
from pipeline.deploy.draft import again
from pipeline.deploy.journal import State
from pipeline.deploy.overlay import RELEASE_FILE
from pipeline.deploy.publish import Refs, push, stage
from pipeline.deploy.release import make
from pipeline.deploy.settle import at_desk, settle
from pipeline.deploy.target import front, local_repository
from tests.deploy.altering import altering_front
from tests.deploy.harbour import change, desk_of, draft, write


def refs(project: Project) -> dict[str, str]:
    """The branches of the local environment's repository."""
    listing = subprocess.run(
        ["git", "-C", local_repository(project), "show-ref"], check=False, capture_output=True, text=True
    ).stdout
    return {line.split()[1].removeprefix("refs/heads/"): line.split()[0] for line in listing.splitlines()}


def page(project: Project, path: str = "") -> str:
    """What the local environment answers."""
    desk = desk_of(project)
    with session(1) as through, front(project, desk.target) as url:
        return get(through, url + path).body.decode()


def test_a_release_is_the_artifact_with_its_record_on_two_branches(project: Project) -> None:
    desk = desk_of(project)
    outcome = make(desk, draft(desk))
    there = refs(project)
    del there["pages-audit-local"]
    assert there == {"gh-pages": outcome.commit, outcome.release: outcome.commit}
    files = desk.git.text("ls-tree", "-r", "--name-only", outcome.commit).splitlines()
    assert files == [".nojekyll", RELEASE_FILE, "app.css", "boats/index.html", "index.html"]
    record = json.loads(desk.git.run("show", f"{outcome.commit}:{RELEASE_FILE}").out)
    assert record["release"] == outcome.release == "20260301-120100-local-first-light"
    assert outcome.proof
    assert outcome.proof.checked == outcome.proof.total == 4


def test_a_second_release_follows_the_first(project: Project, site: Path) -> None:
    first = make(desk_of(project), draft(desk_of(project)))
    change(site, "Harbour at night")
    desk = desk_of(project)
    second = make(desk, draft(desk, "night"))
    assert desk.git.text("rev-parse", f"{second.commit}^") == first.commit
    assert [one.name for one in desk_of(project).releases] == [second.release, first.release]
    assert "Harbour at night" in page(project)


def test_a_rollback_publishes_the_old_tree_as_a_new_release(project: Project, site: Path) -> None:
    first = make(desk_of(project), draft(desk_of(project)))
    change(site, "Harbour at night")
    desk = desk_of(project)
    second = make(desk, draft(desk, "night"))
    desk = desk_of(project)
    old = ledger.find(desk.releases, first.release)
    back = make(desk, again(desk, old, "too dark"))
    newest = desk_of(project).releases[0]
    assert (newest.kind, newest.restores, newest.artifact) == ("rollback", first.release, old.artifact)
    assert desk.git.text("rev-parse", f"{back.commit}^1", f"{back.commit}^2").split() == [
        second.commit,
        first.commit,
    ]
    assert "<h1>Harbour</h1>" in page(project)
    assert set(refs(project)) == {
        "gh-pages",
        "pages-audit-local",
        first.release,
        second.release,
        back.release,
    }


def test_who_loses_the_race_changes_nothing(project: Project, site: Path) -> None:
    slow = desk_of(project)
    mine = draft(slow, "mine")
    quick = desk_of(project)
    theirs = make(quick, draft(quick, "theirs"))
    before = refs(project)
    with pytest.raises(Stop, match="somebody else published") as caught:
        make(slow, mine)
    assert caught.value.code is Code.PUBLISH
    assert refs(project) == before
    assert theirs.commit in before.values()


def test_a_taken_branch_name_changes_nothing(project: Project) -> None:
    desk = desk_of(project)
    one = draft(desk)
    first = make(desk, one)
    later = desk_of(project)
    same = replace(draft(later), name=first.release, why="again", parents=(first.commit,))
    with pytest.raises(Stop, match="is there already"):
        push(later.git, later.target, Refs(stage(later.git, same), first.commit, first.release), 60.0)
    assert refs(project)["gh-pages"] == first.commit


def test_an_unreachable_remote_is_named_before_anything_happens(project: Project) -> None:
    subprocess.run(["rm", "-rf", str(project.root.parent / "prod.git")], check=True)
    with pytest.raises(Stop, match="the repository of prod does not answer") as caught:
        desk_of(project, "prod")
    assert caught.value.code is Code.SERVICE


def prod_desk(project: Project, url: str) -> Desk:
    """A desk for production whose site is read at `url`."""
    desk = desk_of(project, "prod")
    return replace(desk, target=replace(desk.target, url=url))


def test_a_page_altered_on_its_way_to_the_visitor_is_rolled_back(project: Project, site: Path) -> None:
    with altering_front(site.parent / "prod.git", only_release="night") as url:
        desk = prod_desk(project, url)
        first = make(desk, draft(desk))
        change(site, "Harbour at night")
        desk = prod_desk(project, url)
        with pytest.raises(Stop, match="was rolled back; live is") as caught:
            make(desk, draft(desk, "night"))
        assert caught.value.code is Code.PUBLISH
        newest = prod_desk(project, url).releases
        assert [one.kind for one in newest] == ["rollback", "deploy", "deploy"]
        assert newest[0].restores == first.release


def test_a_first_release_that_cannot_be_proven_says_that_there_is_nothing_to_go_back_to(
    project: Project, site: Path
) -> None:
    with altering_front(site.parent / "prod.git", only_release="first") as url:
        desk = prod_desk(project, url)
        with pytest.raises(Stop, match="no earlier release that was proven"):
            make(desk, draft(desk))
        assert [one.kind for one in prod_desk(project, url).releases] == ["deploy"]


@pytest.mark.parametrize(
    ("state", "pushed", "ends", "says"),
    [
        (State.PLANNED, False, State.FAILED, "nothing was published"),
        (State.STAGED, False, State.FAILED, "nothing was published"),
        (State.PUSHING, False, State.FAILED, "nothing was published"),
        (State.PUSHING, True, State.HEALTHY, "proving it now"),
        (State.PUSHED, True, State.HEALTHY, "proving it now"),
    ],
)
def test_an_interrupted_release_is_settled_by_the_next_run(
    project: Project, capsys: pytest.CaptureFixture[str], state: State, pushed: bool, ends: State, says: str
) -> None:
    desk = desk_of(project)
    one = draft(desk)
    commit = stage(desk.git, one)
    if pushed:
        push(desk.git, desk.target, Refs(commit, None, one.name), 60.0)
    known = None if state is State.PLANNED else commit
    journal.write(
        desk.journal, journal.Entry(one.name, "local", "deploy", state, "2026-03-01T12:00:00Z", None, known)
    )
    settled = settle(desk_of(project))
    entry = journal.read(desk.journal)
    assert entry
    assert entry.state is ends
    assert says in capsys.readouterr().err
    assert (settled.remote.tip == commit) is pushed


def test_an_interrupted_release_that_was_overtaken_is_only_mentioned(
    project: Project, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = desk_of(project)
    one = draft(desk)
    commit = stage(desk.git, one)
    push(desk.git, desk.target, Refs(commit, None, one.name), 60.0)
    change(site, "Overtaken")
    later = desk_of(project)
    make(later, draft(later, "later"))
    journal.write(
        desk.journal,
        journal.Entry(one.name, "local", "deploy", State.PUSHING, "2026-03-01T12:00:00Z", None, commit),
    )
    settle(desk_of(project))
    entry = journal.read(desk.journal)
    assert entry
    assert entry.state is State.SUPERSEDED
    assert "a newer release is live" in capsys.readouterr().err


def test_two_runs_at_once_name_each_other(project: Project) -> None:
    with (
        at_desk(project, "local", "deploy"),
        pytest.raises(Stop, match="is busy here: deploy") as caught,
        at_desk(project, "local", "rollback"),
    ):
        pass
    assert caught.value.code is Code.LOCKED


def test_bytes_are_published_as_they_are_whatever_git_is_told(project: Project, site: Path) -> None:
    write(site / "dist/.gitattributes", "* text eol=lf\n*.txt export-ignore\n")
    (site / "dist/windows.txt").write_bytes(b"one\r\ntwo\r\n\x00\xff")
    write(site / "dist/.gitignore", "*\n")
    desk = desk_of(project)
    outcome = make(desk, draft(desk))
    assert desk.git.run("show", f"{outcome.commit}:windows.txt").out == b"one\r\ntwo\r\n\x00\xff"
    assert desk.git.run("show", f"{outcome.commit}:.gitignore").out == b"*\n"
