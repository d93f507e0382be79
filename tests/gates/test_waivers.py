from __future__ import annotations

from datetime import date

import pytest

from checks.base import Finding, Verdict
from pipeline.core.schema import Waiver
from pipeline.gates.waivers import apply, covers, expired, instead, strangers

TODAY = date(2026, 6, 15)
BLOG = Finding("page-css", "too much", path="/blog/post/")
HOME = Finding("page-css", "too much", path="/")
SITE = Finding("site-css", "too much")
ADVICE = Finding("advice", "hm", blocking=False)


def waiver(gate: str = "budgets", scope: str = "*", until: str = "2026-06-15") -> Waiver:
    return Waiver(gate=gate, scope=scope, reason="being split", until=date.fromisoformat(until))


@pytest.mark.parametrize(
    ("findings", "waivers", "negotiable", "verdict"),
    [
        ([], [], True, "passed"),
        ([ADVICE], [waiver()], True, "passed"),
        ([HOME], [], True, "failed"),
        ([HOME, SITE], [waiver()], True, "waived"),
        ([HOME], [waiver(until="2026-06-14")], True, "failed"),
        ([HOME], [waiver(gate="other")], True, "failed"),
        ([HOME], [waiver()], False, "failed"),
        ([BLOG], [waiver(scope="/blog/*")], True, "waived"),
        ([BLOG, HOME], [waiver(scope="/blog/*")], True, "failed"),
        ([BLOG, HOME], [waiver(scope="/blog/*"), waiver(scope="/")], True, "waived"),
        ([SITE], [waiver(scope="/*")], True, "failed"),
        ([BLOG, ADVICE], [waiver(scope="/blog/*")], True, "waived"),
    ],
)
def test_verdict(findings: list[Finding], waivers: list[Waiver], verdict: str, *, negotiable: bool) -> None:
    said, used = apply("budgets", findings, waivers, TODAY, negotiable=negotiable)
    assert said == Verdict(verdict)
    assert bool(used) is (said is Verdict.WAIVED)


def test_the_waiver_that_was_used_is_on_record() -> None:
    _, (used,) = apply(
        "budgets", [BLOG, BLOG], [waiver(scope="/x/*"), waiver(scope="/blog/*")], TODAY, negotiable=True
    )
    assert (used.scope, used.reason, used.until, used.findings) == ("/blog/*", "being split", "2026-06-15", 2)


def test_scopes_are_patterns_of_page_paths() -> None:
    assert covers("*", "")
    assert covers("/blog/*", "/blog/a/b/")
    assert not covers("/blog/*", "/Blog/a/")
    assert not covers("/*", "")


def test_ended_waivers_are_named() -> None:
    assert expired("budgets", [waiver(until="2026-01-01"), waiver()], TODAY) == [
        "its waiver ended on 2026-01-01: being split"
    ]


def test_waivers_for_gates_that_do_not_exist_are_named() -> None:
    every = [waiver(), waiver(gate="budgts"), waiver(gate="budgts", scope="/")]
    assert strangers(every, ["build", "budgets"]) == [
        "constitution.toml has a waiver for budgts, and there is no such gate; the nearest is budgets"
    ]
    assert strangers(every[:1], ["budgets"]) == []


@pytest.mark.parametrize(
    ("scope", "until", "measure", "negotiable", "stands"),
    [
        ("*", "2026-06-15", False, True, True),
        ("*", "2026-06-15", True, True, False),
        ("*", "2026-06-14", False, True, False),
        ("/blog/*", "2026-06-15", False, True, False),
        ("*", "2026-06-15", False, False, False),
    ],
)
def test_a_waiver_of_a_whole_gate_may_stand_in_place_of_its_measurement(
    scope: str, until: str, *, measure: bool, negotiable: bool, stands: bool
) -> None:
    given = waiver(scope=scope, until=until).model_copy(update={"measure": measure})
    assert bool(instead("budgets", [given], TODAY, negotiable=negotiable)) is stands
    assert instead("build", [given], TODAY, negotiable=negotiable) is None
