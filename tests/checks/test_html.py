from __future__ import annotations

import atexit
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checks import html, scan, validity
from checks.__main__ import PlainTools
from checks.base import Result, Subject, Unavailable
from checks.validity import _RULES
from pipeline.core.errors import Stop
from pipeline.tools import toolbox
from pipeline.tools.node import find_node
from tests.checks.pages import EXAMPLE, complete, found, page, said

MakeSubject = Callable[..., Subject]


@cache
def installed() -> Path:
    """html-validate, installed once for all tests of this process."""
    folder = tempfile.mkdtemp(prefix="html-validate-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        return toolbox.need("html", find_node(), {"XDG_CACHE_HOME": folder})
    except Stop as stop:
        pytest.skip(f"html-validate is not here: {stop.message}")


class Bench(PlainTools):
    """Tools with html-validate, and a place to keep what was learned; counts what was run."""

    def __init__(self, keep: Path | None = None) -> None:
        self.kept = keep
        self.runs = 0

    def toolbox(self, group: str) -> Path:
        assert group == "html"
        return installed()

    def which(self, name: str) -> str | None:
        return str(find_node().path) if name == "node" else super().which(name)

    def keep(self, name: str) -> Path | None:
        return self.kept / name if self.kept else None

    def run(self, argv: Sequence[str], **given: Any) -> Result:  # noqa: ANN401 - as the real one
        self.runs += 1
        return super().run(argv, **given)


def with_data(text: str) -> str:
    return page(head=f'<script type="application/ld+json">{text}</script>')


WRONG: dict[str, tuple[str | bytes, str]] = {
    "an attribute that never ends": (page('<p class="a>x</p>'), "parse-error"),
    "brackets": (page("<p <<>x</p>"), "parse-error"),
    "an element that is not closed": (page("<div><span>x</div>"), "nesting"),
    "a block in a paragraph": (page("<p>x<div>y</div></p>"), "nesting"),
    "crossed elements": (page("<b>x<i>y</b></i>"), "nesting"),
    "a link in a link": (page('<a href="#">x<a href="#">y</a></a>'), "nesting"),
    "an id twice": (page('<p id="a">x</p><p id="a">y</p>'), "duplicate-id"),
    "an attribute twice": (page('<p class="a" class="b">x</p>'), "duplicate-attribute"),
    "Latin-1": (page("caf\xe9").encode("latin-1"), "not-utf8"),
    "another charset": (page().replace("utf-8", "iso-8859-1"), "charset-other"),
    "a late charset": (page().replace("<meta charset", f"<!--{'x' * 1100}--><meta charset"), "charset-late"),
    "no language": (page().replace(' lang="en"', ""), "lang-missing"),
    "an empty language": (page(lang=""), "lang-missing"),
    "no such language": (page(lang="english"), "lang-invalid"),
    "no such region": (page(lang="en-UK"), "lang-invalid"),
    "no viewport": (page().replace("viewport", "other"), "viewport"),
    "broken structured data": (with_data('{"@context": "https://schema.org",}'), "json-ld"),
    "nested too deep": (with_data("[" * 100_000), "json-ld"),
    "structured data that is a text": (with_data('"Article"'), "json-ld"),
    "a dead preview picture": (
        page(head='<meta property="og:image" content="/gone.png">'),
        "preview-missing",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_breaks_is_refused(make_subject: MakeSubject, name: str) -> None:
    text, rule = WRONG[name]
    findings = said(html, make_subject({"index.html": page(title="Home"), "a/index.html": text}), Bench())
    assert (rule, "/a/") in found([one for one in findings if one.blocking])
    assert {one.path for one in findings if one.blocking} == {"/a/"}
    assert complete(findings, html)


ADVICE = {
    "no description": (page().replace('name="description"', 'name="other"'), "description-missing"),
    "a short description": (page().replace("What there is to know of A page, in one sentence.", "x"), "description-length"),  # noqa: E501
    "a long description": (page().replace("What there is", "What there is " * 30), "description-length"),
    "no h1": (page().replace("h1>", "h2>"), "h1"),
    "two h1": (page("<h1>again</h1>"), "h1"),
    "no charset": (page().replace('<meta charset="utf-8">', ""), "charset-missing"),
    "a product without a name": (with_data('{"@context": "https://schema.org", "@type": "Product"}'), "json-ld-property"),  # noqa: E501
    "structured data without context": (with_data('{"@type": "Thing"}'), "json-ld-property"),
    "a relative preview picture": (page(head='<meta property="og:image" content="/a.png">'), "preview-relative"),
    "a block in a span": (page("<span><div>x</div></span>"), "content-model"),
    "an image without src": (page('<img alt="">'), "attribute"),
}  # fmt: skip


@pytest.mark.parametrize("name", ADVICE)
def test_what_could_be_better_is_advice(make_subject: MakeSubject, name: str) -> None:
    text, rule = ADVICE[name]
    findings = said(html, make_subject({"a/index.html": text, "a.png": b"x"}), Bench())
    assert (rule, "/a/") in found(findings)
    assert not [one for one in findings if one.blocking]
    assert complete(findings, html)


def test_same_title_and_description_are_told_on_both_pages(make_subject: MakeSubject) -> None:
    findings = said(html, make_subject({"a.html": page(), "b.html": page()}), Bench())
    assert found(findings) == {
        (rule, where) for rule in ("title-twice", "description-twice") for where in ("/a.html", "/b.html")
    }


GOOD = {
    "optional end tags": page("<ul><li>a<li>b</ul><p>x<p>y<table><tr><td>1<td>2</table>"),
    "scripts' attributes": page('<div @click="go" :class="{a: b}" x-on:click.away="c" data-x>x</div>'),
    "own elements": page("<my-part><p slot=a>x</p></my-part>"),
    "drawings": page('<svg viewBox="0 0 1 1"><title>t</title><path d="M0 0"/></svg>'),
    "structured data": with_data(
        '{"@context":"https://schema.org","@graph":[{"@type":"Product","name":"Lamp"}]}'
    ),
    "a redirect": '<!doctype html><html lang="en"><title>Gone</title><meta http-equiv="refresh" content="0;url=/">',
    "a proof of ownership": "google-site-verification: google123.html",
    "a part of a page": "<p>loaded by a script</p>",
    "every language": page(lang="zh-Hant-TW"),
    "umlauts": page("Grüße, 世界"),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_pages_are_not_refused(make_subject: MakeSubject, name: str) -> None:
    findings = said(html, make_subject({"a/index.html": GOOD[name]}), Bench())
    assert not [one for one in findings if one.blocking]


def test_page_is_validated_once_until_it_changes(make_subject: MakeSubject, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "keep")
    files = {
        f"{name}.html": page("<p>x<div>y</div></p>" if name == "b" else name, title=name) for name in "abc"
    }
    first = said(html, make_subject(files), bench)
    assert bench.runs == 1
    assert said(html, make_subject(files), bench) == first
    assert bench.runs == 1
    evidence = html.collect(make_subject({**files, "c.html": page("new", title="c")}), bench)
    assert (bench.runs, evidence.data["validated"]) == (2, 1)
    assert html.judge(evidence, html.LIMITS) == first


def test_kept_file_that_is_broken_is_written_again(make_subject: MakeSubject, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "keep")
    said(html, make_subject({"index.html": page()}), bench)
    (file,) = (tmp_path / "keep/html").iterdir()
    file.write_text('{"half')
    said(html, make_subject({"index.html": page()}), bench)
    assert bench.runs == 2
    assert json.loads(file.read_text())


class Garbage(Bench):
    def __init__(self, answer: str, code: int | None = 0) -> None:
        super().__init__()
        self.answer, self.code = answer, code

    def toolbox(self, group: str) -> Path:
        return Path.cwd() / group[:0]

    def run(self, argv: Sequence[str], **_: object) -> Result:
        Path(argv[-1]).write_text(self.answer)
        return Result(self.code, "", "boom")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("", 0),
        ("hello\n", 0),
        ('[["no-such-rule", "x", 1, ""]]\n', 0),
        ("[7]\n", 0),
        ("[]\n", 1),
        ("[]\n", None),
    ],
)
def test_validator_that_breaks_is_unavailable_and_never_passes(
    make_subject: MakeSubject, answer: str, code: int | None
) -> None:
    with pytest.raises(Unavailable, match="html-validate"):
        said(html, make_subject({"index.html": page()}), Garbage(answer, code))


def test_without_node_it_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "Node.js" in (html.unavailable(PlainTools()) or "")


def test_page_of_50_mb_is_unmeasured_and_the_others_are_judged(
    make_subject: MakeSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validity, "BIGGEST", 10_000)
    files = {"big.html": page("word " * 5_000, title="Big"), "a.html": page("<p>x<div>y</div></p>")}
    findings = said(html, make_subject(files), Bench())
    assert {(one.rule, one.path, one.unmeasured) for one in findings} == {
        ("nesting", "/a.html", False), ("too-big", "/big.html", True),
    }  # fmt: skip


def test_every_rule_of_the_validator_has_one_of_ours() -> None:
    assert set(_RULES.values()) <= set(html.RULES)


def test_example_has_nothing_to_refuse(tmp_path: Path) -> None:
    zipfile.ZipFile(EXAMPLE).extractall(tmp_path / "dist")
    subject = scan.subject(tmp_path / "dist", source=tmp_path, url="https://example.github.io/")
    assert said(html, subject, Bench()) == []
