"""A small clone with the real wrapper, and a PATH that holds only what a test puts there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parents[2]
# All that the wrapper may use of a system, beside Python or uv.
SYSTEM = "awk cat cksum date ln mkdir mv ps readlink rm sed sh sleep tail"
# Small packages without dependencies stand in for ours: what is tested is how they come into .venv.
PACKAGES = {
    "runtime": "iniconfig",
    "dev": "pluggy",
    "node": "sortedcontainers",
    "gh": "execnet",
    "pip": "pip",
}
PROGRAM = """\
import importlib.util, json, os, sys
names = ("iniconfig", "pluggy", "sortedcontainers", "execnet")
there = [name for name in names if importlib.util.find_spec(name)]
print(json.dumps({"words": sys.argv[1:], "cwd": os.getcwd(), "packages": there, "prefix": sys.prefix}))
"""
BASE_PYTHON = Path(os.path.realpath(sys._base_executable))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Clone:
    """A clone, the folder that is its PATH, and the environment to run it in."""

    top: Path
    path: Path
    env: dict[str, str]

    @property
    def venv(self) -> Path:
        return self.top / ".venv"

    @property
    def stamp(self) -> Path:
        return self.venv / ".complete"

    def link(self, name: str, target: Path) -> None:
        (self.path / name).unlink(missing_ok=True)
        (self.path / name).symlink_to(target)

    def script(self, name: str, text: str) -> None:
        (self.path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (self.path / name).chmod(0o755)

    def with_uv(self) -> Clone:
        self.link("uv", Path(sys.executable).with_name("uv"))
        return self.with_python()

    def with_python(self, python: Path = BASE_PYTHON) -> Clone:
        self.link("python3", python)
        return self

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.top / "inv", *words],
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, code: int = 0, **env: str) -> str:
        """Run the wrapper and return what it said on stderr."""
        with self.start(*words, **env) as process:
            _, said = process.communicate(timeout=120)
        assert process.returncode == code, said
        return said

    def ask(self, *words: str, cwd: Path | None = None, inv: Path | None = None) -> dict[str, Any]:
        """Run the wrapper where all is set up already: it says nothing. Return what the program saw."""
        argv: list[str | Path] = [inv or self.top / "inv", *words]
        done = subprocess.run(argv, cwd=cwd, env=self.env, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        saw: dict[str, Any] = json.loads(done.stdout)
        return saw


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep wheels for the whole session: each is downloaded once."""
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture
def clone(tmp_path: Path, cache: Path, clean_env: dict[str, str]) -> Clone:
    """Return a clone that was never set up, its path with a space in it, with neither Python nor uv."""
    top = tmp_path / "a clone"
    (top / "pages_pipeline").mkdir(parents=True)
    (top / "pages_pipeline" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    shutil.copy(TOP / "inv", top)
    write_locks(top)
    path = tmp_path / "bin"
    path.mkdir()
    env = clean_env | {
        "PATH": str(path),
        "PIP_CACHE_DIR": str(cache / "pip"),
        "UV_CACHE_DIR": str(cache / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
    }
    made = Clone(top, path, env)
    for name in SYSTEM.split():
        made.link(name, _which(name))
    if shutil.which("flock"):
        made.link("flock", _which("flock"))
    return made


def steps(said: str) -> list[str]:
    """Return the labels of the steps without their times."""
    return [line.removeprefix("inv: ").partition(" ... ")[0] for line in said.splitlines()]


def write_locks(top: Path) -> None:
    """Write the pins of five small packages as our own locks have them; of uv.lock only what is read."""
    pins = (TOP / "requirements.lock").read_text(encoding="utf-8")
    (top / "requirements.lock").write_text(
        "".join(f"# [{group}]\n{_pin(pins, name)}" for group, name in PACKAGES.items()), encoding="utf-8"
    )
    shutil.copy(TOP / "uv.lock", top)


def _pin(pins: str, name: str) -> str:
    found = re.search(rf"^{name}==.*\n(?: .*\n)+", pins, re.MULTILINE)
    assert found, name
    return found[0]


def python_without(prefix: Path, *, pip: bool) -> Path:
    """Return a real Python as Debian ships it: without ensurepip, and with or without pip."""
    stdlib = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    version = stdlib.name
    program = prefix / "bin" / version
    lib = prefix / "lib" / version
    for folder in (program.parent, lib / "site-packages"):
        folder.mkdir(parents=True)
    # Python looks for its library beside the real program, so this has to be a copy.
    shutil.copy2(BASE_PYTHON, program)
    for entry in stdlib.parent.iterdir():
        if entry.name not in {version, "python3"}:
            (lib.parent / entry.name).symlink_to(entry)
    for entry in stdlib.iterdir():
        if entry.name not in {"ensurepip", "site-packages", "dist-packages"}:
            (lib / entry.name).symlink_to(entry)
    if pip:
        import pip as installed

        (lib / "site-packages" / "pip").symlink_to(Path(installed.__file__).parent)
    return program


def _which(name: str) -> Path:
    found = shutil.which(name)
    assert found, name
    return Path(found)
