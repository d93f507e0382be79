"""What a build of this site runs, and why: settings, package.json and lockfile in, commands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from checks.parse import baseline
from pipeline.core.paths import STATE_FOLDER
from pipeline.core.project import NamedEnvironment, Project
from pipeline.site import detect, facts, output, packages
from pipeline.site.detect import Guess
from pipeline.site.facts import Facts
from pipeline.site.packages import Manager
from pipeline.site.scripts import runs_already, without_check
from pipeline.tools import node as nodes
from pipeline.tools.node import Node

RUN_BY_BUILD = "the build runs it itself"
# Of these the type checker may be what writes the JavaScript; the others have a bundler for that.
_EMITS = frozenset({None, "plain", "other", "eleventy"})


@dataclass(frozen=True)
class Recipe:
    """The commands of one build; an empty one is not run, and its `..._note` says why (or why it is)."""

    environment: NamedEnvironment
    node: Node | None
    manager: Manager | None
    lock: Path | None
    install: tuple[str, ...]
    install_note: str
    install_digest: str
    check: tuple[str, ...]
    check_note: str
    build: tuple[str, ...]
    keep: str
    variables: Mapping[str, str]

    def tools(self, site: Path, state: Path) -> dict[str, str | None]:
        """Return the variables for the site's programs, after making what their PATH needs."""
        return tools(self.node, self.manager, site, state)


def tools(node: Node | None, manager: Manager | None, site: Path, state: Path) -> dict[str, str | None]:
    """Return the variables for a site's programs with this node and package manager first on their PATH."""
    also: dict[str, tuple[str, ...]] = {}
    if node and manager and manager.name != "npm":
        also[manager.name] = nodes.manager(manager.name, manager.version, node, site)
    return nodes.environment(node, state / "tools/bin", site, also)


def recipe(
    project: Project, environment: str, *, check: bool = True, force: bool = False, relock: bool = False
) -> Recipe:
    """Return what a build for an environment runs; reads the site and changes nothing.

    `relock` says that the lockfile is written before, so that there may be none yet.
    Raises Stop: 2 without a lockfile or with settings that cannot be, 69 without a usable node.
    """
    site, settings = project.root, project.settings.site
    package = packages.manifest(site)
    scripts = scripts_of(package)
    seen, guess = _guess(project)
    manager, lock = _manager(project, package, seen, guess)
    build = build_command(project, guess)
    # The checker itself knows nothing of a baseline and would end the build; the gate typescript judges by it.
    allowed = (site / baseline.NAME).is_file()
    if allowed and build:
        framework = settings.framework or (guess.framework.value if guess else None)
        build = without_check(build, scripts, emits=framework in _EMITS) or build
    checker = settings.check if settings.check is not None else (guess.check.value if guess else None) or ()
    node = nodes.find_node(project.settings.tools.node) if package is not None else None
    install, note, digest = _install(project, package, manager, lock, node, force=force, relock=relock)
    check_note = _check_note(checker, build, scripts, check=check and not allowed)
    place = project.environment(environment)
    keep = output.keep_reason(site, project.output) if build else "nothing is built"
    return Recipe(
        place,
        node,
        manager,
        lock,
        install,
        note,
        digest,
        () if check_note else checker,
        check_note,
        build,
        keep or "",
        variables(place),
    )


def package_manager(project: Project) -> tuple[Manager | None, Path | None]:
    """Return the site's package manager and its lockfile, each None where there is none."""
    return _manager(project, packages.manifest(project.root), *_guess(project))


def _manager(
    project: Project, package: Mapping[str, Any] | None, seen: Facts | None, guess: Guess | None
) -> tuple[Manager | None, Path | None]:
    site = project.root
    name = project.settings.site.package_manager or (guess.package_manager.value if guess else "none")
    if package is None or name == "none":
        return None, None
    lock = packages.lockfile(site, name)
    if lock is None and (above := (seen or facts.look(site)).lock_above):
        lock = (site / above).resolve()
    head = lock.read_bytes()[:2_000].decode("utf-8", "replace") if lock else ""
    return packages.choose(name, package, head), lock


def build_command(project: Project, guess: Guess | None = None) -> tuple[str, ...]:
    """Return the command that builds the site; empty when the site is published as it is."""
    given = project.settings.site.build
    if given is None:
        found = guess or _guess(project)[1]
        given = found.build.value if found else None
    return given or ()


def _guess(project: Project) -> tuple[Facts | None, Guess | None]:
    """Return what looking at the site tells, where the settings leave something open."""
    site = project.settings.site
    if site.package_manager is not None and site.build is not None and site.check is not None:
        return None, None
    seen = facts.look(project.root)
    return seen, detect.guess(seen)


def variables(place: NamedEnvironment) -> dict[str, str]:
    """Return what the site's own configuration may read: environment, base path, origin and whole address."""
    parts = urlsplit(place.url)
    return {
        "PAGES_ENV": place.name,
        "PAGES_BASE": place.base,
        "PAGES_SITE": f"{parts.scheme}://{parts.netloc}",
        "PAGES_URL": place.url,
    }


def scripts_of(package: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the scripts of a package.json by name."""
    found = (package or {}).get("scripts")
    return {name: str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def _install(
    project: Project,
    package: Mapping[str, Any] | None,
    manager: Manager | None,
    lock: Path | None,
    node: Node | None,
    *,
    force: bool,
    relock: bool,
) -> tuple[tuple[str, ...], str, str]:
    """Return the install command (empty: nothing to do), why, and the digest for its stamp."""
    chosen = project.settings.site.install
    if package is None or manager is None or node is None or chosen == ():
        return (
            (),
            "the settings say that there is nothing to install" if chosen == () else "no package.json",
            "",
        )
    if not packages.needs_install(package):
        return (), "package.json asks for no package", ""
    if lock is None and chosen in {None, manager.install}:
        if relock:
            return manager.install, "its lockfile is written first", ""
        raise packages.no_lockfile(manager)
    argv = chosen or manager.install
    digest = packages.install_digest(project.root, lock, node.major, argv)
    reason = packages.install_reason(project.root, project.root / STATE_FOLDER, digest)
    if force:
        reason = "asked for by --force"
    return (argv, reason, digest) if reason else ((), "nothing changed since the last install", digest)


def _check_note(
    checker: Sequence[str], build: Sequence[str], scripts: Mapping[str, str], *, check: bool
) -> str:
    if not checker:
        return "the site has no type check"
    if not check:
        return "left to the gate typescript"
    return RUN_BY_BUILD if runs_already(checker, build, scripts) else ""
