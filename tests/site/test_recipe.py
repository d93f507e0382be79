"""What a build runs: whether the build checks types already, and how settings go before guesses."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.project import open_project
from pipeline.site.recipe import RUN_BY_BUILD, recipe
from pipeline.site.scripts import runs_already, without_check
from pipeline.tools import node
from tests.site.tiny import make, settings, write

NPM_BUILD = ("npm", "run", "build")


@pytest.mark.parametrize(
    ("check", "build", "scripts"),
    [
        ("npm run check", "npm run build", {"check": "astro check", "build": "astro check && astro build"}),
        ("npx --no astro check", "npm run build", {"build": "X=1 npx astro check && astro build"}),
        ("npx --no tsc --noEmit", "npm run build", {"build": "tsc -b && vite build"}),
        ("npm run types", "npm run build", {"types": "vue-tsc --build", "build": "run-p types build-only"}),
        ("npm run check", "npm run build", {"check": "tsc", "prebuild": "npm run check", "build": "vite"}),
        ("pnpm exec tsc", "pnpm run build", {"build": "pnpm tsc && vite build"}),
        ("yarn tsc", "yarn run build", {"build": "yarn types && vite build", "types": "tsc --noEmit"}),
        ("bun run tsc", "bun run build", {"build": "echo x; bun run tsc && vite build"}),
        ("npm run check", "npm run build", {"check": "npm run a && npm run b", "a": "tsc", "b": "eslint .",
                                            "build": "./node_modules/.bin/tsc && vite build"}),
    ],
)  # fmt: skip
def test_build_that_checks_types_itself_is_known(check: str, build: str, scripts: Mapping[str, str]) -> None:
    assert runs_already(check.split(), build.split(), scripts)


@pytest.mark.parametrize(
    ("build", "scripts", "emits", "expected"),
    [
        ("npm run build", {"check": "astro check", "only": "A=1 astro build",
                           "build": "npm run check && npm run only"}, False, "npm run only"),
        ("npm run build", {"build": "tsc -b && vite build"}, False, "npm exec --call 'vite build'"),
        ("npm run build", {"build": "tsc -b && vite build"}, True, None),
        ("npm run build", {"build": "tsc --noEmit && A=1 vite build"}, True, "npm exec --call 'A=1 vite build'"),
        ("npm run build", {"prebuild": "tsc", "build": "vite build", "postbuild": "node x.js"}, False,
         "npm exec --call 'vite build && node x.js'"),
        ("pnpm run build", {"prebuild": "tsc", "build": "vite build"}, False, None),
        ("npm run build", {"build": 'run-p types "only {@}" --', "types": "vue-tsc", "only": "vite build"}, False,
         "npm exec --call 'run-p '\"'\"'only {@}'\"'\"' --'"),
        ("npm run build", {"build": "tsc"}, False, None),
        ("npm run build", {"build": "tsc || true; vite build"}, False, None),
        ("npm run build -- --mode x", {"build": "tsc && vite build"}, False, None),
        ("npm run build", {"build": "vite build"}, False, None),
        ("npx --no astro check", {}, False, None),
    ],
)  # fmt: skip
def test_check_is_taken_out_of_the_build_where_that_is_sure(
    build: str, scripts: Mapping[str, str], emits: bool, expected: str | None
) -> None:
    found = without_check(shlex.split(build), scripts, emits=emits)
    assert (found and shlex.join(found)) == expected


@pytest.mark.parametrize(
    ("check", "build", "scripts"),
    [
        ("npm run check", "npm run build", {"check": "astro check", "build": "astro build"}),
        ("npm run check", "npm run build", {"check": "astro check", "build": "tsc && astro build"}),
        ("npm run check", "npm run build", {"check": "tsc", "build": "tsc || true; vite build"}),
        ("npm run check", "npm run build", {"check": "tsc", "build": "tsc; vite build"}),
        ("npm run check", "npm run build", {"check": "tsc", "build": "tsc & vite build"}),
        ("npm run check", "npm run build", {"check": "tsc", "build": "tsc --watch && vite build"}),
        ("npm run check", "npm run build", {"check": "eslint .", "build": "eslint . && vite build"}),
        ("npm run check", "npm run build", {"check": "tsc", "build": "npm run build"}),
        ("npm run check", "npm run build", {"check": "tsc", "build": "echo 'tsc && vite build"}),
        ("pnpm check", "pnpm run build", {"check": "tsc", "prebuild": "tsc", "build": "vite build"}),
        ("npm run check", "npm run build", {}),
    ],
)
def test_build_that_does_not_surely_check_types_is_not_trusted(
    check: str, build: str, scripts: Mapping[str, str]
) -> None:
    assert not runs_already(check.split(), build.split(), scripts)


@pytest.mark.node
def test_check_that_the_build_runs_is_not_run_twice(tmp_path: Path) -> None:
    scripts = {"check": "tsc --noEmit", "build": "tsc && node build.mjs"}
    files: dict[str, Any] = {
        "package.json": {"scripts": scripts},
        "invoke.yaml": settings(build=NPM_BUILD, check="npm run check"),
    }
    plan = recipe(make(tmp_path / "tiny", files), "local")
    assert (plan.check, plan.check_note) == ((), RUN_BY_BUILD)


@pytest.mark.node
def test_settings_go_before_what_looking_tells(tmp_path: Path) -> None:
    files: dict[str, Any] = {
        "package.json": {
            "scripts": {"build": "vite build", "typecheck": "tsc"},
            "devDependencies": {"vite": "8.0.0"},
        },
        "package-lock.json": "{}",
        "vite.config.js": "",
    }
    project = make(tmp_path / "tiny", {**files, "invoke.yaml": {"site": {"name": "tiny"}}})
    guessed = recipe(project, "local")
    assert (guessed.build, guessed.check) == (NPM_BUILD, ("npm", "run", "typecheck"))
    assert guessed.install == ("npm", "ci", "--include=dev")
    chosen = {"install": ["npm", "ci", "--omit=optional"], "check": [], "build": "node build.mjs"}
    write(project.root, {"invoke.yaml": {"site": chosen}})
    plan = recipe(open_project(project.root), "local")
    assert (plan.install, plan.check, plan.build) == (tuple(chosen["install"]), (), ("node", "build.mjs"))
    write(project.root, {"invoke.yaml": {"site": {**chosen, "install": []}}})
    assert recipe(open_project(project.root), "local").install == ()


@pytest.mark.node
def test_workspaces_lockfile_above_the_site_counts(tmp_path: Path) -> None:
    write(tmp_path, {"package.json": {"workspaces": ["tiny"]}, "package-lock.json": "{}"})
    files = {"package.json": {"devDependencies": {"a": "1.0.0"}, "scripts": {"build": "node build.mjs"}}}
    make(tmp_path / "tiny", files)
    (tmp_path / "tiny/.git").rename(tmp_path / ".git")
    plan = recipe(open_project(tmp_path / "tiny"), "local")
    assert plan.lock == tmp_path / "package-lock.json"
    assert plan.install


@pytest.mark.node
def test_recipe_changes_nothing(tmp_path: Path) -> None:
    project = make(tmp_path / "tiny")
    recipe(project, "local")
    assert not (project.root / ".pages").exists()


def test_plain_site_needs_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"public/index.html": "1", "invoke.yaml": {"site": {"output": "public"}}})
    monkeypatch.setattr(node, "find_node", None)
    plan = recipe(open_project(tmp_path), "local")
    assert (plan.node, plan.install, plan.check, plan.build) == (None, (), (), ())
