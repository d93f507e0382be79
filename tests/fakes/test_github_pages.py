"""The double's builds and its Pages front."""

from __future__ import annotations

import time

import requests

from tests.fakes.conftest import NAME, Clone, Gh
from tests.fakes.github import GitHub

REPO = f"repos/{NAME}"


def release(hub: GitHub, text: str = "home", **more: str | bytes | None) -> str:
    """Commit a site as the whole of gh-pages' next release."""
    files: dict[str, str | bytes | None] = {".nojekyll": "", "index.html": text}
    return hub.foreign_commit(NAME, "gh-pages", {**files, **more}, text)


def published(hub: GitHub, text: str = "home", **more: str | bytes | None) -> str:
    hub.enable_pages(NAME)
    commit = release(hub, text, **more)
    hub.wait_idle(NAME)
    return commit


def test_push_is_served_as_pages_serves(hub: GitHub, clone: Clone, web: requests.Session) -> None:
    hub.enable_pages(NAME)
    commit = clone.commit(about="about")
    clone.push()
    hub.wait_live(NAME, commit)
    url = hub.pages_url(NAME)
    home = web.get(url)
    assert (home.text, home.headers["Cache-Control"]) == ("home", "max-age=600")
    assert (
        web.get(
            f"{url}about.txt", headers={"If-None-Match": web.get(f"{url}about.txt").headers["ETag"]}
        ).status_code
        == 304
    )
    assert web.get(f"{url}nothing").status_code == 404
    assert web.get(url.rstrip("/"), allow_redirects=False).headers["Location"] == "/site/"
    assert web.get(f"{url}index.html", headers={"Range": "bytes=0-1"}).text == "ho"
    assert web.head(url).headers["Content-Length"] == "4"


def test_build_is_queued_building_and_built_at_its_time(hub: GitHub, api: Gh, web: requests.Session) -> None:
    hub.faults.publish_delay = None
    hub.enable_pages(NAME)
    commit = release(hub)
    assert api(f"{REPO}/pages/builds/latest").json["status"] in {"queued", "building"}
    assert web.get(hub.pages_url(NAME)).status_code == 404
    hub.finish_builds(NAME)
    latest = api(f"{REPO}/pages/builds/latest").json
    assert (latest["status"], latest["commit"], latest["error"]["message"]) == ("built", commit, None)
    assert web.get(hub.pages_url(NAME)).status_code == 200


def test_delay_passes_before_the_bytes_are_there(hub: GitHub) -> None:
    published(hub)
    hub.faults.publish_delay = 0.2
    begin = time.monotonic()
    hub.wait_live(NAME, release(hub, "second"))
    assert time.monotonic() - begin >= 0.2


def test_failed_build_leaves_the_old_site(hub: GitHub, api: Gh, web: requests.Session) -> None:
    published(hub, "old")
    hub.faults.build_fails("Page build failed: Invalid YAML")
    release(hub, "new")
    hub.wait_idle(NAME)
    latest = api(f"{REPO}/pages/builds/latest").json
    assert (latest["status"], latest["error"]["message"]) == ("errored", "Page build failed: Invalid YAML")
    assert api(f"{REPO}/pages").json["status"] == "errored"
    assert web.get(hub.pages_url(NAME)).text == "old"


def test_stuck_build_is_freed_by_asking_for_another(hub: GitHub, gh: Gh) -> None:
    published(hub, "old")
    hub.faults.build_sticks()
    commit = release(hub, "new")
    assert [one["status"] for one in gh(f"{REPO}/pages/builds").json] == ["building", "built"]
    asked = gh(f"{REPO}/pages/builds", "-X", "POST")
    assert (asked.status, asked.json["status"]) == (201, "queued")
    hub.wait_live(NAME, commit)


def test_status_may_lag_behind_the_bytes(hub: GitHub, api: Gh) -> None:
    hub.faults.status_lag = 60
    hub.enable_pages(NAME)
    hub.wait_live(NAME, release(hub))
    assert api(f"{REPO}/pages/builds/latest").json["status"] == "building"


def test_stale_edge_serves_the_release_before(hub: GitHub, web: requests.Session) -> None:
    published(hub, "old")
    hub.faults.stale_edge(every=3, seconds=60)
    release(hub, "new")
    hub.wait_idle(NAME)
    assert [web.get(hub.pages_url(NAME)).text for _ in range(6)] == ["new", "new", "old"] * 2
    hub.faults.clear()
    assert web.get(hub.pages_url(NAME)).text == "new"


def test_without_nojekyll_underscores_are_dropped(hub: GitHub, web: requests.Session) -> None:
    published(hub, **{"_astro/a.js": "1", ".well-known/a": "1"})
    url = hub.pages_url(NAME)
    assert [web.get(url + path).status_code for path in ("_astro/a.js", ".well-known/a")] == [200, 200]
    hub.foreign_commit(NAME, "gh-pages", {".nojekyll": None, "b.txt": "b"})
    hub.wait_idle(NAME)
    paths = ("_astro/a.js", ".well-known/a", "b.txt")
    assert [web.get(url + path).status_code for path in paths] == [404, 404, 200]


def test_folder_can_be_the_source(hub: GitHub, web: requests.Session) -> None:
    hub.enable_pages(NAME, "main", "/docs")
    hub.foreign_commit(NAME, "main", {"docs/.nojekyll": "", "docs/index.html": "docs", "index.html": "no"})
    hub.wait_idle(NAME)
    assert web.get(hub.pages_url(NAME)).text == "docs"


def test_link_breaks_the_build(hub: GitHub, clone: Clone) -> None:
    hub.enable_pages(NAME)
    (clone.folder / "link").symlink_to("index.html")
    clone.commit()
    clone.push()
    hub.wait_idle(NAME)
    assert "symbolic link `/link`" in hub.repo(NAME)["builds"][-1]["error"]


def test_publishing_is_a_run_unless_actions_are_off(hub: GitHub, api: Gh) -> None:
    published(hub)
    (run,) = api(f"{REPO}/actions/runs?event=dynamic").json["workflow_runs"]
    assert (run["path"], run["conclusion"]) == ("dynamic/pages/pages-build-deployment", "success")
    api(f"{REPO}/actions/permissions", "-X", "PUT", body={"enabled": False})
    release(hub, "second")
    hub.wait_idle(NAME)
    assert hub.repo(NAME)["builds"][-1]["status"] == "built"
    assert api(f"{REPO}/actions/runs").json["total_count"] == 1


def test_local_only_breaks_publishing(hub: GitHub, api: Gh) -> None:
    body = {"enabled": True, "allowed_actions": "local_only"}
    api(f"{REPO}/actions/permissions", "-X", "PUT", body=body)
    published(hub)
    assert hub.repo(NAME)["builds"][-1]["status"] == "errored"


def test_domain_is_a_commit_and_losing_the_file_loses_it(hub: GitHub, web: requests.Session, api: Gh) -> None:
    published(hub)
    commit = hub.set_domain(NAME, "www.example.org")
    hub.wait_idle(NAME)
    assert hub.bare(NAME).tip("gh-pages") == commit
    port = hub.store.data["ports"]["front"]
    named = {"Host": "www.example.org"}
    assert web.get(f"https://localhost:{port}/", headers=named).text == "home"
    old = web.get(
        f"https://localhost:{port}/site/a", headers={"Host": "octocat.github.io"}, allow_redirects=False
    )
    assert (old.status_code, old.headers["Location"]) == (301, "https://www.example.org/a")
    hub.foreign_commit(NAME, "gh-pages", {"CNAME": None})
    hub.wait_idle(NAME)
    assert api(f"{REPO}/pages").json["cname"] is None


def test_loopback_can_play_a_domain(hub: GitHub, web: requests.Session) -> None:
    published(hub, CNAME="127.0.0.1")
    assert hub.pages_url(NAME).startswith("https://127.0.0.1:")
    assert web.get(hub.pages_url(NAME)).text == "home"


def test_user_site_is_at_the_root(hub: GitHub, web: requests.Session) -> None:
    hub.create_repo("octocat/octocat.github.io")
    hub.enable_pages("octocat/octocat.github.io")
    hub.foreign_commit("octocat/octocat.github.io", "gh-pages", {".nojekyll": "", "index.html": "me"})
    hub.wait_idle("octocat/octocat.github.io")
    assert web.get(hub.pages_url("octocat/octocat.github.io")).text == "me"


def test_restart_serves_what_was_live_and_goes_on_building(hub: GitHub, web: requests.Session) -> None:
    first = published(hub, "old")
    hub.faults.publish_delay = None
    second = release(hub, "new")
    hub.restart()
    assert hub.live(NAME) == first
    web.close()
    assert web.get(hub.pages_url(NAME)).text == "old"
    hub.finish_builds(NAME)
    assert hub.live(NAME) == second
    assert web.get(hub.pages_url(NAME)).text == "new"
