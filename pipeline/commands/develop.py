"""What a source checkout has on top: its own checks, and its lock files."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from invoke import Context, task

from pipeline.core import paths, ui
from pipeline.core.errors import Code, Stop

KINDS = ("lint", "types", "imports", "unit", "e2e")
_END_TO_END = "tests/end_to_end"
_LOCK_HEAD = """\
# Written by `./inv lock` from uv.lock: its versions and hashes for pip, a section for each thing to install.
# What is in [runtime] is not repeated. All of it: pip install --require-hashes -r requirements.lock
"""
# Settings of the machine that must not find their way into the lock.
_UV_INDEXES = (
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
)


@dataclass(frozen=True)
class Check:
    """One program that judges this checkout; of a `shown` one every line is shown, of others the failures."""

    kind: str
    label: str
    argv: tuple[str, ...]
    shown: bool = False


def checks(python: str, tools: Path, *, only: str, k: str, fast: bool) -> list[Check]:
    """Return the programs to run, quickest first; `tools` is the folder of the environment's programs."""

    def module(*words: str) -> tuple[str, ...]:
        return (python, "-m", *words)

    every = [
        Check("lint", "lint (ruff)", module("ruff", "check", "--quiet", ".")),
        Check("lint", "format (ruff)", module("ruff", "format", "--check", "--quiet", ".")),
        Check("lint", "shell scripts (shellcheck)", (str(tools / "shellcheck"), "inv", ".ci/run")),
        Check("imports", "layers (import-linter)", (python, str(tools / "lint-imports"))),
        Check("types", "types (mypy)", module("mypy", "--no-error-summary")),
        Check(
            _tests_kind(only), "tests (pytest)", module("pytest", *_pytest(only, k, fast=fast)), shown=True
        ),
    ]
    wanted = {only} if only else {_tests_kind(only)} if k else {*KINDS}
    return [check for check in every if check.kind in wanted]


def _tests_kind(only: str) -> str:
    return "e2e" if only == "e2e" else "unit"


def _pytest(only: str, k: str, *, fast: bool) -> list[str]:
    words = {"e2e": [_END_TO_END], "unit": ["tests", f"--ignore={_END_TO_END}"]}.get(only, ["tests"])
    if k:
        words += ["-k", k]
    else:
        # A file stays with one worker, so that what its tests share is made once.
        words += ["--numprocesses=auto", "--dist=loadfile"]
    if fast:
        words += ["-m", "not slow and not node"]
    return words


@task(
    help={
        "only": f"run only one of {', '.join(KINDS)}",
        "k": "run only the tests that match this pytest expression",
        "fast": "leave out the tests that are slow or need npm",
    }
)
def test(c: Context, only: str = "", k: str = "", fast: bool = False) -> None:
    """Check this checkout: lint, layers, types, tests."""
    top = _checkout()
    if only and only not in KINDS:
        message = f"--only={only} is none of {', '.join(KINDS)}"
        raise Stop(message, f"./inv test --only={KINDS[0]}")
    todo = checks(sys.executable, Path(sys.executable).parent, only=only, k=k, fast=fast)
    failed = [check for check in todo if not _passes(check, top)]
    if failed:
        labels = ", ".join(check.label for check in failed)
        message = f"{len(failed)} of {len(todo)} checks failed: {labels}"
        raise Stop(message, f"./inv test --only={failed[0].kind}", Code.GATE)
    ui.say("all of it passed", style="passed")


def _passes(check: Check, top: Path) -> bool:
    from pipeline.core import proc

    with ui.step(check.label) as step:
        environment = {"PYTHONUNBUFFERED": "1"} if check.shown else None
        done = proc.run(check.argv, cwd=top, env=environment, on_line=ui.data if check.shown else None)
        step.verdict = "passed" if done.ok else "failed"
    if not done.ok and not check.shown:
        ui.indent(done.tail(200))
    return done.ok


@task
def lock(c: Context) -> None:
    """Write uv.lock and requirements.lock anew after a change of pyproject.toml."""
    top = _checkout()
    with ui.step("uv.lock"):
        _uv(top, "lock")
    with ui.step("requirements.lock"):
        top.joinpath("requirements.lock").write_text(requirements(top), encoding="utf-8")
    ui.next_step("./inv test")


def requirements(top: Path) -> str:
    """Return what requirements.lock has to say: the pins of uv.lock in sections."""
    options = ("--frozen", "--no-emit-project", "--no-header", "--no-annotate", "--no-default-groups")
    export = {
        section: _pins(_uv(top, "export", "--quiet", *options, *words).splitlines())
        for section, words in {
            "runtime": (),
            "dev": ("--only-group", "dev"),
            "node": ("--extra", "node"),
            "gh": ("--extra", "gh"),
            "pip": ("--only-group", "pip"),
        }.items()
    }
    return _LOCK_HEAD + "".join(
        f"# [{section}]\n"
        + "".join(pin for pin in pins if section == "runtime" or pin not in export["runtime"])
        for section, pins in export.items()
    )


def _pins(lines: Iterable[str]) -> list[str]:
    pins: list[str] = []
    for line in lines:
        if line.startswith(" "):
            pins[-1] += f"{line}\n"
        else:
            pins.append(f"{line}\n")
    return pins


def _uv(top: Path, *words: str) -> str:
    from pipeline.core import proc

    done = proc.run((sys.executable, "-m", "uv", *words), cwd=top, env=dict.fromkeys(_UV_INDEXES))
    if not done.ok:
        message = f"uv {words[0]} failed"
        raise Stop(message, "look at pyproject.toml", Code.SERVICE, done.tail())
    return done.text


def _checkout() -> Path:
    top = paths.checkout()
    if top is None:
        message = "this is an installed copy; there is no source checkout to work on"
        raise Stop(message, "git clone the project and type ./inv there")
    if not importlib.util.find_spec("pytest"):
        message = "the development tools are not installed"
        raise Stop(message, f"{top / 'inv'} test", Code.MISSING)
    return top
