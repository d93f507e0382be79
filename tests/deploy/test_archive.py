"""Old release branches go to another repository, and stay here unless it is said twice."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project
from pipeline.deploy import audit
from pipeline.deploy.archive import Request, archive, old_enough, plan_archive, remote_of
from pipeline.deploy.audit import Kind
from pipeline.deploy.proof_of_ledger import audit_ledger
from pipeline.deploy.release import make
from pipeline.deploy.target import local_repository, target_of
from tests.deploy.fleet import release, repository, run
from tests.deploy.harbour import Ticker, change, desk_of, draft

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ages", "keep", "live", "chosen"),
    [
        ([1, 100, 200], 0, "r1", ["r200", "r100"]),
        ([100, 200, 300], 0, "r100", ["r300", "r200"]),
        ([100, 200, 300], 2, "r100", ["r300"]),
        ([1, 100, 200], 0, "r200", ["r100"]),
        ([1, 2, 3], 0, "r1", []),
    ],
)
def test_what_is_live_young_or_among_the_newest_is_never_archived(
    ages: list[int], keep: int, live: str, chosen: list[str]
) -> None:
    known = [release(f"r{age}", when=NOW - timedelta(days=age)) for age in ages]
    heads = {one.name: one.commit for one in known}
    found = old_enough(known, heads, frozenset({live}), keep, NOW - timedelta(days=90))
    assert [one.name for one in found] == chosen


def test_a_branch_that_moved_or_is_gone_is_not_archived() -> None:
    known = [release("moved", when=NOW), release("gone", when=NOW)]
    assert not old_enough(known, {"moved": "d" * 40}, frozenset(), 0, NOW + timedelta(days=1))


def made(project: Project, site: Path, count: int = 4) -> tuple[list[str], Ticker]:
    """Make releases, oldest first; the clock then is a year later."""
    clock = Ticker()
    names = []
    for number in range(count):
        change(site, f"Harbour {number}")
        desk = desk_of(project, clock=clock)
        names.append(make(desk, draft(desk, f"number {number}")).release)
    clock.now += timedelta(days=365)
    return names, clock


def heads(top: Path) -> dict[str, str]:
    listed = subprocess.run(
        ["git", "show-ref", "--heads"], cwd=top, check=False, capture_output=True, text=True
    ).stdout
    return {line.split()[1].removeprefix("refs/heads/"): line.split()[0] for line in listed.splitlines()}


def test_old_branches_are_copied_and_nothing_is_removed(project: Project, site: Path, tmp_path: Path) -> None:
    names, clock = made(project, site)
    top = repository(tmp_path / "archive.git")
    before = heads(local_repository(project))
    asked = Request("local", str(top), older_than=30, keep=1)
    plan = plan_archive(project, asked, clock)
    assert (plan.copied, plan.there, plan.removed) == (tuple(names[:3]), (), ())
    assert not heads(top)
    found = archive(project, asked, clock)
    assert found.copied == tuple(names[:3])
    assert heads(top) == {name: before[name] for name in names[:3]}
    after = heads(local_repository(project))
    assert {name: after[name] for name in names} == {name: before[name] for name in names}
    again = archive(project, asked, clock)
    assert (again.copied, again.there) == ((), tuple(names[:3]))
    desk = desk_of(project)
    noted = [one for one in audit.read(desk.git, desk.target.audit_ref) if one.kind is Kind.ARCHIVED]
    assert sorted(one.release for one in noted) == names[:3]
    assert noted[0].note == f"to {top}"


def test_branches_are_removed_when_that_is_said_twice(project: Project, site: Path, tmp_path: Path) -> None:
    names, clock = made(project, site)
    top = repository(tmp_path / "archive.git")
    asked = Request("local", str(top), older_than=30, keep=2, delete=True, name="harbour")
    found = archive(project, asked, clock)
    assert found.removed == tuple(names[:2])
    assert set(heads(local_repository(project))) == {"gh-pages", "pages-audit-local", *names[2:]}
    assert set(heads(top)) == set(names[:2])
    assert not audit_ledger(desk_of(project)).findings
    desk = desk_of(project, clock=clock)
    change(site, "Later")
    make(desk, draft(desk, "later"))


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [("", Code.ANSWER, "type the site's name"), ("other", Code.USAGE, "that is not harbour")],
)
def test_removing_wants_the_typed_name_and_then_does_nothing_at_all(
    project: Project, site: Path, tmp_path: Path, name: str, code: Code, says: str
) -> None:
    _, clock = made(project, site, 2)
    top = repository(tmp_path / "archive.git")
    before = heads(local_repository(project))
    with pytest.raises(Stop, match=says) as caught:
        archive(project, Request("local", str(top), 30, 1, delete=True, name=name), clock)
    assert caught.value.code is code
    assert heads(local_repository(project)) == before
    assert not heads(top)


def test_an_archive_that_refuses_removes_nothing(project: Project, site: Path, tmp_path: Path) -> None:
    names, clock = made(project, site, 3)
    top = repository(tmp_path / "archive.git")
    run(top, "fetch", "-q", str(local_repository(project)), f"{names[2]}:{names[0]}")
    before = heads(local_repository(project))
    with pytest.raises(Stop, match="the archive did not take them; nothing was removed"):
        archive(project, Request("local", str(top), 30, 1, delete=True, name="harbour"), clock)
    assert heads(local_repository(project)) == before


def test_a_repository_that_protects_its_branches_keeps_them(
    project: Project, site: Path, tmp_path: Path
) -> None:
    names, clock = made(project, site, 3)
    top = repository(tmp_path / "archive.git")
    run(local_repository(project), "config", "receive.denyDeletes", "true")
    with pytest.raises(Stop, match="did not let its branches go; the archive holds all of them") as caught:
        archive(project, Request("local", str(top), 30, 1, delete=True, name="harbour"), clock)
    assert "ruleset" in caught.value.hint
    assert set(names) <= set(heads(local_repository(project)))


def test_the_archive_is_another_repository(project: Project, tmp_path: Path) -> None:
    target = target_of(project, "local")
    with pytest.raises(Stop, match="is the repository of local itself"):
        remote_of(project, str(local_repository(project)), target)
    with pytest.raises(Stop, match="where to"):
        remote_of(project, "", target)
    assert remote_of(project, "me/old", target) == "https://github.com/me/old.git"
    assert remote_of(project, "../old.git", target) == str(tmp_path / "old.git")
