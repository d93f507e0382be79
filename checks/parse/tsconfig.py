"""What a tsconfig.json says in the end, through everything that it extends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# A text, or a comment: what looks like a comment inside a text is none.
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
# The flags of the family: https://www.typescriptlang.org/tsconfig/#strict
FAMILY = (
    "noImplicitAny", "strictNullChecks", "strictFunctionTypes", "strictBindCallApply", "strictPropertyInitialization",
    "noImplicitThis", "useUnknownInCatchVariables", "alwaysStrict",
)  # fmt: skip
_DEEPEST = 20


def read(path: Path) -> dict[str, Any]:
    """Return a tsconfig.json as it is written; raises ValueError when it is none, OSError when it is not there."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    text = _COMMENT.sub(lambda match: match[1] or " ", text)
    value = json.loads(_COMMA.sub(lambda match: match[1] or "", text))
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one kind of error for what cannot be read
    return value


def options(path: Path, depth: int = 0) -> dict[str, Any]:
    """Return the compiler options in effect; raises ValueError with what cannot be read, or extends nothing."""
    if depth > _DEEPEST:
        raise ValueError(f"{path.name} extends itself")
    try:
        config = read(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
    found: dict[str, Any] = {}
    given = config.get("extends") or []
    for name in [given] if isinstance(given, str) else given:
        found |= options(_extended(str(name), path), depth + 1)
    own = config.get("compilerOptions")
    return found | (own if isinstance(own, dict) else {})


def _extended(name: str, path: Path) -> Path:
    """Return the file behind `extends`: https://www.typescriptlang.org/tsconfig/#extends."""
    near = name.startswith((".", "/"))
    folders = [path.parent] if near else [one / "node_modules" for one in path.parent.resolve().parents]
    if not near:
        folders.insert(0, path.parent.resolve() / "node_modules")
    for folder in folders:
        for one in (folder / name, folder / f"{name}.json", folder / name / "tsconfig.json"):
            if one.is_file():
                return one
    raise ValueError(f"{path.name} extends {name}, which is not there")


def projects(root: Path) -> Iterator[Path]:
    """Yield the tsconfig.json of a site, or those that it refers to when it only does that."""
    path = root / "tsconfig.json"
    config = read(path)
    referred = [one.get("path") for one in config.get("references", []) if isinstance(one, dict)]
    if not referred or config.get("files") != []:
        yield path
        return
    for name in referred:
        one = root / str(name)
        yield one / "tsconfig.json" if one.is_dir() else one


def loose(found: dict[str, Any], *, default: bool) -> list[str]:
    """Return the flags that are off: `strict` itself, or those of its family; `default` is what the compiler takes."""
    strict = found.get("strict", default) is True
    if strict:
        return [name for name in FAMILY if found.get(name, True) is False]
    return [] if all(found.get(name) is True for name in FAMILY) else ["strict"]
