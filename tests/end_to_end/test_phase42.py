"""The pipeline from set-up to report in one command: locally, and over staging to production on loopback's GitHub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.cli import pages, plain_site
from tests.end_to_end.test_github import REPOSITORY, place_at
from tests.fakes.github import GitHub

# What Lighthouse measures has tests of its own; here it would only wait.
SKIP = "--skip=baselines"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    with GitHub(tmp_path / "github") as running:
        for name in (REPOSITORY, f"{REPOSITORY}-staging"):
            running.create_repo(name)
        yield running


def test_from_set_up_to_production(tmp_path: Path, hub: GitHub) -> None:
    place = place_at(tmp_path / "harbour", hub)
    plan = json.loads(place.run("phase42", "--dry-run", "--json").out)
    assert {one["state"] for one in plan} <= {"to do", "satisfied"}
    ran = place.run("phase42", "--yes", SKIP, "--json")
    assert ran.code == 0, ran.err
    record = json.loads(ran.out)
    assert [one["name"] for one in record["steps"] if one["state"] == "left out"] == ["baselines"]
    live = record["memory"]["live"]
    assert set(live) == {"staging", "prod"}
    assert "-prod-" in live["prod"]["release"]
    assert record["memory"]["score"] >= 98
    assert Path(record["memory"]["compliance"]).read_text().startswith("prod: score ")
    assert "<h1>Harbour</h1>" in place.home()
    # Pages was made and Actions are off, by the phase itself.
    assert place.run("deploy.setup", "--env=prod", "--dry-run").code == 0
    again = place.run("phase42", "--yes", SKIP, "--json")
    assert again.code == 0, again.err
    promoted = next(one for one in json.loads(again.out)["steps"] if one["name"] == "promote")
    assert promoted["state"] == "satisfied"
    assert place.names() == [live["prod"]["release"]]


def test_a_gate_stops_it_and_it_goes_on_from_there(tmp_path: Path) -> None:
    site = plain_site(tmp_path / "harbour")
    home = site / "dist/index.html"
    good = home.read_text()
    home.write_text(good + "<script src=/gone.js></script>")
    ran = pages(site, "phase42", SKIP)
    assert ran.code == 3
    assert "gone.js" in ran.err
    assert "phase42 --continue" in ran.err
    assert pages(site, "phase42", "--skip=gates").code == 2
    home.write_text(good)
    ran = pages(site, "phase42", SKIP, "--continue", "--json")
    assert ran.code == 0, ran.err
    assert list(json.loads(ran.out)["memory"]["live"]) == ["local"]
