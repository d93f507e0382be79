from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import images, scan
from checks.base import Subject
from checks.parse.picture import read
from tests.checks.pages import EXAMPLE, complete, found, page, said

MakeSubject = Callable[..., Subject]


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def exif(latitude: tuple[int, ...] = (59, 1, 30, 1, 0, 1), order: str = "<") -> bytes:
    """Exif data as a camera writes them: a directory with a pointer, and the GPS directory with a latitude."""
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8)
    first = struct.pack(f"{order}HHHII", 1, 0x8825, 4, 1, 26) + b"\0" * 4
    gps = struct.pack(f"{order}HHHII", 1, 0x0002, 5, 3, 44) + b"\0" * 4
    return head + first + gps + struct.pack(f"{order}6I", *latitude)


def png(width: int = 8, height: int = 8, more: bytes = b"", weight: int = 0) -> bytes:
    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes((width + 1) * height)) + b"\0" * weight)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + more + pixels + chunk(b"IEND", b"")


def jpeg(width: int = 8, height: int = 8, place: bytes = b"", end: bytes = b"\xff\xd9") -> bytes:
    app = b"\xff\xe1" + struct.pack(">H", len(place) + 8) + b"Exif\0\0" + place if place else b""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8" + app + frame + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\x55" * 20 + end


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp(width: int = 8, height: int = 8, place: bytes = b"") -> bytes:
    extended = b"\0" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff((b"VP8X", extended), *([(b"EXIF", place)] if place else []), (b"VP8L", b"\x2f" + b"\0" * 9))


def avif(width: int = 8, height: int = 8) -> bytes:
    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body) + 8) + name + body

    size = box(b"ispe", struct.pack(">III", 0, width, height))
    return box(b"ftyp", b"avif\0\0\0\0avifmif1") + box(b"meta", b"\0" * 4 + size) + box(b"mdat", b"\1" * 30)


GIF = (
    b"GIF89a"
    + struct.pack("<HH", 8, 8)
    + b"\0\0\0"
    + b","
    + struct.pack("<HHHHB", 0, 0, 8, 8, 0)
    + b"\2\1\1\0;"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0"/></svg>'
LAUGHS = b'<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>'
ILLUSTRATOR = (
    b'<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg">]><svg xmlns="&ns;" width="8" height="8"></svg>'
)
GOOD = {
    "a.png": png(), "a.jpg": jpeg(), "a.gif": GIF, "a.webp": webp(), "a.avif": avif(), "a.svg": SVG,
    "b.svg": ILLUSTRATOR,
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_good_files_are_known_with_their_size(make_subject: MakeSubject, name: str) -> None:
    picture = read(GOOD[name])
    assert (picture.width, picture.height, picture.problem, picture.place) == (8, 8, "", False)
    assert said(images, make_subject({name: GOOD[name]})) == []


BROKEN = {
    **{f"cut {name}": (name, data[:-9]) for name, data in GOOD.items()},
    "nothing": ("a.png", b""),
    "a pointer": ("a.jpg", b"version https://git-lfs.github.com/spec/v1\noid sha256:1"),
    "an error page": ("a.webp", b"<!doctype html><html><h1>404</h1></html>"),
    "noise": ("a.avif", b"\7" * 500),
    "a drawing with a bomb": ("a.svg", LAUGHS),
    "a drawing with an unknown prefix": ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><use xlink:href="#a"/></svg>'),  # noqa: E501
    "a drawing that is none": ("a.svg", b"<html><svg></svg></html>"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused(make_subject: MakeSubject, name: str) -> None:
    path, data = BROKEN[name]
    findings = said(images, make_subject({path: data}))
    assert found([one for one in findings if one.blocking]) == {("broken-image", path)}
    assert complete(findings, images)


def test_wrong_ending_blocks_where_it_keeps_a_drawing_from_showing(make_subject: MakeSubject) -> None:
    findings = said(images, make_subject({"a.png": SVG, "b.svg": png(), "c.png": jpeg()}))
    assert {(one.rule, one.path, one.blocking) for one in findings} == {
        ("wrong-type", "a.png", True), ("wrong-type", "b.svg", True), ("other-type", "c.png", False),
    }  # fmt: skip


PLACED = {
    "a.jpg": jpeg(place=exif()), "b.jpg": jpeg(place=exif(order=">")), "a.webp": webp(place=exif()),
    "a.png": png(more=chunk(b"eXIf", exif())),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACED)
def test_photo_that_tells_its_place_is_refused_unless_the_policy_allows_it(
    make_subject: MakeSubject, name: str
) -> None:
    subject = make_subject({name: PLACED[name]})
    (finding,) = said(images, subject)
    assert (finding.rule, finding.path, finding.blocking) == ("place", name, True)
    assert [one.blocking for one in said(images, subject, places=False)] == [False]


@pytest.mark.parametrize(
    "data", [exif((0, 0, 0, 0, 0, 0)), exif((0, 1, 0, 1, 0, 1)), exif()[:30], b"", b"II*\0" + b"\xff" * 90]
)
def test_exif_without_a_place_is_fine(make_subject: MakeSubject, data: bytes) -> None:
    assert said(images, make_subject({"a.jpg": jpeg(place=data)})) == []


FILES = {"big.png": png(2000, 1000, weight=150_000), "a.png": png(400, 200), "b.webp": webp(400, 200)}
FAR = '<img src="/a.png" width="400" height="200" alt="" loading="lazy">' * 4
USES = {
    "no size": ('<img src="/a.png" alt="">', "no-size"),
    "half a size": ('<img src="/a.png" width="400" alt="">', "no-size"),
    "percent": ('<img src="/a.png" width="100%" height="50%" alt="">', "no-size"),
    "another shape": ('<img src="/a.png" width="400" height="400" alt="">', "wrong-ratio"),
    "too many pixels": ('<img src="/big.png" width="200" height="100" alt="">', "oversized"),
    "too many pixels by sizes": ('<img srcset="/big.png 2000w" sizes="300px" src="/big.png" width="2000" height="1000" alt="">', "oversized"),  # noqa: E501
    "an old format": ('<img src="/big.png" width="2000" height="1000" alt="">', "old-format"),
    "far down": (FAR + '<img src="/b.webp" width="400" height="200" alt="">', "not-lazy"),
    "lazy and urgent": ('<img src="/a.png" width="400" height="200" loading="lazy" fetchpriority="high" alt="">', "lazy-first"),  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("name", USES)
def test_wasteful_use_is_advice(make_subject: MakeSubject, name: str) -> None:
    body, rule = USES[name]
    findings = said(images, make_subject({"index.html": page(body), **FILES}))
    assert (rule, "/") in found(findings)
    assert not [one for one in findings if one.blocking]
    assert complete(findings, images)


FINE = [
    '<img src="/a.png" width="400" height="200" alt="">', '<img src="/a.png" width="200" height="100" alt="">',
    '<img src="/a.png" width="400px" height="200px" alt="">',
    '<img src="/a.png" style="aspect-ratio: 2" alt="">', '<img src="data:image/gif;base64,x" alt="">',
    '<picture><source srcset="/b.webp" type="image/webp"><img src="/big.png" width="400" height="200" alt=""></picture>',  # noqa: E501
    '<noscript><img src="/big.png" alt=""></noscript>', '<img src="https://other.example/a.png" width=1 height=2 alt="">',  # noqa: E501
    '<img src="http://[half" width=1 height=2 alt="">', FAR,
]  # fmt: skip


@pytest.mark.parametrize("body", FINE)
def test_good_use_is_not_even_advised(make_subject: MakeSubject, body: str) -> None:
    assert said(images, make_subject({"index.html": page(body), **FILES})) == []


@given(st.sampled_from(sorted(GOOD)), st.integers(0, 200), st.binary(max_size=40))
def test_no_bytes_make_the_reader_crash(name: str, at: int, noise: bytes) -> None:
    data = GOOD[name]
    read(data[:at] + noise + data[at + len(noise) :])
    read(data[:at])
    read(data[:12] + noise)


def test_example_has_nothing_to_refuse(tmp_path: Path) -> None:
    zipfile.ZipFile(EXAMPLE).extractall(tmp_path / "dist")
    assert said(images, scan.subject(tmp_path / "dist", source=tmp_path)) == []
