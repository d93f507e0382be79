from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from checks import fonts, scan
from checks.__main__ import PlainTools
from checks.base import Subject
from tests.checks.pages import EXAMPLE, complete, found, page, said

MakeSubject = Callable[..., Subject]


def font(size: int = 200, magic: bytes = b"wOF2") -> bytes:
    return magic + b"\0\1\0\0" + size.to_bytes(4, "big") + bytes(size - 12)


def face(name: str = "Lamp", url: str = "/lamp.woff2", more: str = "font-display:swap;") -> str:
    return f"@font-face{{font-family:'{name}';{more}src:url({url})}}"


USED = "body{font-family:Lamp,serif}"
LINK = "<link rel=stylesheet href=/a.css>"
PRELOAD = '<link rel=preload as=font type=font/woff2 href="{}"{}>'


def site(sheet: str, head: str = "", **more: bytes) -> dict[str, str | bytes]:
    files = {name.replace("_", "."): data for name, data in more.items()}
    return {"index.html": page(head=LINK + head), "a.css": sheet, "lamp.woff2": font(), **files}


@pytest.mark.parametrize("data", [b"", b"<html>", font()[:-10], font() + b"x", font(magic=b"wOFF"), b"wOF2"])
def test_font_that_browsers_refuse_is_refused(make_subject: MakeSubject, data: bytes) -> None:
    findings = said(fonts, make_subject({**site(face() + USED), "lamp.woff2": data}))
    assert found([one for one in findings if one.blocking]) == {("broken-font", "lamp.woff2")}
    assert complete(findings, fonts)


def test_preload_that_fetches_twice_is_refused(make_subject: MakeSubject) -> None:
    subject = make_subject(site(face() + USED, PRELOAD.format("/lamp.woff2", "")))
    assert [(one.rule, one.path, one.blocking) for one in said(fonts, subject)] == [
        ("preload-crossorigin", "/", True)
    ]


ADVICE: dict[str, tuple[dict[str, str | bytes], str]] = {
    "no font-display": (site(face(more="") + USED), "font-display"),
    "auto": (site(face(more="font-display:auto;") + USED), "font-display"),
    "only WOFF": (site(face(url="/a.woff") + USED, a_woff=font(magic=b"wOFF")), "not-woff2"),
    "only TTF": (site(face(url="/a.ttf") + USED, a_ttf=b"\0\1\0\0" + bytes(90)), "not-woff2"),
    "a family that nothing uses": (site(face()), "unused-face"),
    "a file that nothing uses": (site(face() + USED, old_woff2=font()), "unused-file"),
    "a preload of another font": (
        site(face() + USED, PRELOAD.format("/old.woff2", " crossorigin"), old_woff2=font()), "preload-unused",
    ),
    "Google's style sheet": (
        site("", '<link rel=stylesheet href="https://fonts.googleapis.com/css2?family=Lamp">'), "third-party",
    ),
    "Google's style sheet by import": (site("@import 'https://fonts.googleapis.com/css2?family=Lamp';"), "third-party"),
    "Google's files": (site(face(url="https://fonts.gstatic.com/lamp.woff2") + USED), "third-party"),
    "a big file": (site(face() + USED, lamp_woff2=font(200_000)), "big-font"),
    "hidden text and no preload": (site(face(more="font-display:block;") + USED), "no-preload"),
}  # fmt: skip


@pytest.mark.parametrize("name", ADVICE)
def test_what_could_be_better_is_advice(make_subject: MakeSubject, name: str) -> None:
    files, rule = ADVICE[name]
    findings = said(fonts, make_subject(files))
    assert rule in {one.rule for one in findings}
    assert not [one for one in findings if one.blocking]
    assert complete(findings, fonts)


def test_families_are_counted_once_however_many_weights_they_have(make_subject: MakeSubject) -> None:
    names = ("One", "Two", "Three", "Four")
    sheet = "".join(face(name) + face(name, more="font-weight:700;font-display:swap;") for name in names)
    used = "".join(f"p{{font-family:{name}}}" for name in names)
    (finding,) = said(fonts, make_subject(site(sheet + used)))
    assert (finding.rule, finding.blocking) == ("many-families", False)
    assert "4 font families" in finding.message
    assert said(fonts, make_subject(site(sheet + used)), families=4) == []


GOOD: dict[str, dict[str, str | bytes]] = {
    "swap": site(face() + USED),
    "a preload": site(face() + USED, PRELOAD.format("/lamp.woff2", " crossorigin")),
    "a preload with a value": site(face() + USED, PRELOAD.format("/lamp.woff2", ' crossorigin="anonymous"')),
    "another format behind": site(face(url="/lamp.woff2) format('woff2'),url(/a.ttf") + USED, a_ttf=b"\0\1\0\0" + bytes(90)),  # noqa: E501
    "only local": site("@font-face{font-family:Lamp;font-display:swap;src:local(Arial)}" + USED, lamp_woff2=b""),
    "by a variable": site(face() + ":root{--font:'Lamp'}body{font-family:var(--font)}"),
    "in the page": {"index.html": page(head=f"<style>{face()}{USED}</style>"), "lamp.woff2": font()},
    "by an attribute": {"index.html": page("<p style='font-family: Lamp'>x</p>", LINK), "a.css": face(), "lamp.woff2": font()},  # noqa: E501
}  # fmt: skip
GOOD["only local"].pop("lamp.woff2")


@pytest.mark.parametrize("name", GOOD)
def test_good_fonts_are_not_even_advised(make_subject: MakeSubject, name: str) -> None:
    assert said(fonts, make_subject(GOOD[name])) == []


def test_site_without_fonts_has_nothing_to_judge(make_subject: MakeSubject, tmp_path: Path) -> None:
    assert fonts.collect(make_subject({"index.html": page()}), PlainTools()).nothing
    zipfile.ZipFile(EXAMPLE).extractall(tmp_path / "dist")
    assert said(fonts, scan.subject(tmp_path / "dist", source=tmp_path)) == []


def test_style_sheet_that_no_parser_likes_is_read_without_a_crash(make_subject: MakeSubject) -> None:
    odd = b"@font-face{" * 200 + b"src:url(http://[half)}\xff\xfe@import url(//[x);" + b"{" * 500
    assert complete(said(fonts, make_subject({**site(""), "a.css": odd})), fonts)
