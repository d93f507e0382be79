"""Redaction: no secret reaches a line, a log, a report or an exception."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

MASK = "[redacted]"

_SECRET_NAME = re.compile(
    r"(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|PRIVATE_KEY|CREDENTIALS?)(_|$)", re.IGNORECASE
)
# A shorter value ("1", "true", "test") would blank out half of every line and protects nothing.
_SHORTEST = 8
# GitHub's own prefixes: https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
_SHAPES = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|(?<=://)[^/\s:@]{20,}(?=@)"
    r"|(?i:(?<=bearer )[A-Za-z0-9._~+/=-]{16,})"
)
_known: set[str] = set()


def remember(value: str) -> None:
    """Mask this value from now on, wherever it came from."""
    if len(value) >= _SHORTEST:
        _known.add(value)


def from_environment(environ: Mapping[str, str]) -> set[str]:
    """Return the values of variables whose names say that they are secret."""
    return {value for name, value in environ.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST}


def redact(text: str, environ: Mapping[str, str] | None = None) -> str:
    """Return `text` with every known or recognisable secret replaced by a mask."""
    values = _known | from_environment(os.environ if environ is None else environ)
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, MASK)
    return _SHAPES.sub(MASK, text)
