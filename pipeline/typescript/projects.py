"""The TypeScript projects of a site: its tsconfig.json, what that refers to, and the packages of a workspace."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.errors import Stop
from pipeline.typescript import jsonc, texts

_CONFIG = "tsconfig.json"
_SKIPPED = frozenset(("node_modules", "bower_components"))


@dataclass(frozen=True)
class Target:
    """What one session opens: the folder of a package, and the configuration in it by its path from there."""

    root: Path
    config: str


def projects(root: Path) -> tuple[Target, ...]:
    """Return the projects to check, each alone: the site's first, then its workspace's packages by their paths.

    A configuration that only refers to others (`"files": []`) is followed, not opened; every one that it refers
    to is, in its order. Where nothing is found the answer is the site's own tsconfig.json, which a session refuses.
    """
    root = root.resolve()
    packages = [root, *_packages(root)]
    seen: dict[Path, None] = {}
    found: list[Target] = []
    for package in packages:
        if (package / _CONFIG).is_file():
            for config in _follow(package / _CONFIG, seen):
                home = _home(config, packages)
                found.append(Target(home, config.relative_to(home).as_posix()))
    return tuple(found) or (Target(root, _CONFIG),)


def _follow(config: Path, seen: dict[Path, None]) -> Iterator[Path]:
    if config in seen:
        return
    seen[config] = None
    data = _read(config)
    if not _only_refers(data):
        yield config
    for one in _list(data.get("references")):
        if isinstance(one, dict) and isinstance(one.get("path"), str):
            # Not resolved: a link is followed by TypeScript under the name that it has here.
            other = Path(os.path.normpath(config.parent / one["path"]))
            yield from _follow(other if other.suffix == ".json" else other / _CONFIG, seen)


def _only_refers(data: Mapping[str, Any]) -> bool:
    return bool(data.get("references")) and data.get("files") == [] and not data.get("include")


def _read(config: Path) -> Mapping[str, Any]:
    # What cannot be read is left to the session, which says what is wrong with it.
    try:
        data = jsonc.parse(texts.read(config) or "").plain
    except jsonc.Broken:
        return {}
    return data if isinstance(data, dict) else {}


def _home(config: Path, packages: Iterable[Path]) -> Path:
    """Return the package that a configuration belongs to: the innermost around it, else its own folder."""
    around = [one for one in packages if config.is_relative_to(one)]
    return max(around, key=lambda one: len(one.parts), default=config.parent)


def _packages(root: Path) -> list[Path]:
    patterns = _patterns(root)
    if not patterns:
        return []
    wanted = [_pattern(one) for one in patterns if not one.startswith("!")]
    unwanted = [_pattern(one[1:]) for one in patterns if one.startswith("!")]
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(one for one in folders if one not in _SKIPPED and not one.startswith("."))
        path = Path(folder).relative_to(root).as_posix()
        named = "package.json" in files and any(one.fullmatch(path) for one in wanted)
        if named and not any(one.fullmatch(path) for one in unwanted):
            found.append(Path(folder))
    return sorted(found)


def _patterns(root: Path) -> Sequence[str]:
    """Return the folders of a workspace as npm, yarn and bun (package.json) or pnpm say them."""
    manifest, spaces = root / "package.json", root / "pnpm-workspace.yaml"
    found: object = None
    if spaces.is_file():
        import yaml

        try:
            data = yaml.safe_load(texts.read(spaces) or "")
        except yaml.YAMLError as error:
            raise Stop(
                f"{spaces.name} is no YAML", "correct it: pnpm install", details=(str(error),)
            ) from error
        found = data.get("packages") if isinstance(data, dict) else None
    elif manifest.is_file():
        try:
            data = json.loads(texts.read(manifest) or "")
        except ValueError as error:
            raise Stop(
                f"{manifest.name} is no JSON", "correct it: npm pkg fix", details=(str(error),)
            ) from error
        found = data.get("workspaces") if isinstance(data, dict) else None
        found = found.get("packages") if isinstance(found, dict) else found
    return [one for one in _list(found) if isinstance(one, str)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _pattern(glob: str) -> re.Pattern[str]:
    """Return a glob of folders as a pattern: `*` within one name, `**` over any number of them."""
    parts = [re.escape(one) for one in glob.removeprefix("./").rstrip("/").split("/")]
    text = "/".join(parts).replace(re.escape("**"), "\0").replace(re.escape("*"), "[^/]*")
    text = text.replace("/\0", "(?:/.*)?").replace("\0/", "(?:.*/)?").replace("\0", ".*")
    return re.compile(text.replace(re.escape("?"), "[^/]"))
