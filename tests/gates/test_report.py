from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from checks import GATES, accessibility, build, html, keyboard, links, privacy, runtime
from checks.base import Evidence, Finding, Gate, Measure, Verdict
from pipeline.core.errors import Stop
from pipeline.core.project import open_project
from pipeline.gates import report
from pipeline.gates.evidence import Judged, Judgement
from pipeline.gates.report_pages import folders, rows
from pipeline.gates.report_past import Past, difference, moment_of, remember, remembered, series
from pipeline.gates.report_pictures import Album, Shots
from pipeline.gates.runner import judge_site
from pipeline.gates.waivers import Stated, Use, Waived
from pipeline.site.artifact import snapshot
from pipeline.tools.browser import Browser
from pipeline.tools.chrome import find_chrome

HOSTILE = "</script></style></pre><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"
WAIVED = Waived("/a/", "the map is replaced in spring", "2027-03-31", 1)
# A picture of one pixel.
WEBP = bytes.fromhex("524946461a000000574542505650384c0d0000002f00000010071011118888fe0700")


def judged(name: str = "budgets", *findings: Finding, **more: object) -> Judged:
    gate = GATES[name]
    blocking = any(one.blocking for one in findings)
    values: dict[str, Any] = {
        "gate": name,
        "principle": gate.PRINCIPLE,
        "scope": gate.SCOPE,
        "non_negotiable": gate.NON_NEGOTIABLE,
        "version": gate.VERSION,
        "verdict": Verdict.FAILED if blocking else Verdict.PASSED,
        "reason": "",
        "fix": "",
        "details": (),
        "findings": findings,
        "measures": (),
        "waivers": (),
        "inputs": "",
        "evidence": Evidence({}, measured_at="2026-06-15T12:00:00Z", tools={"axe-core": "4.14.1"}),
        "carried": False,
        "seconds": 1.25,
    }
    return Judged(**{**values, **more})


def judgement(*results: Judged, **more: object) -> Judgement:
    values: dict[str, Any] = {
        "tree": "a" * 40,
        "environment": "prod",
        "policy": "b" * 64,
        "source": "c" * 64,
        "base": "/",
        "url": "https://example.org/",
        "judged_at": "2026-06-15T12:00:00Z",
        "results": results,
        "production": True,
        "threshold": 98.0,
        "duration": 61.5,
    }
    return Judgement(**{**values, **more})


def over(page: str = "/a/", rule: str = "page-css", **more: Any) -> Finding:  # noqa: ANN401 - fields of a finding
    return Finding(rule, f"{page} loads too much", path=page, **more)


def shown(found: Judgement, beside: report.Beside | None = None) -> HTMLParser:
    return HTMLParser(report.html(found, beside or report.Beside(site="lamp", pages=("/", "/a/", "/b/"))))


def words(tree: HTMLParser, selector: str) -> str:
    node = tree.css_first(selector)
    assert node is not None, selector
    return " ".join(node.text().split())


def attributes(tree: HTMLParser, selector: str) -> dict[str, str | None]:
    node = tree.css_first(selector)
    assert node is not None, selector
    return node.attributes


def test_passing_run_says_so_and_names_the_next_command() -> None:
    tree = shown(judgement(judged("build"), judged()))
    assert words(tree, "h1") == "Nothing is in the way of prod"
    assert words(tree, ".next code").endswith("deploy --env=prod")
    assert words(tree, "title") == "lamp, prod: ready to release"
    assert tree.css_first("#first") is None
    assert attributes(tree, ".ring")["aria-label"] == "Score 100.0 of 100"


def test_what_stands_in_the_way_comes_with_place_reason_remedy_and_command() -> None:
    finding = over(
        measured=80_000, limit=50_000, unit="B", details=("30.0 kB  a.css",), fix="remove unused rules"
    )
    tree = shown(judgement(judged("build"), judged("budgets", finding)))
    assert words(tree, "h1") == "1 gate is in the way of prod"
    card = words(tree, ".cards li")
    assert "/a/ loads too much" in card
    assert "30.0 kB a.css" in card
    assert "remove unused rules" in card
    assert "https://web.dev/articles/performance-budgets-101" in card
    assert "build check.budgets --env=prod" in card
    assert "80.0 kB, limit 50.0 kB" in words(tree, "#gate-budgets")
    assert attributes(tree, "#gate-budgets").get("open", "closed") is None
    assert "open" not in attributes(tree, "#gate-build")


def test_place_is_named_unless_the_words_begin_with_it() -> None:
    gone = replace(over("/"), message="/gone.png did not load")
    home = replace(over("/"), message="/ is big")
    card = words(shown(judgement(judged("budgets", gone, home))), ".cards li ul")
    assert card == "/ /gone.png did not load / is big"


def test_gate_that_could_not_measure_tells_the_reason_and_the_remedy() -> None:
    silent = judged(
        "build", verdict=Verdict.UNAVAILABLE, evidence=None, reason="no browser", fix="invoke doctor --fix"
    )
    card = words(shown(judgement(silent, judged())), ".cards li")
    assert "build unavailable" in card
    assert "no browser" in card
    assert "doctor --fix" in card


def test_findings_are_grouped_by_rule_and_pages_by_what_is_worst() -> None:
    many = [over("/b/", "page-css"), over("/a/", "page-css"), over("/b/", "page-javascript")]
    tree = shown(judgement(judged("budgets", *many)))
    assert [node.id for node in tree.css(".rule")] == ["budgets-page-css", "budgets-page-javascript"]
    assert "2 findings on 2 pages" in words(tree, "#budgets-page-css summary")
    assert [node.attributes["data-page"] for node in tree.css("tr[data-page]")] == ["/b/", "/a/", "/"]


def test_waivers_are_shown_with_their_end_and_what_nobody_needs() -> None:
    one = judged("budgets", over(), verdict=Verdict.WAIVED, waivers=(WAIVED,))
    idle = Stated("fonts", "*", "an old one", "2026-01-31", Use.ENDED)
    tree = shown(judgement(one), report.Beside(waivers=(idle,), pages=("/a/",)))
    table = words(tree, "section[aria-labelledby=waivers] table")
    assert "budgets/a/2027-03-31in use for 1 findingthe map is replaced in spring" in table
    assert "fonts*2026-01-31endedan old one" in table
    assert words(tree, "h1").startswith("Nothing is in the way")
    assert attributes(tree, ".items li")["data-kinds"] == "waived"


def test_hostile_words_stay_words() -> None:
    finding = Finding(
        HOSTILE, HOSTILE, path=HOSTILE, details=(HOSTILE,), fix=HOSTILE, source="javascript:alert(3)"
    )
    one = judged(
        "budgets", finding, reason=HOSTILE, fix=HOSTILE, waivers=(replace(WAIVED, reason=HOSTILE),),
        measures=(Measure(HOSTILE, 1, 2, HOSTILE, HOSTILE),),
    )  # fmt: skip
    before = judgement(judged("budgets"))
    found = judgement(one, url=f"https://example.org/{HOSTILE}", run=HOSTILE, missing=(HOSTILE,))
    beside = report.Beside(
        HOSTILE, {"II": HOSTILE}, (Stated(HOSTILE, HOSTILE, HOSTILE, HOSTILE, Use.ENDED),),
        Past((moment_of(before, HOSTILE), moment_of(found, HOSTILE)), HOSTILE, before), (HOSTILE, f"/{HOSTILE}/"),
    )  # fmt: skip
    text = report.html(found, beside)
    tree = HTMLParser(text)
    assert len(tree.css("script")) == 1
    assert len(tree.css("style")) == 1
    assert [node.attributes.get("src") for node in tree.css("img")] == ["data:,"]
    assert not [node for node in tree.css("*") if any(name.startswith("on") for name in node.attributes)]
    assert not [node for node in tree.css("a") if not re.match(r"#|https://", node.attributes["href"] or "")]
    assert "{{7*7}}" in tree.text()


def test_bytes_that_are_no_text_do_not_stop_it() -> None:
    text = report.html(judgement(judged("budgets", over("/\udcff/"))), report.Beside(pages=("/\udcff/",)))
    assert "loads too much" in text.encode("utf-8", "replace").decode()


def test_nothing_is_asked_of_others_and_the_policy_fits_style_and_script() -> None:
    text = report.html(judgement(judged("budgets", over())), report.Beside(pages=("/a/",)))
    tree = HTMLParser(text)
    policy = attributes(tree, "meta[http-equiv]")["content"]
    style, script = (re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL) for tag in ("style", "script"))
    assert style
    assert script
    assert policy == report.policy(style[1], script[1])
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not tree.css("[style], link:not([href='data:,']), iframe, script[src], object, base")
    assert not re.search(r"url\(|@import", style[1])


def test_page_stays_small_and_says_what_it_left_out() -> None:
    pages = [f"/p{at // 100}/{at}/" for at in range(10_000)]
    long = ("x" * 5_000,) * 30
    findings = [
        over(page, f"page-{kind}", details=long if at < 60 else ())
        for at, page in enumerate(pages)
        for kind in ("css", "images")
    ]
    text = report.html(judgement(judged("budgets", *findings)), report.Beside(pages=pages))
    tree = HTMLParser(text)
    assert len(text) < 2_500_000
    assert len(tree.css("tr[data-page]")) == report.MOST_PAGES
    assert len(tree.css(".items > li")) == 2 * report.MOST_OF_A_RULE
    assert "19,920 more are counted here" in tree.text()
    assert "10,000 findings on 10,000 pages" in words(tree, "#budgets-page-css summary")
    left = [int(node.text()) for node in tree.css("td[data-head=pages]") if node.text().isdigit()]
    assert sum(left) == 10_000 - report.MOST_PAGES


def test_pictures_are_embedded_while_there_is_room(tmp_path: Path) -> None:
    (tmp_path / f"{'1' * 64}.webp").write_bytes(WEBP)
    album = Album((tmp_path,), 100)
    assert album.address("1" * 64).startswith("data:image/webp;base64,UklGR")
    assert [album.address("1" * 64), album.left_out] == ["", 1]
    assert album.address("2" * 64) == ""
    assert album.address("../" + "1" * 61) == ""
    finding = over(picture="1" * 64)
    tree = shown(judgement(judged("budgets", finding)), report.Beside(album=Album((tmp_path,), 1_000)))
    assert (attributes(tree, "img.evidence")["src"] or "").startswith("data:image/webp;base64,")


def test_difference_pairs_by_gate_rule_and_place_whatever_the_amounts() -> None:
    before = judgement(
        judged("budgets", over("/a/"), over("/b/")), judged("build"), judged("links", evidence=None)
    )
    louder = replace(over("/a/"), message="/a/ loads far too much")
    now = judgement(judged("budgets", louder, over("/c/")), judged("build"), judged("links"))
    found = difference(before, now)
    assert [one.path for _, one in found.new] == ["/c/"]
    assert [one.path for _, one in found.mended] == ["/b/"]
    assert [one.message for _, one in found.still] == ["/a/ loads far too much"]
    assert found.unknown == ("links",)


def test_same_place_with_more_findings_keeps_the_equal_ones() -> None:
    one, other = (replace(over(), message=text) for text in ("x", "y"))
    found = difference(judgement(judged("budgets", other)), judgement(judged("budgets", one, other)))
    assert [finding.message for _, finding in found.new] == ["x"]
    assert [finding.message for _, finding in found.still] == ["y"]


def test_trends_are_of_what_changed_and_are_remembered(tmp_path: Path) -> None:
    moments = [
        moment_of(
            judgement(
                judged("budgets", measures=(Measure("CSS", at * 10, None, "B"), Measure("same", 1))),
                judged_at=f"2026-06-1{at}T12:00:00Z",
            ),
            "first" if at == 1 else "",
        )
        for at in (1, 2, 3)
    ]
    remember(tmp_path, "prod", moments)
    assert remembered(tmp_path, "local") == {}
    kept = remembered(tmp_path, "prod")
    assert list(kept.values()) == moments
    lines = {one.name: one for one in series(list(kept.values()))}
    assert list(lines) == ["score", "findings in the way", "budgets: CSS"]
    assert lines["budgets: CSS"].last == (156.0, 4.0)
    assert lines["budgets: CSS"].curve == "4,36 80,20 156,4"
    assert [name for _, _, name in lines["budgets: CSS"].releases] == ["first"]
    assert series(moments[:1]) == []


def test_spoilt_memory_is_begun_anew(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"format": 1, "environments": {"prod": [{"digest": 1}]}}', '{"format": 99}'):
        path = tmp_path / "cache" / "report.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        assert remembered(tmp_path, "prod") == {}


def test_weights_come_from_budgets_and_pages_that_are_left_out_are_summed_by_folder() -> None:
    data = {
        "files": [["a.css", "css", 700]],
        "pages": [{"page": "/a/", "html": 300, "inline": {}, "assets": [0]}],
    }
    found = rows(
        judgement(judged("budgets", over("/x/b/"), evidence=Evidence(data))), ["/a/", "/x/b/", "/x/c/"], {}
    )
    assert {row.page: row.weight for row in found} == {"/x/b/": None, "/a/": 1000, "/x/c/": None}
    summed = {one.name: (one.pages, one.blocking, one.heaviest) for one in folders(found)}
    assert summed == {"/a/": (1, 0, 1000), "/x/": (2, 1, None)}


def test_record_of_another_layout_costs_a_column_and_no_more() -> None:
    found = rows(judgement(judged("budgets", evidence=Evidence({"pages": [{}], "files": [1]}))), ["/"], {})
    assert [row.weight for row in found] == [None]


STARTED = datetime(2026, 6, 15, 12, tzinfo=UTC)
SETTINGS = "site: {name: report, framework: plain, package_manager: none, install: [], build: []}\n"


@pytest.fixture
def report_site(git_repo: Path, git: Callable[..., str], tmp_path: Path) -> Path:
    """A site whose only page is a report with everything in it."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / f"{'1' * 64}.webp").write_bytes(WEBP)
    findings = [over("/a/", details=("main > img  <img src=x>",), fix="remove it", picture="1" * 64)]
    findings += [over("/b/", "page-total", blocking=False), over("/b/", "site-css", measured=3, limit=2)]
    bad = judgement(
        judged("budgets", *findings, measures=(Measure("CSS", 10, 5, "B", "/a/"),)),
        judged("build", verdict=Verdict.UNAVAILABLE, evidence=None, reason="no browser", fix="invoke doctor"),
        judged("html", over("/b/", "nesting"), verdict=Verdict.WAIVED, waivers=(WAIVED,)),
        judged("links"),
        machine={"cores": 2, "memory": 8e9, "platform": "Linux", "load_start": None, "load_end": None},
    )
    earlier = judgement(judged("budgets", over("/c/")), judged("html"), judged_at="2026-06-14T12:00:00Z")
    past = Past((moment_of(earlier, "first"), moment_of(bad)), "first", earlier)
    beside = report.Beside(
        "lamp", {"II": "Performance: fast"}, (), past, ("/", "/a/", "/b/"), {}, Album((pictures,), 10_000),
        {"/a/": Shots("1" * 64, "1" * 64)},
    )  # fmt: skip
    output = git_repo / "dist"
    output.mkdir()
    (output / "index.html").write_text(report.html(bad, beside), encoding="utf-8")
    (git_repo / "invoke.yaml").write_text(SETTINGS)
    (git_repo / "constitution.toml").write_text("")
    (git_repo / ".gitignore").write_text(".pages/\ndist/\n")
    git(git_repo, "add", "--all")
    git(git_repo, "commit", "--quiet", "--message", "site")
    return git_repo


def verdicts_of(site: Path, gates: tuple[Gate, ...]) -> dict[str, Any]:
    project = open_project(site)
    artifact = snapshot(site / "dist", project.state / "objects.git")
    found = judge_site(project, artifact, "local", only=[gate.NAME for gate in gates], clock=lambda: STARTED)
    return {
        one.gate: one.reason or [(finding.rule, finding.details) for finding in one.findings]
        for one in found.results
        if one.verdict is not Verdict.PASSED
    }


def test_report_passes_our_own_gates_that_read_files(report_site: Path) -> None:
    assert verdicts_of(report_site, (build, links)) == {}


@pytest.mark.slow
@pytest.mark.node
def test_report_passes_our_own_gates_in_a_browser(report_site: Path) -> None:
    try:
        find_chrome()
    except Stop as stop:
        pytest.skip(f"{stop.message}; {stop.hint}")
    found = verdicts_of(report_site, (html, accessibility, keyboard, runtime, privacy))
    assert found == {}, json.dumps(found, indent=1)


@pytest.mark.slow
def test_filter_leaves_what_fits_and_pictures_open_from_a_file(report_site: Path) -> None:
    try:
        program = find_chrome().path
    except Stop as stop:
        pytest.skip(f"{stop.message}; {stop.hint}")
    found = asyncio.run(_used(program, (report_site / "dist/index.html").as_uri()))
    assert found == {
        "all": [4, 3],
        "gate": [1, 1, "1 of 4 findings and 1 of 3 pages fit", ["gate-html"]],
        "words": [1, 0],
        "advice": [1, 1],
        "again": [4, 3, False],
        "picture": [True, "/a/ on a phone"],
        "closed": [False, True],
        "said": [],
    }


_SEEN = """[".items > li", "tr[data-page]"].map(
  (one) => [...document.querySelectorAll(one)].filter((row) => !row.hidden).length)"""
_FORM = "const form = document.getElementById('filter'); const told = () => form.dispatchEvent(new Event('input'));"


async def _used(program: Path, url: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    said: list[str] = []
    async with Browser(program) as browser:
        tab = await browser.tab()
        tab.on("Log.entryAdded", lambda event: said.append(event["entry"]["text"]))
        tab.on("Runtime.exceptionThrown", lambda event: said.append(str(event)))
        for domain in ("Page", "Log", "Runtime"):
            await tab.send(f"{domain}.enable")
        loaded = asyncio.Event()
        tab.on("Page.loadEventFired", lambda _: loaded.set())
        await tab.send("Page.navigate", url=url)
        await asyncio.wait_for(loaded.wait(), 30)

        async def value(script: str, result: str) -> Any:  # noqa: ANN401 - JSON
            return await tab.evaluate(f"(async () => {{ {_FORM} {script}; return {result}; }})()")

        found["all"] = await value("", _SEEN)
        found["gate"] = await value(
            "form.elements.gate.value = 'html'; told()",
            f"[...{_SEEN}, document.getElementById('count').textContent, "
            "[...document.querySelectorAll('.gate:not([hidden])')].map((one) => one.id)]",
        )
        found["words"] = await value(
            "form.elements.gate.value = ''; form.elements.text.value = 'img SRC'; told()", _SEEN
        )
        found["advice"] = await value(
            "form.elements.text.value = ''; "
            "for (const one of form.querySelectorAll('[name=kind]')) one.checked = one.value === 'advice'; told()",
            _SEEN,
        )
        again = "form.reset(); await new Promise((done) => setTimeout(done, 50))"
        found["again"] = await value(again, f"[...{_SEEN}, document.getElementById('gate-links').open]")
        dialog = "document.getElementById('picture')"
        await value("document.querySelector('button.shot').focus()", "0")
        await tab.press("Enter")
        found["picture"] = await value("", f"[{dialog}.open, {dialog}.querySelector('img').alt]")
        await tab.press("Escape")
        back = "document.activeElement.matches('button.shot')"
        found["closed"] = await value(
            "await new Promise((done) => setTimeout(done, 50))", f"[{dialog}.open, {back}]"
        )
    return {**found, "said": said}
