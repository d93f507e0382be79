from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks import branches
from checks.base import Evidence, Unavailable
from tests.checks.released import Released, git, site_in

OID = "1" * 40
OTHER = "2" * 40
NAME = "20260301-120100-prod-one"


@pytest.fixture
def site(tmp_path: Path) -> Released:
    return site_in(tmp_path)


def mend(site: Released, command: str) -> None:
    """Type what a finding says, in the site's folder."""
    done = subprocess.run(command.split(), cwd=site.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_before_the_first_release_there_is_nothing(site: Released, environment: str) -> None:
    evidence, found = site.judged(branches, environment)
    assert evidence.nothing == f"{environment}: nothing is released yet"
    assert not found


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_releases_with_their_branches_pass(site: Released, environment: str) -> None:
    names = [site.release(environment, text) for text in ("one", "two")]
    evidence, found = site.judged(branches, environment)
    assert not found
    assert [one["name"] for one in evidence.data["releases"]] == names[::-1]
    assert [(one.value, one.limit) for one in branches.measures(evidence, {})] == [(2, None), (2, 2)]


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_a_deleted_branch_is_named_and_the_command_restores_it(site: Released, environment: str) -> None:
    name = site.release(environment, "one")
    site.release(environment, "two")
    commit = git(site.remote(environment), "rev-parse", f"refs/heads/{name}")
    git(site.remote(environment), "update-ref", "-d", f"refs/heads/{name}")
    _, (found,) = site.judged(branches, environment)
    assert (found.rule, found.path, found.blocking) == ("missing-branch", name, True)
    assert "in the ledger since 2026-03-01T12:" in found.message
    mend(site, found.fix)
    assert git(site.remote(environment), "rev-parse", f"refs/heads/{name}") == commit
    assert not site.judged(branches, environment)[1]


def test_a_moved_branch_is_named_and_the_command_puts_it_back(site: Released) -> None:
    name = site.release("prod", "one")
    site.release("prod", "two")
    git(site.remote("prod"), "update-ref", f"refs/heads/{name}", "gh-pages")
    _, (found,) = site.judged(branches, "prod")
    assert (found.rule, found.path) == ("moved-branch", name)
    mend(site, found.fix)
    assert not site.judged(branches, "prod")[1]


def test_all_branches_gone_is_known_from_the_ledger_here(site: Released) -> None:
    names = [site.release("prod", text) for text in ("one", "two")]
    for ref in git(site.remote("prod"), "for-each-ref", "--format=%(refname)").splitlines():
        git(site.remote("prod"), "update-ref", "-d", ref)
    evidence, found = site.judged(branches, "prod")
    assert not evidence.nothing
    assert [(one.rule, one.path) for one in found] == [
        ("rewritten", ""),
        *(("missing-branch", name) for name in names[::-1]),
    ]
    for one in found:
        mend(site, one.fix)
    assert not site.judged(branches, "prod")[1]


def test_rewritten_pages_branch_is_seen_and_fetched_for_that(site: Released, tmp_path: Path) -> None:
    site.release("prod", "one")
    site.release("prod", "two")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(site.remote("prod")), "clone", "--branch", "gh-pages")
    git(clone, "checkout", "-q", "--orphan", "other")
    git(clone, "commit", "-qm", "by hand")
    git(clone, "push", "-qf", "origin", "other:gh-pages")
    _, (found,) = site.judged(branches, "prod")
    assert found.rule == "rewritten"
    assert "no longer holds" in found.message


def test_releases_of_another_machine_are_fetched(site: Released, tmp_path: Path) -> None:
    site.release("prod", "one")
    git(tmp_path, "clone", "-q", str(site.root), "elsewhere")
    other = Released(tmp_path / "elsewhere", site.clock)
    (other.root / "dist").mkdir()
    name = other.release("prod", "two")
    evidence, found = site.judged(branches, "prod")
    assert not found
    assert evidence.data["releases"][0]["name"] == name
    git(site.remote("prod"), "update-ref", "-d", f"refs/heads/{name}")
    _, (lost,) = site.judged(branches, "prod")
    mend(site, lost.fix)
    assert not site.judged(branches, "prod")[1]


def test_silent_remote_is_unavailable_with_the_command(site: Released, tmp_path: Path) -> None:
    site.release("prod", "one")
    site.remote("prod").rename(tmp_path / "moved.git")
    with pytest.raises(Unavailable, match="does not answer") as caught:
        site.judged(branches, "prod")
    assert caught.value.fix.startswith("git ls-remote")


def test_inputs_follow_the_refs_here_and_the_minute_elsewhere(site: Released) -> None:
    site.release("local", "one")
    before = site.subject("local")
    later = replace(before, moment="2031-01-01T00:00:00Z")
    assert branches.inputs(before) == branches.inputs(later)
    site.release("local", "two")
    assert branches.inputs(before) != branches.inputs(replace(site.subject("local"), moment=before.moment))
    far = site.subject("prod")
    assert branches.inputs(far) != branches.inputs(replace(far, moment="2031-01-01T00:00:00Z"))


def facts(**more: object) -> Evidence:
    release = {"name": NAME, "commit": OID, "when": "2026-03-01T12:01:00Z", "archived": "", "here": True}
    data: dict[str, Any] = {
        "environment": "prod", "token": "prod", "production": True, "remote": "/srv/prod.git",
        "objects": ".pages/objects.git", "branch": "gh-pages", "tip": OID, "live": OID, "rewritten": False,
        "releases": [release], "heads": {NAME: OID}, "protection": None,
    }  # fmt: skip
    return Evidence({**data, **more})


def listed(**more: object) -> dict[str, Any]:
    return {**facts().data["releases"][0], **more}


GOOD = {"name": "r", "include": ["refs/heads/*-prod-*"], "rules": ["deletion", "non_fast_forward", "update"]}
PARTLY = {**GOOD, "rules": ["deletion"]}
ELSEWHERE = {**GOOD, "include": ["refs/heads/main"]}


@pytest.mark.parametrize(
    ("more", "rules", "blocks"),
    [
        ({}, [], False),
        ({"heads": {}}, ["missing-branch"], True),
        ({"heads": {NAME: OTHER}}, ["moved-branch"], True),
        ({"heads": {}, "releases": [listed(archived="to /srv/a.git on 2026-04-01")]}, ["archived"], False),
        ({"heads": {NAME: OTHER}, "releases": [listed(archived="to a")]}, ["moved-branch"], True),
        ({"heads": {NAME: OID, "20260302-120000-prod-x": OID}}, ["unknown-branch"], False),
        ({"heads": {NAME: OID, "20260302-120000-staging-x": OID}}, [], False),
        ({"releases": [listed(name="v1")], "heads": {"v1": OID}}, ["bad-name"], True),
        ({"releases": [listed(name="20261301-120000-prod-x")], "heads": {"20261301-120000-prod-x": OID}},
         ["bad-name"], True),
        ({"releases": [listed(name="20260301-120000-staging-x")], "heads": {"20260301-120000-staging-x": OID}},
         ["bad-name"], True),
        ({"rewritten": True, "tip": None}, ["rewritten"], True),
        ({"protection": {"rules": [GOOD], "unreadable": ""}}, [], False),
        ({"protection": {"rules": [PARTLY], "unreadable": ""}}, ["unprotected"], False),
        ({"protection": {"rules": [ELSEWHERE], "unreadable": ""}}, ["unprotected"], False),
        ({"protection": {"rules": [], "unreadable": ""}, "production": False}, [], False),
        ({"protection": {"rules": [], "unreadable": "403"}}, ["unprotected"], False),
    ],
)  # fmt: skip
def test_judge(more: dict[str, object], rules: list[str], blocks: bool) -> None:
    found = branches.judge(facts(**more), branches.LIMITS)
    assert [one.rule for one in found] == rules
    assert any(one.blocking for one in found) is blocks
    assert set(rules) <= branches.RULES.keys()
    assert all(one.source.startswith("https://") and one.fix for one in found)


def test_a_commit_that_is_not_here_says_where_to_restore_it() -> None:
    (found,) = branches.judge(facts(heads={}, releases=[listed(here=False)]), {})
    assert "is not on this machine" in found.fix
