from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from checks import backup
from checks.base import Evidence, Unavailable
from tests.checks.released import Released, git, site_in


@pytest.fixture
def site(tmp_path: Path) -> Released:
    return site_in(tmp_path)


def rules(site: Released, environment: str) -> list[tuple[str, bool]]:
    return [(one.rule, one.blocking) for one in site.judged(backup, environment)[1]]


def loose(site: Released, name: str) -> Path:
    """Return the file of an object in the store, made writable."""
    oid = git(site.objects, "rev-parse", name)
    path = site.objects / "objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_before_the_first_release_there_is_nothing(site: Released, environment: str) -> None:
    evidence, found = site.judged(backup, environment)
    assert evidence.nothing == f"{environment}: nothing is released yet"
    assert not found
    assert not backup.measures(evidence, backup.LIMITS)


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_a_whole_release_passes(site: Released, environment: str) -> None:
    site.release(environment, "one")
    name = site.release(environment, "two")
    evidence, found = site.judged(backup, environment)
    assert not found
    files, size, room = backup.measures(evidence, backup.LIMITS)
    listed = git(site.objects, "ls-tree", "-r", f"refs/pages/{environment}/live").splitlines()
    assert (files.value, files.where) == (len(listed), name)
    assert size.value > 0
    assert room.value > 0


def test_a_missing_file_blocks_and_the_command_brings_it_back(site: Released) -> None:
    site.release("prod", "one")
    loose(site, "refs/pages/prod/live:app.css").unlink()
    _, found = site.judged(backup, "prod")
    assert [one.rule for one in found] == ["incomplete"]
    assert found[0].details == (git(site.remote("prod"), "rev-parse", "gh-pages:app.css"),)
    done = subprocess.run(found[0].fix.split(), cwd=site.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not site.judged(backup, "prod")[1]


def test_a_damaged_file_blocks(site: Released) -> None:
    site.release("prod", "one")
    path = loose(site, "refs/pages/prod/live:app.css")
    path.write_bytes(path.read_bytes()[:8] + b"\0" * 8)
    assert ("damaged", True) in rules(site, "prod")


def test_a_file_with_other_bytes_than_its_name_says_blocks(site: Released) -> None:
    site.release("prod", "one")
    path = loose(site, "refs/pages/prod/live:app.css")
    path.write_bytes(loose(site, "refs/pages/prod/live:index.html").read_bytes())
    assert ("damaged", True) in rules(site, "prod")


def test_an_earlier_release_that_is_not_whole_is_advice(site: Released) -> None:
    site.release("prod", "one")
    site.release("prod", "two")
    loose(site, "refs/pages/prod/live~1:index.html").unlink()
    assert rules(site, "prod") == [("incomplete-earlier", False)]


def test_a_release_without_its_branch_on_the_remote_blocks(site: Released) -> None:
    name = site.release("prod", "one")
    git(site.remote("prod"), "update-ref", "-d", f"refs/heads/{name}")
    _, (found,) = site.judged(backup, "prod")
    assert (found.rule, found.blocking) == ("no-second-copy", True)
    subprocess.run(found.fix.split(), cwd=site.root, capture_output=True, check=True)
    assert not rules(site, "prod")


def test_a_silent_remote_is_advice_since_the_copy_here_is_whole(site: Released, tmp_path: Path) -> None:
    site.release("prod", "one")
    site.remote("prod").rename(tmp_path / "moved.git")
    assert rules(site, "prod") == [("remote-silent", False)]


def facts(**more: object) -> Evidence:
    live = {"name": "20260301-120100-prod-one", "commit": "1" * 40, "files": 2, "size": 1_000, "missing": 0,
            "named": [], "broken": []}  # fmt: skip
    source = {"commit": "3" * 40, "here": True, "remotes": ["origin"], "pushed": ["origin/main"]}
    data: dict[str, Any] = {
        "environment": "prod", "remote": "/srv/prod.git", "objects": ".pages/objects.git", "releases": [live],
        "branch": "1" * 40, "silent": "", "source": source, "free": 10**9,
    }  # fmt: skip
    return Evidence({**data, **more})


def source(**more: object) -> dict[str, Any]:
    return {**facts().data["source"], **more}


@pytest.mark.parametrize(
    ("more", "rule", "fix"),
    [
        ({}, "", ""),
        ({"source": source(pushed=[])}, "source-only-here", "git push origin HEAD"),
        ({"source": source(pushed=[], here=False)}, "source-only-here", "git fetch origin"),
        ({"source": source(pushed=[], remotes=[])}, "", ""),
        ({"source": source(pushed=[], commit="")}, "", ""),
        ({"free": 2_999}, "little-room", "invoke releases.tidy, or free some space"),
        ({"free": 3_000}, "", ""),
    ],
)
def test_judge(more: dict[str, object], rule: str, fix: str) -> None:
    found = backup.judge(facts(**more), backup.LIMITS)
    assert [(one.rule, one.fix, one.blocking) for one in found] == ([(rule, fix, False)] if rule else [])


def test_source_of_the_live_release_is_looked_for_on_the_remotes(site: Released, tmp_path: Path) -> None:
    from pipeline.gates import refs
    from pipeline.tools.git import Git

    git(tmp_path, "init", "-q", "--bare", "source.git")
    git(site.root, "remote", "add", "origin", str(tmp_path / "source.git"))
    head = git(site.root, "rev-parse", "HEAD")
    site.release("prod", "one")
    tree = git(site.objects, "rev-parse", "refs/pages/prod/live^{tree}")
    words = ("commit-tree", tree, "-m", "x", "-m", f"Release: 20260301-120000-prod-x\nSource-Commit: {head}")
    commit = git(site.objects, *words)
    git(site.objects, "update-ref", "refs/pages/prod/live", commit)
    assert refs.backup(site.project, "prod")["source"] == {
        "commit": head, "here": True, "remotes": ["origin"], "pushed": [],
    }  # fmt: skip
    git(site.root, "push", "-q", "origin", "HEAD:main")
    assert refs.backup(site.project, "prod")["source"]["pushed"] == ["origin/main"]
    assert Git(site.objects).has(commit)


def test_by_hand_it_says_that_it_cannot_know(site: Released) -> None:
    from checks.__main__ import PlainTools

    with pytest.raises(Unavailable):
        backup.collect(site.subject("local"), PlainTools())
