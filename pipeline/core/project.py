"""The site that a task works on: its folder, settings, policy and environments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.core.errors import Stop
from pipeline.core.paths import POLICY_FILE, SETTINGS_FILE, STATE_FOLDER, checkout, state_folder

if TYPE_CHECKING:
    from pipeline.core.remembered import Memory
    from pipeline.core.schema import Environment, Loaded, Policy, Settings

SITE_VARIABLE = "INVOKE_SITE_PATH"


@dataclass(frozen=True)
class NamedEnvironment:
    """A place to publish to; `repository` None is the embedded one, `url` and `base` end with a slash."""

    name: str
    repository: str | None
    branch: str
    url: str
    base: str
    production: bool
    options: Environment


@dataclass(frozen=True)
class Project:
    """A site with its settings; `root` is its absolute folder."""

    root: Path
    loaded: Loaded

    @property
    def settings(self) -> Settings:
        """How to run."""
        return self.loaded.settings

    @property
    def policy(self) -> Policy:
        """What a release must satisfy, before an environment's overrides."""
        return self.loaded.policy

    @cached_property
    def state(self) -> Path:
        """The site's state folder, made on first use."""
        return state_folder(self.root)

    @property
    def output(self) -> Path:
        """The folder that the build fills."""
        return self.root / self.settings.site.output

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of all environments, `local` first."""
        return tuple(self.settings.environments)

    def environment(self, name: str) -> NamedEnvironment:
        """Return an environment by name; raises Stop (2) that names those there are."""
        every = self.settings.environments
        if name not in every:
            import difflib

            near = difflib.get_close_matches(name, every, 1, 0.5)
            hint = f"the same with --env={near[0]}" if near else f"add environments.{name} to {SETTINGS_FILE}"
            raise Stop(f"there is no environment {name}; there are: {', '.join(every)}", hint)
        one = every[name]
        url, base = self._address(name)
        return NamedEnvironment(
            name,
            _remote(one.repository, self.root),
            one.branch,
            url,
            base,
            name == "prod" if one.production is None else one.production,
            one,
        )

    def _address(self, name: str) -> tuple[str, str]:
        from pipeline.core.remotes import github

        one = self.settings.environments[name]
        if one.url:
            return one.url, one.base or urlsplit(one.url).path
        if one.repository is None:
            base = one.base or self.settings.site.base
            return f"http://{self.settings.serve.host}:{self.settings.serve.port}{base}", base
        known = github(one.repository)
        if not known:
            message = f"environments.{name}.url is missing: only a GitHub repository tells it by itself"
            raise Stop(message, f"add environments.{name}.url to {SETTINGS_FILE}")
        return known.pages_url, one.base or urlsplit(known.pages_url).path

    def policy_for(self, environment: str) -> Policy:
        """Return the policy with the environment's overrides."""
        overrides = self.settings.environments[environment].policy
        if not overrides:
            return self.policy
        from pipeline.core.settings import policy_for

        return policy_for(self.policy, overrides)

    def policy_digest(self, environment: str) -> str:
        """Return the SHA-256 of the effective policy as canonical JSON: equal policies, equal digests."""
        import hashlib
        import json

        data = self.policy_for(environment).model_dump(mode="json")
        return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _remote(repository: str | None, root: Path) -> str | None:
    from pipeline.core.remotes import github

    if repository is None:
        return None
    if repository.startswith(("./", "../", "~")):
        return str((root / Path(repository).expanduser()).resolve())
    known = github(repository)
    return known.clone_url if known and "://" not in repository and ":" not in repository else repository


def open_project(
    start: Path | None = None,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Project:
    """Find the site from `start` (the working folder) and read its settings.

    The flag `site.path` or INVOKE_SITE_PATH names it, else it is the nearest folder upwards with an
    invoke.yaml or a constitution.toml; an invoke.yaml whose `site.path` points elsewhere leads there.
    Raises Stop (2).
    """
    from pipeline.core.remembered import Memory, machinery

    variables = os.environ if environ is None else environ
    here = (start or Path.cwd()).resolve()
    marker = _upwards(here)
    named = (flags or {}).get("site.path") or variables.get(SITE_VARIABLE)
    named_root = (here / Path(str(named)).expanduser()).resolve() if named else None
    memory = Memory(named_root or marker, variables, machinery())
    pointed = _pointed(marker, memory) if marker else None
    if named_root:
        root = named_root
        _must_exist(root, "flag --site" if (flags or {}).get("site.path") else f"environment {SITE_VARIABLE}")
    elif marker is None:
        raise Stop(
            f"no site here: neither {here} nor a folder above it has an {SETTINGS_FILE}", "invoke init"
        )
    else:
        root = pointed or marker
        _must_exist(root, f"site.path in {marker / SETTINGS_FILE}")
    tool_file = _tool_file(root, marker, pointed)
    foreign = tool_file is not None and _pointed(tool_file.parent, memory) != root
    loaded = _loaded(root, tool_file, memory, foreign=foreign, flags=flags or {})
    # Reading settings makes no state folder.
    if (root / STATE_FOLDER).is_dir():
        memory.save()
    return Project(root, loaded)


def _loaded(
    root: Path, tool_file: Path | None, memory: Memory, *, foreign: bool, flags: Mapping[str, object]
) -> Loaded:
    from pipeline.core.schema import PREFIX, Loaded

    def ask() -> Loaded:
        from pipeline.core.settings import load

        return load(root, tool_file=tool_file, foreign=foreign, environ=memory.environ, flags=flags)

    files = [root / SETTINGS_FILE, root / POLICY_FILE, *([tool_file] if tool_file else [])]
    where = [(path, path.resolve()) for path in files]
    variables = sorted((name, text) for name, text in memory.environ.items() if name.startswith(PREFIX))
    question = ("settings", root, where, foreign, variables, sorted(flags.items()))
    return memory.answer(question, files, ask, Loaded)


def _upwards(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if (folder / SETTINGS_FILE).is_file() or (folder / POLICY_FILE).is_file():
            return folder
    return None


def _pointed(folder: Path, memory: Memory) -> Path | None:
    """Return the other folder that an invoke.yaml's `site.path` leads to, or None."""
    file = folder / SETTINGS_FILE
    path = memory.answer(("site.path",), [file], lambda: _site_path(file), str)
    root = (folder / Path(path).expanduser()).resolve()
    return root if path and root != folder else None


def _site_path(file: Path) -> str:
    from pipeline.core.sources import read

    source = read(file, SETTINGS_FILE)
    site = source.values.get("site") if source else None
    path = site.get("path") if isinstance(site, dict) else None
    return path if isinstance(path, str) else ""


def _tool_file(root: Path, marker: Path | None, pointed: Path | None) -> Path | None:
    """Return the invoke.yaml that leads to sites elsewhere: of the folder we are in, else of the checkout."""
    if marker and pointed:
        return marker / SETTINGS_FILE
    clone = checkout()
    inside = clone is not None and clone in root.parents
    return clone / SETTINGS_FILE if clone and inside and (clone / SETTINGS_FILE).is_file() else None


def _must_exist(root: Path, origin: str) -> None:
    if not root.is_dir():
        raise Stop(f"the site {root} is not there ({origin})", "invoke init --site=<folder of your site>")
