"""Positions of a text as the Language Server Protocol counts them: lines and UTF-16 units, both from 0."""

from __future__ import annotations

import bisect
import re


class Lines:
    """The lines of a text in units, as LSP counts them: they end with a line feed, a carriage return, or both."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(one.end() for one in re.finditer(r"\r\n?|\n", text))]
        self._length = len(text)

    def offset(self, line: int, character: int) -> int:
        """Return a position in the text; what lies beyond a line or the text is its end."""
        if line >= len(self._starts):
            return self._length
        last = self._starts[line + 1] if line + 1 < len(self._starts) else self._length
        return min(self._starts[line] + max(character, 0), last)

    def place(self, position: int) -> tuple[int, int]:
        """Return line and character, both from 0."""
        line = bisect.bisect_right(self._starts, position) - 1
        return line, position - self._starts[line]
