from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import budgets
from checks.__main__ import PlainTools
from checks.base import Evidence, Subject, size_text

MakeSubject = Callable[..., Subject]
TOOLS = PlainTools()


def noise(size: int, seed: int = 1) -> str:
    return "/*" + random.Random(seed).randbytes(size // 2).hex() + "*/"


def page(body: str = "", head: str = "") -> str:
    return f"<!doctype html><title>x</title>{head}<body>{body}"


def parts(subject: Subject, address: str = "/") -> dict[str, dict[str, int]]:
    evidence = budgets.collect(subject, TOOLS)
    row = next(row for row in evidence.data["pages"] if row["page"] == address)
    return budgets._page_parts(row, evidence.data["files"])


def test_page_loads_everything_that_its_references_reach(make_subject: MakeSubject) -> None:
    head = (
        "<link rel=stylesheet href=/a.css><script type=module src=/a.js></script>"
        "<link rel=modulepreload href=/pre.js><link rel=icon href=/icon.svg><link rel=prefetch href=/next.js>"
    )
    subject = make_subject(
        {
            "index.html": page("<img src=/photo.webp><video src=/film.mp4></video>", head),
            "a.css": "@import 'b.css'; @font-face{src:url(f.woff2)} p{background:url(bg.png)}",
            "b.css": "p{}",
            "a.js": "import './b.js'; import('./lazy.js'); import 'react'",
            "b.js": "import './a.js'",
            "pre.js": "1",
            "lazy.js": "import './lazy-part.js'",
            "lazy-part.js": "1",
            "next.js": "1",
            "f.woff2": b"1" * 100,
            "bg.png": b"1" * 50,
            "photo.webp": b"1" * 70,
            "film.mp4": b"1" * 9_999,
            "icon.svg": "<svg/>",
            "unused.js": "1",
        }
    )
    loaded = parts(subject)
    assert set(loaded["javascript"]) == {"a.js", "b.js", "pre.js"}
    assert set(loaded["css"]) == {"a.css", "b.css"}
    assert loaded["images"] == {"bg.png": 50, "photo.webp": 70}
    assert loaded["fonts"] == {"f.woff2": 100}
    evidence = budgets.collect(subject, TOOLS)
    later = {evidence.data["files"][index][0] for index in evidence.data["pages"][0]["later"]}
    assert later == {"lazy.js", "lazy-part.js"}


def test_text_counts_as_gzip_and_the_rest_as_it_is(make_subject: MakeSubject) -> None:
    subject = make_subject(
        {
            "index.html": page("<img src=a.png><script src=a.js></script>"),
            "a.js": "x" * 10_000,
            "a.png": b"x" * 10_000,
        }
    )
    loaded = parts(subject)
    assert loaded["javascript"]["a.js"] < 100
    assert loaded["images"]["a.png"] == 10_000


def test_inline_code_counts_to_its_kind_and_once_to_the_total(make_subject: MakeSubject) -> None:
    script = noise(4_000)
    subject = make_subject({"index.html": page(f"<script>{script}</script><style>{noise(2_000)}</style>")})
    loaded = parts(subject)
    assert 1_500 < loaded["javascript"]["inline in the HTML"] < 4_000
    assert loaded["css"]["inline in the HTML"] > 700
    assert set(loaded["total"]) == {"the page's HTML"}


def test_inline_module_and_island_reach_their_imports(make_subject: MakeSubject) -> None:
    body = "<script type=module>import '/a.js'</script><astro-island component-url=/c.js></astro-island>"
    subject = make_subject({"index.html": page(body), "a.js": "1", "c.js": "import './d.js'", "d.js": "1"})
    assert set(parts(subject)["javascript"]) >= {"a.js", "c.js", "d.js"}


def test_only_one_candidate_of_an_image_counts_on_the_heavier_screen(make_subject: MakeSubject) -> None:
    body = (
        "<picture><source type=image/avif srcset='s.avif 400w, l.avif 1600w'>"
        "<source type=image/webp srcset=w.webp>"
        "<img src=f.jpg></picture>"
    )
    files = {"s.avif": b"1" * 10, "l.avif": b"1" * 90, "w.webp": b"1" * 99, "f.jpg": b"1" * 200}
    assert parts(make_subject({"index.html": page(body), **files}))["images"] == {"l.avif": 90}


def test_font_subset_that_the_page_has_no_character_for_does_not_count(make_subject: MakeSubject) -> None:
    sheet = (
        "@font-face{src:url(latin.woff2);unicode-range:U+0-FF}"
        "@font-face{src:url(cyrillic.woff2);unicode-range:U+400-4FF}"
    )
    files = {"a.css": sheet, "latin.woff2": b"1", "cyrillic.woff2": b"1"}
    head = "<link rel=stylesheet href=/a.css>"
    subject = make_subject({"index.html": page("Hello", head), "ru.html": page("Привет, мир", head), **files})
    assert set(parts(subject)["fonts"]) == {"latin.woff2"}
    assert set(parts(subject, "/ru.html")["fonts"]) == {"latin.woff2", "cyrillic.woff2"}


def test_files_are_found_under_the_base_path(make_subject: MakeSubject) -> None:
    files = {"index.html": page("<script src=/repo/a.js></script>"), "a.js": "1"}
    assert set(parts(make_subject(files, base="/repo/"))["javascript"]) == {"a.js"}
    assert parts(make_subject(files, base="/"))["javascript"] == {}


def evidence(**weights: int) -> Evidence:
    kinds = {"js": "javascript", "css": "css", "png": "images", "woff2": "fonts"}
    files = [[f"file.{name}", kinds[name], weight] for name, weight in weights.items()]
    row = {"page": "/blog/", "html": 1_000, "inline": {"javascript": 0, "css": 0},
           "assets": list(range(len(files))), "later": []}  # fmt: skip
    return Evidence({"files": files, "pages": [row]})


@pytest.mark.parametrize(
    ("weights", "page_limits", "site_limits", "rules"),
    [
        ({}, {"total": 1_000}, {}, []),
        ({"js": 100_000}, {"javascript": 100_000}, {}, []),
        ({"js": 100_001}, {"javascript": 100_000}, {}, ["page-javascript"]),
        ({"css": 2}, {"css": 1}, {"css": 1}, ["page-css", "site-css"]),
        ({"png": 2}, {"images": 1}, {}, ["page-images"]),
        ({"woff2": 2}, {"fonts": 1}, {}, ["page-fonts"]),
        ({"js": 1}, {"total": 1_000}, {}, ["page-total"]),
        ({"js": 9}, {"javascript": None, "total": None}, {"total": 8}, ["site-total"]),
        ({"js": 9}, {"javascript": 0}, {}, ["page-javascript"]),
    ],
)
def test_judge(
    weights: dict[str, int], page_limits: dict[str, Any], site_limits: dict[str, Any], rules: list[str]
) -> None:
    findings = budgets.judge(evidence(**weights), {"page": page_limits, "site": site_limits})
    assert [one.rule for one in findings] == rules
    assert all(one.fix and one.blocking for one in findings)


def test_finding_says_page_measured_budget_over_biggest_files_and_a_fix() -> None:
    (finding,) = budgets.judge(evidence(js=123_400), {"page": {"javascript": 100_000}})
    assert finding.message == "/blog/ loads 123.4 kB of JavaScript, 23.4 kB over its budget of 100.0 kB"
    assert (finding.path, finding.measured, finding.limit, finding.unit) == ("/blog/", 123_400, 100_000, "B")
    assert finding.details == (" 123.4 kB  file.js",)
    assert "budgets.page.javascript" in finding.fix


def test_measures_name_the_heaviest_page_also_when_all_is_well() -> None:
    measured = {one.name: one for one in budgets.measures(evidence(js=5, css=3), budgets.LIMITS)}
    total = measured["all files, heaviest page"]
    assert (total.value, total.limit, total.where) == (1_008, 500_000, "/blog/")
    assert total.details[0].endswith("the page's HTML")
    assert measured["CSS, whole site"].value == 3


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(0, 10**9), max_size=20))
def test_biggest_lists_every_byte(weights: dict[str, int]) -> None:
    lines = list(budgets.biggest(weights))
    assert len(lines) == min(len(weights), 5) + (len(weights) > 5)
    if weights:
        assert lines[0].strip().startswith(size_text(max(weights.values())))


def test_the_defaults_are_those_of_the_policy() -> None:
    from pipeline.core.schema import Policy

    assert Policy().budgets.model_dump(mode="json") == budgets.LIMITS
