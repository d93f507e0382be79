"""A deploy killed before or after any git command leaves the old or the new release, and the next one goes on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.cli import git, live_page, page, pages, plain_site

# Stands before git on PATH: counts the commands and kills its parent before or after the one that is asked for.
_GIT = """#!/bin/sh
# Gates call git side by side: each command gets a number of its own, and the file is never seen half written.
exec 9>>"$KILL_COUNT.lock"
flock 9
count=$(($(cat "$KILL_COUNT" 2>/dev/null || echo 0) + 1))
echo $count >"$KILL_COUNT.new"
mv "$KILL_COUNT.new" "$KILL_COUNT"
exec 9>&-
if [ "$count" = "$KILL_AT" ] && [ "$KILL_WHEN" = before ]; then kill -9 $PPID; exit 137; fi
{git} "$@"
code=$?
if [ "$count" = "$KILL_AT" ] && [ "$KILL_WHEN" = after ]; then kill -9 $PPID; fi
exit $code
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with one release and a changed page."""
    root = plain_site(tmp_path / "harbour")
    assert pages(root, "deploy").code == 0
    page(root, "Harbour at night")
    tools = tmp_path / "tools"
    tools.mkdir()
    real = shutil.which("git")
    (tools / "git").write_text(_GIT.replace("{git}", str(real)))
    (tools / "git").chmod(0o755)
    return root


def kill(site: Path, at: int, when: str, *words: str) -> int:
    """Run a task that is killed around its git command number `at`; returns how many commands it came to."""
    count = site.parent / "count"
    count.unlink(missing_ok=True)
    tools = site.parent / "tools"
    env = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "KILL_COUNT": str(count),
        "KILL_AT": str(at),
        "KILL_WHEN": when,
    }
    ran = pages(site, *words, env=env)
    reached = int(count.read_text())
    assert ran.code in ({-9} if reached >= at else {0}), ran.err
    return reached


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_every_git_command_of_a_deploy(site: Path, when: str) -> None:
    at = 0
    said: list[str] = []
    while True:
        at += 1
        page(site, f"Harbour, night {at}")
        before = live_page(site)
        reached = kill(site, at, when, "deploy")
        assert live_page(site) in (before, (site / "dist/index.html").read_text())
        ran = pages(site, "deploy")
        assert ran.code == 0, ran.err
        said += [line for line in ran.err.splitlines() if "interrupted" in line]
        assert live_page(site) == (site / "dist/index.html").read_text()
        names = git(site / ".pages/local.git", "for-each-ref", "--format=%(refname)").splitlines()
        count = int(git(site / ".pages/local.git", "rev-list", "--count", "gh-pages"))
        assert len([name for name in names if "audit" not in name]) == count + 1
        if reached < at:
            break
    assert at > 8
    assert any("nothing was published" in line for line in said)
    assert any("proving it now" in line for line in said)


@pytest.mark.slow
def test_killed_around_the_push_of_a_rollback(site: Path) -> None:
    assert pages(site, "deploy").code == 0
    first = json_names(site)[-1]
    for at in range(1, 12):
        reached = kill(site, at, "after", "rollback", f"--to={first}")
        assert pages(site, "status").code == 0
        ran = pages(site, "rollback", f"--to={first}")
        assert ran.code == 0, ran.err
        assert "night" not in live_page(site)
        if reached < at:
            break
        assert pages(site, "deploy").code == 0
        assert "night" in live_page(site)


def json_names(site: Path) -> list[str]:
    """The local releases, newest first."""
    import json

    return [one["name"] for one in json.loads(pages(site, "releases", "--json").out)]
