"""What scripts register as service workers, and what those put into their cache first."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_REGISTER = re.compile(
    r"""serviceWorker\s*(?:\?\.|\.)\s*register\s*\(\s*
    (["'`])(?P<url>[^"'`$\n]+)\1(?P<rest>[^;]{0,200})""",
    re.VERBOSE,
)
_SCOPE = re.compile(r"""\bscope\s*:\s*(["'`])([^"'`$\n]*)\1""")
# What Workbox writes: precacheAndRoute([{url:"a.js",revision:null}, ...]), also {'revision': ..., 'url': ...}
_ENTRY = re.compile(
    r"""\{\s*(?:["']?(?:revision|integrity)["']?\s*:\s*(?:null|"[^"]*"|'[^']*')\s*,\s*)*
    ["']?url["']?\s*:\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\s*
    (?:,\s*["']?(?:revision|integrity)["']?\s*:\s*(?:null|"[^"]*"|'[^']*')\s*)*\}""",
    re.VERBOSE,
)
_ADD_ALL = re.compile(r"\.\s*addAll\s*\(\s*(\[[^\]]*\]|[A-Za-z_$][\w$]*)")
_TEXT = re.compile(r""""((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`([^`$\\]*)`""")
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'\w])//[^\n]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Registration:
    """The address of a service worker and its scope as written; `scope` is None for the worker's own folder."""

    url: str
    scope: str | None


def registrations(text: str) -> tuple[Registration, ...]:
    """Return what a script registers with plain texts as addresses; built-up ones cannot be read."""
    if "serviceWorker" not in text:
        return ()
    found = []
    for match in _REGISTER.finditer(text):
        scope = _SCOPE.search(match["rest"])
        found.append(Registration(match["url"], scope[2] if scope else None))
    return tuple(dict.fromkeys(found))


def precached(text: str) -> tuple[str, ...]:
    """Return the addresses that a worker puts into its cache when it is installed, as written."""
    text = _COMMENT.sub("", text) if "addAll" in text else text
    found = [_plain(match[1]) for match in _ENTRY.finditer(text)]
    for match in _ADD_ALL.finditer(text):
        found += _texts(match[1] if match[1].startswith("[") else _list(text, match[1]))
    return tuple(dict.fromkeys(found))


def _list(text: str, name: str) -> str:
    """Return the list that a name is given, empty when it is not a plain one."""
    match = re.search(rf"\b(?:const|let|var)\s+{re.escape(name)}\s*=\s*(\[[^\]]*\])", text)
    return match[1] if match else ""


def _texts(array: str) -> list[str]:
    # With anything but texts in it, the list is built up, and what it holds cannot be told.
    if re.sub(r"[\s,\[\]]", "", _TEXT.sub("", array)):
        return []
    return [match[1] or match[2] or match[3] or "" for match in _TEXT.finditer(array)]


def _plain(quoted: str) -> str:
    if quoted.startswith('"'):
        try:
            return str(json.loads(quoted))
        except ValueError:
            return quoted[1:-1]
    return quoted[1:-1]
