from __future__ import annotations

from checks import keyboard
from checks.base import Verdict, verdict
from tests.checks.conftest import Visited


def found(visited: Visited, page: str, standard: str = "wcag21aa") -> dict[str, bool]:
    """The rules that are reported for a page, and whether they block."""
    limits = {**keyboard.LIMITS, "standard": standard}
    findings = keyboard.judge(visited.evidence(keyboard), limits)
    return {one.rule: one.blocking for one in findings if one.path == page}


def test_each_fault_of_a_page_is_found(visited: Visited) -> None:
    blocking = {"focus-invisible", "focus-hidden", "trap", "unfocusable", "tab-order", "skip-link-broken"}
    assert found(visited, "/keys.html") == dict.fromkeys(blocking, True)


def test_a_good_page_has_no_findings(visited: Visited) -> None:
    assert found(visited, "/") == {}
    visited.only("/")
    assert verdict(keyboard.judge(visited.evidence(keyboard), keyboard.LIMITS)) is Verdict.PASSED


def test_findings_name_the_element_and_say_what_to_do(visited: Visited) -> None:
    findings = {one.rule: one for one in keyboard.judge(visited.evidence(keyboard), keyboard.LIMITS)}
    one = findings["unfocusable"]
    assert one.message == "#menu reacts to a click, but the Tab key never reaches it"
    assert one.details == ('#menu  (<div id="menu">Open the menu</div>)',)
    assert "<button>" in one.fix
    assert one.source.endswith("/keyboard.html")
    assert "“Skip to the content”" in findings["skip-link-broken"].message


def test_a_page_that_could_not_be_visited_is_unavailable(visited: Visited) -> None:
    visited.records = [{"page": "/", "file": "index.html", "failed": "it never ends"}]
    findings = keyboard.judge(visited.evidence(keyboard), keyboard.LIMITS)
    assert verdict(findings) is Verdict.UNAVAILABLE
    assert "it never ends" in findings[0].message


def test_what_only_newer_standards_ask_for_blocks_under_them(visited: Visited) -> None:
    walk = visited.page("/")["keyboard"]
    walk["small"] = [{"selector": "#x", "width": 12, "height": 16}]
    walk["stops"][0]["obscured"] = True
    assert found(visited, "/") == {"small-target": False, "focus-covered": False}
    assert found(visited, "/", "wcag22aa") == {"small-target": True, "focus-covered": True}


def test_ways_over_the_menu(visited: Visited) -> None:
    skip = visited.page("/")["keyboard"]["skip"]
    skip |= {"needed": True, "before": 12}
    assert found(visited, "/") == {"skip-link": False}
    skip["bypass"] = False
    assert found(visited, "/") == {"no-bypass": True}


def test_advice(visited: Visited) -> None:
    walk = visited.page("/")["keyboard"]
    walk["motion"] = [{"selector": "#x", "name": "spin"}]
    walk["cut"] = "200 stops"
    walk["order"] = [{"from": "#a", "to": "#b", "why": "layout"}]
    walk["unfocusable"] = [{"selector": "#c", "html": "<div>", "why": "pointer"}]
    assert found(visited, "/") == dict.fromkeys(
        ("motion", "walk-cut", "visual-order", "clickable-look"), False
    )


def test_the_measures_count_stops(visited: Visited) -> None:
    evidence = visited.evidence(keyboard)
    values = {one.name: one.value for one in keyboard.measures(evidence, keyboard.LIMITS)}
    stops = sum(one["keyboard"]["count"] for one in visited.records)
    assert values == {"pages walked": 6, "stops of the Tab key": stops, "most on one page": 6}
