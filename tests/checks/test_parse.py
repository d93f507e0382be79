from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.parse import css, html, javascript
from checks.parse.srcset import SCREENS, Screen, Source, candidates, chosen, matches, slot

PHONE, DESK = SCREENS


def uses(markup: str) -> list[tuple[str, str]]:
    return [(one.use, one.url) for one in html.read(markup.encode()).references]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<script src=a.js></script>", [("script", "a.js")]),
        ("<script type=module src=a.js></script>", [("module", "a.js")]),
        ("<script nomodule src=old.js></script>", [("media", "old.js")]),
        ("<script type=application/ld+json src=x></script>", []),
        ("<link rel='stylesheet' href=a.css>", [("style", "a.css")]),
        ("<link rel='alternate stylesheet' href=a.css>", [("style", "a.css")]),
        ("<link rel=modulepreload href=a.js>", [("module", "a.js")]),
        ("<link rel=preload as=font href=a.woff2>", [("preload", "a.woff2")]),
        ("<link rel=prefetch href=later.js>", []),
        ("<link rel=canonical href=/x/>", []),
        ("<link rel=icon href=/favicon.svg>", [("icon", "/favicon.svg")]),
        ("<img src=a.png>", [("candidate", "a.png")]),
        ("<img src=a.png srcset='b.png 2x'>", [("candidate", "a.png"), ("candidate", "b.png")]),
        ("<input type=image src=a.png><input src=b.png>", [("image", "a.png")]),
        ("<video src=a.mp4 poster=p.jpg></video>", [("image", "p.jpg"), ("media", "a.mp4")]),
        (
            "<svg><image href=a.png /><use xlink:href='s.svg#i' /></svg>",
            [("image", "a.png"), ("image", "s.svg#i")],
        ),
        ("<p style='background:url(a.png)'>x</p>", [("image", "a.png")]),
        ("<noscript><img src=n.png></noscript>", []),
        ("<template><img src=t.png></template>", []),
        ("<script>var s='<img src=x.png>'</script>", []),
        (
            "<astro-island component-url='/c.js' renderer-url='/r.js'></astro-island>",
            [("module", "/c.js"), ("module", "/r.js")],
        ),
    ],
)
def test_page_refers_to(markup: str, expected: list[tuple[str, str]]) -> None:
    assert uses(f"<!doctype html><html><head></head><body>{markup}</body></html>") == expected


def test_page_facts() -> None:
    page = html.read(
        b"<!-- x -->\n<!DOCTYPE html><html><head><title> A &amp; B </title><base href='/r/'></head><body>"
        b"<svg><title>no</title></svg><script>run()</script><style>p{}</style>\xc3\xa9</body>"
    )
    assert (page.doctype, page.title, page.base_href, page.fragment) == (True, "A & B", "/r/", False)
    assert page.scripts == ("run()",)
    assert page.styles == ("p{}",)
    assert ord("é") in page.characters


def test_many_leading_comments_cost_no_more_than_their_length() -> None:
    start = time.process_time()
    assert not html.read(b"<!-- c -->" * 2_000 + b"<p>").doctype
    assert time.process_time() - start < 1


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    html.read(data)


def test_style_sheet_refers_to_sheets_images_and_the_first_usable_font_of_each_face() -> None:
    sheet = css.read("""
        @import "a.css" screen; @import url(b.css);
        /* url(comment.png) */
        p { background: url( "c.png" ), url(data:image/png;base64,AA) } q { cursor: url('d.cur') }
        @font-face { font-family: X; src: url(x.eot?#iefix) format("embedded-opentype"),
            url(x.woff2) format("woff2"), url(x.woff) format("woff"); unicode-range: U+0-FF, U+4?? }
        @font-face { font-family: Y; src: local("Y"), url(data:font/woff2;base64,AA), url(y.woff) }
        r { filter: url(#blur) }
    """)
    assert sheet.imports == ("a.css", "b.css")
    assert sheet.urls == ("c.png", "d.cur")
    assert sheet.faces == (css.Face("x.woff2", ((0, 255), (0x400, 0x4FF))),)


def test_font_is_wanted_only_for_characters_in_its_range() -> None:
    cyrillic = css.Face("c.woff2", ((0x400, 0x4FF),))
    assert not cyrillic.wanted(frozenset(map(ord, "Hello")))
    assert cyrillic.wanted(frozenset(map(ord, "Привет")))
    assert css.Face("all.woff2").wanted(frozenset())


@pytest.mark.parametrize(
    ("code", "now", "later"),
    [
        ('import"./a.js";', ("./a.js",), ()),
        ('import{a as b,c}from"./a.js";', ("./a.js",), ()),
        ("import d, * as e from '../a.js'", ("../a.js",), ()),
        ("import {\n  a,\n  b,\n} from '/_astro/a.js'", ("/_astro/a.js",), ()),
        ('export*from"./a.js";export{x}from"./b.js"', ("./a.js", "./b.js"), ()),
        ('const l=()=>import("./lazy.js")', (), ("./lazy.js",)),
        ("import(/* @vite-ignore */ `./lazy.js`)", (), ("./lazy.js",)),
        ("import(`./${name}.js`)", (), ()),
        ('import React from "react"', (), ()),
        ('export const a="./no.js"', (), ()),
        ("const important='./no.js'", (), ()),
        ("import.meta.url+'./no.js'", (), ()),
    ],
)
def test_script_imports(code: str, now: tuple[str, ...], later: tuple[str, ...]) -> None:
    assert (javascript.imports(code), javascript.dynamic_imports(code)) == (now, later)


@pytest.mark.parametrize(
    ("source", "phone", "desk"),
    [
        (Source(src="a"), "a", "a"),
        (Source(src="a", srcset="b 2x"), "b", "a"),
        (Source(src="a", srcset="s 400w, m 800w, l 1600w"), "m", "l"),
        (Source(src="a", srcset="s 400w, m 800w, l 1600w", sizes="(max-width: 600px) 50vw, 400px"), "s", "s"),
        (Source(src="a", srcset="s 400w, m 800w", sizes="(min-width: 1000px) 900px, 100vw"), "m", "m"),
        (Source(src="a", srcset="x 100w"), "x", "x"),
        (Source(srcset="only 1x"), "only", "only"),
        (Source(src="a", srcset="broken nonsense"), "a", "a"),
    ],
)
def test_browser_takes(source: Source, phone: str, desk: str) -> None:
    assert (chosen((source,), PHONE), chosen((source,), DESK)) == (phone, desk)


def test_picture_takes_the_first_source_that_fits() -> None:
    picture = (
        Source(srcset="a.jxl", type="image/jxl"),
        Source(srcset="wide.avif", type="image/avif", media="(min-width: 800px)"),
        Source(srcset="a.webp", type="image/webp"),
        Source(src="a.jpg"),
    )
    assert chosen(picture, PHONE) == "a.webp"
    assert chosen(picture, DESK) == "wide.avif"
    assert chosen((), PHONE) == ""


def test_srcset_with_a_data_url_keeps_its_comma() -> None:
    assert candidates("data:image/png;base64,AA 1x, b.png 2x") == [
        ("data:image/png;base64,AA", "1x"),
        ("b.png", "2x"),
    ]


def test_sizes_and_media_that_cannot_be_read_count_as_the_whole_width() -> None:
    assert slot("calc(100vw - 2rem)", PHONE) == 412
    assert slot("auto, 20rem", PHONE) == 320
    assert matches("(orientation: portrait)", PHONE)
    assert not matches("print", PHONE)
    assert matches("(width >= 25rem)", PHONE)
    assert not matches("(width <= 400px)", PHONE)


@given(st.text(max_size=60), st.text(max_size=30))
def test_no_srcset_makes_the_choice_raise(srcset: str, sizes: str) -> None:
    chosen((Source(src="a", srcset=srcset, sizes=sizes),), Screen(412, 1.75))


@given(st.text(max_size=200))
def test_no_text_makes_the_css_and_script_readers_raise(text: str) -> None:
    css.read(text)
    javascript.imports(text)
