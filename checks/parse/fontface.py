"""Font faces as style sheets declare them, and what a font file is."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_FACE = re.compile(r"@font-face\s*\{([^}]*)\}", re.IGNORECASE)
_SOURCE = re.compile(
    r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)'"\s]*))\s*\)(?:\s*format\(\s*["']?([\w-]+))?""", re.IGNORECASE
)
_DECLARED = re.compile(
    r"(?:^|;)\s*(font-family|font-display|font-weight|font-style)\s*:\s*([^;]+)", re.IGNORECASE
)
_FORMS = {
    b"wOF2": "woff2",
    b"wOFF": "woff",
    b"OTTO": "otf",
    b"\0\1\0\0": "ttf",
    b"true": "ttf",
    b"ttcf": "ttc",
}
_SUFFIXES = {"woff2": "woff2", "woff": "woff", "otf": "otf", "ttf": "ttf", "ttc": "ttc"}
_SHORTEST = 48


@dataclass(frozen=True, slots=True)
class FontFace:
    """One @font-face: its family, `font-display` (empty: not set), weight, style, and (URL, format) as written."""

    family: str
    display: str
    weight: str
    style: str
    sources: tuple[tuple[str, str], ...]


def faces(text: str) -> tuple[tuple[FontFace, ...], str]:
    """Return the faces of a style sheet, and its text without them."""
    text = _COMMENT.sub("", text)
    return tuple(_face(match[1]) for match in _FACE.finditer(text)), _FACE.sub("", text)


def _face(block: str) -> FontFace:
    given = {name.lower(): value.strip() for name, value in _DECLARED.findall(block)}
    sources = tuple(
        ((match[1] or match[2] or match[3] or "").strip(), (match[4] or "").lower())
        for match in _SOURCE.finditer(block)
    )
    return FontFace(
        given.get("font-family", "").strip("\"' "),
        given.get("font-display", "").lower(),
        given.get("font-weight", "400").lower(),
        given.get("font-style", "normal").lower(),
        sources,
    )


def form_of(url: str, form: str = "") -> str:
    """Return the format that a source promises, by its `format()` or its name; empty for none that we know."""
    named = form.removesuffix("-variations")
    if named in {"woff2", "woff"}:
        return named
    suffix = url.split("#", maxsplit=1)[0].split("?", maxsplit=1)[0].rpartition(".")[2].lower()
    return _SUFFIXES.get(suffix, {"truetype": "ttf", "opentype": "otf"}.get(named, suffix))


def problem(data: bytes, path: str) -> str:
    """Return why browsers refuse a font file, empty when its header is right."""
    form = _FORMS.get(data[:4], "")
    promised = _SUFFIXES.get(path.rpartition(".")[2].lower(), "")
    if not form:
        return "it is empty" if not data else "it is no font"
    # The length of the whole file: https://www.w3.org/TR/WOFF2/#woff20Header and https://www.w3.org/TR/WOFF/#WOFFHeader
    if form in {"woff2", "woff"} and (
        len(data) < _SHORTEST - 4 or int.from_bytes(data[8:12], "big") != len(data)
    ):
        return f"its header tells {int.from_bytes(data[8:12], 'big'):,} bytes, it has {len(data):,}"
    return (
        f"it is {form.upper()}, not {promised.upper()}"
        if promised in {"woff", "woff2"} and form != promised
        else ""
    )
