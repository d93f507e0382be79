"""What kind of site the facts speak of: each guess with its reason, or why it is no static site."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pipeline.core.errors import Stop
from pipeline.core.files import plural
from pipeline.core.remotes import Repository, github
from pipeline.site import packages
from pipeline.site.facts import CNAMES, LOCKS, PLAIN_FOLDERS, WORKSPACES, Facts
from pipeline.site.frameworks import (
    BY_NAME,
    CHECK_SCRIPTS,
    CHECKERS,
    KINDS,
    OTHER_OUTPUTS,
    Kind,
    checks_types,
    not_static,
)
from pipeline.site.jsconfig import setting

T = TypeVar("T")


@dataclass(frozen=True)
class Guessed(Generic[T]):
    """A value and why it was chosen."""

    value: T
    why: str


@dataclass(frozen=True)
class Guess:
    """Everything that `init` writes; a command of None means that nothing fits, `()` that none is needed."""

    name: Guessed[str]
    framework: Guessed[str]
    package_manager: Guessed[str]
    install: Guessed[tuple[str, ...] | None]
    check: Guessed[tuple[str, ...] | None]
    build: Guessed[tuple[str, ...] | None]
    output: Guessed[str]
    base: Guessed[str]
    repository: Guessed[str | None]
    url: Guessed[str | None]
    warnings: tuple[str, ...] = ()


_Parts = tuple[Guessed[str], Guessed[tuple[str, ...] | None], Guessed[str]]


def guess(facts: Facts) -> Guess:
    """Return what the facts say; raises Stop (2) when this is no static site, naming what to do."""
    if "package.json" not in facts.files:
        return _complete(facts, {}, *_plain(facts), None)
    package: dict[str, Any] = json.loads(facts.files["package.json"])
    kind, why = _kind(facts, package)
    if kind is None:
        _refuse_workspace(facts, package)
        return _complete(facts, package, *_unknown(facts, package), None)
    config = _config(facts, kind)
    steps = not_static(kind, facts.files.get(config, ""), _scripts(package), config or kind.configs[0])
    if steps and not (kind.name == "vite" and "index.html" in facts.files):
        hint = "change this, then: invoke init"
        raise Stop(f"this {kind.name} site is not built as a static one", hint, details=steps)
    build = _build(facts, package, kind)
    return _complete(
        facts, package, Guessed(kind.name, why), build, _output(facts, package, kind, config), kind
    )


# A starter of Astro's has none, and without one the gate `typescript` cannot pass.
NO_ASTRO_CHECK = (
    "no type checker, and production needs one: "
    'add "@astrojs/check" and "typescript" to devDependencies in package.json'
)


def _complete(
    facts: Facts,
    package: dict[str, Any],
    framework: Guessed[str],
    build: Guessed[tuple[str, ...] | None],
    output: Guessed[str],
    kind: Kind | None,
) -> Guess:
    manager, install, warnings = _manager(facts, package)
    base = _base(facts, package, kind)
    repository, url, more = _address(facts, base, kind)
    check = _check(facts, package)
    if kind and kind.name == "astro" and check.value is None:
        more = (NO_ASTRO_CHECK, *more)
    return Guess(
        _name(facts, package, repository.value),
        framework,
        manager,
        install,
        check,
        build,
        output,
        base,
        repository,
        url,
        (*warnings, *more),
    )


def _scripts(package: Mapping[str, Any]) -> dict[str, str]:
    found = package.get("scripts")
    return (
        {key: value for key, value in found.items() if isinstance(value, str)}
        if isinstance(found, dict)
        else {}
    )


def _needs(package: Mapping[str, Any]) -> dict[str, str]:
    every: dict[str, str] = {}
    for key in ("dependencies", "devDependencies"):
        part = package.get(key)
        every |= {name: str(version) for name, version in part.items()} if isinstance(part, dict) else {}
    return every


def _kind(facts: Facts, package: dict[str, Any]) -> tuple[Kind | None, str]:
    needs = _needs(package)
    scripts = " ; ".join(_scripts(package).values())
    found: list[tuple[int, Kind, str]] = []
    for kind in KINDS:
        name = next((one for one in kind.packages if one in needs), None)
        config = _config(facts, kind)
        if config and (name or kind.name != "sveltekit"):
            found.append((0, kind, config))
        elif name and (kind.name != "vite" or "index.html" in facts.files or "vite build" in scripts):
            found.append((1, kind, f"package.json needs {name}"))
    if not found:
        return None, ""
    _, kind, why = min(found, key=lambda one: (one[0] if one[1].name != "vite" else 2, KINDS.index(one[1])))
    return kind, why


def _config(facts: Facts, kind: Kind) -> str:
    return next((name for name in kind.configs if name in facts.files), "")


def _plain(facts: Facts, why: str = "no package.json") -> _Parts:
    folder = "." if "index.html" in facts.files else _built(facts)
    if folder is None:
        raise _refusal(facts, f"{facts.folder} is no site: it has neither a package.json nor an index.html")
    path = posixpath.normpath(f"{folder}/index.html")
    nothing: tuple[str, ...] = ()
    return (
        Guessed("plain", f"{path}, and {why}"),
        Guessed(nothing, "nothing to build"),
        Guessed(folder, f"{path} is there"),
    )


def _built(facts: Facts) -> str | None:
    return next((one for one in PLAIN_FOLDERS if f"{one}/index.html" in facts.files), None)


def _unknown(facts: Facts, package: dict[str, Any]) -> _Parts:
    needs, scripts = _needs(package), _scripts(package)
    if "build" not in scripts and "index.html" in facts.files:
        return _plain(facts, "no build script")
    tool = next((name for name in OTHER_OUTPUTS if name in needs), None)
    if tool:
        output = Guessed(OTHER_OUTPUTS[tool], f"where {tool} puts it")
    elif built := _built(facts):
        output = Guessed(built, f"{built}/index.html is there")
    else:
        output = Guessed("dist", "the usual place: check it")
    if "build" not in scripts or not (tool or _built(facts) or "index.html" in facts.files):
        raise _refusal(
            facts,
            f"{facts.folder} is no site: its package.json names no framework and nothing makes an index.html",
            "if it is one, name site.build and site.output in an invoke.yaml by hand",
        )
    manager = _manager(facts, package)[0].value
    return (
        Guessed("other", f"package.json needs {tool}" if tool else "no known framework, and a build script"),
        Guessed(
            (manager if manager != "none" else "npm", "run", "build"), f"package.json: {scripts['build']}"
        ),
        output,
    )


def _refuse_workspace(facts: Facts, package: dict[str, Any]) -> None:
    mark = next((name for name in WORKSPACES if name in facts.files), None)
    mark = mark or ("`workspaces` in package.json" if package.get("workspaces") else None)
    if mark and "index.html" not in facts.files:
        raise _refusal(facts, f"{facts.folder} is the root of a monorepo ({mark}), not a site")


def _refusal(facts: Facts, message: str, *details: str) -> Stop:
    hint = (
        f"invoke init --site={facts.sites[0]}" if facts.sites else "invoke init --site=<folder of your site>"
    )
    if facts.sites:
        more = f" and {plural(len(facts.sites) - 5, 'more')}" if len(facts.sites) > 5 else ""
        details = (f"these look like sites: {', '.join(facts.sites[:5])}{more}", *details)
    return Stop(message, hint, details=details)


def _manager(
    facts: Facts, package: dict[str, Any]
) -> tuple[Guessed[str], Guessed[tuple[str, ...] | None], tuple[str, ...]]:
    if not packages.needs_install(package):
        why = "no packages are needed" if package else "there is no package.json"
        return Guessed("none", why), Guessed((), why), ()
    pinned = str(package.get("packageManager", "")).partition("@")[0]
    locks = [(name, lock) for name, lock in LOCKS if lock in facts.files]
    if not locks and facts.lock_above:
        file = posixpath.basename(facts.lock_above)
        locks = [(name, facts.lock_above) for name, lock in LOCKS if lock == file]
    locks.sort(key=lambda one: one[0] != pinned)
    name = locks[0][0] if locks else pinned if pinned in packages.MANAGERS else "npm"
    chosen = packages.choose(name, package, facts.files.get(locks[0][1], "") if locks else "")
    warnings: list[str] = []
    if not locks:
        warnings.append(
            f"no lockfile, so installs cannot be repeated; {packages.RELOCK} writes it, then commit it"
        )
    if len({one for one, _ in locks}) > 1:
        others = ", ".join(lock for one, lock in locks if one != name)
        warnings.append(f"lockfiles of several package managers: {name} is used; delete {others}")
    if pinned in packages.MANAGERS and pinned != name:
        warnings.append(f"package.json pins {pinned}, but the lockfile is {name}'s ({locks[0][1]})")
    why = (
        locks[0][1]
        if locks
        else "packageManager in package.json"
        if pinned == name
        else "no lockfile: the default"
    )
    return (
        Guessed(name, why),
        Guessed(chosen.install, f"exactly as locked, by {name} {chosen.version}"),
        tuple(warnings),
    )


def _run(facts: Facts, package: dict[str, Any], words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the argv that runs a program of node_modules/.bin."""
    name = _manager(facts, package)[0].value
    return (
        ("npx", "--no", *words)
        if name in {"npm", "none"}
        else (name, "run", *words)
        if name == "bun"
        else (name, "exec", *words)
    )


def _build(facts: Facts, package: dict[str, Any], kind: Kind) -> Guessed[tuple[str, ...] | None]:
    scripts = _scripts(package)
    name = next((one for one in kind.scripts if one in scripts), None)
    if name:
        manager = _manager(facts, package)[0].value
        manager = "npm" if manager == "none" else manager
        return Guessed((manager, "run", name), f"package.json: {scripts[name]}")
    words = kind.build
    if kind.name == "vitepress" and (top := _vitepress_top(facts, package)):
        words = (*words, top)
    return Guessed(
        _run(facts, package, words), f"{kind.name}'s own command: package.json has no script for it"
    )


def _check(facts: Facts, package: dict[str, Any]) -> Guessed[tuple[str, ...] | None]:
    scripts, needs = _scripts(package), _needs(package)
    manager = _manager(facts, package)[0].value
    for name in CHECK_SCRIPTS:
        if name in scripts and checks_types(scripts[name]):
            return Guessed(
                ("npm" if manager == "none" else manager, "run", name), f"package.json: {scripts[name]}"
            )
    tsconfig = facts.files.get("tsconfig.json")
    for name, words in CHECKERS:
        if name not in needs:
            continue
        if name == "typescript" and "astro" in needs:
            # `tsc` does not read .astro files and fails on their imports.
            return Guessed(None, "@astrojs/check, which reads .astro files, is not installed")
        if name in {"typescript", "vue-tsc", "svelte-check"} and tsconfig is None:
            continue
        if name in {"typescript", "vue-tsc"} and tsconfig and '"references"' in tsconfig:
            # The root of a solution lists no files of its own: without --build nothing would be checked.
            return Guessed(
                _run(facts, package, (words[0], "--build", "--noEmit")), f"{name}, with project references"
            )
        return Guessed(_run(facts, package, words), f"package.json needs {name}")
    return Guessed(None, "no type checker is installed")


def _vitepress_top(facts: Facts, package: dict[str, Any]) -> str:
    config = _config(facts, BY_NAME["vitepress"])
    if config:
        return "docs" if config.startswith("docs/") else ""
    match = re.search(r"vitepress build ([\w./-]+)", " ; ".join(_scripts(package).values()))
    return match[1] if match else ""


def _output(facts: Facts, package: dict[str, Any], kind: Kind, config: str) -> Guessed[str]:
    script = next((text for name, text in _scripts(package).items() if name in kind.scripts), "")
    for flag in kind.flags:
        if match := re.search(rf"(?:^|\s){flag}[= ]['\"]?([\w./-]+)", script):
            return Guessed(posixpath.normpath(match[1]), f"{flag} in package.json")
    top = ""
    code = facts.files.get(config, "")
    if kind.name == "vitepress":
        top = _vitepress_top(facts, package)
    if kind.name == "vite" and (given := setting(code, "root")) and given.value:
        top = given.value
    if kind.name == "eleventy" and (match := re.search(r"setOutputDirectory\(\s*['\"]([^'\"]+)", code)):
        return Guessed(posixpath.normpath(match[1]), f"setOutputDirectory in {config}")
    usual = (
        "dist"
        if kind.name == "nuxt" and re.match(r"[\^~]?2\.", _needs(package).get("nuxt", ""))
        else kind.output
    )
    given = setting(code, *kind.output_keys) if kind.output_keys else None
    if kind.name == "eleventy" and given is None and "dir" in code:
        given = setting(code, "output")
    if given is None:
        return Guessed(posixpath.normpath(posixpath.join(top, usual)), f"{kind.name}'s default")
    if given.value is None:
        why = f"{kind.name}'s default; {config} computes another ({given.code}): check it"
        return Guessed(posixpath.normpath(posixpath.join(top, usual)), why)
    return Guessed(posixpath.normpath(posixpath.join(top, given.value)), f"{kind.output_keys[0]} in {config}")


def _base(facts: Facts, package: dict[str, Any], kind: Kind | None) -> Guessed[str]:
    if kind is None:
        return Guessed("/", "a site without a framework has no base path of its own")
    config = _config(facts, kind)
    given = setting(facts.files.get(config, ""), *kind.base_keys)
    script = " ; ".join(_scripts(package).get(name, "") for name in kind.scripts)
    if match := re.search(r"--(?:base|pathprefix)[= ]['\"]?(/[\w./-]*)", script):
        return Guessed(_slashes(match[1]), "a flag in package.json")
    if given is None:
        return Guessed("/", f"{kind.base_keys[0]} is not set")
    if given.value is None:
        return Guessed("/", f"{config} computes {kind.base_keys[0]} ({given.code}): check it")
    return Guessed(_slashes(given.value), f"{kind.base_keys[0]} in {config}")


def _slashes(path: str) -> str:
    inner = path.strip("/")
    return f"/{inner}/" if inner and not inner.startswith(".") else "/"


def _name(facts: Facts, package: Mapping[str, Any], repository: str | None) -> Guessed[str]:
    known = github(repository) if repository else None
    if known:
        return Guessed(known.name, "the repository's name")
    named = package.get("name")
    if isinstance(named, str) and named.strip():
        return Guessed(named.rpartition("/")[2], "package.json")
    return Guessed(facts.folder, "the folder's name")


def _address(
    facts: Facts, base: Guessed[str], kind: Kind | None
) -> tuple[Guessed[str | None], Guessed[str | None], tuple[str, ...]]:
    known = {name: found for name, address in facts.remotes.items() if (found := github(address))}
    name = "origin" if "origin" in known else next(iter(known), None)
    if name is None:
        why = "no git remote on GitHub" if facts.remotes else "no git remote"
        return Guessed(None, why), Guessed(None, why), ()
    repository = known[name]
    url, why = _url(facts, repository)
    warnings: tuple[str, ...] = ()
    path = "/" + url.split("/", 3)[3]
    if path != base.value:
        key = (
            f"{kind.base_keys[0]}: '{path}' in {_config(facts, kind) or kind.configs[0]}"
            if kind
            else "relative links"
        )
        warnings = (f"Pages serves it at {path}, but the site is built for {base.value}: set {key}",)
    return Guessed(repository.clone_url, f"git remote {name}"), Guessed(url, why), warnings


def _url(facts: Facts, repository: Repository) -> tuple[str, str]:
    for name in CNAMES:
        domain = facts.files.get(name, "").strip().splitlines()
        if domain and re.fullmatch(r"[A-Za-z0-9.-]+\.[A-Za-z0-9-]+", domain[0].strip()):
            return f"https://{domain[0].strip().lower()}/", name
    return repository.pages_url, "GitHub's address for this repository"
