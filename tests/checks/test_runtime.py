from __future__ import annotations

import pytest

from checks import runtime
from checks.base import Finding, Verdict, verdict
from tests.checks.conftest import Visited


def found(visited: Visited, page: str) -> dict[str, Finding]:
    findings = runtime.judge(visited.evidence(runtime), runtime.LIMITS)
    return {one.rule: one for one in findings if one.path == page}


def test_each_fault_of_a_page_is_found_once(visited: Visited) -> None:
    rules = found(visited, "/errors.html")
    assert set(rules) == {"exception", "console-error", "failed-request", "cls"}
    assert all(one.blocking for one in rules.values())
    # The refused request to another origin, and what a script says about it, are not told.
    assert rules["console-error"].details == ("the map has no key  (/errors.html:8)",)
    assert rules["failed-request"].message == "/missing.js did not load (answer 404)"
    assert rules["exception"].message.endswith("Cannot read properties of null (reading 'length')")


def test_a_good_page_passes(visited: Visited) -> None:
    visited.only("/")
    assert verdict(runtime.judge(visited.evidence(runtime), runtime.LIMITS)) is Verdict.PASSED


def test_the_limit_of_the_shift_is_the_policys(visited: Visited) -> None:
    evidence = visited.evidence(runtime)
    (one,) = [one for one in runtime.judge(evidence, runtime.LIMITS) if one.rule == "cls"]
    assert (one.measured, one.limit) == (visited.page("/errors.html")["cls"], 0.1)
    assert not [one for one in runtime.judge(evidence, {"cls": 0.5}) if one.rule == "cls"]
    assert runtime.measures(evidence, runtime.LIMITS)[1].where == "/errors.html"


@pytest.mark.parametrize("shift", [0.1, 0.0999])
def test_a_shift_at_the_limit_is_good(visited: Visited, shift: float) -> None:
    visited.only("/", cls=shift)
    assert runtime.judge(visited.evidence(runtime), runtime.LIMITS) == []


def test_a_script_that_sends_visitors_on_is_advice_within_the_site_and_blocks_out_of_it(
    visited: Visited,
) -> None:
    rules = found(visited, "/sent-on.html")
    assert {name: one.blocking for name, one in rules.items()} == {"redirect": False}
    visited.only("/sent-on.html", final="https://elsewhere.example/")
    rules = found(visited, "/sent-on.html")
    assert {name: one.blocking for name, one in rules.items()} == {"leaves": True}


def test_what_a_missing_script_of_another_origin_causes_is_advice(visited: Visited) -> None:
    rules = found(visited, "/followed.html")
    assert {name: one.blocking for name, one in rules.items()} == {"maybe-foreign": False}


@pytest.mark.parametrize(
    ("request_", "rules"),
    [
        ({"status": 500, "error": ""}, {"failed-request"}),
        ({"status": 0, "error": "net::ERR_CONNECTION_RESET"}, {"failed-request"}),
        ({"status": 0, "error": "net::ERR_ABORTED"}, set()),
        ({"status": 404, "error": "", "foreign": True}, set()),
        ({"status": 301, "error": ""}, set()),
    ],
)
def test_which_requests_fail(visited: Visited, request_: dict[str, object], rules: set[str]) -> None:
    base = {**visited.page("/")["requests"][0], "url": "/data.json", "type": "Fetch", **request_}
    visited.only("/", requests=[base])
    assert set(found(visited, "/")) == rules


def test_a_page_that_never_rests_is_advice(visited: Visited) -> None:
    visited.only("/", idle=False)
    assert {name: one.blocking for name, one in found(visited, "/").items()} == {"never-idle": False}


def test_a_page_that_could_not_be_visited_is_unavailable(visited: Visited) -> None:
    visited.records = [{"page": "/", "file": "index.html", "failed": "the browser crashed"}]
    assert verdict(runtime.judge(visited.evidence(runtime), runtime.LIMITS)) is Verdict.UNAVAILABLE
