"""What in a file says where it was built for."""

from __future__ import annotations

import pytest

from pipeline.deploy.agreement import Place, agree, explain, references

STAGING = Place("https://staging.example/", "/", noindex=True)
PROD = Place("https://www.example/", "/")
BELOW = Place("https://me.github.io/site/", "/site/")
BESIDE = Place("https://me.github.io/site-staging/", "/site-staging/")


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("a.html", '<link rel="canonical" href="https://staging.example/a">', True),
        ("a.html", '<meta property="og:url" content="HTTPS://Staging.Example/a">', True),
        ("a.html", '<img srcset="a.png 1x, //staging.example/b.png 2x">', True),
        (
            "a.html",
            '<script type="application/ld+json">{"url":"https:\\/\\/staging.example\\/a"}</script>',
            True,
        ),
        ("a.html", '<a href="https://share.example/?u=https%3A%2F%2Fstaging.example%2Fa">', True),
        ("sitemap-0.xml", "<url><loc>https://staging.example/a</loc></url>", True),
        ("robots.txt", "Sitemap: https://staging.example/sitemap.xml", True),
        ("feed.atom", '<link href="https://staging.example/a"/>', True),
        ("app.webmanifest", '{"start_url": "https://staging.example/"}', True),
        ("a.js", 'fetch("//staging.example/api")', True),
        ("a.js", 'if (location.host === "staging.example") debug()', True),
        ("a.css", "body { background: url(https://staging.example/a.png) }", True),
        ("CNAME", "staging.example\n", True),
        ("a.html", '<a href="https://www.example/a">', False),
        ("a.html", '<a href="/a"><a href="a">', False),
        ("a.html", '<a href="https://not.staging.example/"><a href="https://staging.example.org/">', False),
        ("a.html", "<p>We try things on staging.example first.</p>", False),
        ("a.js.map", '{"sourcesContent": ["https://staging.example/"]}', False),
        ("a.png", "https://staging.example/", False),
    ],
)
def test_an_address_of_the_source_is_found_wherever_it_works(path: str, text: str, found: bool) -> None:
    assert bool(references(path, text.encode(), STAGING, PROD)) is found


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("a.html", '<a href="/site-staging/a">', True),
        ("a.html", "<a href=/site-staging>", True),
        ("a.html", '<astro-island props="{&quot;href&quot;:&quot;/site-staging/a&quot;}">', True),
        ("a.js", 'const base = "/site-staging/"', True),
        ("a.js", "x={base:`/site-staging`}", True),
        ("a.css", "url(/site-staging/a.png)", True),
        ("app.webmanifest", '{"scope":"\\/site-staging\\/"}', True),
        ("sitemap.xml", "<loc>https://me.github.io/site-staging/a</loc>", True),
        ("sitemap.xml", "<loc>https://me.github.io/other/a</loc>", False),
        ("a.html", '<a href="https://other.example/site-staging/">', False),
        ("a.html", '<a href="/site-staging-old/">', False),
        ("a.html", '<a href="../a"><img src="a.png">', False),
    ],
)
def test_a_reference_below_the_base_path_is_found(path: str, text: str, found: bool) -> None:
    elsewhere = Place("https://me.github.io/", "/")
    assert bool(references(path, text.encode(), BESIDE, elsewhere)) is found


def test_one_host_and_two_base_paths_disagree_by_absolute_addresses_too() -> None:
    text = b"<loc>https://me.github.io/site-staging/a</loc>"
    assert references("sitemap.xml", text, BESIDE, BELOW)
    assert not references("sitemap.xml", b"<loc>https://me.github.io/site/a</loc>", BESIDE, BELOW)
    root = Place("https://me.github.io/", "/")
    assert references("sitemap.xml", b"<loc>https://me.github.io/a</loc>", root, BELOW)
    assert references("sitemap.xml", b"<loc>https://me.github.io</loc>", root, BELOW)
    assert not references("sitemap.xml", b"<loc>https://me.github.io/site/a</loc>", root, BELOW)


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("a.html", '<a href="/">', True),
        ("a.html", "<link rel=stylesheet href=/app.css>", True),
        ("a.html", '<img srcset="a.png 1x, /b.png 2x">', True),
        ("a.html", '<meta http-equiv="refresh" content="0; url=/a/">', True),
        ("a.html", '<astro-island props="{&quot;href&quot;:[0,&quot;/a&quot;]}">', True),
        ("a.css", "@import '/b.css'; i { background: url(/a.png) }", True),
        ("a.css", "i { background: url( /a.png ) }", True),
        ("a.js", 'const base = "/", go = `/boats/${id}`', True),
        ("a.json", '{"start_url": "/"}', True),
        ("feed.xml", "<link>/a</link>", True),
        ("robots.txt", "Disallow: /private/", True),
        ("robots.txt", "User-agent: *\nAllow: /\n", False),
        ("a.html", '<a href="//cdn.example/a"><a href="a/b"><br/>and/or 1 / 2', False),
        ("a.js", 'path.split("/").join("/"), /x/.test(a), "</p>", a/b, "// x", "/* x */"', False),
        ("a.css", "i { background: url(a/b.png) } /* x */", False),
    ],
)
def test_a_reference_from_the_root_is_found_where_the_base_path_changes(
    path: str, text: str, found: bool
) -> None:
    assert bool(references(path, text.encode(), Place("https://www.example/", "/"), BELOW)) is found


def test_a_home_page_hidden_from_search_engines_does_not_go_where_it_must_be_found() -> None:
    page = b'<meta name="robots" content="noindex, nofollow">'
    assert references("index.html", page, STAGING, PROD)
    assert not references("404.html", page, STAGING, PROD)
    assert not references("index.html", page, PROD, STAGING)


def test_equal_places_agree_whatever_the_files_say() -> None:
    assert agree([("a.html", b'<a href="https://www.example/a">')], PROD, PROD).agrees


def test_examples_name_file_line_and_text_from_different_files_first() -> None:
    page = b'<html>\n<a href="https://staging.example/1">\n<a href="https://staging.example/2">'
    found = agree([("a.html", page), ("b.html", page), ("c.png", b"")], STAGING, PROD)
    assert (found.files, len(found.references)) == (3, 4)
    assert list(explain(found, shown=2)) == [
        "address: built for https://staging.example/, wanted https://www.example/",
        'a.html:2: <a href="https://staging.example/1">  (the address of the source)',
        'b.html:2: <a href="https://staging.example/1">  (the address of the source)',
        "and 2 more in 2 files",
    ]


def test_a_long_line_is_shown_around_what_was_found() -> None:
    line = b"x" * 5_000 + b' href="https://staging.example/1" ' + b"y" * 5_000
    [found] = references("a.html", line, STAGING, PROD)
    assert "https://staging.example/1" in found.text
    assert len(found.text) <= 160
