"""What TypeScript 7 no longer takes in a configuration: told before somebody installs it, and how to write it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.typescript import jsonc, texts
from pipeline.typescript.analysis import Outside

_RELATIVE = re.compile(r"\.{1,2}(?:/|$)|/")
# https://github.com/microsoft/TypeScript/issues/54500 (removed in 7.0), by option and lower-case value.
_GONE: Mapping[tuple[str, str], str] = {
    (
        "moduleResolution",
        "node",
    ): 'write "moduleResolution": "bundler" (or "nodenext" for what node runs itself)',
    (
        "moduleResolution",
        "node10",
    ): 'write "moduleResolution": "bundler" (or "nodenext" for what node runs itself)',
    ("moduleResolution", "classic"): 'write "moduleResolution": "bundler"',
    ("target", "es3"): 'write "target": "ES2015" or later',
    ("target", "es5"): 'write "target": "ES2015" or later',
    ("module", "amd"): 'write "module": "ESNext", and let a bundler make the rest',
    ("module", "umd"): 'write "module": "ESNext", and let a bundler make the rest',
    ("module", "system"): 'write "module": "ESNext", and let a bundler make the rest',
}


def refused(root: Path, config: str, version: str) -> Iterator[Outside]:
    """Yield what a configuration says that TypeScript 7 refuses; `version` is the installed one, or empty."""
    try:
        plain = jsonc.parse(texts.read(root / config) or "").plain
    except jsonc.Broken:
        return
    options = plain.get("compilerOptions") if isinstance(plain, dict) else None
    if not isinstance(options, dict):
        return
    now = version.partition(".")[0] == "7"
    who = f"TypeScript {version} refuses" if now else "for later: TypeScript 7 refuses"
    for what, fix in _found(options):
        yield Outside("version", f"{who} {what} in {config}", fix, config)


def _found(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "baseUrl" in options:
        base = str(options["baseUrl"]).rstrip("/")
        start = base if _RELATIVE.match(base) else f"./{base}"
        yield "baseUrl", f'remove it; "paths" then start from the file: "*": ["{start}/*"] keeps bare imports'
    bare = [
        str(target)
        for targets in (options.get("paths") or {}).values()
        for target in (targets if isinstance(targets, list) else ())
        if not _RELATIVE.match(str(target))
    ]
    if bare:
        yield f'paths to "{bare[0]}", which is not relative', f'write "./{bare[0]}"'
    for (name, value), fix in _GONE.items():
        if str(options.get(name, "")).lower() == value:
            yield f'"{name}": "{options[name]}"', fix
