"""What lies over an artifact: Pages' files, a domain, robots, and assets that cached pages still ask for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.core.project import Project
from pipeline.deploy.overlay import Past, immutable, kept_assets, missing_in
from pipeline.deploy.release import make
from pipeline.deploy.target import local_repository
from pipeline.tools.git import Git, store
from tests.deploy.harbour import START, Ticker, desk_of, draft, write


@pytest.mark.parametrize(
    "path",
    [
        "_astro/hoisted.BF8QNONU.js",
        "repo/_astro/x.css",
        "assets/index-wktXvZw9.js",
        "_app/immutable/chunks/a.js",
        "_next/static/chunks/1.js",
        "fonts/inter.a1b2c3d4e5.woff2",
        "_astro/dusk.DLgBKYEv_1Qhxci.webp",
    ],
)
def test_a_name_that_carries_a_digest_never_changes_its_content(path: str) -> None:
    assert immutable(path)


@pytest.mark.parametrize(
    "path",
    [
        "index.html",
        "_astro/page.html",
        "app.js",
        "main.min.js",
        "images/boat-large.png",
        "robots.txt",
        "a-background.css",
    ],
)
def test_a_plain_name_may_change_its_content(path: str) -> None:
    assert not immutable(path)


def test_assets_are_kept_as_long_as_a_page_that_asks_for_them_may_be_cached() -> None:
    def past(hours: int | None, name: str, own: frozenset[str] = frozenset()) -> Past:
        replaced = None if hours is None else START - timedelta(hours=hours)
        return Past(replaced, own, {f"_astro/{name}.js": name * 40, f"{name}.html": name * 40})

    kept = kept_assets(
        [
            past(None, "a"),
            past(1, "b"),
            past(23, "c"),
            past(25, "d"),
            past(2, "e", frozenset({"_astro/e.js"})),
        ],
        START,
        24,
    )
    assert kept == {"_astro/a.js": "a" * 40, "_astro/b.js": "b" * 40, "_astro/c.js": "c" * 40}


def published(project: Project, environment: str, clock: Ticker) -> tuple[str, list[str], dict[str, object]]:
    """Release the output folder; returns the commit, its paths and its release file."""
    desk = desk_of(project, environment, clock)
    outcome = make(desk, draft(desk))
    record = json.loads(desk.git.run("show", f"{outcome.commit}:.well-known/release.json").out)
    paths = desk.git.text("ls-tree", "-r", "--name-only", outcome.commit).splitlines()
    return outcome.commit, paths, record


def bundle(site: Path, digest: str) -> None:
    """Give the site one script under a hashed name."""
    for old in (site / "dist/_astro").glob("*"):
        old.unlink()
    write(site / f"dist/_astro/app.{digest}.js", f"console.log('{digest}')")


def test_the_scripts_of_earlier_releases_stay_and_go(project: Project, site: Path) -> None:
    clock = Ticker()
    seen = []
    for digest in ("AAAAAAA1", "AAAAAAA2", "AAAAAAA3", "AAAAAAA4", "AAAAAAA5"):
        bundle(site, digest)
        _, paths, record = published(project, "local", clock)
        scripts = [path[-4] for path in paths if path.startswith("_astro/")]
        seen.append("".join(scripts))
        assert record["kept"] == [path for path in paths if path.startswith("_astro/") and digest not in path]
    assert seen == ["1", "12", "123", "1234", "2345"]
    clock.now += timedelta(days=2)
    bundle(site, "AAAAAAA6")
    _, paths, _ = published(project, "local", clock)
    assert [path[-4] for path in paths if path.startswith("_astro/")] == ["5", "6"]


def test_a_domain_set_on_github_survives_the_next_release(project: Project, site: Path) -> None:
    clock = Ticker()
    commit, _, _ = published(project, "local", clock)
    desk = desk_of(project, "local", clock)
    stream = (
        "commit refs/heads/gh-pages\ncommitter GitHub <noreply@github.com> 1 +0000\n"
        f"data 12\nCreate CNAME\nfrom {commit}\n"
        "M 100644 inline CNAME\ndata 16\nharbour.example\n\ndone\n"
    )
    Git(local_repository(project)).run("fast-import", "--quiet", "--done", stdin=stream.encode())
    desk = desk_of(project, "local", clock)
    write(site / "dist/new.html", "<!doctype html><title>New</title>")
    outcome = make(desk, draft(desk))
    assert desk.git.run("show", f"{outcome.commit}:CNAME").out == b"harbour.example\n"


def test_the_configured_domain_wins_and_the_sites_own_is_left_alone(project: Project, site: Path) -> None:
    clock = Ticker()
    write(site / "dist/CNAME", "own.example\n")
    desk = desk_of(project, "local", clock)
    outcome = make(desk, draft(desk))
    assert desk.git.run("show", f"{outcome.commit}:CNAME").out == b"own.example\n"
    desk = desk_of(project, "local", clock)
    options = desk.target.options.model_copy(update={"cname": "set.example"})
    desk = replace(desk, target=replace(desk.target, options=options))
    outcome = make(desk, draft(desk))
    assert desk.git.run("show", f"{outcome.commit}:CNAME").out == b"set.example\n"


@pytest.mark.parametrize(
    ("robots", "production", "local", "hidden"),
    [
        (None, False, False, True),
        (None, True, False, False),
        (None, False, True, False),
        ("index", False, False, False),
        ("noindex", True, False, True),
    ],
)
def test_search_engines_are_kept_away_from_what_is_no_production(
    project: Project, robots: str | None, production: bool, local: bool, hidden: bool
) -> None:
    target = desk_of(project).target
    options = target.options.model_copy(update={"robots": robots})
    assert replace(target, options=options, production=production, local=local).noindex is hidden


def test_a_hidden_environment_says_so_in_robots_txt(project: Project, site: Path) -> None:
    write(site / "dist/robots.txt", "User-agent: *\nAllow: /\n")
    desk = desk_of(project)
    options = desk.target.options.model_copy(update={"robots": "noindex"})
    desk = replace(desk, target=replace(desk.target, options=options))
    outcome = make(desk, draft(desk))
    assert b"Disallow: /\n" in desk.git.run("show", f"{outcome.commit}:robots.txt").out


def test_what_earlier_trees_have_more_is_asked_at_once(tmp_path: Path) -> None:
    git = store(tmp_path / "objects.git")
    blob = git.put("blob", b"x")

    def tree(*names: str) -> str:
        rows = "".join(f"100644 blob {blob}\t{name}\0" for name in names)
        return git.run("mktree", "-z", stdin=rows.encode()).text

    new = tree("a", "b")
    olds = [new, tree("a", ":c", "d"), tree("a"), tree("e\nf g"), new]
    wanted: list[dict[str, str]] = [{}, {":c": blob, "d": blob}, {}, {"e\nf g": blob}, {}]
    assert missing_in(git, olds, new) == wanted
    assert missing_in(git, [], new) == []
