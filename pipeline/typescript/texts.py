"""Texts counted as TypeScript counts: in UTF-16 units, so that its positions are Python's."""

from __future__ import annotations

import array
import sys
from pathlib import Path

_BEYOND = "\uffff"


def units(text: str) -> str:
    """Return the text with each character beyond U+FFFF as its two surrogates."""
    if not text or max(text) <= _BEYOND:
        return text
    codes = array.array("H", text.encode(f"utf-16-{_order()}", "surrogatepass"))
    return "".join(map(chr, codes))


def characters(text: str) -> str:
    """Return the text with each pair of surrogates as the character that it stands for: the inverse of `units`."""
    if not any("\ud800" <= mark <= "\udfff" for mark in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def read(path: Path) -> str | None:
    """Return a file's text in units, line ends and byte order mark kept; None when it is not UTF-8 or not there."""
    try:
        return units(path.read_bytes().decode("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def encode(text: str) -> bytes:
    """Return the bytes of a text in units."""
    return characters(text).encode("utf-8")


def _order() -> str:
    return "le" if sys.byteorder == "little" else "be"
