"""Which source files a page or another entry reaches through imports."""

from __future__ import annotations

import posixpath
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

Imports = Mapping[str, Collection[str]]

_SCRIPT = r"\.[cm]?[jt]sx?"
# Where frameworks look for files by themselves, by the package that tells the framework.
_ROUTES: Mapping[str, str] = {
    "astro": r"src/pages/.*|src/(?:middleware|content\.config)"
    + _SCRIPT
    + r"|src/(?:content/config|actions/index|"
    r"middleware/index|live\.config)" + _SCRIPT,
    "next": r"(?:src/)?pages/.*|(?:src/)?app/(?:.*/)?(?:page|layout|route|template|default|loading|error|not-found|"
    r"global-error|forbidden|unauthorized|sitemap|robots|manifest|icon|apple-icon|opengraph-image|twitter-image)"
    + _SCRIPT
    + r"|(?:src/)?(?:middleware|proxy|instrumentation(?:-client)?|mdx-components)"
    + _SCRIPT,
    "@sveltejs/kit": r"src/routes/(?:.*/)?\+.*|src/(?:hooks(?:\.\w+)?|service-worker|instrumentation\.server)"
    + _SCRIPT
    + r"|src/params/.*",
    "nuxt": r"(?:app/)?(?:pages|layouts|plugins|middleware|components|composables|utils|modules)/.*|server/.*|"
    r"shared/.*|(?:app/)?(?:app|error)\.vue|(?:app/)?app\.config" + _SCRIPT,
    "vitepress": r"(?:docs/)?\.vitepress/(?:config|theme/index)(?:/index)?" + _SCRIPT,
    "@docusaurus/core": r"src/(?:pages|theme)/.*",
    "react-scripts": r"src/(?:index|setupTests|setupProxy)" + _SCRIPT,
    "@vue/cli-service": r"src/main" + _SCRIPT,
    "gatsby": r"src/(?:pages|templates)/.*|gatsby-(?:browser|node|ssr|config)" + _SCRIPT,
    "@11ty/eleventy": r".*\.11ty" + _SCRIPT,
}
_CONFIG = re.compile(r"[^/]*(?:\.config|rc)(?:\.[\w-]+)*" + _SCRIPT + r"|vitest\.\w+" + _SCRIPT)
_TEST = re.compile(
    r"(?:.*/)?(?:tests?|__tests__|__mocks__|spec|e2e|cypress|playwright)/.*|.*\.(?:test|spec|cy|stories|bench)"
    + _SCRIPT
)
_MARKUP = (".html", ".htm", ".astro", ".md", ".mdx", ".svelte", ".vue")
_SOURCE = re.compile(r"<script\b[^>]*?\bsrc\s*=\s*[\"']([^\"'>{}]+)[\"']", re.IGNORECASE)
_ASKED = re.compile(
    r"""\bnew\s+URL\(\s*["'`]([^"'`]+)["'`]\s*,\s*import\.meta\.url"""
    r"""|\bimport\(\s*`([^`]+)`\s*\)|\bnew\s+(?:Shared)?Worker\(\s*["'`]([^"'`]+)["'`]"""
)
_GLOB = re.compile(r"\bimport\.meta\.glob(?:Eager)?(?:<[^()]*>)?\(\s*(\[[^\]]*\]|[\"'`][^\"'`]+[\"'`])")
_IMPORT = re.compile(
    r"""(?:\bfrom|\bimport|\bimport\(|\brequire\(|\bexport\s+\*\s+from)\s*["']([^"'\n]+)["']"""
)
_QUOTED = re.compile(r"[\"'`]([^\"'`]+)[\"'`]")
_ENDINGS = (
    "", ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mts", ".mjs", ".cts", ".cjs", ".vue", ".svelte", ".astro",
    "/index.ts", "/index.tsx", "/index.js", "/index.jsx", "/index.d.ts",
)  # fmt: skip


def entries(files: Collection[str], package: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that something other than an import loads, with what loads it.

    `files` are all files that count, pages in HTML too; paths are relative to the site's root.
    """
    found: dict[str, str] = {}
    needs = _needs(package)
    routes = [re.compile(pattern) for name, pattern in _ROUTES.items() if name in needs]
    for file in sorted(files):
        if file.endswith((".html", ".htm", ".mdx")) or any(one.fullmatch(file) for one in routes):
            found[file] = "page"
        elif _TEST.fullmatch(file):
            found[file] = "test"
        elif _CONFIG.fullmatch(file):
            found[file] = "configuration"
        elif file.endswith((".d.ts", ".d.mts", ".d.cts")):
            found[file] = "declarations"
    for word in _told(package):
        for target in _sources(word, files):
            found.setdefault(target, "package.json")
    return found


def _needs(package: Mapping[str, Any]) -> set[str]:
    parts = (package.get(key) for key in ("dependencies", "devDependencies", "peerDependencies"))
    return {name for part in parts if isinstance(part, dict) for name in part}


def _told(package: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths that package.json names: main, exports, bin, and the words of its scripts."""
    for key in (
        "main",
        "module",
        "types",
        "typings",
        "browser",
        "svelte",
        "exports",
        "bin",
        "source",
        "files",
    ):
        yield from _strings(package.get(key)) if key != "files" else ()
    scripts = package.get("scripts")
    for text in scripts.values() if isinstance(scripts, dict) else ():
        yield from re.findall(r"[\w@./-]+\.[cm]?[jt]sx?\b", str(text))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _sources(word: str, files: Collection[str]) -> list[str]:
    """Return the sources that a path of package.json stands for: `dist/index.js` is made of `src/index.ts`."""
    path = posixpath.normpath(word.lstrip("/"))
    if "*" in path:
        return [file for file in files if _glob(path).fullmatch(file)]
    stem = re.sub(r"(?:\.d)?\.[cm]?[jt]sx?$", "", path)
    below = stem.split("/")
    # What a build puts into one folder or two comes from src, or from the root.
    tails = ["/".join(below[start:]) for start in range(min(3, len(below)))]
    for base in (stem, *(f"src/{tail}" for tail in tails), *tails[1:]):
        for ending in _ENDINGS:
            if ending != ".d.ts" and base + ending in files:
                return [base + ending]
    return []


def written(file: str, text: str, files: Collection[str]) -> set[str]:
    """Return the files that a text names otherwise than by a plain import: script elements, workers, globs."""
    found: set[str] = set()
    if file.endswith(_MARKUP):
        for source in _SOURCE.findall(text):
            found |= set(_at(file, source, files))
    if "import" not in text and "Worker" not in text:
        return found
    for groups in _ASKED.findall(text):
        word = next(filter(None, groups), "")
        found |= set(_at(file, re.sub(r"\$\{[^}]*\}", "*", word), files))
    for patterns in _GLOB.findall(text):
        for pattern in _QUOTED.findall(patterns):
            found |= set(_at(file, pattern, files))
    if file.endswith((".mdx", ".html", ".htm")):
        for source in _IMPORT.findall(text):
            found |= set(_at(file, source, files))
    return found


def scanned(file: str, text: str, files: Collection[str], aliases: Mapping[str, str]) -> set[str]:
    """Return the files that a text imports, found by its words alone: for where no compiler answers.

    `aliases` are beginnings of specifiers and the folders that they stand for.
    """
    found = written(file, text, files)
    for source in _IMPORT.findall(text):
        name = next(
            (
                f"/{folder}{source.removeprefix(start)}"
                for start, folder in aliases.items()
                if source.startswith(start)
            ),
            source,
        )
        found |= set(_at(file, name, files))
    return found


def _at(file: str, source: str, files: Collection[str]) -> Iterable[str]:
    """Return the files that a relative or absolute path stands for, with an ending or `*` where it has one."""
    plain = source.partition("?")[0].partition("#")[0]
    if plain.startswith("/"):
        bases = [plain[1:], f"public{plain}", f"src{plain}"]
    elif plain.startswith("."):
        bases = [posixpath.normpath(posixpath.join(posixpath.dirname(file), plain))]
    elif "/" in plain or "." in plain:
        bases = (
            [posixpath.normpath(posixpath.join(posixpath.dirname(file), plain))]
            if file.endswith(_MARKUP)
            else []
        )
    else:
        return []
    if "*" in plain:
        return [one for one in files for base in bases if _glob(base).fullmatch(one)]
    for base in bases:
        # `./x.js` is how a module names `./x.ts`.
        stem = re.sub(r"\.([cm]?)jsx?$", "", base)
        for ending in _ENDINGS:
            for one in (base, stem):
                if one + ending in files:
                    return [one + ending]
    return []


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    """Return a glob as bundlers read it: `**/` any folders, `*` within one, `{a,b}` either."""
    parts = re.split(r"(\*\*/|\*+|\{[^{}]*\})", pattern)
    told = {"**/": "(?:.*/)?", "*": "[^/]*", "**": ".*"}
    return re.compile("".join(told.get(one) or _either(one) for one in parts))


def _either(part: str) -> str:
    if part.startswith("{") and part.endswith("}"):
        return f"(?:{'|'.join(map(re.escape, part[1:-1].split(',')))})"
    return re.escape(part)


def reached(imports: Imports, start: Mapping[str, str]) -> dict[str, str]:
    """Return each file that the entries reach, with the entry: the nearest, pages before tests."""
    rank = {"page": 0, "package.json": 1, "configuration": 2, "declarations": 3, "test": 4}
    found: dict[str, str] = {}
    for level in sorted(set(start.values()), key=lambda one: rank.get(one, 9)):
        open_ = deque(file for file in sorted(start) if start[file] == level and file not in found)
        found.update({file: file for file in open_})
        while open_:
            file = open_.popleft()
            for target in sorted(imports.get(file, ())):
                if target not in found:
                    found[target] = found[file]
                    open_.append(target)
    return found
