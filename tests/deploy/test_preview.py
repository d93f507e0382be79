"""Branches shown beside the site, over real git and real servers."""

from __future__ import annotations

import json
import urllib.error
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project
from pipeline.deploy import engine, preview, standing
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.engine import Order
from pipeline.deploy.preview import carrier_of, expire, plan_expire, spot_of
from pipeline.deploy.promote import Move, promote
from pipeline.deploy.target import target_of
from tests.deploy.altering import altering_front
from tests.deploy.fleet import change, commit, deploy, fleet, page, run, show
from tests.deploy.harbour import Ticker, write


def desk_of(project: Project, clock: Ticker, environment: str = "staging") -> Desk:
    return sit_down(project, target_of(project, environment), clock)


def files(top: Path, under: str = "") -> list[str]:
    listed = run(top / "staging.git", "ls-tree", "-r", "--name-only", "gh-pages").splitlines()
    return [path for path in listed if path.startswith(under)]


def test_a_preview_stands_beside_the_site_and_counts_for_nothing(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        site = deploy(project, clock=clock)
        write(project.output / "index.html", "<!doctype html><html lang=en><title>New</title><h1>New</h1>")
        shown = show(project, "new-colours", clock)
        assert shown.url == f"{site.url}_preview/new-colours/"
        assert "<h1>New</h1>" in page(shown.url)
        assert "<h1>Harbour</h1>" in page(site.url)
        record = json.loads(page(f"{shown.url}release.json"))
        assert record["preview"] == "new-colours"
        assert record["release"] == shown.release
        assert record["expires"] == "2026-03-08T12:11:00Z"
        desk = desk_of(project, clock)
        assert [one.name for one in desk.releases] == [site.release]
        assert [one.name for one in desk.every] == [shown.release, site.release]
        assert desk.live
        assert desk.live.name == site.release
        assert desk.current
        assert json.loads(page(f"{site.url}.well-known/release.json"))["kind"] == "preview"
        assert engine.verify_live(project, "staging").release == shown.release


def test_the_site_goes_on_and_its_previews_stay(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        first = deploy(project, clock=clock)
        shown = show(project, "one", clock)
        assert not deploy(project, clock=clock).new
        change(project, "Night")
        night = deploy(project, clock=clock)
        assert night.new
        assert "<h1>Harbour</h1>" in page(shown.url)
        back = engine.rollback(project, "staging", clock=clock)
        assert "<h1>Harbour</h1>" in page(first.url)
        assert page(shown.url)
        assert [one.name for one in desk_of(project, clock).releases] == [
            back.release,
            night.release,
            first.release,
        ]
        promoted = promote(project, Move("staging", "prod", yes=True), clock)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            page(f"{promoted.url}_preview/one/")


def test_a_rollback_brings_no_old_preview_back_and_takes_no_new_one_away(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        show(project, "old", clock)
        change(project, "Night")
        deploy(project, clock=clock)
        expire(project, "staging", only="old", clock=clock)
        show(project, "new", clock)
        change(project, "Day")
        deploy(project, clock=clock)
        engine.rollback(project, "staging", clock=clock)
        assert {path.split("/")[1] for path in files(tmp_path, "_preview/")} == {"new"}


def test_the_build_is_told_where_the_preview_will_stand(tmp_path: Path) -> None:
    with fleet(tmp_path, staging_base="/site/") as project:
        spot = spot_of(project, "preview/Feature/Ünïcode boats")
        place = spot.project.environment(spot.environment)
        assert place.base == "/site/_preview/feature-unicode-boats/"
        assert place.url == f"{target_of(project, 'staging').url}_preview/feature-unicode-boats/"
        assert (place.production, place.options.robots, place.options.cname) == (False, "noindex", None)
        with pytest.raises(Stop, match="there is no environment preview-x"):
            project.environment("preview-x")


@pytest.mark.parametrize(
    ("chosen", "repositories", "carrier"),
    [
        (None, ("staging", "prod"), "staging"),
        ("prod", ("staging", "prod"), "prod"),
        ("local", ("staging", "prod"), "local"),
        (None, ("prod",), "local"),
    ],
)
def test_production_carries_previews_only_when_told_to(
    tmp_path: Path, chosen: str | None, repositories: tuple[str, ...], carrier: str
) -> None:
    with fleet(tmp_path) as project:
        settings = project.settings
        every = {name: settings.environments[name] for name in ("local", *repositories)}
        option = settings.preview.model_copy(update={"environment": chosen})
        changed = settings.model_copy(update={"environments": every, "preview": option})
        assert carrier_of(replace(project, loaded=replace(project.loaded, settings=changed))) == carrier


def test_a_preview_named_like_another_branch_is_refused(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        run(project.root, "branch", "feature")
        with pytest.raises(Stop, match="main is checked out, not feature") as caught:
            spot_of(project, "preview/feature")
        assert caught.value.hint == "git switch feature"
        assert spot_of(project, "preview/some-name").slug == "some-name"
        with pytest.raises(Stop, match="which branch"):
            spot_of(project, "preview/")


def test_there_is_no_preview_without_a_site(tmp_path: Path) -> None:
    with fleet(tmp_path) as project, pytest.raises(Stop, match="has no release yet"):
        show(project, "early", Ticker())


def test_the_same_preview_again_publishes_nothing_until_half_of_its_days_are_over(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        first = show(project, "one", clock)
        assert not show(project, "one", clock).new
        clock.now += timedelta(days=4)
        later = show(project, "one", clock)
        assert later.new
        [there] = standing.read(desk_of(project, clock).git, later.commit)
        assert there.expires > clock.now + timedelta(days=6)
        assert first.url == later.url


def test_an_expired_preview_drops_out_of_the_next_release(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        write(project.output / "_astro/old-BF8QNONU.js", "1")
        show(project, "one", clock)
        (project.output / "_astro/old-BF8QNONU.js").unlink()
        clock.now += timedelta(days=8)
        change(project, "Night")
        deploy(project, clock=clock)
        assert not files(tmp_path, "_preview/")


def test_expired_previews_are_removed_by_a_release_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        site = deploy(project, clock=clock)
        one = show(project, "one", clock)
        clock.now += timedelta(days=5)
        show(project, "two", clock)
        assert expire(project, "staging", clock=clock) == ([], None)
        clock.now += timedelta(days=3)
        plan = plan_expire(project, "staging", clock=clock)
        assert plan.steps[0] == "take away _preview/one (one, until 2026-03-08T12:11:00Z)"
        gone, outcome = expire(project, "staging", clock=clock)
        assert [each.branch for each in gone] == ["one"]
        assert outcome
        assert outcome.new
        assert {path.split("/")[1] for path in files(tmp_path, "_preview/")} == {"two"}
        assert "<h1>Harbour</h1>" in page(site.url)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            page(one.url)
        with pytest.raises(Stop, match="there is no preview one on staging; there are: two"):
            expire(project, "staging", only="preview/one", clock=clock)


def test_where_search_engines_may_look_they_are_kept_out_of_previews(tmp_path: Path) -> None:
    with fleet(tmp_path, staging_base="/site/") as hidden:
        project = hidden
        options = target_of(project, "staging").options.model_copy(update={"robots": "index"})
        settings = project.settings.model_copy(
            update={"environments": {**project.settings.environments, "staging": options}}
        )
        project = replace(project, loaded=replace(project.loaded, settings=settings))
        clock = Ticker()
        own = "User-agent: *\nAllow: /\n"
        url = deploy(project, clock=clock).url
        assert page(f"{url}robots.txt") == own
        show(project, "one", clock)
        assert page(f"{url}robots.txt").endswith("User-agent: *\nDisallow: /site/_preview/\n")
        change(project, "Night")
        deploy(project, clock=clock)
        assert page(f"{url}robots.txt").startswith(own)
        assert "_preview/" in page(f"{url}robots.txt")
        expire(project, "staging", only="one", clock=clock)
        assert page(f"{url}robots.txt") == own
        (project.output / "robots.txt").unlink()
        commit(project, "no robots")
        deploy(project, clock=clock)
        show(project, "two", clock)
        assert "Disallow: /site/_preview/" in page(f"{url}robots.txt")
        expire(project, "staging", only="two", clock=clock)
        assert "robots.txt" not in files(tmp_path)


def test_a_preview_that_cannot_be_proven_is_taken_back_to_its_earlier_version(tmp_path: Path) -> None:
    with fleet(tmp_path) as project, altering_front(tmp_path / "staging.git", only_release="three") as url:
        clock = Ticker()
        site = deploy(project, clock=clock)
        show(project, "three", clock)
        before = files(tmp_path)
        good = run(tmp_path / "staging.git", "rev-parse", "gh-pages:_preview/three")
        options = target_of(project, "staging").options.model_copy(update={"url": url})
        settings = project.settings.model_copy(
            update={
                "environments": {**project.settings.environments, "staging": options},
                "timeouts": project.settings.timeouts.model_copy(update={"verify": 1}),
            }
        )
        broken = replace(project, loaded=replace(project.loaded, settings=settings))
        change(project, "Worse")
        with pytest.raises(Stop, match="was rolled back") as caught:
            show(broken, "three", clock)
        assert caught.value.code is Code.PUBLISH
        assert files(tmp_path) == before
        assert run(tmp_path / "staging.git", "rev-parse", "gh-pages:_preview/three") == good
        desk = desk_of(project, clock)
        assert desk.live
        assert (desk.live.kind, desk.live.restores) == ("rollback", site.release)


def test_a_commit_by_hand_is_not_hidden_by_a_preview(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        show(project, "one", clock)
        clone = tmp_path / "clone"
        run(tmp_path, "clone", "-q", "--branch", "gh-pages", str(tmp_path / "staging.git"), str(clone))
        write(clone / "index.html", "by hand")
        run(clone, "commit", "-qam", "by hand")
        run(clone, "push", "-q", "origin", "HEAD")
        change(project, "Night")
        with pytest.raises(Stop, match="1 commit on gh-pages that no release made") as caught:
            show(project, "two", clock)
        assert caught.value.code is Code.DRIFT


def test_the_plan_of_a_preview_publishes_nothing(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        plan = preview.plan_preview(project, Order("preview/one"), clock)
        assert plan.url.endswith("/_preview/one/")
        assert plan.steps[0] == "build the site for base path /_preview/one/"
        assert not files(tmp_path, "_preview/")
