"""Judgements for other programs and for people: JUnit, SARIF, explanations, waivers, the history."""

from __future__ import annotations

import json
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from checks import GATES
from checks.base import Finding, Unavailable, Verdict
from pipeline.core.errors import Stop
from pipeline.core.schema import Waiver
from pipeline.gates import explain, history, junit, sarif
from pipeline.gates.history import Point, Summary
from pipeline.gates.runner import judge_site
from pipeline.gates.waivers import Use, stated
from tests.gates.conftest import SiteFolder
from tests.gates.test_judge_site import TIGHT, clock, of

TODAY = date(2026, 6, 15)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five gates that need nothing but files."""
    for name in set(GATES) - {"build", "typescript", "budgets", "churn", "zero_actions"}:
        monkeypatch.delitem(GATES, name)


def test_junit_has_a_suite_for_each_principle_and_a_case_for_each_gate(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise Unavailable("no \x00browser & no <luck>")

    monkeypatch.setattr(GATES["churn"], "collect", silent)
    site.write("constitution.toml", TIGHT)
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    top = ET.fromstring(junit.document(judgement))  # noqa: S314 - our own
    suites = {one.get("name"): one for one in top}
    assert list(suites) == ["principle I", "principle II", "principle IV", "principle V"]
    assert suites["principle II"].get("failures") == "1"
    failure = suites["principle II"].find("testcase/failure")
    assert failure is not None
    assert "over its budget of 10 B" in (failure.get("message") or "")
    assert "fix: " in (failure.text or "")
    skipped = suites["principle IV"].find("testcase/skipped")
    assert skipped is not None
    assert skipped.get("message") == "no \ufffdbrowser & no <luck>"
    assert suites["principle V"].find("testcase/failure") is None


def test_sarif_has_rules_results_places_and_what_could_not_measure(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise Unavailable("no browser")

    monkeypatch.setattr(GATES["churn"], "collect", silent)
    site.write("constitution.toml", TIGHT)
    (site.root / "dist/404.html").unlink()
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    (run,) = sarif.log(judgement, version="1")["runs"]
    rules = run["tool"]["driver"]["rules"]
    by_rule = {one["ruleId"]: one for one in run["results"]}
    assert set(by_rule) == {one["id"] for one in rules} == {"budgets/page-total", "build/no-404"}
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
    heavy = by_rule["budgets/page-total"]
    assert heavy["level"] == "error"
    place = heavy["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "index.html", "uriBaseId": "OUTPUT"}
    assert by_rule["build/no-404"]["level"] == "note"
    assert all(one["helpUri"].startswith("https://") for one in rules)
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    assert "churn could not measure: no browser" in json.dumps(invocation)


def test_waived_findings_are_suppressed_and_not_left_out(site: SiteFolder) -> None:
    waiver = '[[waivers]]\ngate = "budgets"\nreason = "a launch"\nuntil = 2999-01-01\n'
    site.write("constitution.toml", TIGHT + waiver)
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    assert of(judgement, "budgets").verdict is Verdict.WAIVED
    (run,) = sarif.log(judgement, version="1")["runs"]
    told = [one["suppressions"][0]["justification"] for one in run["results"] if "suppressions" in one]
    assert set(told) == {"a launch (until 2999-01-01)"}
    assert b"waived until 2999-01-01 for *: a launch" in junit.document(judgement)


def test_limits_tell_where_they_come_from(site: SiteFolder) -> None:
    site.write("constitution.toml", '[budgets.page]\ncss = "1 KB"\n')
    text = (site.root / "invoke.yaml").read_text(encoding="utf-8")
    over = "/srv/staging.git, policy: {budgets: {page: {total: 10 B}}},"
    site.write("invoke.yaml", text.replace("/srv/staging.git,", over))
    found = explain.explain(site.project, "budgets", "staging")
    limits = {one.key: (one.value, one.origin) for one in found.limits}
    assert limits["budgets.page.css"] == (1_000, "constitution.toml:2")
    assert limits["budgets.page.total"] == (10, "invoke.yaml:7")
    assert limits["budgets.page.javascript"] == (100_000, "default")
    local = {one.key: one.origin for one in explain.explain(site.project, "budgets", "local").limits}
    assert local["budgets.page.total"] == "default"
    build = {one.key: one.origin for one in explain.explain(site.project, "build", "local").limits}
    assert set(build.values()) == {"the gate's own"}


@pytest.mark.parametrize("name", ["build", "typescript", "budgets", "churn", "zero-actions"])
def test_explanations_fit_and_name_every_rule(site: SiteFolder, name: str) -> None:
    found = explain.explain(site.project, name, "local")
    lines = list(explain.lines(found))
    assert set(found.rules) <= set(lines)
    assert [
        one for one in lines if len(one) > 80 and "https://" not in one and not one.startswith(found.gate)
    ] == []


def test_an_unknown_gate_is_refused(site: SiteFolder) -> None:
    with pytest.raises(Stop, match="there is no gate bugdets"):
        explain.explain(site.project, "bugdets", "local")


def waiver(gate: str = "budgets", scope: str = "*", until: str = "2026-06-15") -> Waiver:
    return Waiver(gate=gate, scope=scope, reason="being split", until=date.fromisoformat(until))


HOME = Finding("page-css", "too much", path="/")


@pytest.mark.parametrize(
    ("one", "verdict", "findings", "use", "count"),
    [
        (waiver(), Verdict.WAIVED, [HOME, HOME], Use.USED, 2),
        (waiver(scope="/"), Verdict.FAILED, [HOME], Use.SHORT, 1),
        (waiver(scope="/old/*"), Verdict.FAILED, [HOME], Use.IDLE, 0),
        (waiver(), Verdict.PASSED, [], Use.IDLE, 0),
        (waiver(until="2026-06-14"), Verdict.FAILED, [HOME], Use.ENDED, 0),
        (waiver("budgts"), Verdict.FAILED, [HOME], Use.UNKNOWN, 0),
        (waiver(), Verdict.UNAVAILABLE, [], Use.UNASKED, 0),
    ],
)
def test_waivers_say_what_they_do(
    one: Waiver, verdict: Verdict, findings: list[Finding], use: Use, count: int
) -> None:
    (found,) = stated([one], {"budgets": (verdict, findings)}, ["budgets", "build"], TODAY)
    assert (found.use, found.findings) == (use, count)
    assert ("take it out" in found.line()) is (use in {Use.IDLE, Use.ENDED, Use.UNKNOWN})


def point(name: str, gates: dict[str, str] | None) -> Point:
    summary = None if gates is None else Summary(50.0, {"I": None, "II": 50.0}, gates)
    return Point(name, "deploy", f"2026-01-{name}", name, summary, "" if summary else "gone")


@pytest.mark.parametrize(
    ("points", "first"),
    [
        ([("05", {"a": "failed"}), ("04", {"a": "failed"}), ("03", {"a": "passed"})], "04"),
        ([("05", {"a": "failed"}), ("04", None), ("03", {"a": "unavailable"}), ("02", {})], "03"),
        ([("05", {"a": "failed"}), ("04", {"a": "waived"}), ("03", {"a": "failed"})], "05"),
        ([("05", {"a": "passed"}), ("04", {"a": "failed"})], None),
        ([("05", None), ("04", {"a": "failed"})], "04"),
        ([], None),
    ],
)
def test_a_violation_lasts_since_the_oldest_of_an_unbroken_row(
    points: list[tuple[str, dict[str, str] | None]], first: str | None
) -> None:
    every = [point(*one) for one in points]
    found = history.since(every, "a")
    assert (found.release if found else None) == first
    assert [(gate, one.release) for gate, _, one in history.lasting(every)] == (
        [("a", first)] if first else []
    )


def test_the_history_fits_the_terminal() -> None:
    every = [point("20260301-120000-prod-" + "x" * 50, {"a": "failed"}), point("02", None)]
    for width in (80, 120):
        assert max(len(line) for line in history.table(every, width).splitlines()) <= width
    assert history.from_plain({"no": 1}) is None
    assert history.from_plain(history.plain(Summary(1.0, {}, {}))) == Summary(1.0, {}, {})


def test_files_of_the_site_are_places_in_its_sources(site: SiteFolder) -> None:
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    source, output = of(judgement, "typescript"), of(judgement, "build")
    for judged, path, uri, base in (
        (source, "src/a b.ts", "src/a%20b.ts", "SITE"),
        (output, "/blog/", "blog/index.html", "OUTPUT"),
        (output, "/feed.xml", "feed.xml", "OUTPUT"),
        (output, "", "constitution.toml", "SITE"),
    ):
        place = sarif._location(judged, Finding("x", "y", path=path))["physicalLocation"]
        assert place["artifactLocation"] == {"uri": uri, "uriBaseId": base}
