"""Edits of texts: what a repair changes, applied all or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Edit:
    """Replace the characters [start, end) of a file's text; positions count UTF-16 units as TypeScript does."""

    file: str
    start: int
    end: int
    text: str

    def overlaps(self, other: Edit) -> bool:
        """Whether both change the same place; two insertions at one point do."""
        if self.file != other.file:
            return False
        if self.start == other.start:
            return True
        first, second = sorted((self, other))
        return second.start < first.end


def apply(texts: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str]:
    """Return the changed texts only. Raises ValueError when edits overlap or lie outside their text."""
    by_file: dict[str, list[Edit]] = {}
    for one in set(edits):
        by_file.setdefault(one.file, []).append(one)
    changed = {}
    for file, group in by_file.items():
        text = texts[file]
        last = len(text) + 1
        for one in sorted(group, reverse=True):
            if one.end > len(text) or one.start > one.end or one.end > last or one.start == last:
                raise ValueError(f"edit outside its text or over another: {one}")
            text = text[: one.start] + one.text + text[one.end :]
            last = one.start
        if text != texts[file]:
            changed[file] = text
    return changed


def moved(position: int, edits: Iterable[Edit]) -> int:
    """Return where a position of the old text lies in the new one; inside a replaced range, at its end."""
    shift = 0
    for one in edits:
        if one.end <= position:
            shift += len(one.text) - (one.end - one.start)
        elif one.start < position:
            return one.start + shift + len(one.text)
    return position + shift


def indent_at(text: str, position: int) -> str:
    """Return the white space that the line of a position starts with."""
    start = text.rfind("\n", 0, position) + 1
    end = start
    while end < len(text) and text[end] in " \t":
        end += 1
    return text[start:end]


def newline_of(text: str) -> str:
    """Return the line end that a text uses: of the first line."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def unit_of(text: str) -> str:
    """Return one step of indentation as the text has it: a tab, or its smallest step of spaces (2 when none)."""
    steps = set()
    for line in text.splitlines():
        if line.startswith("\t"):
            return "\t"
        width = len(line) - len(line.lstrip(" "))
        if width > 1:
            steps.add(width)
    return " " * (min(steps) if steps else 2)


def returned(position: int, edits: Iterable[Edit]) -> int:
    """Return where a position of the new text was in the old one; inside a new text, where its edit starts.

    The edits are in order and do not overlap, their positions are those of the old text.
    """
    shift = 0
    for one in edits:
        start = one.start + shift
        if position < start:
            break
        if position < start + len(one.text):
            return one.start
        shift += len(one.text) - (one.end - one.start)
    return position - shift
