"""Decisions of RFC 9110 on single header fields, as pure functions of their values."""

from __future__ import annotations

import re
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

_RANGE = re.compile(rb"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.IGNORECASE)
_TAG = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_QUALITY = re.compile(rb"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def byte_range(header: bytes, length: int) -> range | None:
    """Return the bytes that a Range field asks of `length` bytes (RFC 9110 section 14.1.2).

    None means that the field is to be ignored (another unit, malformed, several ranges), an empty range
    that it cannot be satisfied.
    """
    match = _RANGE.fullmatch(header)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        size = _number(match[2])
        # An empty representation has no byte to name in Content-Range: the whole of it is the answer.
        return None if length == 0 and size else range(max(0, length - size), length)
    first = _number(match[1])
    if not match[2]:
        return range(first, max(first, length))
    last = _number(match[2])
    return None if last < first else range(first, max(first, min(last + 1, length)))


def _number(digits: bytes) -> int:
    # int() refuses thousands of digits; 19 are more than any length.
    return int(digits.lstrip(b"0")[:19] or b"0")


def tag_in(header: bytes, tag: bytes, *, strong: bool) -> bool:
    """Whether a list of entity tags holds the strong `tag` (both comparisons: RFC 9110 section 8.8.3.2)."""
    if header.strip() == b"*":
        return True
    return any(value == tag and not (strong and weak) for weak, value in _TAG.findall(header))


@lru_cache(maxsize=256)
def accepts_gzip(header: bytes) -> bool:
    """Whether an Accept-Encoding field takes gzip (RFC 9110 section 12.5.3)."""
    qualities: dict[bytes, bool] = {}
    for item in header.lower().split(b","):
        coding, _, weight = (part.strip() for part in item.partition(b";"))
        match = _QUALITY.fullmatch(weight)
        qualities[coding] = not weight or (match is not None and float(match[1]) > 0)
    named = qualities.get(b"gzip", qualities.get(b"x-gzip"))
    return qualities.get(b"*", False) if named is None else named


@lru_cache(maxsize=256)
def seconds(header: bytes) -> int | None:
    """Return an HTTP date in seconds since 1970, None where it is none (RFC 9110 section 5.6.7)."""
    try:
        moment = parsedate_to_datetime(header.decode("ascii"))
        # The asctime form has no zone, and every HTTP date is GMT.
        return int((moment if moment.tzinfo else parsedate_to_datetime(f"{header.decode()} GMT")).timestamp())
    except (ValueError, OverflowError):
        return None


def date(moment: float) -> bytes:
    """Return seconds since 1970 as an IMF-fixdate."""
    return formatdate(moment, usegmt=True).encode("ascii")
