"""The JavaScript that a file becomes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Script:
    """The JavaScript of one script of a file; `part` is empty for the file itself."""

    part: str
    extension: str
    code: str
