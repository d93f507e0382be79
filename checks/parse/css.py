"""What a style sheet makes the browser load."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)'"\s]*))\s*\)""", re.IGNORECASE)
_IMPORT = re.compile(r"""@import\s*(?:url\(\s*)?(?:"([^"]*)"|'([^']*)'|([^)'"\s;]+))[^;]*;?""", re.IGNORECASE)
_FACE = re.compile(r"@font-face\s*\{([^}]*)\}", re.IGNORECASE)
_FACE_SOURCE = re.compile(_URL.pattern + r"""(?:\s*format\(\s*["']?([\w-]+)["']?[^)]*\))?""", re.IGNORECASE)
_UNICODE_RANGE = re.compile(r"unicode-range\s*:\s*([^;}]+)", re.IGNORECASE)
_RANGE = re.compile(r"U\+([0-9A-F?]+)(?:-([0-9A-F]+))?", re.IGNORECASE)
# Embedded OpenType was only ever for Internet Explorer, SVG fonts for old Safari.
_OLD_FORMATS = frozenset({"embedded-opentype", "svg"})


@dataclass(frozen=True, slots=True)
class Face:
    """A font file and the characters for which the browser fetches it; no ranges: all."""

    url: str
    ranges: tuple[tuple[int, int], ...] = ()

    def wanted(self, characters: frozenset[int]) -> bool:
        """Whether text with these code points makes a browser fetch the file (CSS Fonts 4, section 4.5)."""
        return not self.ranges or any(low <= char <= high for low, high in self.ranges for char in characters)


@dataclass(frozen=True, slots=True)
class Sheet:
    """References of a style sheet, as written: other sheets, images and the like, fonts."""

    imports: tuple[str, ...]
    urls: tuple[str, ...]
    faces: tuple[Face, ...]


def read(text: str) -> Sheet:
    """Return what a style sheet refers to; data URLs are left out."""
    text = _COMMENT.sub("", text)
    imports = tuple(_one(match) for match in _IMPORT.finditer(text))
    faces = tuple(face for match in _FACE.finditer(text) if (face := _face(match[1])))
    rest = _FACE.sub("", _IMPORT.sub("", text))
    urls = (_one(match) for match in _URL.finditer(rest))
    return Sheet(tuple(filter(_loads, imports)), tuple(filter(_loads, urls)), faces)


def _one(match: re.Match[str]) -> str:
    return (match[1] or match[2] or match[3] or "").strip()


def _loads(url: str) -> bool:
    return bool(url) and not url.startswith(("data:", "#", "blob:"))


def _face(block: str) -> Face | None:
    # The browser takes the first source whose format it knows; a data URL costs nothing more.
    for match in _FACE_SOURCE.finditer(block):
        url, form = _one(match), (match[4] or "").lower()
        if form in _OLD_FORMATS or url.split("?")[0].split("#")[0].lower().endswith((".eot", ".svg")):
            continue
        return Face(url, _ranges(block)) if _loads(url) else None
    return None


def _ranges(block: str) -> tuple[tuple[int, int], ...]:
    found = _UNICODE_RANGE.search(block)
    if not found:
        return ()
    pairs = []
    for low, high in _RANGE.findall(found[1]):
        start = int(low.replace("?", "0"), 16)
        end = int(high or low.replace("?", "F"), 16)
        pairs.append((start, end))
    return tuple(pairs)
