"""What a repair never writes, whatever it would silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pipeline.typescript.edits import Edit

_STRINGS = re.compile(r"""(["'`])(?:\\.|(?!\1)[^\\])*\1""")
_PATTERNS = {
    "any": re.compile(r"(?<![\w$.])any(?![\w$])"),
    "@ts-ignore": re.compile(r"@ts-(?:ignore|expect-error|nocheck)"),
    "eslint-disable": re.compile(r"eslint-disable"),
    "as unknown as": re.compile(r"\bas\s+unknown\s+as\b"),
    "Function": re.compile(r"[:<|&]\s*Function\b"),
    # Names of what is generated from components: the file itself knows none of them.
    "generated name": re.compile(r"__VLS_|__sveltets_|__AstroComponent_|\$\$_[a-z]|\u03a9ignore"),
    "non-null !": re.compile(r"(?<=[\w$)\]])!(?=[.\[)(,;\s]|$)(?!=)"),
}
# `x!: T` declares a member that the constructor is proven to set.
_DEFINITE = re.compile(r"[\w$]!\s*:")


def constructs(text: str) -> list[str]:
    """Return the names of the banned constructs in a piece of source, each as often as it stands there."""
    ignored = [name for name in ("@ts-ignore", "eslint-disable") for _ in _PATTERNS[name].findall(text)]
    plain = _DEFINITE.sub("x:", _STRINGS.sub('""', text))
    return ignored + [
        name
        for name, pattern in _PATTERNS.items()
        if name not in ("@ts-ignore", "eslint-disable")
        for _ in pattern.findall(plain)
    ]


def brings(edits: Iterable[Edit], texts: Mapping[str, str] | None = None) -> list[str]:
    """Return the banned constructs that edits write and that did not stand in what they replace."""
    found = []
    for edit in edits:
        written = constructs(edit.text)
        if written and texts is not None:
            for name in constructs(texts[edit.file][edit.start : edit.end]):
                if name in written:
                    written.remove(name)
        found += written
    return found
