from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.deploy.actions import stand, standing
from pipeline.tools.github import Hub, connect
from pipeline.tools.github_actions import gather, months
from tests.fakes.github import GitHub

NAME = "octocat/harbour"
RELEASE = "20260615-115900-prod-summer\n\nsummer\n\nRelease: 20260615-115900-prod-summer\n"


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    with GitHub(tmp_path / "github") as running:
        running.create_repo(NAME)
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        running.repo(NAME)["actions"]["enabled"] = False
        yield running


@pytest.fixture
def hub(double: GitHub) -> Hub:
    hub = connect(NAME)
    assert hub
    return hub


def now() -> datetime:
    return datetime.now(UTC)


def test_clean_repository(double: GitHub, hub: Hub) -> None:
    double.foreign_commit(NAME, "gh-pages", {"index.html": "home"}, RELEASE)
    found = standing(hub, "prod", "gh-pages", now())
    assert found.clean is True
    assert (found.release, found.enabled) == ("20260615-115900-prod-summer", False)
    assert (found.minutes, found.runs, found.pages_runs) == (0, 0, 0)


def test_minutes_and_runs_are_told_apart(double: GitHub, hub: Hub) -> None:
    double.foreign_commit(NAME, "gh-pages", {"index.html": "home"}, RELEASE)
    double.add_run(NAME)
    double.add_run(NAME, event="dynamic", path="dynamic/pages/pages-build-deployment")
    double.bill(NAME, 4)
    found = standing(hub, "prod", "gh-pages", now())
    assert (found.minutes, found.runs, found.pages_runs) == (4, 2, 1)
    assert found.clean is False
    assert [one.rule for one in found.findings] == ["runs", "pages-runs", "minutes"]


@pytest.mark.parametrize(
    ("what", "field"), [("billing", "minutes"), ("runs", "runs"), ("permissions", "enabled")]
)
def test_what_cannot_be_read_is_unknown(double: GitHub, hub: Hub, what: str, field: str) -> None:
    double.faults.unreadable(what)
    found = standing(hub, "prod", "gh-pages", now())
    assert getattr(found, field) is None
    assert found.clean is None
    assert len(found.unreadable) == 1


def test_unreadable_repository_is_unknown_altogether(double: GitHub) -> None:
    hub = connect("octocat/nothing")
    assert hub
    found = standing(hub, "prod", "gh-pages", now())
    assert found.clean is None
    assert found.repository == "octocat/nothing"
    assert (found.minutes, found.runs, found.enabled) == (None, None, None)


def test_organisations_bill_is_read_and_only_its_repositorys_minutes_count(double: GitHub) -> None:
    double.add_organization("acme")
    double.create_repo("acme/site")
    double.bill("acme/site", 5)
    double.bill("acme/other", 50)
    hub = connect("acme/site")
    assert hub
    assert standing(hub, "prod", "gh-pages", now()).minutes == 5


def test_before_the_first_release_the_month_before_is_shown(double: GitHub, hub: Hub) -> None:
    double.add_run(NAME)
    facts = gather(hub, "gh-pages", now())
    assert facts["release"] is None
    assert facts["since"][:10] == (now() - timedelta(days=30)).date().isoformat()
    assert stand(facts, "prod", NAME).clean is True


def test_release_is_not_searched_for_without_end(double: GitHub, hub: Hub) -> None:
    double.foreign_commit(NAME, "gh-pages", {"index.html": "home"}, RELEASE)
    for number in range(30):
        double.foreign_commit(NAME, "gh-pages", {"CNAME": str(number)})
    facts: dict[str, Any] = gather(hub, "gh-pages", now())
    assert facts["release"] is None


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ((2026, 6, 1), (2026, 6, 30), [(2026, 6)]),
        ((2025, 11, 30), (2026, 2, 1), [(2025, 11), (2025, 12), (2026, 1), (2026, 2)]),
        ((2026, 7, 1), (2026, 6, 1), []),
    ],
)
def test_months(
    since: tuple[int, int, int], until: tuple[int, int, int], expected: list[tuple[int, int]]
) -> None:
    assert list(months(datetime(*since, tzinfo=UTC), datetime(*until, tzinfo=UTC))) == expected
