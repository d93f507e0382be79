"""What can go wrong with the double at its edge, in this process and from another."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.fakes.conftest import NAME, Gh
from tests.fakes.github import GitHub, Remote
from tests.fakes.test_github_pages import published

REPO = f"repos/{NAME}"
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("status", [403, 429, 500, 502, 503])
def test_next_requests_are_refused(hub: GitHub, web: requests.Session, status: int) -> None:
    hub.faults.refuse(status, f"/{REPO}/pages", times=2, retry_after=7)
    answers = [web.get(f"{hub.api}/{REPO}/pages", headers=hub.headers) for _ in range(3)]
    assert [one.status_code for one in answers] == [status, status, 404]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[0].json()["status"] == str(status)


def test_refusals_can_mean_a_method_and_let_some_pass(hub: GitHub, web: requests.Session) -> None:
    hub.faults.refuse(502, method="GET", skip=1, times=None)
    codes = [web.get(f"{hub.api}/{REPO}", headers=hub.headers).status_code for _ in range(3)]
    assert codes == [200, 502, 502]
    assert (
        web.post(f"{hub.api}/{REPO}/git/blobs", json={"content": ""}, headers=hub.headers).status_code == 201
    )
    hub.faults.clear()
    assert web.get(f"{hub.api}/{REPO}", headers=hub.headers).status_code == 200


def test_rate_limits_look_like_githubs(hub: GitHub, gh: Gh) -> None:
    hub.faults.limit(retry_after=60)
    second = gh(REPO)
    assert (second.status, second.headers["retry-after"]) == (403, "60")
    assert "secondary rate limit" in second.json["message"]
    hub.faults.limit(secondary=False)
    first = gh(REPO)
    assert (first.status, first.headers["x-ratelimit-remaining"]) == (403, "0")


def test_what_is_unreadable_is_403_and_the_rest_is_not(hub: GitHub, api: Gh) -> None:
    hub.faults.unreadable("billing", 404)
    hub.faults.unreadable("permissions")
    assert api("users/octocat/settings/billing/usage").status == 404
    assert (
        api(f"{REPO}/actions/permissions").json["message"]
        == "Resource not accessible by personal access token"
    )
    assert api(f"{REPO}/actions/permissions", "-X", "PUT", body={"enabled": False}).status == 204


def test_published_site_can_be_refused_too(hub: GitHub, web: requests.Session) -> None:
    published(hub)
    hub.faults.refuse(403, "/site/", where="front")
    assert [web.get(hub.pages_url(NAME)).status_code for _ in range(2)] == [403, 200]


@pytest.mark.parametrize("at", ["before", "after", "response"])
def test_connection_is_cut(hub: GitHub, web: requests.Session, at: str) -> None:
    hub.faults.cut(at, where="api")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        web.get(f"{hub.api}/{REPO}", headers={**hub.headers, "Accept-Encoding": "identity"})
    assert web.get(f"{hub.api}/{REPO}", headers=hub.headers).status_code == 200


def test_change_that_is_cut_after_it_was_made_is_made(hub: GitHub, web: requests.Session) -> None:
    hub.faults.cut("after", where="api", method="PUT")
    with pytest.raises(requests.ConnectionError):
        web.put(f"{hub.api}/{REPO}/actions/permissions", json={"enabled": False}, headers=hub.headers)
    assert hub.repo(NAME)["actions"]["enabled"] is False


def test_answers_can_trickle(hub: GitHub, web: requests.Session) -> None:
    published(hub, "x" * 2_000)
    hub.faults.slow(10_000, times=1)
    begin = time.monotonic()
    assert len(web.get(hub.pages_url(NAME), headers={"Accept-Encoding": "identity"}).content) == 2_000
    assert time.monotonic() - begin > 0.15


def test_server_can_think_for_longer_than_the_client_waits(hub: GitHub, web: requests.Session) -> None:
    hub.faults.hang(30)
    with pytest.raises(requests.Timeout):
        web.get(f"{hub.api}/{REPO}", headers=hub.headers, timeout=0.1)


def test_control_endpoint_turns_the_same_switches(hub: GitHub, web: requests.Session) -> None:
    remote = Remote(hub.url, hub.ca)
    remote("refuse", status=503, times=1)
    assert web.get(f"{hub.api}/{REPO}").status_code == 503
    remote("set", publish_delay=None)
    assert hub.faults.publish_delay is None
    remote("enable_pages", NAME)
    commit = remote("foreign_commit", NAME, "gh-pages", {".nojekyll": "", "index.html": "hi"}, "hello")
    remote("finish_builds", NAME)
    assert remote("live", NAME) == commit
    assert [one["status"] for one in remote("requests", path=f"/{REPO}")] == [503]
    with pytest.raises(ValueError, match="do one of"):
        remote("explode")
    with pytest.raises(ValueError, match="one of before, upload, after, response"):
        remote("cut", at="never")


def test_program_can_be_killed_and_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fakes.github", str(tmp_path / "hub"), "--repo", NAME]

    def start() -> tuple[subprocess.Popen[str], dict[str, object]]:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        return process, json.loads(process.stdout.readline())

    process, about = start()
    with process:
        remote = Remote(str(about["url"]), Path(str(about["ca"])))
        commit = remote("foreign_commit", NAME, "gh-pages", {".nojekyll": "", "index.html": "hi"}, "hello")
        remote("wait_live", NAME, commit)
        remote("cut", at="before", where="api", die=True)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{about['api']}/user", verify=str(about["ca"]), timeout=5)
        assert process.wait(5) == -signal.SIGKILL
    process, again = start()
    with process:
        assert again == about | {"pid": process.pid}
        assert remote("live", NAME) == commit
        process.terminate()
        assert process.wait(5) == 0
