"""Package managers as data: lockfiles, frozen installs, and what their failures mean."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.errors import Code, Stop
from pipeline.core.files import read_json, write_json

STAMP = ".pages-install"
# Uses the package manager that we found: the user's own PATH may have none.
RELOCK = "invoke build --lock"
# What an install depends on beside package.json and the lockfile; `patches/` is patch-package's and pnpm's.
_ALSO_READ = (".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml", "bunfig.toml", ".pnpmfile.cjs")
_NEEDS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "workspaces")


@dataclass(frozen=True)
class Manager:
    """A package manager of one major line: its lockfiles, its frozen install, and how a lockfile is made."""

    name: str
    version: str
    lockfiles: tuple[str, ...]
    install: tuple[str, ...]
    relock: str

    def run_script(self, script: str) -> tuple[str, ...]:
        """Return the argv that runs one of package.json's scripts."""
        return (self.name, "run", script)


NPM = Manager(
    "npm",
    "11",
    ("package-lock.json", "npm-shrinkwrap.json"),
    # A production NODE_ENV or `omit=dev` in a user's .npmrc must not leave out what builds the site.
    ("npm", "ci", "--include=dev"),
    "npm install --package-lock-only",
)
# As locked too, but for packages that the lockfile lacks; the lockfile stays as it is.
NPM_WITHOUT_PLATFORMS = ("npm", "install", "--no-save", "--include=dev")
PNPM = Manager(
    "pnpm",
    "10",
    ("pnpm-lock.yaml",),
    ("pnpm", "install", "--frozen-lockfile", "--prod=false"),
    "pnpm install --lockfile-only",
)
YARN = Manager(
    "yarn", "4", ("yarn.lock",), ("yarn", "install", "--immutable"), "yarn install --mode=update-lockfile"
)
YARN_CLASSIC = Manager(
    "yarn",
    "1",
    ("yarn.lock",),
    ("yarn", "install", "--frozen-lockfile", "--non-interactive", "--production=false"),
    "yarn install",
)
BUN = Manager(
    "bun",
    "1",
    ("bun.lock", "bun.lockb"),
    ("bun", "install", "--frozen-lockfile"),
    "bun install --lockfile-only",
)
MANAGERS: Mapping[str, Manager] = {"npm": NPM, "pnpm": PNPM, "yarn": YARN, "bun": BUN}

# Which pnpm writes which lockfile: https://github.com/pnpm/spec/tree/master/lockfile
_PNPM_BY_LOCK = {"5": "7", "6": "8", "9": "10"}


def manifest(site: Path) -> dict[str, Any] | None:
    """Return the site's package.json, or None where there is none; raises Stop (2) when it is not JSON."""
    path = site / "package.json"
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Stop(f"{path} is not JSON: {error}", "mend package.json") from error
    if not isinstance(found, dict):
        raise Stop(f"{path} holds no object", "mend package.json")
    return found


def lockfile(site: Path, name: str) -> Path | None:
    """Return the lockfile of the package manager `name`, or None."""
    every = (site / each for each in MANAGERS[name].lockfiles)
    return next((path for path in every if path.is_file()), None)


def choose(name: str, package: Mapping[str, Any], lock: str) -> Manager:
    """Return the package manager of the line that the site wants.

    `package` is package.json, `lock` the beginning of the lockfile; `packageManager` goes before that.
    """
    pinned, _, version = str(package.get("packageManager", "")).partition("@")
    wanted = version.partition("+")[0] if pinned == name else ""
    if name == "yarn":
        # Yarn 2 and later write `__metadata:`; yarn 1 names its format in a comment.
        classic = wanted.startswith("1.") if wanted else "# yarn lockfile v1" in lock
        base = YARN_CLASSIC if classic else YARN
    else:
        base = MANAGERS[name]
    if not wanted and name == "pnpm" and (found := re.search(r"lockfileVersion: '?(\d+)", lock)):
        wanted = _PNPM_BY_LOCK.get(found[1], base.version)
    return Manager(base.name, wanted or base.version, base.lockfiles, base.install, base.relock)


def needs_install(package: Mapping[str, Any]) -> bool:
    """Return whether package.json asks for any package at all."""
    return any(package.get(key) for key in _NEEDS)


def no_lockfile(manager: Manager) -> Stop:
    """Return why a site without a lockfile is not installed."""
    return Stop(
        f"the site has no {' or '.join(manager.lockfiles)}: without it every install gives other versions",
        RELOCK,
    )


def install_digest(site: Path, lock: Path | None, node_major: int, argv: Sequence[str]) -> str:
    """Return the SHA-256 of all that decides what an install makes."""
    digest = hashlib.sha256(f"node {node_major}\n{' '.join(argv)}\n".encode())
    paths = [site / "package.json", *(site / name for name in _ALSO_READ)]
    paths += sorted((site / "patches").glob("*")) if (site / "patches").is_dir() else []
    for path in [*([lock] if lock else []), *paths]:
        if path.is_file():
            digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def install_reason(site: Path, state: Path, digest: str) -> str | None:
    """Return why an install is needed, or None when what is there was made from just these files."""
    modules = site / "node_modules"
    inside = read_json(modules / STAMP)
    # Yarn's Plug'n'Play and a site without packages make no node_modules: their stamp is in the state folder.
    outside = read_json(state / STAMP) if not modules.is_dir() else None
    stamp = inside or outside
    if not isinstance(stamp, dict):
        return (
            "node_modules is missing"
            if not modules.is_dir()
            else "the last install did not end, or was not ours"
        )
    if stamp.get("digest") != digest:
        return "the lockfile, package.json or node's major version changed"
    return None


def forget_install(site: Path, state: Path) -> None:
    """Take the stamp away, before an install starts."""
    for folder in (site / "node_modules", state):
        (folder / STAMP).unlink(missing_ok=True)


def remember_install(site: Path, state: Path, digest: str) -> None:
    """Write the stamp, after an install ended well."""
    folder = site / "node_modules"
    write_json((folder if folder.is_dir() else state) / STAMP, {"digest": digest})


@dataclass(frozen=True)
class _Failure:
    sign: re.Pattern[str]
    message: str
    hint: str
    code: Code


_EMPTY = frozenset({"", "npm error"})
# Named by what the lockfile itself lists as optional, they are variants for other systems that npm left out.
_MISSING = re.compile(r"Missing: (@?[^@\s]+)@\S* from lock file")
_FAILURES = (
    _Failure(
        re.compile(
            r"can only install (?:packages )?when your package\.json and|ERR_PNPM_OUTDATED_LOCKFILE"
            r"|lockfile needs to be updated|YN0028|lockfile had changes, but lockfile is frozen"
        ),
        "the lockfile does not fit package.json",
        RELOCK,
        Code.USAGE,
    ),
    _Failure(
        re.compile(r"\bENOSPC\b|No space left on device"),
        "the disk is full",
        "free some space, then: invoke build",
        Code.SERVICE,
    ),
    _Failure(
        re.compile(r"\bE40[13]\b|ERR_PNPM_FETCH_40[13]|YN0041|\b(?:401 Unauthorized|403 Forbidden)\b"),
        "the package registry refused us",
        "mend the token in .npmrc, then: invoke build",
        Code.SERVICE,
    ),
    _Failure(
        re.compile(r"\bE404\b|ERR_PNPM_FETCH_404|\b404 Not Found\b"),
        "the package registry does not have a package that the lockfile names",
        "see `registry` in .npmrc, or lock the packages anew: invoke build --lock",
        Code.SERVICE,
    ),
    _Failure(
        re.compile(
            r"\b(?:ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b"
            r"|\bE(?:429|5\d\d)\b|ERR_PNPM_FETCH_5\d\d|ERR_PNPM_META_FETCH_FAIL|ConnectionRefused|FailedToOpenSocket"
            r"|(?:SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF))"
        ),
        "the package registry cannot be reached",
        "see that this machine is online, and `registry` in .npmrc, then: invoke build",
        Code.SERVICE,
    ),
)


def telling_lines(output: str, count: int) -> tuple[str, ...]:
    """Return the last lines of a failed install that say why: npm adds a page on how to use it."""
    text = output.partition("npm error Usage:")[0]
    return tuple(line.rstrip() for line in text.splitlines() if line.strip() not in _EMPTY)[-count:]


def lacks_platforms(output: str, lock: Path | None) -> bool:
    """Return whether `npm ci` refused a lockfile only because packages for other platforms are not in it.

    npm itself writes such lockfiles (https://github.com/npm/cli/issues/4828), and no other can be written
    where the registry does not have those packages.
    """
    missing = set(_MISSING.findall(output))
    return bool(missing) and lock is not None and missing <= _optional(lock.read_text("utf-8", "replace"))


def install_failure(output: str) -> tuple[str, str, Code]:
    """Return what a failed install's output means: message, next command, exit code.

    A registry or network that failed is 7, a lockfile that does not fit is 2. Everything else is the
    site's own (an install script, versions that exclude each other): 3, like its build.
    """
    for failure in _FAILURES:
        if failure.sign.search(output):
            return failure.message, failure.hint, failure.code
    return (
        "the site's packages could not be installed",
        "mend what is shown above, then: invoke build",
        Code.GATE,
    )


def _optional(lock: str) -> set[str]:
    """Return the names that an npm lockfile lists as optional packages of others."""
    try:
        every = json.loads(lock)["packages"].values()
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()
    return {name for one in every for name in one.get("optionalDependencies", ())}
