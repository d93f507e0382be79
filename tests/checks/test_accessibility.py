from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from checks import accessibility, pa11y
from checks.__main__ import PlainTools
from checks.base import Finding, Result, Subject, Unavailable, Verdict, verdict
from checks.parse import wcag
from tests.checks.conftest import MakeSubject, Visited


def found(visited: Visited, page: str, standard: str = "wcag21aa") -> dict[str, Finding]:
    limits = {**accessibility.LIMITS, "standard": standard}
    return {
        one.rule: one
        for one in accessibility.judge(visited.evidence(accessibility), limits)
        if one.path == page
    }


def test_what_both_checkers_find_is_told_once(visited: Visited) -> None:
    rules = found(visited, "/barriers.html")
    assert {name for name, one in rules.items() if one.blocking} == {
        "axe:color-contrast",
        "axe:html-has-lang",
        "axe:image-alt",
        "axe:label",
        "axe:link-name",
    }
    # HTML_CodeSniffer calls both errors; the one breaks no criterion, the other none any more.
    advice = {name for name, one in rules.items() if not one.blocking}
    assert advice == {"htmlcs:4_1_1.F77", "htmlcs:3_2_2.H32.2", "overflow"}
    codes = {one["code"].split(".")[3] for one in visited.page("/barriers.html")["views"][0]["htmlcs"]}
    assert codes >= {"1_1_1", "1_3_1", "3_1_1", "4_1_2"}


def test_what_only_one_of_them_finds_is_kept(visited: Visited) -> None:
    assert set(found(visited, "/keys.html")) == {"htmlcs:2_4_1.G1,G123,G124.NoSuchID"}
    for view in visited.page("/barriers.html")["views"]:
        view["axe"]["violations"] = []
    blocking = {name for name, one in found(visited, "/barriers.html").items() if one.blocking}
    assert {name.partition(".")[0] for name in blocking} >= {"htmlcs:1_1_1", "htmlcs:1_3_1", "htmlcs:1_4_3"}


def test_a_finding_says_what_where_in_which_view_and_how_to_mend_it(visited: Visited) -> None:
    one = found(visited, "/barriers.html")["axe:color-contrast"]
    assert one.message == "text is hard to read on its background (WCAG 1.4.3): 2 elements"
    pale, dark = one.details
    assert pale == '.pale  <p class="pale">Pale text</p>'
    assert dark == '.dark  <p class="dark">Pale in the dark only</p>  dark only'
    assert "4.5:1" in one.fix
    assert one.source == "https://dequeuniversity.com/rules/axe/4.14/color-contrast"
    assert one.picture == visited.page("/barriers.html")["views"][0]["picture"] != ""


def test_an_overflow_at_390_pixels_is_advice_that_does_not_claim_to_have_measured_320(
    visited: Visited,
) -> None:
    one = found(visited, "/barriers.html")["overflow"]
    assert not one.blocking
    assert one.measured == visited.page("/barriers.html")["views"][0]["overflow"]
    assert "at 390 pixels" in one.message
    assert "320" in one.message


def test_a_good_page_passes(visited: Visited) -> None:
    visited.only("/")
    evidence = visited.evidence(accessibility)
    assert accessibility.judge(evidence, accessibility.LIMITS) == []
    assert [one.value for one in accessibility.measures(evidence, accessibility.LIMITS)] == [1, 0]


@pytest.mark.parametrize(
    ("tags", "blocking"),
    [
        (["wcag2a", "wcag111"], (True, True, True)),
        (["wcag21aa", "wcag1412"], (True, True, True)),
        (["wcag22aa", "wcag258"], (False, True, False)),
        (["wcag2aaa", "wcag146"], (False, False, True)),
        (["best-practice"], (False, False, False)),
    ],
)
def test_the_standard_says_what_blocks(
    visited: Visited, tags: list[str], blocking: tuple[bool, bool, bool]
) -> None:
    node = {"target": "#x", "html": "<p id=x>", "summary": ""}
    rule = {"id": "a-rule", "impact": "serious", "help": "Do it", "helpUrl": "https://example.net/"}
    visited.only("/")
    visited.page("/")["views"][0]["axe"]["violations"] = [{**rule, "tags": tags, "count": 1, "nodes": [node]}]
    standards = ("wcag21aa", "wcag22aa", "wcag21aaa")
    assert tuple(found(visited, "/", one)["axe:a-rule"].blocking for one in standards) == blocking


@pytest.mark.parametrize(
    ("href", "blocked"),
    [
        ("#top", False),
        ("#", False),
        ("#TOP", False),
        ("#:~:text=tide", False),
        ("#topics", True),
        ("#gone", True),
    ],
)
def test_a_link_to_the_top_of_the_page_needs_no_id(visited: Visited, href: str, *, blocked: bool) -> None:
    visited.only("/")
    message = {
        "code": "WCAG2AA.Principle2.Guideline2_4.2_4_1.G1,G123,G124.NoSuchID",
        "message": "This link leads nowhere",
        "selector": "p > a",
        "context": f'<a href="{href}">Up</a>',
    }
    visited.page("/")["views"][0]["htmlcs"] = [message]
    assert any(one.blocking for one in found(visited, "/").values()) is blocked


def test_what_axe_is_not_sure_of_is_advice(visited: Visited) -> None:
    visited.only("/")
    node = {"target": "#x", "html": "<p id=x>", "summary": ""}
    rule = {
        "id": "color-contrast",
        "impact": "serious",
        "help": "Contrast",
        "helpUrl": "https://example.net/",
    }
    visited.page("/")["views"][0]["axe"]["incomplete"] = [
        {**rule, "tags": ["wcag2aa", "wcag143"], "count": 1, "nodes": [node]}
    ]
    one = found(visited, "/")["unsure"]
    assert (one.blocking, one.message.startswith("not sure, please look: ")) == (False, True)


def test_a_page_that_could_not_be_visited_is_unavailable(visited: Visited) -> None:
    visited.records = [{"page": "/", "file": "index.html", "failed": "the browser crashed"}]
    findings = accessibility.judge(visited.evidence(accessibility), accessibility.LIMITS)
    assert verdict(findings) is Verdict.UNAVAILABLE


def test_every_criterion_has_a_level_and_an_address() -> None:
    # https://www.w3.org/TR/WCAG22/: 87 criteria, 4.1.1 was removed from it, 2.4.12 and 2.4.13, 3.3.9 are AAA.
    assert len(wcag.CRITERIA) == 84
    assert {level for level, _ in wcag.CRITERIA.values()} == {"A", "AA", "AAA"}
    assert wcag.CRITERIA["1.4.3"] == ("AA", "contrast-minimum")
    assert wcag.understanding(["2.4.7"]) == "https://www.w3.org/WAI/WCAG22/Understanding/focus-visible.html"


def test_codes_are_read() -> None:
    code = wcag.read("WCAG2AA.Principle1.Guideline1_4.1_4_3.G18.Fail")
    assert (code.criterion, code.short, code.tags) == ("1.4.3", "1_4_3.G18", ("wcag2aa", "wcag143"))
    assert wcag.criteria(["wcag2aa", "wcag143", "wcag1410", "cat.color"]) == ["1.4.3", "1.4.10"]


class Pa11yTools(PlainTools):
    """A toolbox whose pa11y-ci prints what the test gives it; `%s` is where the files are served."""

    def __init__(self, folder: Path, out: str, code: int | None = 2) -> None:
        self.folder, self.out, self.code = folder, out, code
        self.config: dict[str, object] = {}

    def which(self, name: str) -> str:
        return f"/bin/{name}"

    def toolbox(self, group: str) -> Path:
        assert group == "pa11y"
        return self.folder

    def browser(self) -> Path:
        return Path("/usr/bin/chromium")

    @contextmanager
    def served(self, subject: Subject) -> Iterator[str]:
        yield f"http://127.0.0.1:1{subject.base}"

    def run(
        self, argv: Sequence[str], *, cwd: Path, timeout: float, env: Mapping[str, str | None] | None = None
    ) -> Result:
        assert timeout > 0
        assert env
        self.config = json.loads((cwd / list(argv)[list(argv).index("--config") + 1]).read_text())
        return Result(self.code, self.out, "")


ISSUES = [
    {"code": "image-alt", "type": "error", "message": "Images must have alternate text (url)", "context": "<img>",
     "selector": "img", "runner": "axe",
     "runnerExtras": {"helpUrl": "https://dequeuniversity.com/rules/axe/4.10/image-alt?application=axe"}},
    {"code": "WCAG2AA.Principle1.Guideline1_4.1_4_3.G18.Fail", "type": "error", "message": "Insufficient contrast",
     "context": "<p>", "selector": "p", "runner": "htmlcs", "runnerExtras": {}},
    {"code": "tabindex", "type": "error", "message": "Elements should not (https://example.net/)", "context": "<a>",
     "selector": "a", "runner": "axe", "runnerExtras": {}},
    {"code": "region", "type": "notice", "message": "A notice", "context": "<p>", "selector": "p", "runner": "axe"},
]  # fmt: skip


def by_pa11y(make_subject: MakeSubject) -> Subject:
    subject = make_subject({"index.html": "<p>", "blog/index.html": "<p>"}, base="/site/")
    return replace(subject, plans={"accessibility": "pa11y-ci wcag21aa"})


def test_pa11y_is_asked_with_objects_and_its_report_is_read(
    make_subject: MakeSubject, tmp_path: Path
) -> None:
    results = {"http://127.0.0.1:1/site/": ISSUES, "http://127.0.0.1:1/site/blog/": []}
    tools = Pa11yTools(tmp_path, json.dumps({"total": 2, "passes": 1, "errors": 2, "results": results}))
    evidence = accessibility.collect(by_pa11y(make_subject), tools)
    findings = accessibility.judge(evidence, accessibility.LIMITS)
    assert [(one.rule, one.path, one.blocking) for one in findings] == [
        ("pa11y:1_4_3.G18", "/", True),
        ("pa11y:image-alt", "/", True),
        ("pa11y:tabindex", "/", False),
    ]
    assert findings[1].source == "https://dequeuniversity.com/rules/axe/4.10/image-alt"
    assert tools.config["urls"] == [{"url": url} for url in sorted(results)]


@pytest.mark.parametrize("out", ["", "npm ERR! not found", "{}", '{"results": []}', '{"results": {"x": 1}}'])
def test_garbage_of_pa11y_is_unavailable(make_subject: MakeSubject, tmp_path: Path, out: str) -> None:
    with pytest.raises(Unavailable, match="something else than its JSON report") as caught:
        accessibility.collect(by_pa11y(make_subject), Pa11yTools(tmp_path, out))
    assert "accessibility.engine" in caught.value.fix


def test_pages_that_pa11y_could_not_look_at_are_unavailable(
    make_subject: MakeSubject, tmp_path: Path
) -> None:
    results = {"http://127.0.0.1:1/site/": [{"message": "Pa11y timed out (60000ms)"}]}
    tools = Pa11yTools(tmp_path, json.dumps({"results": results}))
    findings = accessibility.judge(accessibility.collect(by_pa11y(make_subject), tools), accessibility.LIMITS)
    assert [one.path for one in findings if one.unmeasured] == ["/", "/blog/"]
    assert verdict(findings) is Verdict.UNAVAILABLE
    with pytest.raises(Unavailable, match="not done after"):
        accessibility.collect(by_pa11y(make_subject), Pa11yTools(tmp_path, "", code=None))


def test_pa11y_knows_its_configuration() -> None:
    assert pa11y.settings({}, Path("/c"), Subject(Path(), Path(), (), "", ""))["defaults"]["runners"] == [
        "axe",
        "htmlcs",
    ]
