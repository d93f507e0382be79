"""Which stock language servers a project has, and what its own `tsc` says of its configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from pipeline.core import proc
from pipeline.core.errors import Stop
from pipeline.typescript.lines import Lines
from pipeline.typescript.session import Description, Diagnostic
from pipeline.typescript.texts import read, units

_LIST_SECONDS = 300.0
SCRIPTS = frozenset((".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"))
# A line of `tsc` about the configuration: `tsconfig.json(1,49): error TS5102: ...`, or without a place.
_SAID = re.compile(
    r"^(?:(?P<file>[^()\n]+)\((?P<line>\d+),(?P<column>\d+)\): )?error TS(?P<code>\d+): (?P<text>.*)$"
)
# How a server tells errors: asked by LSP; asked by a command of tsserver's; by itself.
How = Literal["pull", "command", "push"]


@dataclass(frozen=True)
class Server:
    """A stock server: its package, the file in it that is started, the endings that it serves.

    It also holds files that it `reads`, for what it serves imports them; `how` None: what it says that it can do.
    """

    package: str
    script: str
    suffixes: frozenset[str]
    reads: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ("--stdio",)
    how: How | None = None
    native: bool = False


ASTRO = Server("@astrojs/language-server", "bin/nodeServer.js", frozenset((".astro",)), SCRIPTS, how="pull")
VTSLS = Server("@vtsls/language-server", "bin/vtsls.js", SCRIPTS)
TYPESCRIPT = Server("typescript-language-server", "lib/cli.mjs", SCRIPTS)
# TypeScript 7 is its own server. It has no API, so the worker cannot load it.
NATIVE = Server("typescript", "bin/tsc", SCRIPTS, arguments=("--lsp", "--stdio"), how="pull", native=True)


class Missing(Stop):
    """No stock server that serves the project is installed in it."""


def folder_of(root: Path, package: str) -> Path | None:
    """Return where a package is installed for a project, None when it is not."""
    folders = (folder / "node_modules" / package for folder in (root, *root.parents))
    return next((one for one in folders if (one / "package.json").is_file()), None)


def version_of(root: Path, package: str) -> str:
    """Return the version of an installed package, empty when there is none."""
    folder = folder_of(root, package)
    try:
        return str(json.loads((folder / "package.json").read_bytes())["version"]) if folder else ""
    except (OSError, ValueError, KeyError):
        return ""


def find(root: Path, suffixes: Iterable[str]) -> tuple[Server, ...]:
    """Return the installed servers for files with these endings, the first that serves a file is its own.

    Raises Missing with the command that installs what lacks.
    """
    wanted = set(suffixes)
    major = version_of(root, "typescript").partition(".")[0]
    native = major.isdecimal() and int(major) >= 7
    # Astro's server needs the API that TypeScript 7 lacks.
    offered = (NATIVE,) if native else (ASTRO, VTSLS, TYPESCRIPT)
    there = [
        one for one in offered if (folder := folder_of(root, one.package)) and (folder / one.script).is_file()
    ]
    chosen: list[Server] = []
    for one in there:
        if not wanted.isdisjoint(one.suffixes):
            chosen.append(one)
            wanted -= one.suffixes
    if not wanted and chosen:
        return tuple(chosen)
    able = [one for one in (ASTRO, VTSLS) if not wanted.isdisjoint(one.suffixes)]
    names = " and ".join(sorted(wanted))
    if native or not all(any(each in one.suffixes for one in able) for each in wanted):
        raise Missing(f"no stock language server that could be used here serves {names}", "")
    raise Missing(
        f"no language server for {names} is installed",
        f"npm install -D {' '.join(one.package for one in able)}",
    )


def said(line: str) -> tuple[str, int, int, int, str] | None:
    """Return what a line of `tsc` says of the configuration: file, line, column (from 1, 0: none), code, message."""
    match = _SAID.match(line)
    if match is None:
        return None
    return (
        match["file"] or "",
        int(match["line"] or 0),
        int(match["column"] or 0),
        int(match["code"]),
        match["text"],
    )


def describe(
    node: Path, root: Path, config: str, own: Iterable[str], servers: Sequence[Server]
) -> Description:
    """Return what the project's own `tsc` says of a configuration, without a check: files, options, what is wrong.

    `own` are the site's files: those that a server serves beside TypeScript's are taken from them.
    """
    folder = folder_of(root, "typescript")
    if folder is None:
        raise Missing("the package typescript is not installed in this project", "npm install -D typescript")
    tsc = (str(node), str(folder / "bin/tsc"), "-p", config, "--pretty", "false")
    listed = proc.run((*tsc, "--listFilesOnly"), cwd=root, timeout=_LIST_SECONDS)
    shown = proc.run((*tsc[:4], "--showConfig"), cwd=root, timeout=_LIST_SECONDS)
    try:
        options = json.loads(shown.out).get("compilerOptions", {})
    except ValueError:  # it says what is wrong instead, and so does the list
        options = {}
    files: set[str] = set()
    problems: list[Diagnostic] = []
    for line in listed.text.splitlines():
        path = Path(line)
        if line.startswith(" ") and problems:
            problems[-1] = replace(problems[-1], message=f"{problems[-1].message}\n{line}")
        elif found := said(line):
            problems.append(_problem(root, *found))
        elif path.is_absolute() and path.is_relative_to(root) and "node_modules" not in path.parts:
            files.add(path.relative_to(root).as_posix())
    if not files and not problems:
        raise Stop(f"{config} cannot be read", f"npx tsc --showConfig -p {config}", details=shown.tail(15))
    beside = frozenset[str]().union(*(one.suffixes for one in servers)) - SCRIPTS
    files.update(file for file in own if PurePosixPath(file).suffix in beside)
    declared = {file for file in files if re.search(r"\.d\.(?:[\w-]+\.)?[cm]?ts$", file)}
    return Description(
        version_of(root, "typescript"),
        config,
        {f"{one.package} (stock server)": version_of(root, one.package) for one in servers},
        tuple(sorted(files - declared)),
        tuple(sorted(declared)),
        options,
        (),
        tuple(problems),
    )


def _problem(root: Path, file: str, line: int, column: int, code: int, message: str) -> Diagnostic:
    text = read(root / file) if file else None
    start = Lines(text).offset(line - 1, column - 1) if text and line else 0
    return Diagnostic(file, start, start, code, units(message), file, start, start)
