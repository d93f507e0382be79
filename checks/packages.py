"""Which packages a site depends on in production, as its lockfile or its node_modules tells."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
_SOURCES = (
    ".ts",
    ".tsx",
    ".mts",
    ".js",
    ".jsx",
    ".mjs",
    ".astro",
    ".vue",
    ".svelte",
    ".mdx",
    ".css",
    ".scss",
)
# `import type` is gone after the build; what stands in a comment only makes the answer more careful.
_IMPORT = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*|@(?:import|use)\s+)["']((?:@[\w.-]+/)?[\w][\w.-]*)(?:/[^"']*)?["']"""
)
_TYPES = re.compile(r"\bimport\s+type\b[^;'\"]*[\"'][^\"']*[\"']")


@dataclass(frozen=True)
class Package:
    """One installed package; `licence` is as its package.json has it, empty where it says nothing."""

    name: str
    version: str
    licence: str


def manifest(root: Path) -> dict[str, Any] | None:
    """Return the site's package.json, None where there is none that can be read."""
    return _json(root / "package.json")


def locked(root: Path) -> bool:
    """Whether npm's lockfile is there."""
    return any((root / name).is_file() for name in LOCKS)


def production(root: Path, output: Path) -> dict[str, Package]:
    """Return, by `name@version`, the production dependencies, and those that the site's own sources import.

    Both with all that they need in turn: a bundler copies what is imported into the output, whatever list of
    package.json it stands in.
    """
    about = manifest(root) or {}
    direct = {*_names(about, "dependencies"), *_names(about, "optionalDependencies")}
    development = _names(about, "devDependencies")
    direct |= {name for name in imported(root, output) if name in development}
    return {f"{one.name}@{one.version}": one for one in _closure(_world(root), direct)}


def imported(root: Path, output: Path) -> set[str]:
    """Return the packages that the site's own sources import: below `src`, else everywhere."""
    top = root / "src" if (root / "src").is_dir() else root
    found: set[str] = set()
    for folder, folders, files in os.walk(top):
        folders[:] = [
            name
            for name in folders
            if name != "node_modules" and not name.startswith(".") and Path(folder, name) != output
        ]
        for name in files:
            if name.endswith(_SOURCES) and ".config." not in name and ".test." not in name:
                text = Path(folder, name).read_text(encoding="utf-8", errors="replace")
                found.update(_IMPORT.findall(_TYPES.sub("", text)))
    return found


class _Lock:
    """npm's lockfile: https://docs.npmjs.com/cli/configuring-npm/package-lock-json#packages."""

    def __init__(self, packages: Mapping[str, Any]) -> None:
        self.packages = packages
        self.top = ""

    def about(self, place: str) -> Mapping[str, Any] | None:
        found = self.packages.get(place)
        if isinstance(found, dict) and found.get("link"):
            found = self.packages.get(str(found.get("resolved", "")))
        return found if isinstance(found, dict) else None

    def find(self, place: str, name: str) -> str | None:
        while True:
            inner = f"{place}/node_modules/{name}".lstrip("/")
            if inner in self.packages:
                return inner
            if not place:
                return None
            place = place.rpartition("/node_modules/")[0] if "/node_modules/" in place else ""


class _Disk:
    """What is installed; links are followed, as Node does, so that pnpm's layout is found too."""

    def __init__(self, root: Path) -> None:
        self.top = str(root.resolve())

    def about(self, place: str) -> Mapping[str, Any] | None:
        return _json(Path(place, "package.json"))

    def find(self, place: str, name: str) -> str | None:
        for folder in (Path(place), *Path(place).parents):
            inner = folder / "node_modules" / name
            if inner.is_dir():
                return str(inner.resolve())
        return None


def _world(root: Path) -> _Lock | _Disk:
    for name in LOCKS:
        packages = (_json(root / name) or {}).get("packages")
        if isinstance(packages, dict):
            return _Lock(packages)
    return _Disk(root)


def _closure(world: _Lock | _Disk, names: Iterable[str]) -> Iterator[Package]:
    waiting = [(world.top, name) for name in sorted(names)]
    seen: set[str] = set()
    while waiting:
        place, name = waiting.pop()
        found = world.find(place, name)
        if found is None or found in seen:
            continue
        seen.add(found)
        about = world.about(found) or {}
        yield Package(name, str(about.get("version", "")), licence_of(about))
        for list_name in ("dependencies", "optionalDependencies"):
            waiting += [(found, one) for one in sorted(_names(about, list_name))]


def licence_of(about: Mapping[str, Any]) -> str:
    """Return the SPDX expression of a package.json, in its old forms too; empty where it has none."""
    value = about.get("license", about.get("licenses"))
    if isinstance(value, dict):
        value = value.get("type")
    if isinstance(value, list):
        kinds = [one.get("type") if isinstance(one, dict) else one for one in value]
        return " OR ".join(str(one) for one in kinds if one)
    return value.strip() if isinstance(value, str) else ""


def installed_licence(root: Path, one: Package) -> str:
    """Return the licence as the installed package says it, where it is installed at the top and in this version."""
    about = _json(root / "node_modules" / one.name / "package.json")
    return licence_of(about) if about and about.get("version") == one.version else ""


def _names(about: Mapping[str, Any], name: str) -> set[str]:
    value = about.get(name)
    return set(value) if isinstance(value, dict) else set()


def _json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
