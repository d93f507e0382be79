"""GitHub's limits, foreign commits, and probes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.http import Answer
from pipeline.core.project import Project
from pipeline.core.schema import Health, Rate
from pipeline.deploy.guard import branch_warning, refuse_foreign, wait_for_rate
from pipeline.deploy.health import take_pulse
from pipeline.deploy.release import make
from pipeline.deploy.target import local_repository
from pipeline.tools.git import Git
from tests.deploy.harbour import START, desk_of, draft


def before(*minutes: float) -> list[datetime]:
    return [START - timedelta(minutes=minute) for minute in minutes]


@pytest.mark.parametrize(
    ("times", "rollback", "seconds", "refused"),
    [
        ([], False, 0, False),
        (before(5, 10, 15, 20, 25, 30, 35), False, 0, False),
        (before(5, 10, 15, 20, 25, 30, 35, 40), False, 0, True),
        (before(5, 10, 15, 20, 25, 30, 35, 40), True, 0, False),
        (before(5, 10, 15, 20, 25, 30, 35, 40, 45, 50), True, 0, True),
        (before(61, 62, 63, 64, 65, 66, 67, 68, 69, 70), False, 0, False),
        (before(0.5, 0.25), False, 0, False),
        (before(0.5, 0.25, 0.1), False, 30, False),
    ],
)
def test_githubs_limits_are_kept_and_two_builds_are_left_for_rollbacks(
    times: list[datetime], rollback: bool, seconds: float, refused: bool
) -> None:
    wait, stop = wait_for_rate(times, START, Rate(), rollback=rollback)
    assert wait == pytest.approx(seconds)
    assert bool(stop) is refused
    if stop:
        assert stop.code is Code.SERVICE
        assert stop.hint.startswith("try again after ")


def test_a_limit_of_nothing_is_no_limit() -> None:
    assert wait_for_rate(before(*range(60)), START, Rate(builds=0, pushes=0), rollback=False) == (0.0, None)


def commit(project: Project, path: str, text: str) -> None:
    """Somebody commits straight to the pages branch."""
    git = Git(local_repository(project))
    tip = git.maybe("rev-parse", "--verify", "--quiet", "refs/heads/gh-pages")
    parent = f"from {tip}\n" if tip else ""
    stream = (
        "commit refs/heads/gh-pages\ncommitter Somebody <s@example.invalid> 1 +0000\n"
        f"data {4 + len(path)}\nAdd {path}\n"
        f"{parent}M 100644 inline {path}\ndata {len(text)}\n{text}\ndone\n"
    )
    git.run("fast-import", "--quiet", "--done", stdin=stream.encode())


def test_foreign_commits_stop_a_deploy_with_what_they_changed(project: Project, site: Path) -> None:
    make(desk_of(project), draft(desk_of(project)))
    commit(project, "hacked.html", "<p>")
    with pytest.raises(Stop, match="1 commit on gh-pages that no release made") as caught:
        refuse_foreign(desk_of(project), adopt=False)
    assert caught.value.code is Code.DRIFT
    assert "  hacked.html" in caught.value.details
    said = refuse_foreign(desk_of(project), adopt=True)
    assert said
    assert "they stay in the history" in said


def test_a_branch_from_before_our_time_wants_to_be_adopted(project: Project) -> None:
    desk_of(project)
    commit(project, "index.html", "<p>")
    with pytest.raises(Stop, match="that no release made"):
        refuse_foreign(desk_of(project), adopt=False)
    desk = desk_of(project)
    assert refuse_foreign(desk, adopt=True)
    outcome = make(desk, draft(desk))
    assert desk.git.text("rev-list", "--count", outcome.commit) == "2"


def test_a_domain_set_on_github_is_no_reason_to_stop(project: Project) -> None:
    make(desk_of(project), draft(desk_of(project)))
    commit(project, "CNAME", "harbour.example")
    said = refuse_foreign(desk_of(project), adopt=False)
    assert said
    assert "it is kept" in said


def test_nothing_is_foreign_before_the_first_release_and_after_our_own(project: Project) -> None:
    assert refuse_foreign(desk_of(project), adopt=False) is None
    make(desk_of(project), draft(desk_of(project)))
    assert refuse_foreign(desk_of(project), adopt=False) is None


def test_many_branches_are_warned_of() -> None:
    assert branch_warning(3_999) is None
    assert "4,000 branches" in str(branch_warning(4_000))


@pytest.mark.parametrize(
    ("answers", "failures", "failed", "probes"),
    [
        ([200, 200, 200], 2, 0, 3),
        ([200, 503, 200], 2, 1, 3),
        ([503, 503, 200], 2, 2, 2),
        ([0, 0, 0], 3, 3, 3),
        ([404, 200, 200], 1, 1, 1),
    ],
)
def test_probes_count_failures_and_end_early(
    answers: list[int], failures: int, failed: int, probes: int
) -> None:
    waiting = list(answers)
    options = Health(probes=3, failures=failures, interval=0)
    taken = take_pulse("http://x/", options, lambda _: Answer(waiting.pop(0), b"", "refused"))
    assert (taken.failed, taken.probes) == (failed, probes)
    assert bool(taken.problem) is bool(failed)
