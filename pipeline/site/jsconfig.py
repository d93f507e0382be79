"""Single values of a configuration written in JavaScript, read without running it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKENS = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|(?P<note>//[^\n]*|/\*.*?\*/)""",
    re.DOTALL,
)
_LITERAL = re.compile(
    r"""\s*(?:"([^"\\\n]*)"|'([^'\\\n]*)'|`([^`\\$]*)`)\s*(?:[,;})\n]|as\b|satisfies\b|$)"""
)


@dataclass(frozen=True)
class Setting:
    """A key's value when it is a plain text, else `value` is None and `code` shows the expression."""

    value: str | None
    code: str = ""


def without_comments(text: str) -> str:
    """Return the code with its comments taken out; texts that look like comments stay."""
    return _TOKENS.sub(lambda match: match[0] if match["text"] is not None else " ", text)


def setting(text: str, *keys: str) -> Setting | None:
    """Return the first of `keys` that the code sets; a dotted key is looked for inside of its object.

    It is a look, no evaluation: spreads, functions and imports are not followed.
    """
    code = without_comments(text)
    for key in keys:
        outer, _, inner = key.rpartition(".")
        area = _object(code, outer) if outer else code
        match = re.search(rf"""(?<![\w$.'"-])['"]?{re.escape(inner)}['"]?\s*:""", area)
        if match:
            rest = area[match.end() :]
            literal = _LITERAL.match(rest)
            if literal:
                return Setting(next(group for group in literal.groups() if group is not None))
            return Setting(None, re.split(r"[,\n]", rest.strip(), maxsplit=1)[0].strip())
    return None


def _object(code: str, path: str) -> str:
    """Return what stands between the braces after `path:` (each part within the one before), or nothing."""
    for name in path.split("."):
        match = re.search(rf"""(?<![\w$.])['"]?{re.escape(name)}['"]?\s*:\s*\{{""", code)
        if not match:
            return ""
        code = _braces(code[match.end() :])
    return code


def _braces(code: str) -> str:
    depth = 1
    for position, sign in enumerate(code):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return code[:position]
    return code
