"""Which files of a project may be edited, and their exact texts."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.core.errors import Stop
from pipeline.site import worktree
from pipeline.tools.git import Git
from pipeline.typescript import texts

_DECLARATION = re.compile(r"\.d\.(?:[\w-]+\.)?[cm]?ts$")
_VENDORED = frozenset(
    {"vendor", "vendors", "third_party", "third-party", "thirdparty", "node_modules", "bower_components"}
)
_MINIFIED = re.compile(r"[.-]min\.[cm]?[jt]sx?$")
# Characters; people wrap their lines long before.
_MINIFIED_LINE = 5_000
_HEADER_LINES = 15
_COMMENT = re.compile(r"\s*(?://|/\*|\*|<!--|#|\{/\*)")
_GENERATED = re.compile(
    r"@generated\b|\bdo not (?:edit|modify)\b|\bauto(?:matically)?[- ]?generated\b|\bgenerated (?:by|from|file|code)\b",
    re.IGNORECASE,
)


class Misnamed(Stop):
    """A path or a code that a project does not have; another project of the site may."""


@dataclass(frozen=True)
class Files:
    """A project's texts in UTF-16 units, those that may be edited, and why the others may not."""

    texts: Mapping[str, str]
    editable: frozenset[str]
    refused: Mapping[str, str]


def look(root: Path, output: Path, files: Iterable[str]) -> Files:
    """Read a project's files and say which of them a repair may change.

    Those are the site's own: known to git or at least not ignored, neither vendored nor generated, no declarations,
    no symbolic links, and UTF-8.
    """
    own = frozenset(worktree.paths(root, output))
    held: dict[str, str] = {}
    refused: dict[str, str] = {}
    for file in sorted(files):
        text = texts.read(root / file)
        if text is not None:
            held[file] = text
        if reason := _unfit(root, file, text, own):
            refused[file] = reason
    refused.update(_declared(root, held.keys() - refused.keys()))
    return Files(held, frozenset(held) - refused.keys(), refused)


def _unfit(root: Path, file: str, text: str | None, own: Collection[str]) -> str:
    parts = PurePosixPath(file).parts
    if _linked(root, file):
        return "a symbolic link leads to it"
    if text is None:
        return "it is not UTF-8, or cannot be read"
    if _DECLARATION.search(file):
        return "it is a declaration file"
    if not _VENDORED.isdisjoint(parts[:-1]):
        return "it is vendored code"
    if file not in own:
        return "git ignores it, or it lies outside the site"
    if _MINIFIED.search(file) or max(map(len, text.splitlines()), default=0) > _MINIFIED_LINE:
        return "it is minified"
    return "it is generated" if generated(text) else ""


def _linked(root: Path, file: str) -> bool:
    path = root / file
    return any(one.is_symlink() for one in (path, *path.parents) if one != root and root in one.parents)


def generated(text: str) -> bool:
    """Return whether the comments at the beginning of a text say that a program wrote it."""
    for line in text.lstrip("\ufeff").splitlines()[:_HEADER_LINES]:
        if line.strip() in ("", "---"):
            continue
        if not _COMMENT.match(line):
            return False
        if _GENERATED.search(line):
            return True
    return False


def _declared(root: Path, files: Collection[str]) -> dict[str, str]:
    """Return the files that .gitattributes calls generated or vendored."""
    if not files:
        return {}
    names = b"".join(os.fsencode(file) + b"\0" for file in sorted(files))
    done = Git(root, bare=False).try_run(
        "check-attr", "-z", "--stdin", "linguist-generated", "linguist-vendored", stdin=names
    )
    fields = done.out.split(b"\0") if done.ok else []
    return {
        os.fsdecode(file): f".gitattributes calls it {name.decode().partition('-')[2]}"
        for file, name, value in zip(fields[0::3], fields[1::3], fields[2::3], strict=False)
        if value not in (b"unspecified", b"unset", b"false")
    }


def changed_since(root: Path, held: Mapping[str, str | None]) -> list[str]:
    """Return the files whose content on disk is no longer the one that was read (None: there was none)."""
    return [file for file, text in sorted(held.items()) if texts.read(root / file) != text]


def digest(data: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(data).hexdigest()


def chosen(root: Path, here: Path, words: Sequence[str], files: Collection[str]) -> frozenset[str]:
    """Return the files that paths name: files or folders, from the working folder or from the site's.

    Raises Stop (2) for a path below which the project has no file.
    """
    if not words:
        return frozenset(files)
    found: set[str] = set()
    for word in words:
        hits = next((hits for base in (here, root) if (hits := _below(root, base / word, files))), None)
        if not hits:
            raise _unknown(root, here, word, files)
        found |= hits
    return frozenset(found)


def _below(root: Path, path: Path, files: Collection[str]) -> set[str]:
    name = os.path.relpath(Path(os.path.abspath(path)), root).replace(os.sep, "/")  # noqa: PTH100 - keeps links
    return {file for file in files if name in (".", file) or file.startswith(f"{name}/")}


def _unknown(root: Path, here: Path, word: str, files: Collection[str]) -> Misnamed:
    folders = {str(parent) for file in files for parent in PurePosixPath(file).parents} - {"."}
    near = difflib.get_close_matches(word.rstrip("/"), sorted({*files, *folders}), 1, 0.6)
    there = (here / word).exists() or (root / word).exists()
    what = "is no file of the TypeScript project" if there else "is not there"
    hint = f"invoke ts.fix {near[0]}" if near else "invoke ts.fix"
    return Misnamed(f"{word} {what}" + (f"; the nearest is {near[0]}" if near else ""), hint)
