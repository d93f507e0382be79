"""The few tokens by which two versions of a page differ, and what each of them looks like."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

# A token runs on over these: words, ISO times, versions, file names with a hash, and all that is not ASCII.
_WORD = bytes(
    code for code in range(256) if code >= 0x80 or chr(code).isalnum() or chr(code) in "_-.:+"
)  # fmt: skip
# In digests and nonces, but in addresses and attributes too: only when the texts fall out of step without.
_BASE64 = b"/="
# What ends a sentence belongs to the text, not to the token before it.
_EDGE = b".:+"
# Two tokens this close, with nothing of HTML between them, are one: `15 Jun 2026, 10:00:00`.
_NEAR = 12
_MARKUP = re.compile(rb"[<>\"'\n]")
# Longer than this is a text and no token, in bytes.
_LONGEST = 256
_AROUND = 80


class Span(NamedTuple):
    """Where two texts differ: old[i:i_end] became new[j:j_end]."""

    i: int
    i_end: int
    j: int
    j_end: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token before and after, and the new version's text to its left and right."""

    old: bytes
    new: bytes
    left: bytes
    right: bytes

    @property
    def kind(self) -> str:
        """What it looks like: a key of KINDS, or `text`."""
        return kind_of(self.old, self.new, self.left, self.right)


def replaced(old: bytes, new: bytes, most: int) -> tuple[Token, ...] | None:
    """Return the tokens whose replacement makes `new` of `old`, each once however often it occurs.

    None when they are more than `most`, or when the texts differ in more than tokens.
    """
    spans = _spans(old, new, most, _WORD)
    if spans is None:
        spans = _spans(old, new, most, _WORD + _BASE64)
    if spans is None:
        whole = _middle(old, new)
        spans = [whole] if max(whole.i_end - whole.i, whole.j_end - whole.j) <= _LONGEST else None
    if spans is None:
        return None
    found: dict[tuple[bytes, bytes], Token] = {}
    for span in spans:
        token = _token(old, new, span)
        found.setdefault((token.old, token.new), token)
    return tuple(found.values()) if len(found) <= most else None


def again(old: bytes, new: bytes, tokens: Iterable[Token]) -> bool:
    """Whether replacing the tokens of another page everywhere makes `new` of `old`: a hundred times quicker."""
    for token in tokens:
        if not token.old:
            return False
        old = old.replace(token.old, token.new)
    return old == new


def changed_bytes(old: bytes, new: bytes) -> int:
    """Return how many bytes of `new` lie between its first and its last difference."""
    start = _common(old, 0, new, 0)
    return len(new) - start - _common_end(old, new, start)


def _spans(old: bytes, new: bytes, most: int, word: bytes) -> list[Span] | None:
    """Return all differing tokens in order, or None where the texts fall out of step."""
    spans: list[Span] = []
    different: set[tuple[bytes, bytes]] = set()
    i = j = 0
    while True:
        same = _common(old, i, new, j)
        i, j = i + same, j + same
        if i == len(old) and j == len(new):
            return spans
        back = _word_before(new, j, min(same, _LONGEST), word)
        i_end, j_end = i + _word_after(old, i, word), j + _word_after(new, j, word)
        span = Span(i - back, i_end, j - back, j_end)
        if old[span.i : i_end] == new[span.j : j_end]:
            return None
        if spans and _one(old, new, spans[-1], span):
            last = spans.pop()
            span = Span(last.i, i_end, last.j, j_end)
        else:
            # The last one can still grow, so only those before it count.
            different.update((old[one.i : one.i_end], new[one.j : one.j_end]) for one in spans[-1:])
        spans.append(span)
        if len(different) > most or max(i_end - span.i, j_end - span.j) > _LONGEST:
            return None
        i, j = i_end, j_end


def _one(old: bytes, new: bytes, last: Span, span: Span) -> bool:
    gap = new[last.j_end : span.j]
    return len(gap) <= _NEAR and gap == old[last.i_end : span.i] and not _MARKUP.search(gap)


def _middle(old: bytes, new: bytes) -> Span:
    start = _common(old, 0, new, 0)
    end = _common_end(old, new, start)
    back = _word_before(new, start, min(start, _LONGEST), _WORD)
    on = min(_word_after(new, len(new) - end, _WORD), end)
    return Span(start - back, len(old) - end + on, start - back, len(new) - end + on)


def _word_before(text: bytes, position: int, most: int, word: bytes) -> int:
    piece = text[position - most : position]
    return len(piece) - len(piece.rstrip(word))


def _word_after(text: bytes, position: int, word: bytes) -> int:
    piece = text[position : position + _LONGEST + 1]
    return len(piece) - len(piece.lstrip(word))


def _token(old: bytes, new: bytes, span: Span) -> Token:
    i, i_end, j, j_end = span
    while i_end > i and j_end > j and old[i_end - 1] == new[j_end - 1] and new[j_end - 1] in _EDGE:
        i_end, j_end = i_end - 1, j_end - 1
    left, right = new[max(j - _AROUND, 0) : j], new[j_end : j_end + _AROUND]
    return Token(old[i:i_end], new[j:j_end], left, right)


def _common(old: bytes, i: int, new: bytes, j: int) -> int:
    """Return how many bytes are the same from there on: slices, because a loop over bytes is 100 times slower."""
    limit = min(len(old) - i, len(new) - j)
    same, step = 0, 64
    while same < limit:
        size = min(step, limit - same)
        if old[i + same : i + same + size] != new[j + same : j + same + size]:
            return same + _first_difference(old, i + same, new, j + same, size)
        same, step = same + size, min(step * 4, 1 << 16)
    return same


def _first_difference(old: bytes, i: int, new: bytes, j: int, size: int) -> int:
    low = 0
    while size > 1:
        half = size // 2
        if old[i + low : i + low + half] == new[j + low : j + low + half]:
            low, size = low + half, size - half
        else:
            size = half
    return low


def _common_end(old: bytes, new: bytes, start: int) -> int:
    """Return how many bytes are the same at both ends, without the first `start` ones."""
    limit = min(len(old), len(new)) - start
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]:
            low = middle
        else:
            high = middle - 1
    return low


_ISO = rb"\d{4}-\d\d-\d\d(?:[T ]\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
_MONTH = rb"(?:jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*"
_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ASSET = rb"[\w.+-]+\.(?:css|m?js|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|json|webmanifest|mp4|webm)"
# What a token looks like: both versions match the whole of the first pattern, the text before them ends with the
# second one. The first that fits counts; the words are those of the findings.
_LOOKS: tuple[tuple[str, bytes, bytes], ...] = (
    ("nonce", rb"[\w+/=-]+", rb"nonce(?:=[\"']?|-|\"\s*:\s*\")"),
    ("digest", rb"(?:sha(?:256|384|512)-)?[\w+/=-]{20,}", rb"(?:integrity=[\"']?|[\"'\s]sha(?:256|384|512)-|')"),
    ("file name", _ASSET, rb""),
    ("file name", rb"[\w.-]+", rb"\.(?:css|m?js|woff2?|json)\?(?:\w+=)?"),
    ("file name", rb"[\w-]{6,}", rb"/_next/static/"),
    ("id", _UUID, rb""),
    ("date", _ISO, rb""),
    ("date", rb"(?:\d\d?:)\d\d(?::\d\d(?:\.\d+)?)?\s*(?:[ap]m|z|utc|gmt)?", rb""),
    ("date", rb"[\w ,.:+-]*\b" + _MONTH + rb"\b[\w ,.:+-]*\d[\w ,.:+-]*", rb""),
    ("date", rb"\d\d?[./]\d\d?[./]\d{4}[\w ,.:+-]*", rb""),
    ("build time", rb"1[5-9]\d{8}(?:\.?\d{3})?|2\d{9}(?:\.?\d{3})?", rb""),
    ("version", rb"v?\d+(?:\.\d+)+(?:[-+][\w.+-]+)?", rb""),
    ("commit", rb"(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}", rb""),
    ("number", rb"#?\d+", rb""),
    ("id", rb"(?=[\w.:+/=-]*\d)(?=[\w.:+/=-]*[a-z])[\w.:+/=-]{6,}", rb""),
)  # fmt: skip
_COMPILED = [
    (kind, re.compile(both, re.IGNORECASE), re.compile(before + rb"\Z", re.IGNORECASE))
    for kind, both, before in _LOOKS
]
_MONTH_NEXT = re.compile(rb"[\s,.]*" + _MONTH + rb"\b", re.IGNORECASE)


def kind_of(old: bytes, new: bytes, left: bytes, right: bytes) -> str:
    """Return what a replaced token looks like, `text` when like nothing that a machine writes."""
    if _MONTH_NEXT.match(right) and old.isdigit() and new.isdigit():
        return "date"
    for kind, both, before in _COMPILED:
        if both.fullmatch(old) and both.fullmatch(new) and before.search(left[-24:]):
            return kind
    return "text"
