"""What the bytes of an image file are: format, size in pixels, whether they are whole, and where it was taken."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from checks.parse import xml

Form = Literal["png", "jpeg", "gif", "webp", "avif", "svg", "ico", "bmp", "jxl", "heic", ""]

_FORMS: dict[str, Form] = {
    ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp", ".avif": "avif",
    ".svg": "svg", ".ico": "ico", ".bmp": "bmp", ".jxl": "jxl",
}  # fmt: skip
_UNITS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "": 1.0}
# Exif 2.3, table 4: the pointer to the GPS part, and in it the latitude.
_GPS_POINTER, _LATITUDE = 0x8825, 0x0002


@dataclass(frozen=True, slots=True)
class Picture:
    """Format (empty: no image that we know), size in pixels (0: not told), what is wrong, whether it has a place.

    `moving` says whether it has several frames.
    """

    form: Form
    width: int = 0
    height: int = 0
    problem: str = ""
    place: bool = False
    moving: bool = False


class _Cut(Exception):
    """The data ends before the image does."""


def form_of(path: str) -> Form:
    """Return the format that a file's name promises; empty for a name of another kind."""
    dot = path.rfind(".")
    return _FORMS.get(path[dot:].lower(), "") if dot >= 0 else ""


def read(data: bytes) -> Picture:
    """Return what the bytes are; nothing is raised, for what is broken is a `problem`."""
    form = _sniff(data)
    if not form:
        return Picture("", problem=_other(data))
    try:
        return _READERS[form](data)
    except (_Cut, struct.error, IndexError):
        return Picture(form, problem="it ends before the image does")


def _sniff(data: bytes) -> Form:
    # https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
    starts: tuple[tuple[bytes, Form], ...] = (
        (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF87a", "gif"), (b"GIF89a", "gif"),
        (b"\x00\x00\x01\x00", "ico"), (b"\x00\x00\x02\x00", "ico"), (b"BM", "bmp"), (b"\xff\x0a", "jxl"),
        (b"\x00\x00\x00\x0cJXL ", "jxl"),
    )  # fmt: skip
    for start, form in starts:
        if data.startswith(start):
            return form
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        brands = data[8 : max(16, int.from_bytes(data[:4], "big"))][:64]
        return "avif" if b"avif" in brands or b"avis" in brands else "heic" if b"heic" in brands else ""
    return "svg" if b"<svg" in data[:4096] or b":svg" in data[:4096] else ""


def _other(data: bytes) -> str:
    if not data:
        return "it is empty"
    if data.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS, not the image"
    return "it is a page of HTML" if b"<html" in data[:1024].lower() else "it is no image"


def _png(data: bytes) -> Picture:
    # https://www.w3.org/TR/png-3/#5Chunk-layout
    width, height = struct.unpack(">II", data[16:24])
    place, moving, at = False, False, 8
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        if at + 12 + size > len(data):
            break
        if name == b"eXIf":
            place = _has_place(data[at + 8 : at + 8 + size])
        moving = moving or name == b"acTL"
        if name == b"IEND":
            return Picture("png", width, height, place=place, moving=moving)
        at += 12 + size
    return Picture("png", width, height, "it ends before the image does", place)


def _jpeg(data: bytes) -> Picture:
    # ITU T.81, annex B: https://www.w3.org/Graphics/JPEG/itu-t81.pdf
    width = height = 0
    place, at = False, 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return Picture("jpeg", width, height, "its segments are broken", place)
        mark = data[at + 1]
        if mark == 0xFF:
            at += 1
            continue
        if mark in {0x01, *range(0xD0, 0xD9)}:
            at += 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if mark == 0xDA:
            whole = data.find(b"\xff\xd9", at) >= 0
            return Picture("jpeg", width, height, "" if whole else "it ends before the image does", place)
        if 0xC0 <= mark <= 0xCF and mark not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
        elif mark == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            place = place or _has_place(data[at + 10 : at + 2 + size])
        at += 2 + max(size, 2)
    raise _Cut


def _gif(data: bytes) -> Picture:
    # https://www.w3.org/Graphics/GIF/spec-gif89a.txt
    width, height = struct.unpack("<HH", data[6:10])
    at = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    frames = 0
    while data[at] != 0x3B:
        if data[at] == 0x2C:
            frames += 1
            at += 10 + (3 << ((data[at + 9] & 7) + 1) if data[at + 9] & 0x80 else 0) + 1
        elif data[at] == 0x21:
            at += 2
        else:
            return Picture("gif", width, height, "its blocks are broken")
        while data[at]:
            at += data[at] + 1
        at += 1
    return Picture("gif", width, height, moving=frames > 1)


def _webp(data: bytes) -> Picture:
    # https://developers.google.com/speed/webp/docs/riff_container
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise _Cut
    width = height = 0
    place = moving = False
    for name, body in _chunks(data):
        if name == b"VP8X":
            width = int.from_bytes(body[4:7], "little") + 1
            height = int.from_bytes(body[7:10], "little") + 1
        elif name == b"VP8 " and not width:
            width, height = (number & 0x3FFF for number in struct.unpack("<HH", body[6:10]))
        elif name == b"VP8L" and not width:
            bits = int.from_bytes(body[1:5], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"EXIF":
            place = _has_place(body)
        moving = moving or name == b"ANMF"
    return Picture("webp", width, height, place=place, moving=moving)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + (size & 1)


def _boxed(data: bytes) -> Picture:
    # ISO 14496-12 boxes; ispe is the size of an item: https://aomediacodec.github.io/av1-avif/
    form = _sniff(data)
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        size = size or len(data) - at
        if size < 8 or at + size > len(data):
            raise _Cut
        at += size
    spot = data.find(b"ispe")
    width, height = struct.unpack(">II", data[spot + 8 : spot + 16]) if spot >= 0 else (0, 0)
    exif = data.find(b"Exif\0\0")
    # In an item the header of TIFF follows, with or without those six bytes.
    place = _has_place(data[exif + 6 : exif + 65_542]) if exif >= 0 else False
    return Picture(form, width, height, place=place, moving=b"avis" in data[8:32])


def _svg(data: bytes) -> Picture:
    root: xml.Element | None = None
    try:
        for one in xml.elements(data, declared=True):
            root = one
    except xml.Broken as error:
        return Picture("svg", problem=f"{error.problem} (line {error.line})")
    if root is None or root.path != ("svg",):
        return Picture("svg", problem="its root is not <svg>")
    width, height = (_pixels(root.attributes.get(name, "")) for name in ("width", "height"))
    if not (width and height):
        box = root.attributes.get("viewBox", "").replace(",", " ").split()
        width, height = (_pixels(box[2]), _pixels(box[3])) if len(box) == 4 else (0, 0)
    return Picture("svg", width, height)


def _pixels(text: str) -> int:
    bare = text.strip().lower()
    unit = bare.lstrip("+-.0123456789")
    try:
        return max(0, round(float(bare.removesuffix(unit)) * _UNITS[unit]))
    except (KeyError, ValueError, OverflowError):
        return 0


def _ico(data: bytes) -> Picture:
    count = int.from_bytes(data[4:6], "little")
    sizes = [(data[6 + 16 * n] or 256, data[7 + 16 * n] or 256) for n in range(count)]
    for n in range(count):
        size, start = struct.unpack("<II", data[14 + 16 * n : 22 + 16 * n])
        if start + size > len(data):
            raise _Cut
    width, height = max(sizes, default=(0, 0))
    return Picture("ico", width, height)


def _bmp(data: bytes) -> Picture:
    width, height = struct.unpack("<ii", data[18:26])
    return Picture("bmp", abs(width), abs(height))


def _jxl(_: bytes) -> Picture:
    return Picture("jxl")


_READERS = {
    "png": _png, "jpeg": _jpeg, "gif": _gif, "webp": _webp, "avif": _boxed, "heic": _boxed, "svg": _svg,
    "ico": _ico, "bmp": _bmp, "jxl": _jxl,
}  # fmt: skip


def _has_place(exif: bytes) -> bool:
    """Whether Exif data tell a latitude that is not zero everywhere; TIFF 6.0, section 2."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return False
    try:
        start = struct.unpack(f"{order}I", exif[4:8])[0]
        gps = next((value for tag, _, value in _entries(exif, start, order) if tag == _GPS_POINTER), 0)
        if not gps:
            return False
        spots = [spot for tag, count, spot in _entries(exif, gps, order) if tag == _LATITUDE and count == 3]
        return any(_real(exif, spot, order) for spot in spots)
    except struct.error:
        return False


def _real(exif: bytes, spot: int, order: str) -> bool:
    """Whether a latitude is told: phones without a fix write zeros, or 0/0."""
    degrees = struct.unpack(f"{order}6I", exif[spot : spot + 24])
    return any(above and below for above, below in zip(degrees[::2], degrees[1::2], strict=True))


def _entries(exif: bytes, start: int, order: str) -> Iterator[tuple[int, int, int]]:
    """Return (tag, count, value or place of it) of one directory."""
    (count,) = struct.unpack(f"{order}H", exif[start : start + 2])
    for number in range(min(count, 500)):
        at = start + 2 + 12 * number
        tag, _, many, value = struct.unpack(f"{order}HHII", exif[at : at + 12])
        yield tag, many, value
