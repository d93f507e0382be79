from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from checks import build
from checks.__main__ import PlainTools
from checks.base import Finding, Subject, Unavailable

MakeSubject = Callable[..., Subject]
TOOLS = PlainTools()


def page(body: str = "<p>Hello</p>", head: str = "") -> str:
    return (
        f"<!doctype html><html lang='en'><head><title>A page</title>{head}</head><body>{body}</body></html>"
    )


GOOD = {"index.html": page(), "404.html": page("<p>Not here</p>")}


def judged(subject: Subject, **limits: int) -> list[Finding]:
    return build.judge(build.collect(subject, TOOLS), {**build.LIMITS, **limits})


def rules(findings: list[Finding]) -> list[str]:
    return [one.rule for one in findings]


def test_a_small_good_site_has_no_finding(make_subject: MakeSubject) -> None:
    assert judged(make_subject(GOOD)) == []


@pytest.mark.parametrize(
    ("name", "files", "rule", "words"),
    [
        ("no index", {"home.html": page(), "404.html": page()}, "no-index", "no index.html at the top"),
        ("empty page", {**GOOD, "a/index.html": " \n"}, "empty-page", "a/index.html is empty"),
        ("quirks", {**GOOD, "a.html": "<html><title>x</title></html>"}, "no-doctype", "quirks mode"),
        ("no title", {**GOOD, "a.html": "<!doctype html><p>x"}, "no-title", "a.html has no <title>"),
        ("empty title", {**GOOD, "a.html": "<!doctype html><title> </title>"}, "no-title", "<title>"),
        ("css", {**GOOD, "a.html": page(head="<link rel=stylesheet href=/a.css>")}, "missing-file", "/a.css"),
        ("script", {**GOOD, "a.html": page("<script src=a.js></script>")}, "missing-file", "a.js"),
        ("image", {**GOOD, "a.html": page("<img src=/img/a.png>")}, "missing-file", "/img/a.png"),
        ("srcset", {**GOOD, "a.png": b"1", "a.html": page("<img src=/a.png srcset='/b.png 2x'>")},
         "missing-file", "/b.png is not in the output"),
        ("preloaded font", {**GOOD, "a.html": page(head="<link rel=preload as=font href=/f.woff2>")},
         "missing-file", "/f.woff2"),
        ("icon", {**GOOD, "a.html": page(head="<link rel=icon href=/f.ico>")}, "missing-file", "f.ico"),
        ("island", {**GOOD, "a.html": page("<astro-island component-url='/_astro/x.js'></astro-island>")},
         "missing-file", "/_astro/x.js"),
        ("sheet", {**GOOD, "s/a.css": "p{background:url(../no.png)}"}, "missing-file", "../no.png"),
        ("font of a face", {**GOOD, "a.css": "@font-face{src:url(x.woff2) format('woff2')}"},
         "missing-file", "x.woff2"),
        ("inline style", {**GOOD, "a.html": page("<style>p{background:url(/b.png)}</style>")},
         "missing-file", "/b.png"),
        ("capitals", {**GOOD, "Logo.png": b"1", "a.html": page("<img src=/logo.png>")},
         "missing-file", "Logo.png is, and capitals matter on GitHub Pages"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else None,
)  # fmt: skip
def test_broken_site_is_caught(
    make_subject: MakeSubject, name: str, files: dict[str, str | bytes], rule: str, words: str
) -> None:
    blocking = [one for one in judged(make_subject(files)) if one.blocking]
    assert rules(blocking) == [rule], name
    assert words in blocking[0].message
    assert blocking[0].fix


def test_missing_404_page_and_fragments_are_advice(make_subject: MakeSubject) -> None:
    findings = judged(make_subject({"index.html": page(), "part.html": "<li>one</li>"}))
    assert [(one.rule, one.blocking) for one in findings] == [("no-404", False), ("fragment", False)]


def test_proof_of_ownership_without_markup_is_no_page(make_subject: MakeSubject) -> None:
    assert (
        judged(make_subject({**GOOD, "google1a2b.html": "google-site-verification: google1a2b.html"})) == []
    )


def test_references_to_other_origins_and_data_are_left_alone(make_subject: MakeSubject) -> None:
    body = (
        "<img src=https://cdn.example/a.png><img src='data:image/gif;base64,AA'><script src=//cdn.example/a>"
    )
    assert judged(make_subject({**GOOD, "a.html": page(body)}, url="https://ann.github.io/")) == []


def test_reference_with_query_fragment_escapes_and_without_html_is_found(make_subject: MakeSubject) -> None:
    body = "<img src='/a%20b.png?v=2'><svg><use href='/s.svg#i'/></svg><img src=/doc>"
    files = {**GOOD, "a b.png": b"1", "s.svg": "<svg/>", "doc.html": page(), "p.html": page(body)}
    assert judged(make_subject(files)) == []


BASED = {
    "_astro/a.css": "p{}",
    "_astro/a.js": "1",
    "img/a.png": b"1",
    "404.html": page(),
}


def linked(base: str) -> str:
    head = f"<link rel=stylesheet href={base}_astro/a.css><script src={base}_astro/a.js></script>"
    return page(f"<img src={base}img/a.png>", head)


@pytest.mark.parametrize(
    ("built", "served"), [("/", "/repo/"), ("/repo/", "/"), ("/old/", "/repo/"), ("/a/b/", "/a/")]
)
def test_site_built_for_another_base_is_one_finding_that_names_it(
    make_subject: MakeSubject, built: str, served: str
) -> None:
    files = {**BASED, "index.html": linked(built), "docs/index.html": linked(built)}
    findings = judged(make_subject(files, base=served, url=f"https://ann.github.io{served}"))
    assert rules(findings) == ["wrong-base"]
    assert findings[0].message.startswith(
        f"your site was built for base {built}, but it will be served under {served}"
    )
    assert "6 references in 2 files" in findings[0].message
    assert f"base: '{served}'" in findings[0].fix


@pytest.mark.parametrize("base", ["/", "/repo/"])
def test_site_built_for_its_base_has_no_finding(make_subject: MakeSubject, base: str) -> None:
    assert judged(make_subject({**BASED, "index.html": linked(base)}, base=base)) == []


def test_single_link_without_the_base_is_not_blamed_on_the_build(make_subject: MakeSubject) -> None:
    body = linked("/repo/").replace("</body>", "<img src=/img/a.png></body>")
    findings = judged(make_subject({**BASED, "index.html": body}, base="/repo/"))
    assert rules(findings) == ["missing-file"]
    assert "leads out of the site, which is served under /repo/" in findings[0].message


def test_one_missing_file_on_many_pages_is_one_finding(make_subject: MakeSubject) -> None:
    broken = page("\n<img src=/gone.png>")
    files = {**GOOD, **{f"p{number}.html": broken for number in range(7)}}
    (finding,) = judged(make_subject(files))
    assert "7 files refer to it" in finding.message
    assert (finding.path, finding.line) == ("/p0.html", 2)
    assert len(finding.details) == 5


def test_symbolic_links_that_leave_the_output(make_subject: MakeSubject) -> None:
    subject = make_subject(GOOD)
    (subject.output / "inside.html").symlink_to("index.html")
    (subject.output / "secrets").symlink_to("/etc")
    (subject.output / "gone").symlink_to("nothing")
    findings = judged(subject)
    assert rules(findings) == ["symlink", "symlink"]
    assert [one.path for one in findings] == ["gone", "secrets"]


def test_sizes_over_the_limits(make_subject: MakeSubject) -> None:
    files = {**GOOD, "film.mp4": b"0" * 1_500_000}
    findings = judged(make_subject(files), file=1_000_000, site=1_200_000)
    assert rules(findings) == ["big-file", "big-site"]
    assert "film.mp4 is 1.5 MB; GitHub refuses files over 1.0 MB" in findings[0].message
    assert "film.mp4" in findings[1].details[0]


def test_file_that_changed_after_the_build_is_not_judged(make_subject: MakeSubject) -> None:
    subject = make_subject(GOOD)
    (subject.output / "index.html").write_text(page("other"), encoding="utf-8")
    with pytest.raises(Unavailable, match=r"index.html was changed after the build"):
        build.collect(subject, TOOLS)
    (subject.output / "index.html").unlink()
    with pytest.raises(Unavailable, match="cannot be read"):
        build.collect(subject, TOOLS)


def test_inputs_change_with_tree_base_and_url_only(make_subject: MakeSubject) -> None:
    subject = make_subject(GOOD)
    assert build.inputs(subject) == build.inputs(replace(subject, source_digest="other", environment="prod"))
    for other in (
        replace(subject, tree="0"),
        replace(subject, base="/x/"),
        replace(subject, url="https://x/"),
    ):
        assert build.inputs(other) != build.inputs(subject)
