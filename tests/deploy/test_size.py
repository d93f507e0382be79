"""What releases add to a repository, and when that reaches GitHub's limits."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core.project import Project
from pipeline.deploy.draft import again
from pipeline.deploy.release import make
from pipeline.deploy.size import forecast, measure, pace
from tests.deploy.harbour import Ticker, change, desk_of, draft

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "daily"),
    [
        ({}, 0.0),
        ({0: 500.0}, 0.0),
        ({10: 500.0, 5: 100.0}, 10.0),
        ({10: 500.0, 5: 100.0, 0: 100.0}, 20.0),
        ({1_000: 500.0, 400: 9_000.0, 30: 90.0}, 1.0),
    ],
)
def test_the_pace_is_that_of_the_last_90_days_without_the_first_release(
    days: dict[int, float], daily: float
) -> None:
    points = [(NOW - timedelta(days=ago), amount) for ago, amount in days.items()]
    assert pace(points, NOW) == pytest.approx(daily)


def test_an_hour_of_releases_does_not_count_as_the_pace_of_years() -> None:
    points = [(NOW - timedelta(hours=1), 500.0), (NOW, 100.0)]
    assert pace(points, NOW) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("amount", "daily", "days"),
    [(0, 10, 100), (900, 10, 10), (1_000, 0, 0), (0, 0, None), (0, 0.0001, None)],
)
def test_a_limit_is_reached_when_the_line_meets_it(amount: float, daily: float, days: int | None) -> None:
    expected = None if days is None else NOW + timedelta(days=days)
    assert forecast(amount, daily, 1_000, NOW) == expected


def test_a_release_weighs_what_it_adds_and_a_rollback_nearly_nothing(project: Project, site: Path) -> None:
    clock = Ticker()
    noise = random.Random(1)
    (site / "dist/a.bin").write_bytes(noise.randbytes(50_000))
    desk = desk_of(project, clock=clock)
    first = make(desk, draft(desk))
    (site / "dist/b.bin").write_bytes(noise.randbytes(20_000))
    change(site, "Night")
    desk = desk_of(project, clock=clock)
    make(desk, draft(desk, "night"))
    desk = desk_of(project, clock=clock)
    make(desk, again(desk, desk.releases[-1], "back"))
    found = measure(desk_of(project, clock=clock))
    back, night, light = (one.size for one in found.releases)
    assert 50_000 < light < 52_000
    assert 20_000 < night < 22_000
    assert back < 1_500
    assert found.total == back + night + light
    assert found.releases[-1].release == first.release
    assert 50_000 < found.site < 52_000
    limits = {one.name: one for one in found.limits}
    assert limits["branches"].now == 5
    assert limits["published site"].reached is None
    assert limits["branches"].reached
    assert (project.state / "cache/release-sizes.json").is_file()
    assert measure(desk_of(project, clock=clock)).releases == found.releases


def test_nothing_published_weighs_nothing(project: Project) -> None:
    found = measure(desk_of(project))
    assert (found.total, found.daily, found.site, found.releases) == (0, 0.0, 0, ())
