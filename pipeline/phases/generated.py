"""The types that Astro generates for a site: written anew only when something has changed that they come from."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pipeline.core.files import read_json, write_json
from pipeline.core.project import Project
from pipeline.site import packages, worktree
from pipeline.typescript import texts

_VERSION = 1
# A loader may take its schema from elsewhere, which nothing here can see.
_SECONDS = 24 * 60 * 60
_CODE = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".astro", ".vue", ".svelte")
_BEGIN = re.compile(r"(?:.*/)?astro\.config\.\w+|src/(?:content/config|content\.config|live\.config)\.\w+")
_QUOTED = re.compile(r"""["'`]([^"'`\s]+)["'`]""")
_VARIABLE = re.compile(r"""\benv(?:\??\.|\[["'])(\w+)""")
_INSTALLED = (".package-lock.json", ".modules.yaml", ".yarn-state.yml", ".yarn-integrity")


def words(root: Path) -> tuple[str, ...]:
    """Return the command that writes the types, empty where the site has no Astro."""
    astro = root / "node_modules/.bin/astro"
    return (str(astro), "sync") if "astro" in _asked(root) and astro.exists() else ()


def made_from(project: Project, variables: Mapping[str, str | None]) -> str:
    """Return the digest of all that the types come from; empty where that cannot be told.

    It is every file of the site but the code that neither the configuration nor the content's reads: of that only
    the names; the packages; and the environment variables that the configuration asks for.
    """
    root = project.root
    index = project.state / "ts" / "sources.json"
    sources = worktree.read_sources(root, project.output, index)
    worktree.write_index(index, sources)
    names = [name for name in sources.files if name.endswith(_CODE)]
    read, asked = _read(root, names)
    installed = list(_installed(root))
    if any(one is None for one in installed):
        return ""
    environment = {**os.environ, **variables}
    value = [
        _VERSION,
        [[name, "" if name.endswith(_CODE) and name not in read else sources.files[name][1]]
         for name in sorted(sources.files)],
        installed,
        [[name, environment.get(name)] for name in sorted({*asked, "NODE_ENV", "MODE"})],
        sorted((name, value) for name, value in variables.items() if name != "PATH"),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(value).encode("utf-8", "surrogateescape")).hexdigest()


def fresh(project: Project, digest: str) -> bool:
    """Whether the types are those that were written last, not long ago, and from the same."""
    known = read_json(_file(project))
    return (
        bool(digest)
        and isinstance(known, dict)
        and known.get("made_from") == digest
        and known.get("types") == _types(project.root)
        and 0 <= time.time() - float(known.get("at", 0)) < _SECONDS
    )


def remember(project: Project, digest: str) -> None:
    """Note that the types were written just now, from what has this digest."""
    if digest:
        at = int(time.time())
        write_json(_file(project), {"made_from": digest, "types": _types(project.root), "at": at})


def _file(project: Project) -> Path:
    return project.state / "ts" / "generated.json"


def _types(root: Path) -> str:
    """Return the digest of the generated types; those of a site without any are never taken for written."""
    found = hashlib.sha256()
    files = sorted((root / ".astro").rglob("*.d.ts"))
    for file in files:
        found.update(f"{file.relative_to(root)}\0".encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest() if files else str(time.time_ns())


def _asked(root: Path) -> set[str]:
    package = packages.manifest(root) or {}
    return {name for key in ("dependencies", "devDependencies") for name in package.get(key) or {}}


def _read(root: Path, names: list[str]) -> tuple[set[str], set[str]]:
    """Return the code that the configurations may read, and the environment variables that it names.

    An import is taken for every file of that name: an alias may lead anywhere. All code outside of src counts.
    """
    named: dict[str, list[str]] = {}
    for name in names:
        path = PurePosixPath(name)
        named.setdefault(path.name.partition(".")[0], []).append(name)
        if path.stem == "index":
            named.setdefault(path.parent.name, []).append(name)
    waiting = [name for name in names if _BEGIN.fullmatch(name) or not name.startswith("src/")]
    found, asked = set(waiting), set[str]()
    while waiting:
        text = texts.read(root / waiting.pop()) or ""
        asked.update(_VARIABLE.findall(text))
        for word in _QUOTED.findall(text):
            stem = PurePosixPath(word).name.partition(".")[0]
            more = [one for one in named.get(stem, ()) if one not in found]
            found.update(more)
            waiting += more
    return found, asked


def _installed(root: Path) -> Iterator[tuple[str, str] | None]:
    """Yield the installed packages that the site asks for, with digests; None for one whose source may change."""
    for folder in (root, *root.parents):
        for name in _INSTALLED:
            file = folder / "node_modules" / name
            if file.is_file():
                yield str(file), hashlib.sha256(file.read_bytes()).hexdigest()
    for name in sorted(_asked(root)):
        file = root / "node_modules" / name / "package.json"
        if file.is_file():
            real = file.resolve()
            linked = "node_modules" not in real.parts
            yield None if linked else (name, hashlib.sha256(real.read_bytes()).hexdigest())
