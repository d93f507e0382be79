"""The gate `lighthouse`: which pages, which runs count, how many are made, and what is said about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from checks import lighthouse
from checks.base import Change, Evidence, File, Limits, Subject, Tools, Unavailable, Verdict, verdict
from checks.lighthouse import LIMITS, RULES, collect, inputs, judge, measures
from checks.lighthouse_pages import choose
from checks.lighthouse_runs import counting, disturbed, inside, limits_of, middle, over, score, values

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


def run(wall: float = 100, cpu: float = 90, *, whole: Any = True, **given: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return one run; values far inside of every limit unless given by name, and `failed`."""
    scores = {name: given.pop(name.replace("-", "_"), 1) for name in CATEGORIES}
    metrics = {"lcp": 900, "fcp": 600, "cls": 0, "tbt": 0, "cpu_tbt": 0, "si": 700, "weight": 9_000}
    made = {
        "wall": wall,
        "cpu": cpu,
        "refs": {
            name: [[f"{name}-audit", 1, scores[name]]]
            for name in CATEGORIES
            if whole or name == "performance"
        },
        "failed": given.pop("failed", []),
        "advice": given.pop("advice", []),
        "film": [{"ms": 375, "picture": "aa"}, {"ms": 750, "picture": "bb"}],
        "assertions": given.pop("assertions", []),
    }
    return {**made, "metrics": {**metrics, **given}}


LOST = {"wall": 900.0, "cpu": 100.0}


class Scripted:
    """Lighthouse that answers from a list: runs, or why there is none."""

    tools: Mapping[str, str] = {"lighthouse": "13"}

    def __init__(self, answers: Sequence[Any], kept: Sequence[Any] = (), **limits: Any) -> None:  # noqa: ANN401
        self.answers = list(answers)
        self.before = list(kept)
        self.limits: Limits = {**LIMITS, "presets": ["mobile"], **limits}
        self.asked: list[tuple[str, str, int, int]] = []

    def kept(self, page: str, preset: str) -> list[Any]:  # noqa: ARG002 - as the Protocol has it
        return list(self.before)

    def measure(self, page: str, preset: str, categories: Sequence[str], count: int) -> list[Any]:
        self.asked.append((page, preset, len(categories), count))
        found = []
        for _ in range(count):
            answer = self.answers.pop(0)
            if isinstance(answer, str):
                raise Unavailable(answer)
            found.append(answer)
        return found

    def lighthouse(self, subject: Subject) -> Scripted:  # noqa: ARG002
        return self


PAGE = "<!doctype html><html><head><title>A</title>{}</head><body><main>{}</main></body></html>"


def gather(tmp_path: Path, script: Scripted, pages: Mapping[str, str] | None = None) -> Evidence:
    return collect(_site(tmp_path, pages or {"index.html": PAGE.format("", "x")}), cast("Tools", script))


def _site(tmp_path: Path, pages: Mapping[str, str]) -> Subject:
    from checks.scan import subject

    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return subject(tmp_path, source=tmp_path)


def data(*rows: Mapping[str, Any]) -> Evidence:
    basis = {"page": "/", "preset": "mobile", "excluded": {}, "problem": "", "carried": 0}
    return Evidence({"left": 0, "rows": [{**basis, **row} for row in rows]})


@pytest.mark.parametrize(
    ("wall", "cpu", "expected"),
    [(100, 100, False), (250, 100, False), (251, 100, True), (150, 49, True), (110, 10, False), (101, 0, True)],
)  # fmt: skip
def test_a_run_is_disturbed_by_ratio_and_difference(wall: float, cpu: float, expected: bool) -> None:
    assert disturbed(run(wall, cpu)) is expected


def test_a_score_is_lighthouses_weighted_mean() -> None:
    refs = [["a", 10, 1], ["b", 25, 0.5], ["c", 1, 0]]
    assert score(refs, {}) == 63  # 22.5 / 36 = 0.625, which JavaScript rounds up
    assert score(refs, {"c": "why"}) == 64
    assert score([["a", 3, 0]], {}) == 0
    assert score([], {}) is None
    assert score(refs, {"a": "", "b": "", "c": ""}) is None


def test_limits_of_patterns_come_on_top_in_order() -> None:
    limits = {
        **LIMITS,
        "pages": [
            {"path": "/blog/*", "lcp": 3000.0, "tbt": None},
            {"path": "/blog/old/*", "lcp": 4000.0, "performance": 50.0},
        ],
    }
    assert limits_of(limits, "/")["lcp"] == 2500
    new = limits_of(limits, "/blog/new/")
    assert (new["lcp"], new["tbt"], new["performance"]) == (3000, 200, 95)
    assert (limits_of(limits, "/blog/old/a/")["lcp"], limits_of(limits, "/blog/old/a/")["performance"]) == (
        4000,
        50,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),
        ({"lcp": 2000}, True),
        ({"lcp": 2001}, False),
        ({"cls": 0.081}, False),
        ({"tbt": 161}, False),
        ({"performance": 0.96}, True),
        ({"performance": 0.95}, False),
        ({"seo": 0.5}, True),  # the same in every run
    ],
)
def test_one_run_is_enough_20_percent_inside(given: Mapping[str, float], expected: bool) -> None:
    assert inside(values(run(**given), {}), limits_of(LIMITS, "/")) is expected


def test_a_limit_of_zero_is_kept_by_zero_only() -> None:
    limits = {**limits_of(LIMITS, "/"), "cls": 0.0, "performance": 100.0}
    assert inside(values(run(), {}), limits)
    assert not inside(values(run(cls=0.001), {}), limits)
    assert not inside(values(run(performance=0.99), {}), limits)


def test_which_runs_count() -> None:
    limits = limits_of(LIMITS, "/")
    near, lost, good = run(lcp=2400), run(lcp=9000, **LOST), run()
    assert counting([near, near], 3, limits) == []
    assert counting([near, lost, near, near], 3, limits) == [near, near, near]
    assert counting([near, good], 3, limits) == [good]
    # Other programs only add time: what is far inside in spite of them is inside.
    calm = run(**LOST)
    assert counting([calm], 3, limits) == [calm]


def test_the_median_and_what_is_over() -> None:
    assert middle([{"lcp": 1}, {"lcp": 9, "seo": 80}, {"lcp": 2}]) == {"lcp": 2, "seo": 80}
    assert over("lcp", 2500, 2500) is False
    assert over("lcp", 2500.1, 2500) is True
    assert over("seo", 95, 95) is False
    assert over("seo", 94, 95) is True
    assert over("lcp", 9e9, None) is False


def test_one_run_when_all_is_far_inside(tmp_path: Path) -> None:
    script = Scripted([run()])
    evidence = gather(tmp_path, script)
    assert script.asked == [("/", "mobile", 4, 1)]
    assert judge(evidence, script.limits) == []
    assert [(one.name, one.value) for one in measures(evidence, script.limits)][:3] == [
        ("pages measured", 1), ("runs", 1), ("disturbed runs", 0),
    ]  # fmt: skip


def test_as_many_as_wanted_near_a_limit_and_all_categories_once(tmp_path: Path) -> None:
    script = Scripted([run(lcp=2600), run(lcp=2400, whole=False), run(lcp=2450, whole=False)])
    evidence = gather(tmp_path, script)
    assert script.asked == [("/", "mobile", 4, 1), ("/", "mobile", 1, 2)]
    assert judge(evidence, script.limits) == []
    over_the_limit = Scripted([run(lcp=2600), run(lcp=2501, whole=False), run(lcp=2450, whole=False)])
    found = judge(gather(tmp_path, over_the_limit), LIMITS)
    assert [(one.rule, one.measured, one.limit, one.unit) for one in found] == [("lcp", 2501, 2500, "ms")]
    assert found[0].message == "/ shows its largest part after 2.5 s on a phone; the limit is 2.5 s"


def test_disturbed_runs_are_replaced_three_times_at_most(tmp_path: Path) -> None:
    lost, near = run(lcp=2450, **LOST), run(lcp=2450)
    script = Scripted([lost, near, lost, near, lost, near])
    evidence = gather(tmp_path, script)
    assert len(evidence.data["rows"][0]["runs"]) == 6
    assert judge(evidence, script.limits) == []
    # After four, three undisturbed ones could not be had any more.
    busy = Scripted([lost] * 20)
    with pytest.raises(Unavailable) as caught:
        gather(tmp_path, busy)
    assert caught.value.reason == "/ on a phone was not measured: other programs disturbed 4 of 4 runs"
    assert "invoke check.lighthouse" in caught.value.fix


def test_a_page_that_cannot_be_measured_never_passes(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="it hangs"):
        gather(tmp_path, Scripted(["it hangs"]))
    two = {"index.html": PAGE.format("", "x"), "a.html": PAGE.format("<script src=a.js></script>", "x")}
    evidence = gather(
        tmp_path, Scripted(["it hangs", run(performance=0.5), *[run(performance=0.5, whole=False)] * 2]), two
    )
    found = judge(evidence, LIMITS)
    assert {(one.rule, one.unmeasured) for one in found} == {("unmeasured", True), ("performance", False)}
    assert verdict(found) is Verdict.FAILED


def test_three_failures_in_a_row_end_it(tmp_path: Path) -> None:
    pages = {f"{name}.html": PAGE.format(f"<script src={name}.js></script>", "x") for name in "abcdef"}
    script = Scripted(["no browser"] * 6)
    with pytest.raises(Unavailable) as caught:
        gather(tmp_path, script, pages)
    assert len(script.asked) == 3
    assert caught.value.details[0].endswith("html: no browser")


def test_kept_runs_are_not_made_again(tmp_path: Path) -> None:
    script = Scripted([], kept=[run()])
    assert gather(tmp_path, script).data["rows"][0]["carried"] == 1
    assert script.asked == []
    # Of three that are needed two are there; those disturbed back then do not count against this time.
    lost = run(lcp=2450, **LOST)
    more = Scripted([run(lcp=2450)], kept=[lost, lost, lost, lost, run(lcp=2450), run(lcp=2450)])
    gather(tmp_path, more)
    assert more.asked == [("/", "mobile", 1, 1)]
    # Without the other categories they are not whole.
    part = Scripted([run()], kept=[run(whole=False)])
    gather(tmp_path, part)
    assert part.asked == [("/", "mobile", 4, 1)]


def test_old_evidence_under_tighter_limits_is_not_enough(tmp_path: Path) -> None:
    evidence = gather(tmp_path, Scripted([run(lcp=1500)]))
    found = judge(evidence, {**LIMITS, "lcp": 1600})
    assert [(one.rule, one.unmeasured, one.fix) for one in found] == [
        ("unmeasured", True, "invoke check.lighthouse --fresh")
    ]
    assert judge(evidence, {**LIMITS, "lcp": 3000}) == []


def test_findings_name_audits_elements_and_both_screens() -> None:
    audit: dict[str, Any] = {
        "id": "image-alt",
        "category": "accessibility",
        "title": "Images have no alt",
        "why": "",
    }
    audit = {**audit, "items": ["img <img>"], "source": "https://x"}
    rows: list[dict[str, Any]] = [
        {"runs": [run(accessibility=0.8, failed=[audit])]},
        {"preset": "desktop", "runs": [run(whole=False, lcp=2600), *[run(whole=False, lcp=2700)] * 2]},
    ]
    found = {one.rule: one for one in judge(data(*rows), LIMITS)}
    assert set(found) == {"accessibility", "lcp"}
    assert (
        found["accessibility"].message
        == "/ has 80 of 100 for accessibility on a phone; at least 95 is needed"
    )
    assert found["accessibility"].details == ("Images have no alt", "  img <img>")
    assert found["accessibility"].source == "https://x"
    assert found["lcp"].message == "/ shows its largest part after 2.7 s on a desktop; the limit is 2.5 s"
    assert found["lcp"].picture == "bb"
    assert "lighthouse.lcp in constitution.toml" in found["lcp"].fix
    both = [
        {"preset": name, "runs": [run(cls=value)] * 3} for name, value in (("mobile", 0.3), ("desktop", 0.5))
    ]
    (one,) = judge(data(*both), LIMITS)
    assert one.message == "/ jumps by 0.50 while it loads on a desktop, 0.30 on a phone; the limit is 0.10"


def test_a_score_of_zero_fails() -> None:
    (found,) = judge(data({"runs": [run(seo=0)]}), LIMITS)
    assert (found.rule, found.measured) == ("seo", 0)


def test_audits_that_cannot_hold_here_are_left_out_by_name() -> None:
    refs = {"refs": {**run()["refs"], "seo": [["is-crawlable", 4, 0], ["canonical", 1, 1]]}}
    row = {"runs": [{**run(), **refs}]}
    assert [one.rule for one in judge(data(row), LIMITS)] == ["seo"]
    assert judge(data({**row, "excluded": {"is-crawlable": "the page asks not to be listed"}}), LIMITS) == []


def test_what_lighthouse_ci_refuses_and_we_do_not_is_advice() -> None:
    row = {"runs": [run(assertions=["total-blocking-time: 210 against <= 200"])]}
    (found,) = judge(data(row), LIMITS)
    assert (found.rule, found.blocking) == ("lhci-assertion", False)
    assert verdict([found]) is Verdict.PASSED


def test_every_rule_is_told_and_pages_override(tmp_path: Path) -> None:
    bad = run(performance=0.1, accessibility=0, best_practices=0, seo=0, lcp=9000, fcp=9000, cls=9, tbt=9000)
    found = judge(data({"runs": [bad] * 3}, {"page": "/x", "runs": [], "problem": "gone"}), LIMITS)
    assert {one.rule for one in found} == set(RULES) - {"lhci-assertion"}
    assert all(one.fix and one.source.startswith("https://") and len(one.details) <= 5 for one in found)
    loose = {
        "path": "*",
        "performance": 0,
        "accessibility": 0,
        "best_practices": 0,
        "seo": 0,
        "lcp": 1e5,
        "fcp": 1e5,
    }
    left = judge(data({"runs": [bad] * 3}), {**LIMITS, "pages": [loose]})
    assert {one.rule for one in left} == {"cls", "tbt"}


class _Live:
    tree = "live"

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def changes(self, files: Sequence[File], /) -> Iterator[Change]:
        yield from (Change(file.path, b"old", b"new") for file in files if file.path in self.paths)


def post(number: int) -> str:
    words = "<p>word</p>" * number
    return (
        "<!doctype html><title>Post</title><link rel=stylesheet href=/post.css><body><div id=app><header>x</header>"
        f"<main class=post><article><h1>{number}</h1>{words}</article></main></div></body>"
    )


PAGES = {
    "index.html": "<!doctype html><title>Home</title><link rel=stylesheet href=/home.css><body><main>x</main>",
    "404.html": "<!doctype html><title>Not here</title><body>x",
    "old.html": "<!doctype html><title>Moved</title><meta http-equiv=refresh content='0; url=/'><body>x",
    "part.html": "<p>a part that a script loads</p>",
    "google1.html": "google-site-verification: google1.html",
    "hidden.html": "<!doctype html><title>Hidden</title><meta name=ROBOTS content='NOINDEX, follow'><body><b>x</b>",
    **{f"posts/{number}/index.html": post(number) for number in (1, 50, 7)},
    "home.css": "a{}",
    "post.css": "b{}",
}


def chosen(subject: Subject, **more: Any) -> dict[str, list[str]]:  # noqa: ANN401
    return {one.page: one.why for one in choose(subject, **{"every": False, "changed": 5, **more}).pages}


def test_pages_are_home_one_of_each_template_and_the_heaviest(tmp_path: Path) -> None:
    subject = _site(tmp_path, PAGES)
    assert chosen(subject) == {
        "/": ["home", "template"],
        "/hidden.html": ["template"],
        # The heaviest of its template.
        "/posts/50/": ["template", "heaviest"],
    }
    assert len(chosen(subject, every=True)) == 5
    noindex = {one.page for one in choose(subject, every=True, changed=0).pages if one.noindex}
    assert noindex == {"/hidden.html"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (("posts/1/index.html",), {"/posts/1/"}),
        (("post.css",), {"/posts/1/", "/posts/50/", "/posts/7/"}),
        ((), set()),
    ],
)
def test_changed_pages_are_those_whose_html_or_assets_differ(
    tmp_path: Path, changed: tuple[str, ...], expected: set[str]
) -> None:
    subject = replace(_site(tmp_path, PAGES), live=_Live(*changed))
    assert {page for page, why in chosen(subject).items() if "changed" in why} == expected


def test_too_many_changed_pages_are_left_out_and_counted(tmp_path: Path) -> None:
    subject = replace(_site(tmp_path, PAGES), live=_Live("post.css"))
    choice = choose(subject, every=False, changed=1)
    assert (choice.changed, choice.left) == (3, 2)


def test_a_site_without_pages_has_nothing_to_measure(tmp_path: Path) -> None:
    evidence = gather(tmp_path, Scripted([]), {"a.css": "a{}"})
    assert (evidence.nothing, judge(evidence, LIMITS)) == ("the site has no page", [])


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, tree="other"),
        lambda one: replace(one, base="/b/"),
        lambda one: replace(one, versions={"chromium": "2"}),
        lambda one: replace(one, versions={"lighthouse": "14"}),
        lambda one: replace(one, plans={"lighthouse": "other"}),
        lambda one: replace(one, live=_Live()),
    ],
)
def test_inputs_name_what_is_measured_and_by_what(
    tmp_path: Path, change: Callable[[Subject], Subject]
) -> None:
    subject = _site(tmp_path, {"index.html": "x"})
    assert inputs(change(subject)) != inputs(subject)
    assert inputs(replace(subject, plans={"churn": "other"}, versions={"axe-core": "4"})) == inputs(subject)


def test_it_runs_alone() -> None:
    assert (lighthouse.TIMED, lighthouse.NON_NEGOTIABLE, lighthouse.SCOPE) == (True, False, "page")
