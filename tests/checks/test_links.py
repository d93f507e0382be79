from __future__ import annotations

import gzip
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from checks import links, scan
from checks.base import Subject, Unavailable
from checks.looks import looks
from tests.checks.pages import EXAMPLE, complete, found, page, said

MakeSubject = Callable[..., Subject]
URL = "https://ann.example/"
SITEMAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'


def sitemap(*urls: str) -> str:
    return SITEMAP.format("".join(f"<url><loc>{url}</loc></url>" for url in urls))


def rss(link: str = URL, more: str = "<description>d</description>") -> str:
    item = f"<item><title>t</title><link>{link}</link></item>"
    return f'<rss version="2.0"><channel><title>t</title><link>{URL}</link>{more}{item}</channel></rss>'


def alternate(**languages: str) -> str:
    return "".join(
        f'<link rel="alternate" hreflang="{code.replace("_", "-")}" href="{href}">'
        for code, href in languages.items()
    )


FEED = '<link rel="alternate" type="application/rss+xml" href="/rss.xml">'
# What is wrong on the home page of a site that has /about/ and /old.html: (body, head, more files, rule, where).
WRONG = {
    "a page that is not there": ('<a href="/gone/">x</a>', "", {}, "missing-page", "/"),
    "a relative link one level too high": ('<a href="../about/">x</a>', "", {}, None, ""),
    "a name in other capitals": ('<a href="/About/">x</a>', "", {}, "missing-page", "/"),
    "a slash after a file": ('<a href="/old/">x</a>', "", {}, "missing-page", "/"),
    "an encoded name that is not there": ('<a href="/caf%C3%A9/">x</a>', "", {}, "missing-page", "/"),
    "a link in full": (f'<a href="{URL}gone/">x</a>', "", {}, "missing-page", "/"),
    "a link of an image map": ('<map><area href="/gone.html" alt=x></map>', "", {}, "missing-page", "/"),
    "a place that the page lacks": ('<a href="/about/#nowhere">x</a>', "", {}, "missing-fragment", "/"),
    "a place that this page lacks": ('<a href="#nowhere">x</a>', "", {}, "missing-fragment", "/"),
    "a place in other capitals": ('<a href="/about/#Team">x</a>', "", {}, "missing-fragment", "/"),
    "a frame that is not there": ('<iframe src="/map.html"></iframe>', "", {}, "missing-frame", "/"),
    "subtitles that are not there": ('<video><track src="en.vtt"></video>', "", {}, "missing-frame", "/"),
    "no address at all": ('<a href="http://[half">x</a>', "", {}, "bad-address", "/"),
    "a script over http": ("", '<script src="http://cdn.example/a.js"></script>', {}, "mixed-content", "/"),
    "a font over http": ("", "", {"a.css": "@font-face{src:url(http://x.example/f.woff2)}"}, "mixed-content", "a.css"),
    "a style sheet over http": ("", '<link rel=stylesheet href="http://x.example/a.css">', {}, "mixed-content", "/"),
    "a canonical address of nothing": ("", f'<link rel=canonical href="{URL}gone/">', {}, "canonical-missing", "/"),
    "a sitemap that breaks off": ("", "", {"sitemap.xml": "<urlset><url>"}, "sitemap-broken", "sitemap.xml"),
    "a sitemap that is a page": ("", "", {"sitemap.xml": "<html></html>"}, "sitemap-broken", "sitemap.xml"),
    "a sitemap with a dead page": ("", "", {"sitemap.xml": sitemap(URL, URL + "gone/")}, "sitemap-page", "sitemap.xml"),
    "robots with a dead sitemap": ("", "", {"robots.txt": f"Sitemap: {URL}map.xml"}, "sitemap-missing", "robots.txt"),
    "a feed that is not there": ("", FEED, {}, "feed-missing", "/"),
    "a feed that breaks off": ("", FEED, {"rss.xml": "<rss><channel>"}, "feed-broken", "rss.xml"),
    "a feed without description": ("", FEED, {"rss.xml": rss(more="")}, "feed-element", "rss.xml"),
    "a feed with a dead link": ("", FEED, {"rss.xml": rss(URL + "gone/")}, "feed-link", "rss.xml"),
    "Atom without an id": (
        "", "", {"atom.xml": '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title></feed>'},
        "feed-element", "atom.xml",
    ),
    "no such region": ("", alternate(en="/", en_UK="/about/", x_default="/"), {}, "hreflang-code", "/"),
    "no such language": ("", alternate(en="/", xx="/about/", x_default="/"), {}, "hreflang-code", "/"),
    "an underscore": ("", '<link rel=alternate hreflang=pt_BR href="/">', {}, "hreflang-code", "/"),
    "a dead translation": ("", alternate(en="/", de="/de/", x_default="/"), {}, "hreflang-missing", "/"),
}  # fmt: skip


def site(body: str = "", head: str = "", more: dict[str, str] | None = None) -> dict[str, str]:
    linked = '<a href="/about/#team">a</a><a href="/old">o</a>'
    about = page('<h2 id="team">T</h2><a name="caf&eacute;">c</a><a href="../">home</a>', title="About")
    return {
        "index.html": page(linked + body, head),
        "about/index.html": about,
        "old.html": page(title="Old"),
        **(more or {}),
    }


@pytest.mark.parametrize("name", [name for name, case in WRONG.items() if case[3]])
def test_what_breaks_is_refused_where_it_is(make_subject: MakeSubject, name: str) -> None:
    body, head, more, rule, where = WRONG[name]
    findings = said(links, make_subject(site(body, head, more), url=URL))
    blocking = [one for one in findings if one.blocking]
    assert found(blocking) == {(rule, where)}
    assert complete(findings, links)


ADVICE = {
    "a folder without its slash": ('<a href="/about">x</a>', "", {}, "redirect", "/"),
    "an empty address": ('<a href="">x</a>', "", {}, "empty-link", "/"),
    "a script as address": ('<a href="javascript:void(0)">x</a>', "", {}, "script-link", "/"),
    "one's own machine": ('<a href="http://localhost:4321/">x</a>', "", {}, "local-link", "/"),
    "a place made by a script": (
        '<a href="#menu">x</a><script>document.body.id = "menu"</script>', "", {}, "scripted-fragment", "/",
    ),
    "an image over http": ('<img src="http://x.example/a.png" alt="">', "", {}, "mixed-media", "/"),
    "a relative canonical address": ("", '<link rel=canonical href="/">', {}, "canonical-relative", "/"),
    "a canonical address of a redirect": (
        "", f'<link rel=canonical href="{URL}about">', {}, "canonical-redirect", "/",
    ),
    "two canonical addresses": (
        "", f'<link rel=canonical href="{URL}"><link rel=canonical href="{URL}old">', {}, "canonical-several", "/",
    ),
    "a translation that does not answer": (
        "", alternate(en="/", de="/about/", x_default="/"), {}, "hreflang-return", "/",
    ),
    "no default language": ("", alternate(en="/", de="/about/"), {}, "hreflang-default", "/"),
    "a page that the sitemap lacks": ("", "", {"sitemap.xml": sitemap(URL, URL + "old")}, "sitemap-lacks", "/about/"),
    "a page twice": ("", "", {"sitemap.xml": sitemap(URL, URL)}, "sitemap-twice", "sitemap.xml"),
    "somebody else's page": ("", "", {"sitemap.xml": sitemap("https://b.example/")}, "sitemap-foreign", "sitemap.xml"),
    "a redirect in the sitemap": ("", "", {"sitemap.xml": sitemap(URL + "about")}, "sitemap-redirect", "sitemap.xml"),
    "a page behind no link": (
        "", "", {"sitemap.xml": sitemap(URL + "far/"), "far/index.html": page(title="Far")}, "orphan", "/far/",
    ),
    "a hidden page in the sitemap": (
        "", "", {"sitemap.xml": sitemap(URL + "h"), "h.html": page(head="<meta name=robots content=noindex>")},
        "sitemap-noindex", "sitemap.xml",
    ),
    "two files for one address": ("", "", {"about.html": page()}, "shadowed", "/about/"),
}  # fmt: skip


@pytest.mark.parametrize("name", ADVICE)
def test_what_could_be_better_is_advice(make_subject: MakeSubject, name: str) -> None:
    body, head, more, rule, where = ADVICE[name]
    findings = said(links, make_subject(site(body, head, more), url=URL))
    assert (rule, where) in found(findings)
    assert not [one for one in findings if one.blocking]
    assert complete(findings, links)


GOOD = [
    "#", "#top", "#TOP", "/about/#top", "/about/#team", "/about/#team:~:text=words", "/about/#:~:text=words",
    "/about/#caf%C3%A9", "about/", "./about/", "about/index.html", "old", "old.html", "?page=2", "/about/?a=1#team",
    "mailto:ann@ann.example", "tel:+4712345678", "https://other.example/gone/#x", "//other.example/", "/old#/settings",
    " /about/ ", "/./about/", "/x/../about/", "data:text/plain,x", URL, URL + "about/#team", "/%61bout/",
]  # fmt: skip


@pytest.mark.parametrize("href", GOOD)
def test_good_links_are_not_refused(make_subject: MakeSubject, href: str) -> None:
    assert said(links, make_subject(site(f'<a href="{href}">x</a>'), url=URL)) == []


def test_base_path_is_asked_for_only_where_it_is_missing(make_subject: MakeSubject) -> None:
    body = (
        '<a href="/repo/about/">ok</a><a href="about/">ok</a><a href="/about/">x</a><a href="/cv/">other</a>'
        '<a href="https://ann.example/cv/">in full</a>'
    )
    files = {"index.html": page(body), "about/index.html": page('<a href="/repo/">home</a>', title="About")}
    findings = said(links, make_subject(files, base="/repo/", url="https://ann.example/repo/"))
    assert found(findings) == {("base-path", "/"), ("outside", "/")}
    assert [one.blocking for one in findings] == [True, False]
    assert "/repo/about/" in findings[0].message


def test_line_and_remedy_lead_to_the_link(make_subject: MakeSubject) -> None:
    files = site("\n\n<a href='/gone?a=1&amp;b=2'>x</a>")
    (finding,) = said(links, make_subject(files, url=URL))
    assert finding.line == 3
    assert finding.details == ("line 3: /gone?a=1&b=2  (no file of the output has that name)",)


def test_same_dead_link_on_every_page_is_told_once(make_subject: MakeSubject) -> None:
    files = {f"p{number}.html": page('<a href="/gone/">x</a>') for number in range(40)}
    (finding,) = [one for one in said(links, make_subject(files)) if one.blocking]
    assert "on 40 pages" in finding.message
    assert finding.details[-1] == "and 35 more"


def test_fragments_may_be_made_advice_by_the_policy(make_subject: MakeSubject) -> None:
    subject = make_subject(site('<a href="#nowhere">x</a>'))
    assert [one.blocking for one in said(links, subject)] == [True]
    assert [one.blocking for one in said(links, subject, fragments=False)] == [False]


def test_site_built_for_another_address_is_judged_by_its_own(make_subject: MakeSubject) -> None:
    files = site("", f'<link rel=canonical href="{URL}">', {"sitemap.xml": sitemap(URL, URL + "gone/")})
    findings = said(links, make_subject(files, url="http://127.0.0.1:4173/"))
    assert ("sitemap-page", "sitemap.xml") in found(findings)
    assert "sitemap-foreign" not in {one.rule for one in findings}


def test_index_of_sitemaps_and_packed_ones_are_followed(make_subject: MakeSubject) -> None:
    index = '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</sitemapindex>'
    parts = "".join(f"<sitemap><loc>{URL}{name}</loc></sitemap>" for name in ("a.xml.gz", "b.xml"))
    more = {
        "sitemap-index.xml": index.format(parts),
        "a.xml.gz": gzip.compress(sitemap(URL, URL + "about/", URL + "old", URL + "gone").encode()),
    }
    findings = said(links, make_subject({**site(), **more}, url=URL))
    assert found(findings) == {("sitemap-page", "a.xml.gz"), ("sitemap-missing", "sitemap-index.xml")}


def test_huge_sitemap_is_read_in_time_and_refused_for_its_size(make_subject: MakeSubject) -> None:
    urls = sitemap(*(f"{URL}p{number}" for number in range(60_000)))
    start = time.process_time()
    findings = said(links, make_subject({**site(), "sitemap.xml": urls}, url=URL))
    assert time.process_time() - start < 30
    assert "sitemap-size" in {one.rule for one in findings}
    assert len(findings) < 20


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {two} "{f"&{one};" * 10}">' for one, two in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]><{0}><{1}>&j;</{1}></{0}>"
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sitemap.xml", LAUGHS.format("urlset", "loc")),
        ("rss.xml", LAUGHS.format("rss", "channel")),
        ("sitemap.xml", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><urlset><url><loc>&e;</loc></url></urlset>'),
        ("sitemap.xml", "<urlset>" + "<url>" * 100_000),
        ("sitemap.xml", '<?xml version="1.0" encoding="x-none"?><urlset/>'),
        ("sitemap.xml", "<urlset><url><loc>\udcff</loc></url></urlset>"),
        ("sitemap.xml", ""),
    ],
)  # fmt: skip
def test_xml_that_attacks_or_breaks_is_refused_and_not_expanded(
    make_subject: MakeSubject, name: str, text: str
) -> None:
    start = time.process_time()
    data = text.encode("utf-8", "surrogateescape")
    findings = said(links, make_subject({**site("", FEED if name == "rss.xml" else ""), name: data}, url=URL))
    assert found(findings) == {("feed-broken" if name == "rss.xml" else "sitemap-broken", name)}
    assert not any("root:" in line for one in findings for line in (one.message, *one.details))
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0" * 1000, b"\xff\xfe<\0a\0", b"<a href='/gone/'", b"<" * 10_000, b"<a " * 5_000,
        b"google-site-verification: google123.html", b"<p><table><a href=#x><div></a></table>",
        b"\xc3\x28<a href=\xff>",
    ],
)  # fmt: skip
def test_pages_that_no_parser_likes_are_read_without_a_crash(make_subject: MakeSubject, data: bytes) -> None:
    findings = said(links, make_subject({"index.html": page('<a href="/odd.html">x</a>'), "odd.html": data}))
    assert complete(findings, links)


def test_page_of_50_mb_is_read(make_subject: MakeSubject) -> None:
    body = f"{'<p>' + 'word ' * 1_000 + '</p>'}" * 10_000 + '<a href="/gone/">x</a>'
    subject = make_subject({"index.html": page(body)})
    assert subject.files[0].size > 50_000_000
    assert found(said(links, subject)) == {("missing-page", "/")}


def test_pages_are_read_once_for_all_who_ask(make_subject: MakeSubject) -> None:
    subject = make_subject(site())
    assert looks(subject) is looks(subject)
    assert looks(make_subject(site())) is not looks(subject)


def test_file_that_was_changed_meanwhile_is_not_judged(make_subject: MakeSubject) -> None:
    subject = make_subject(site())
    (subject.output / "old.html").write_text("other")
    with pytest.raises(Unavailable, match=r"old\.html"):
        said(links, subject)


def test_example_has_nothing_to_refuse_and_nothing_to_advise(tmp_path: Path) -> None:
    zipfile.ZipFile(EXAMPLE).extractall(tmp_path / "dist")
    subject = scan.subject(tmp_path / "dist", source=tmp_path, url="https://example.github.io/")
    assert said(links, subject) == []
