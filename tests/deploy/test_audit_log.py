"""The hash-chained log, the journal, and what waits for whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.core.clock import stamp
from pipeline.core.project import Project
from pipeline.deploy import audit, journal
from pipeline.deploy.audit import Event, Kind
from pipeline.deploy.journal import Entry, State
from pipeline.deploy.release import make
from pipeline.tools.git import Git, store
from tests.deploy.harbour import START, change, desk_of, draft


def event(kind: Kind = Kind.PUBLISHED, release: str = "one", **more: str) -> Event:
    values = {
        "commit": "c",
        "tree": "t",
        "who": "Me <me@example.invalid>",
        "host": "here",
        "when": stamp(START),
        **more,
    }
    return Event(kind, "prod", release, **values)


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return store(tmp_path / "objects.git")


def test_each_event_names_the_digest_of_the_one_before(git: Git) -> None:
    tip = None
    for name in ("one", "two", "three"):
        tip = audit.append(git, tip, event(release=name), START)
    git.run("update-ref", "refs/x", tip or "")
    events = audit.read(git, "refs/x")
    assert [one.release for one in events] == ["three", "two", "one"]
    assert [one.previous for one in events] == [events[1].digest(), events[2].digest(), ""]
    assert audit.broken_links(git, "refs/x") == []
    assert git.run("log", "-1", "--format=%B", "refs/x").out.strip() == events[0].line()


def test_a_changed_line_breaks_the_chain(git: Git) -> None:
    first = audit.append(git, None, event(release="one", note="the truth"), START)
    second = audit.append(git, first, event(release="two"), START)
    forged = audit.append(git, None, event(release="one", note="a lie"), START)
    moved = git.run(
        "commit-tree",
        f"{second}^{{tree}}",
        "-p",
        forged,
        stdin=git.run("log", "-1", "--format=%B", second).out,
    ).text
    git.run("update-ref", "refs/x", moved)
    assert audit.broken_links(git, "refs/x") == [
        f"audit commit {moved[:10]} (two) does not follow from the one before it"
    ]


def test_a_commit_that_is_no_event_is_named(git: Git) -> None:
    first = audit.append(git, None, event(), START)
    strange = git.run("commit-tree", f"{first}^{{tree}}", "-p", first, stdin=b"hello").text
    git.run("update-ref", "refs/x", strange)
    assert "is no event" in audit.broken_links(git, "refs/x")[0]
    assert [one.release for one in audit.read(git, "refs/x")] == ["one"]


def test_a_release_leaves_what_was_published_and_that_it_is_healthy(project: Project, site: Path) -> None:
    desk = desk_of(project)
    first = make(desk, draft(desk))
    change(site, "Harbour at night")
    desk = desk_of(project)
    second = make(desk, draft(desk, "night"))
    desk = desk_of(project)
    assert [(one.kind, one.release) for one in reversed(desk.events)] == [
        (Kind.PUBLISHED, first.release),
        (Kind.HEALTHY, first.release),
        (Kind.PUBLISHED, second.release),
        (Kind.HEALTHY, second.release),
    ]
    assert audit.broken_links(desk.git, desk.target.audit_ref) == []
    built = desk.git.text("rev-parse", f"{desk.target.audit_ref}~1:artifact")
    assert built == desk.releases[0].artifact
    assert desk.healthy == {first.release, second.release}
    states = [entry.state for entry in journal.read_all(desk.journal)]
    one = [
        State.PLANNED,
        State.STAGED,
        State.PUSHING,
        State.PUSHED,
        State.LIVE,
        State.VERIFIED,
        State.HEALTHY,
    ]
    assert states == one * 2


def test_a_line_torn_by_a_kill_is_left_out_and_closed_off(tmp_path: Path) -> None:
    path = tmp_path / "journal" / "prod.jsonl"
    entry = Entry("one", "prod", "deploy", State.PLANNED, "2026-03-01T12:00:00Z", None)
    journal.write(path, entry)
    with path.open("ab") as file:
        file.write(b'{"release": "one", "sta')
    assert journal.read(path) == entry
    later = journal.advance(path, entry, State.STAGED, commit="c")
    assert journal.read_all(path) == [entry, later]
    assert journal.read(tmp_path / "none.jsonl") is None


@pytest.mark.parametrize("who", ["Ada <ada@example.org>", "", "<nobody>", "A\nB >> C", "Zoë Ångström <z@x>"])
def test_whatever_a_person_is_called_the_entry_is_a_sound_commit(git: Git, who: str) -> None:
    tip = audit.append(git, None, replace(event(), who=who), START)
    assert git.run("fsck", "--strict", tip).ok
    assert [one.who for one in audit.read(git, tip)] == [who]


def test_an_artifact_comes_with_the_first_entry_that_names_it(git: Git) -> None:
    tree = git.put("tree", b"")
    one = replace(event(), tree=tree)
    first = audit.append(git, None, one, START)
    assert git.ids(f"{first}:artifact") == [tree]
    assert audit.brought(git, first, tree)
    second = audit.append(git, first, one, START, bring=False)
    assert git.ids(f"{second}:artifact") == [None]
    assert audit.brought(git, second, tree)
    lost = audit.append(git, None, one, START, bring=False)
    assert not audit.brought(git, lost, tree)
    assert not audit.brought(git, None, tree)
