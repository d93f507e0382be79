from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project
from pipeline.deploy import via_api
from pipeline.deploy.desk import Desk
from pipeline.deploy.draft import again
from pipeline.deploy.ledger import Release, read_remote
from pipeline.deploy.overlay import RELEASE_FILE, Overlay
from pipeline.deploy.publish import Draft, Refs, push, stage
from pipeline.tools.github import Hub, connect
from tests.deploy.harbour import SETTINGS, Ticker, change, desk_of, draft, write
from tests.fakes.github import GitHub

NAME = "octocat/harbour"
REPO = f"/repos/{NAME}"


@dataclass(frozen=True)
class Place:
    """A site with two releases on GitHub, and the desk from which it is rolled back to the first."""

    double: GitHub
    project: Project
    clock: Ticker

    @property
    def desk(self) -> Desk:
        return desk_of(self.project, "prod", self.clock)

    @property
    def hub(self) -> Hub:
        hub = connect(NAME)
        assert hub
        return replace(hub, wire=replace(hub.wire, sleep=lambda _: None))

    def push(self, what: str) -> str:
        desk = self.desk
        made = draft(desk, what)
        commit = stage(desk.git, made)
        push(desk.git, desk.target, Refs(commit, desk.remote.tip, made.name), 60)
        return commit

    def rollback(self) -> tuple[Desk, Release, Draft]:
        desk = self.desk
        first = desk.releases[-1]
        return desk, first, again(desk, first, "back")

    def tip(self, branch: str = "gh-pages") -> str | None:
        return self.double.bare(NAME).tip(branch)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with GitHub(tmp_path / "github") as double:
        double.create_repo(NAME)
        double.enable_pages(NAME, actions=False)
        for name, value in double.env.items():
            monkeypatch.setenv(name, value)
        root = tmp_path / "harbour"
        # git takes the short way past the server: what is tested does without git.
        write(root / "invoke.yaml", SETTINGS.format(remote=double.bare(NAME).path))
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        write(root / "dist/_astro/old.BF8QNONU.css", "h1 { color: teal }")
        change(root, "First")
        made = Place(double, open_project(root), Ticker())
        made.push("first")
        (root / "dist/_astro/old.BF8QNONU.css").unlink()
        write(root / "dist/_astro/new.C1234567.css", "h1 { color: navy }")
        change(root, "Second")
        made.push("second")
        yield made


def test_rollback_puts_the_old_tree_and_the_new_record_live(place: Place) -> None:
    desk, first, made = place.rollback()
    before = place.tip()
    commit = via_api.publish(place.hub, desk.target, made, before)
    assert place.tip() == place.tip(made.name) == commit
    place.double.wait_live(NAME, commit)
    bare = place.double.bare(NAME)
    assert bare.text("log", "-1", "--format=%P", commit).split() == [before, first.commit]
    assert bare.run("cat-file", "blob", f"{commit}:index.html") == bare.run(
        "cat-file", "blob", f"{first.commit}:index.html"
    )
    assert made.name.encode() in bare.run("cat-file", "blob", f"{commit}:{RELEASE_FILE}")
    # What browsers with the second release's pages still ask for stays.
    kept = bare.run("cat-file", "blob", f"{commit}:_astro/new.C1234567.css")
    assert kept == b"h1 { color: navy }"


def test_commit_is_the_one_that_git_would_have_pushed(place: Place) -> None:
    desk, _, made = place.rollback()
    assert via_api.publish(place.hub, desk.target, made, place.tip()) == stage(desk.git, made)
    assert place.desk.releases[0].name == made.name


def test_git_is_not_used(place: Place) -> None:
    desk, _, made = place.rollback()
    place.double.forget_requests()
    place.double.faults.refuse(403, where="git", times=None)
    via_api.publish(place.hub, desk.target, made, place.tip())
    assert {one.where for one in place.double.requests} == {"api"}


def test_first_release_makes_the_branch(place: Place) -> None:
    desk, _, made = place.rollback()
    target = replace(desk.target, branch="other")
    commit = via_api.publish(place.hub, target, made, None)
    assert place.tip("other") == commit


def test_any_bytes_can_lie_over_the_tree(place: Place) -> None:
    desk, _, made = place.rollback()
    files = {"a b/ü.bin": b"\xff\x00\r\n", ".nojekyll": b""}
    commit = via_api.publish(place.hub, desk.target, replace(made, overlay=Overlay(files)), place.tip())
    assert place.double.bare(NAME).run("cat-file", "blob", f"{commit}:a b/ü.bin") == b"\xff\x00\r\n"


def test_remote_is_read_as_git_reads_it(place: Place) -> None:
    desk = place.desk
    assert via_api.read_remote(place.hub, desk.target) == read_remote(desk.git, desk.target)


def test_branch_that_moved_before_is_left_and_nothing_is_made(place: Place) -> None:
    desk, _, made = place.rollback()
    moved = place.push("third")
    place.double.forget_requests()
    with pytest.raises(Stop, match="somebody else published to prod") as stopped:
        via_api.publish(place.hub, desk.target, made, desk.remote.tip)
    assert (stopped.value.code, stopped.value.details) == (Code.PUBLISH, ())
    assert place.tip() == moved
    assert {one.method for one in place.double.requests} == {"GET"}


def test_race_in_the_middle_is_lost_and_the_other_release_stays(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, _, made = place.rollback()
    hub = place.hub
    real = Hub.create_ref

    def race(self: Hub, name: str, commit: str) -> None:
        real(self, name, commit)
        place.push("third")

    monkeypatch.setattr(Hub, "create_ref", race)
    with pytest.raises(Stop, match="somebody else published to prod") as stopped:
        via_api.publish(hub, desk.target, made, desk.remote.tip)
    (left,) = stopped.value.details
    assert f"branch {made.name}" in left
    assert desk.again().releases[0].why == "third"


@pytest.mark.parametrize(
    ("method", "path", "left"),
    [
        ("POST", "/git/blobs", []),
        ("POST", "/git/trees", []),
        ("POST", "/git/commits", ["tree"]),
        ("POST", "/git/refs", ["tree", "commit"]),
        ("PATCH", "/git/refs", ["tree", "commit", "branch"]),
    ],
)
def test_failure_anywhere_leaves_the_old_release_live_and_says_what_was_made(
    place: Place, method: str, path: str, left: list[str]
) -> None:
    desk, _, made = place.rollback()
    before = place.tip()
    place.double.faults.refuse(403, REPO + path, method=method, times=None)
    with pytest.raises(Stop, match="the old release is still live") as stopped:
        via_api.publish(place.hub, desk.target, made, before)
    assert stopped.value.code is Code.PUBLISH
    assert place.tip() == before
    said = " ".join(stopped.value.details)
    assert [word for word in ("tree", "commit", "branch") if f"{word} " in said] == left


def test_lost_answers_do_not_make_it_fail(place: Place) -> None:
    desk, _, made = place.rollback()
    for method, path in (("POST", "/git/trees"), ("POST", "/git/refs"), ("PATCH", "/git/refs")):
        place.double.faults.cut("after", REPO + path, where="api", method=method)
    commit = via_api.publish(place.hub, desk.target, made, place.tip())
    assert place.tip() == commit


def test_failure_after_a_failed_run_can_be_repeated_under_the_next_name(place: Place) -> None:
    desk, _, made = place.rollback()
    place.double.faults.refuse(403, f"{REPO}/git/refs", method="PATCH")
    with pytest.raises(Stop):
        via_api.publish(place.hub, desk.target, made, place.tip())
    desk, _, next_one = place.rollback()
    assert next_one.name != made.name
    commit = via_api.publish(place.hub, desk.target, next_one, place.tip())
    assert place.tip() == commit


def test_nobody_logged_in_is_told_how_to(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, _, made = place.rollback()
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")
    with pytest.raises(Stop) as stopped:
        via_api.publish(place.hub, desk.target, made, place.tip())
    assert stopped.value.hint.startswith("gh auth login")
