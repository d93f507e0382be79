"""Releases to GitHub Pages, by the program itself, with the real gh and git, against a GitHub on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.cli import TOP, Ran, git, page, pages, write
from tests.fakes.github import GitHub
from tests.policy import quiet

REPOSITORY = "octocat/harbour"
SETTINGS = """\
site: {{name: harbour, package_manager: none, install: [], check: [], build: [], output: dist}}
environments:
  staging:
    repository: https://github.com/octocat/harbour-staging.git
    url: {staging}
    rate: {{builds: 0, pushes: 0}}
    health: {{interval: 0.05}}
  prod:
    repository: https://github.com/octocat/harbour.git
    url: {prod}
    rate: {{builds: 0, pushes: 0}}
    health: {{interval: 0.05}}
timeouts: {{verify: 8, kick: 2}}
"""


@dataclass(frozen=True)
class Place:
    """A site on somebody's machine, and the GitHub that it is published to."""

    site: Path
    hub: GitHub

    def run(self, *words: str) -> Ran:
        return pages(self.site, *words, env=self.hub.env)

    def release(self, *words: str) -> str:
        ran = self.run(*words, "--json")
        assert ran.code == 0, ran.err
        return str(json.loads(ran.out)["release"])

    def home(self) -> str:
        """What a visitor of production sees."""
        import requests

        answer = requests.get(self.hub.pages_url(REPOSITORY), verify=str(self.hub.ca), timeout=5)
        return answer.text

    def names(self) -> list[str]:
        ran = self.run("releases", "--env=prod", "--json")
        assert ran.code == 0, ran.err
        return [str(one["name"]) for one in json.loads(ran.out)]

    def change(self, heading: str) -> None:
        page(self.site, heading)
        git(self.site, "commit", "-qam", heading)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    with GitHub(tmp_path / "github") as running:
        for name in (REPOSITORY, f"{REPOSITORY}-staging"):
            running.create_repo(name)
            running.enable_pages(name, actions=False)
        yield running


@pytest.fixture
def place(tmp_path: Path, hub: GitHub) -> Place:
    return place_at(tmp_path / "harbour", hub)


def place_at(root: Path, hub: GitHub) -> Place:
    page(root, "Harbour")
    write(root / "dist/boats/index.html", "<!doctype html><title>Boats</title><h1>Boats</h1>")
    write(root / "dist/404.html", "<!doctype html><title>Not here</title><h1>Not here</h1>")
    text = SETTINGS.format(prod=hub.pages_url(REPOSITORY), staging=hub.pages_url(f"{REPOSITORY}-staging"))
    write(root / "invoke.yaml", text)
    quiet(root)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first light"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return Place(root, hub)


def test_a_release_is_pushed_built_and_proven(place: Place) -> None:
    place.hub.faults.publish_delay = 0.3
    name = place.release("deploy", "--env=prod", "--yes")
    assert "<h1>Harbour</h1>" in place.home()
    branches = place.hub.bare(REPOSITORY)
    assert branches.tip("gh-pages") == branches.tip(name)
    assert branches.tip("pages-audit-prod")
    assert place.run("verify", "--env=prod").code == 0


def test_a_failed_build_is_named_and_rolled_back(place: Place) -> None:
    first = place.release("deploy", "--env=prod", "--yes")
    place.change("Harbour at night")
    place.hub.faults.build_fails("The page build failed: a symlink", times=1)
    ran = place.run("deploy", "--env=prod", "--yes")
    assert ran.code == 5
    assert "GitHub's build failed: The page build failed: a symlink" in ran.err
    assert "was rolled back" in ran.err
    assert "<h1>Harbour</h1>" in place.home()
    newest = json.loads(place.run("releases", "--env=prod", "--json").out)[0]
    assert (newest["kind"], newest["restores"]) == ("rollback", first)
    place.change("Harbour by day")
    place.release("deploy", "--env=prod", "--yes")
    assert "by day" in place.home()


def test_a_stuck_build_is_kicked_once(place: Place) -> None:
    place.hub.faults.build_sticks(times=1)
    place.release("deploy", "--env=prod", "--yes")
    assert len(place.hub.asked("POST", f"/repos/{REPOSITORY}/pages/builds")) == 1


def test_refusals_and_lagging_edges_after_a_good_build_are_waited_out(place: Place) -> None:
    place.release("deploy", "--env=prod", "--yes")
    place.change("Harbour at night")
    place.hub.faults.refuse(403, "/", where="front", times=3)
    place.hub.faults.refuse(503, "/", where="front", times=2, skip=5)
    place.hub.faults.refuse(429, "/", where="front", times=1, skip=8, retry_after=1)
    place.hub.faults.stale_edge(every=3, seconds=1.5)
    place.release("deploy", "--env=prod", "--yes")
    place.hub.faults.clear()
    assert "at night" in place.home()


@pytest.mark.parametrize("at", ["after", "response"])
def test_a_connection_lost_after_the_push_is_noticed(place: Place, at: str) -> None:
    place.hub.faults.cut(at, where="push")
    ran = place.run("deploy", "--env=prod", "--yes")
    assert ran.code == 0, ran.err
    assert "the connection broke after the push went through" in ran.err
    assert len(place.names()) == 1


@pytest.mark.parametrize("at", ["before", "upload"])
def test_a_connection_lost_before_the_push_publishes_nothing(place: Place, at: str) -> None:
    place.release("deploy", "--env=prod", "--yes")
    place.change("Harbour at night")
    place.hub.faults.cut(at, where="push")
    ran = place.run("deploy", "--env=prod", "--yes")
    assert ran.code == 5
    assert "the old release is still live" in ran.err
    assert len(place.names()) == 1
    place.release("deploy", "--env=prod", "--yes")
    assert "at night" in place.home()


def test_a_site_that_does_not_stay_up_is_rolled_back(place: Place) -> None:
    first = place.release("deploy", "--env=prod", "--yes")
    place.change("Harbour at night")
    # The proof asks for index.html; only the probes ask for the folder.
    place.hub.faults.refuse(503, "/harbour/", where="front", times=2).ends_with = True
    ran = place.run("deploy", "--env=prod", "--yes")
    place.hub.faults.clear()
    assert ran.code == 5, ran.err
    assert "does not stay up" in ran.err
    assert place.names()[0].endswith(f"rollback-to-{first[:15]}")
    assert "<h1>Harbour</h1>" in place.home()


def test_two_machines_at_once_do_not_mix(tmp_path: Path, hub: GitHub) -> None:
    places = [place_at(tmp_path / name / "harbour", hub) for name in ("one", "two", "three")]
    for number, one in enumerate(places):
        one.change(f"Harbour {number}")
    ran: list[Ran] = []
    threads = [
        threading.Thread(target=lambda p=one: ran.append(p.run("deploy", "--env=prod", "--yes")))
        for one in places
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 in {one.code for one in ran}, [one.err for one in ran]
    assert {one.code for one in ran} <= {0, 5, 6}, [one.err for one in ran]
    names = places[0].names()
    assert len(names) == sum(one.code == 0 for one in ran)
    branches = hub.bare(REPOSITORY)
    assert all(branches.tip(name) for name in names)


def test_a_domain_set_on_github_is_kept_and_other_commits_stop_the_deploy(place: Place) -> None:
    place.release("deploy", "--env=prod", "--yes")
    place.hub.foreign_commit(REPOSITORY, "gh-pages", {"hello.html": "<p>hello"})
    place.change("Harbour at night")
    ran = place.run("deploy", "--env=prod", "--yes")
    assert (ran.code, "hello.html" in ran.err) == (8, True)
    assert ran.err.splitlines()[-1] == "next: look at them; to publish over them add --adopt"
    place.release("deploy", "--env=prod", "--yes", "--adopt")


def test_a_server_killed_in_the_middle_of_a_push_leaves_old_or_new(place: Place) -> None:
    place.release("deploy", "--env=prod", "--yes")
    place.change("Harbour at night")
    place.hub.faults.cut("after", where="push", die=True)
    ran = place.run("deploy", "--env=prod", "--yes")
    assert ran.code == 5
    assert "it may be live or not" in ran.err
    place.hub.faults.clear()
    place.hub.start()
    again = place.run("deploy", "--env=prod", "--yes")
    assert again.code == 0, again.err
    assert "was interrupted" in again.err
    assert "at night" in place.home()


def test_a_rollback_through_the_api_alone(place: Place) -> None:
    first = place.release("deploy", "--env=prod", "--yes")
    place.change("Harbour at night")
    second = place.release("deploy", "--env=prod", "--yes")
    place.hub.faults.refuse(403, "/octocat/harbour.git", where="git", times=None)
    ran = place.run("rollback", "--env=prod", "--yes")
    assert ran.code == 7
    back = place.release("rollback", "--env=prod", "--yes", "--via-api")
    assert "<h1>Harbour</h1>" in place.home()
    place.hub.faults.clear()
    assert place.names() == [back, second, first]
    branches = place.hub.bare(REPOSITORY)
    assert branches.tip("gh-pages") == branches.tip(back)
    log = branches.text("log", "--format=%B", "pages-audit-prod").splitlines()
    events = [json.loads(line) for line in log if line.strip()]
    assert [(one["kind"], one["release"]) for one in events[:2]] == [("healthy", back), ("published", back)]
    audit = place.run("releases.audit", "--env=prod")
    assert audit.code == 0, audit.out + audit.err
    place.change("Harbour by day")
    place.release("deploy", "--env=prod", "--yes")


def test_a_log_that_the_api_did_not_take_is_written_by_the_next_run(place: Place) -> None:
    place.release("deploy", "--env=prod", "--yes")
    place.change("Harbour at night")
    place.release("deploy", "--env=prod", "--yes")
    place.hub.faults.refuse(403, f"/repos/{REPOSITORY}/git/refs/heads/pages-audit-prod", times=None)
    back = place.release("rollback", "--env=prod", "--yes", "--via-api")
    place.hub.faults.clear()
    audit = place.run("releases.audit", "--env=prod")
    assert (audit.code, "does not say that it was published" in audit.out) == (8, True), audit.out
    place.change("Harbour by day")
    place.release("deploy", "--env=prod", "--yes")
    assert back in place.names()
    audit = place.run("releases.audit", "--env=prod")
    assert audit.code == 0, audit.out + audit.err


def test_a_machine_that_died_in_the_middle_does_not_keep_another_one_from_rolling_back(
    tmp_path: Path, hub: GitHub
) -> None:
    one, two = (place_at(tmp_path / name / "harbour", hub) for name in ("one", "two"))
    first = one.release("deploy", "--env=prod", "--yes")
    one.change("Harbour, broken")
    hub.faults.publish_delay = 4
    environment = {**os.environ, "PYTHONPATH": str(TOP), **hub.env}
    words = [sys.executable, "-m", "pages_pipeline", "deploy", "--env=prod", "--yes"]
    tip = hub.bare(REPOSITORY).tip("gh-pages")
    with subprocess.Popen(words, cwd=one.site, env=environment, stderr=subprocess.DEVNULL) as dying:
        while hub.bare(REPOSITORY).tip("gh-pages") == tip:
            time.sleep(0.05)
            assert dying.poll() is None
        dying.kill()
    hub.faults.publish_delay = 0
    waits = two.run("rollback", "--env=prod", "--yes")
    assert waits.code == 6
    last = waits.err.splitlines()[-1]
    assert last == "next: wait, or if that machine is gone: pages rollback --env=prod --take-over"
    start = time.monotonic()
    back = two.release("rollback", "--env=prod", "--yes", "--take-over")
    assert time.monotonic() - start < 30
    assert back.endswith(f"rollback-to-{first[:15]}")
    assert "<h1>Harbour</h1>" in two.home()
    assert two.run("releases.audit", "--env=prod").code == 0
    # The first machine comes back, sees that it was taken over, and releases again.
    one.change("Harbour, mended")
    ran = one.run("deploy", "--env=prod", "--yes")
    assert (ran.code, "a newer release is live" in ran.err) == (0, True), ran.err
    assert "mended" in one.home()


def test_set_up_deploy_promote_and_roll_back_as_a_new_user_would(place: Place) -> None:
    hub = place.hub
    for name in ("octocat/quay", "octocat/quay-staging"):
        hub.create_repo(name)
    text = SETTINGS.format(prod=hub.pages_url("octocat/quay"), staging=hub.pages_url("octocat/quay-staging"))
    write(place.site / "invoke.yaml", text.replace("octocat/harbour", "octocat/quay"))
    git(place.site, "commit", "-qam", "another place")
    refused = place.run("deploy", "--env=staging")
    assert (refused.code, "deploy.setup" in refused.err) == (3, True)
    for environment in ("staging", "prod"):
        assert place.run("deploy.setup", f"--env={environment}", "--dry-run").code == 8
        done = place.run("deploy.setup", f"--env={environment}", "--yes")
        assert done.code == 0, done.err
    staged = place.run("deploy", "--env=staging")
    assert staged.code == 0, staged.err
    assert "GitHub Pages publishes gh-pages of octocat/quay-staging from now on" in staged.err
    first = place.release("promote", "--from=staging", "--to=prod", "--yes")
    assert hub.bare("octocat/quay").tip(first) == hub.bare("octocat/quay").tip("gh-pages")
    assert place.run("deploy.setup", "--env=prod", "--dry-run").code == 0
    place.change("Quay at night")
    second = place.release("deploy", "--env=prod", "--yes")
    place.change("Quay, broken")
    hub.faults.build_fails("no", repository="octocat/quay")
    bad = place.run("deploy", "--env=prod", "--yes")
    assert (bad.code, "was rolled back" in bad.err) == (5, True)
    hub.faults.clear()
    assert place.names()[0].endswith(f"rollback-to-{second[:15]}")
    back = place.release("rollback", "--env=prod", f"--to={first}", "--yes")
    names = place.names()
    assert names[0] == back
    assert place.run("releases.show", back, "--env=prod").code == 0
    diff = place.run("releases.diff", first, second, "--env=prod")
    assert (diff.code, "index.html" in diff.out) == (0, True), diff.err
    audit = place.run("releases.audit", "--env=prod")
    assert audit.code == 0, audit.out + audit.err
    # The rules that setup made hold: no branch of a release is ever deleted.
    remote = f"https://{hub.host}/octocat/quay.git"
    deleted = subprocess.run(
        ["git", "push", remote, f":refs/heads/{second}"], env={**os.environ, **hub.env}, cwd=place.site,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert deleted.returncode != 0
    assert hub.bare("octocat/quay").tip(second)
