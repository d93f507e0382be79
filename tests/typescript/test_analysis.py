"""Totals, order of repair, roadmap; and what they look like as SARIF, as a page and on a terminal."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.commands import type_report
from pipeline.core.errors import Stop
from pipeline.phases.analyse import Report, value_of
from pipeline.typescript import page, sarif, trend
from pipeline.typescript.analysis import EFFORT, STAGES, Analysis, Outside, analyse
from pipeline.typescript.categories import CATEGORIES, category
from pipeline.typescript.record import Error
from pipeline.typescript.roots import Root
from pipeline.typescript.trend import Point


def made(file: str, line: int, code: int, message: str, root: str, kind: str = "other") -> tuple[Error, Root]:
    error = Error(file, line, 3, code, message, category(code, message))
    return error, Root(("declared", root), kind, root, "src/b.ts", 40)


FOUND = [
    made("src/a.ts", 4, 7006, "Parameter 'x' implicitly has an 'any' type.", "parameter x", "untyped"),
    made("src/a.ts", 9, 18048, "'y' is possibly 'undefined'.", "member y", "nullable"),
    made("src/c.ts", 2, 18048, "'y' is possibly 'undefined'.", "member y", "nullable"),
    made("src/old.ts", 2, 2322, "Type 'number' is not assignable to type 'string'.", "variable z", "given"),
    made("src/a.ts", 1, 2307, "Cannot find module './gone' or <its> types.", 'module "./gone"', "module"),
    made("src/a.ts", 2, 6133, "'q' is declared but its value is never read.", "q, unused", "unused"),
]
GONE = Outside("missing", "no commit ever held src/gone.*", "add the file", "src/a.ts", ("./gone",))


def analysis(**more: object) -> Analysis:
    given = {
        "places": {("src/b.ts", 40): 7},
        "reached": {"src/a.ts": "src/a.ts", "src/c.ts": "src/a.ts"},
        "checked_by_build": True,
        "outside": [GONE],
        **more,
    }
    return analyse(FOUND, **given)  # type: ignore[arg-type]


def report(done: Analysis) -> Report:
    points = (Point("2026-01-01T00:00:00Z", "", 9, 5), Point("2026-01-02T00:00:00Z", "", 6, 5))
    versions = {"typescript": "5.9.3"}
    return Report(done, "npx tsc --noEmit", ("tsconfig.json",), versions, points, 1.0, "2026-01-02T00:00:00Z")


def test_causes_outside_come_first_and_unreached_code_late() -> None:
    done = analysis()
    assert [(one.title, one.step, one.errors) for one in done.causes] == [
        ('module "./gone"', "outside", 1),
        ("member y", "shared", 2),
        ("parameter x", "types", 1),
        ("q, unused", "unused", 1),
        ("variable z", "unreached", 1),
    ]
    assert [one.order for one in done.problems] == [1, 2, 3, 4, 5, 6]
    assert done.causes[1].place == "src/b.ts:7"
    assert done.outside[0].errors == 1


def test_a_roadmap_counts_down_to_nothing() -> None:
    done = analysis()
    assert [(one.key, one.errors, one.left) for one in done.stages] == [
        ("outside", 1, 5),
        ("shared", 2, 3),
        ("types", 1, 2),
        ("unused", 1, 1),
        ("unreached", 1, 0),
    ]
    assert set(STAGES) >= {one.key for one in done.stages}
    assert set(EFFORT) == set(CATEGORIES)


def test_totals_by_category() -> None:
    rows = {one.category: one for one in analysis().rows}
    nulls = rows["null check"]
    assert (nulls.errors, nulls.causes, nulls.blocking, nulls.unreached, nulls.minutes) == (2, 1, 2, 0, 4)
    assert rows["interface or property"].unreached == 1


def test_without_an_entry_reachability_is_unknown() -> None:
    done = analysis(reached=None)
    assert {one.reached for one in done.problems} == {None}
    assert "unreached" not in {one.step for one in done.causes}


def test_only_syntax_blocks_a_build_that_checks_no_types() -> None:
    broken = made("src/a.ts", 3, 1005, "';' expected.", "';' expected.")
    done = analyse([*FOUND, broken], places={}, reached=None, checked_by_build=False)
    assert [one.error.code for one in done.problems if one.blocks] == [1005]


def test_sarif_has_what_the_standard_requires() -> None:
    log = sarif.log(analysis(), version="1.0", checker="typescript 5.9.3")
    assert (log["version"], log["$schema"]) == (
        "2.1.0",
        "https://json.schemastore.org/sarif-2.1.0.json",
    )
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    assert len({one["id"] for one in rules}) == len(rules)
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["level"] in {"none", "note", "warning", "error"}
        assert one["message"]["text"]
        for where in [*one["locations"], *one.get("relatedLocations", [])]:
            place = where["physicalLocation"]
            assert re.fullmatch(r"[\w./%-]+", place["artifactLocation"]["uri"])
            assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
            assert place["region"]["startLine"] >= 1
            assert place["region"].get("startColumn", 1) >= 1
    assert len(run["results"]) == 6
    json.dumps(log)


def test_sarif_of_the_project_as_a_whole_and_of_odd_names() -> None:
    found = [
        (
            Error("", 0, 0, 18003, "No inputs were found.", "configuration"),
            Root(("a",), "other", "a", "", -1),
        ),
        (Error("src/[a] b.ts", 1, 1, 2322, "x", "other"), Root(("b",), "other", "b", "", -1)),
    ]
    log = sarif.log(analyse(found, places={}, reached=None, checked_by_build=True), version="1", checker="")
    places = [one["locations"][0]["physicalLocation"] for one in log["runs"][0]["results"]]
    assert {one["artifactLocation"]["uri"] for one in places} == {"tsconfig.json", "src/%5Ba%5D%20b.ts"}


class Outline(HTMLParser):
    """The addresses that a page asks for, its ids and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "href"} and value:
                self.addresses.append(value)
            if name == "id" and value:
                self.ids.append(value)


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    return found


ABOUT = {
    "name": "<site>",
    "at": "now",
    "command": "tsc",
    "configs": ("tsconfig.json",),
    "versions": {},
    "notes": (),
}


def test_a_page_asks_for_nothing_and_escapes_what_it_shows() -> None:
    text = page.html(analysis(), ABOUT, report(analysis()).points)
    found = outline(text)
    assert all(one.startswith("#") and one[1:] in found.ids for one in found.addresses)
    assert len(set(found.ids)) == len(found.ids)
    assert {"img", "link", "iframe"}.isdisjoint(found.tags)
    assert "url(" not in text
    assert "&lt;its&gt;" in text
    assert "<its>" not in text
    assert "&lt;site&gt;" in text
    assert "polyline points=" in text


def test_a_page_without_an_error_has_no_filter() -> None:
    text = page.html(analyse([], places={}, reached=None, checked_by_build=True), ABOUT, ())
    assert "The type checker reports no error." in text
    assert "<script" not in text


@pytest.mark.parametrize(
    ("minutes", "told"), [(0.5, "1 min"), (59, "59 min"), (60, "1 h"), (130, "2 h 10 min"), (4800, "10 d")]
)
def test_durations(minutes: float, told: str) -> None:
    assert page.duration(minutes) == told


def test_a_terminal_of_80_columns_has_room(capsys: pytest.CaptureFixture[str]) -> None:
    type_report.show(report(analysis()))
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("6 errors in 3 files, from 5 causes\n")
    assert "trend: 9 → 6" in text
    assert text.index("not in the code") < text.index("causes of several errors") < text.index("roadmap")


def test_json_holds_everything() -> None:
    value = json.loads(json.dumps(value_of(report(analysis()))))
    assert (value["errors"], len(value["causes"]), len(value["diagnostics"])) == (6, 5, 6)
    assert value["codes"]["TS18048"] == 2


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="cannot be written"):
        type_report.write_sarif(report(analysis()), str(tmp_path))


def test_an_equal_point_takes_the_place_of_the_last(tmp_path: Path) -> None:
    trend.add(tmp_path, Point("1", "a", 5, 2))
    trend.add(tmp_path, Point("2", "a", 5, 2))
    assert trend.add(tmp_path, Point("3", "b", 4, 2)) == [Point("2", "a", 5, 2), Point("3", "b", 4, 2)]
    (tmp_path / "ts/trend.json").write_text("[{}]")
    assert trend.read(tmp_path) == []
