"""Configurations that TypeScript would read as if they said nothing: no JSON, or a base that is not there."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.errors import Stop
from pipeline.typescript import causes, jsonc


def refuse_broken(root: Path, name: str) -> None:
    """Raise Stop (2) for a configuration that is missing, is no JSON, or extends what is not there."""
    seen: set[Path] = set()
    open_ = [root / name]
    while open_:
        path = open_.pop()
        if path in seen:
            continue
        seen.add(path)
        shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            return  # the session says it, with what makes one
        except (OSError, UnicodeDecodeError) as error:
            raise Stop(f"{shown} cannot be read: {error}", f"npx tsc --showConfig -p {name}") from error
        try:
            plain = jsonc.parse(text).plain
        except jsonc.Broken as broken:
            # At the end of the text it is the last line that lacks something.
            ended = not text[broken.position :].strip()
            line = (text.rstrip() if ended else text[: broken.position]).count("\n") + 1
            told = text.splitlines()[line - 1].strip() if text.strip() else "(nothing)"
            raise Stop(
                f"{shown}:{line} is no JSON: {told[:80]}", f"correct line {line} of {shown}"
            ) from broken
        extends = plain.get("extends") if isinstance(plain, dict) else None
        for one in [extends] if isinstance(extends, str) else extends or []:
            open_ += _base(path, str(one), shown)


def _base(path: Path, name: str, shown: str) -> list[Path]:
    """Return the file that `extends` names, nothing where only TypeScript can tell; raises Stop (2)."""
    if name.startswith((".", "/")):
        near = [path.parent / name, path.parent / f"{name}.json"]
        found = next((one for one in near if one.is_file()), None)
        if found:
            return [found]
        if "/.svelte-kit/" in f"/{name}":
            return []  # `svelte-kit sync` writes it: told as a cause
        raise Stop(f"{shown} extends {name}, which is not there", f"correct extends in {shown}")
    package = causes.package_of(name)
    folders = [folder / "node_modules" for folder in (path.parent, *path.parent.parents)]
    if package and not any((folder / package).is_dir() for folder in folders):
        raise Stop(
            f"{shown} extends {name}, and the package {package} is not installed",
            f"npm install -D {package}, or correct extends in {shown}",
        )
    return []
