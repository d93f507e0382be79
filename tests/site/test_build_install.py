"""Real npm installs of a dependency that lies beside the site: when they run, and what their failures say."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.core import proc
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project
from pipeline.site.build import build
from pipeline.site.recipe import recipe
from pipeline.tools.node import environment, find_node
from tests.site.tiny import RUN, make, page, settings, wait_for, write

pytestmark = [pytest.mark.node]

PAGE = "import fs from 'node:fs'\nimport { word } from 'word'\n"
PAGE += "fs.mkdirSync('dist', { recursive: true })\nfs.writeFileSync('dist/index.html', word)\n"
UNCHANGED = "nothing changed since the last install"


def package(**more: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": "tiny", "version": "1.0.0", "private": True, "type": "module", **more}


def npm(root: Path, *words: str) -> None:
    node = find_node()
    env = environment(node, root / ".pages/tools/bin", root)
    done = proc.run(["npm", *words], cwd=root, env=env)
    assert done.ok, done.error


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A site with a development dependency on a folder inside it, locked by npm and not installed yet."""
    root = tmp_path / "tiny"
    write(
        root,
        {
            "word/package.json": {
                "name": "word",
                "version": "1.0.0",
                "type": "module",
                "exports": "./index.js",
            },
            "word/index.js": "export const word = 'sea'\n",
            "package.json": package(devDependencies={"word": "file:word"}),
        },
    )
    npm(root, "install", "--package-lock-only")
    return make(root, {"build.mjs": PAGE, "package.json": package(devDependencies={"word": "file:word"})})


def install_note(project: Project, *, force: bool = False) -> str:
    return recipe(open_project(project.root), "local", force=force).install_note


def failing(project: Project) -> Stop:
    with pytest.raises(Stop) as caught:
        build(open_project(project.root), "local")
    return caught.value


def test_install_runs_once_and_again_when_something_changed(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The owner's own production settings must not leave out what builds the site.
    monkeypatch.setenv("NODE_ENV", "production")
    monkeypatch.setenv("npm_config_omit", "dev")
    assert install_note(project) == "node_modules is missing"
    build(project, "local")
    assert page(project) == "sea"
    assert "dependencies (npm)" in capsys.readouterr().err

    assert install_note(project) == UNCHANGED
    build(project, "local")
    assert f"unchanged 0.0 s  {UNCHANGED}" in capsys.readouterr().err
    assert install_note(project, force=True) == "asked for by --force"

    lock = project.root / "package-lock.json"
    lock.write_text(lock.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert install_note(project).startswith("the lockfile, package.json or")
    build(project, "local")
    assert install_note(project) == UNCHANGED

    shutil.rmtree(project.root / "node_modules")
    assert install_note(project) == "node_modules is missing"


def test_site_without_a_lockfile_names_the_command_that_makes_one(project: Project) -> None:
    (project.root / "package-lock.json").unlink()
    stop = failing(project)
    assert stop.code == Code.USAGE
    assert "the site has no package-lock.json or npm-shrinkwrap.json" in stop.message
    assert stop.hint == "invoke build --lock"


def test_lockfile_is_written_with_the_npm_that_we_found(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.root / "package-lock.json").unlink()
    monkeypatch.setenv("CI", "true")
    assert build(open_project(project.root), "local", lockfile=True).artifact.files
    assert "package-lock.json, to be committed" in capsys.readouterr().err
    written = (project.root / "package-lock.json").read_bytes()
    build(open_project(project.root), "local", lockfile=True)
    assert "unchanged" in capsys.readouterr().err
    assert (project.root / "package-lock.json").read_bytes() == written


def test_packages_for_other_platforms_that_no_registry_has_stop_no_build(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    word = json.loads((project.root / "word/package.json").read_text(encoding="utf-8"))
    other = {**word, "optionalDependencies": {"word-for-another-platform": "1.0.0"}}
    npmrc = "registry=http://127.0.0.1:9/\nfetch-retries=0\ncache=.npm-cache\n"
    write(project.root, {"word/package.json": other, ".npmrc": npmrc})
    assert build(open_project(project.root), "local", lockfile=True).artifact.files
    lock = (project.root / "package-lock.json").read_bytes()
    assert "the lockfile lacks packages for other platforms" in capsys.readouterr().err
    assert install_note(project) == UNCHANGED
    assert (project.root / "package-lock.json").read_bytes() == lock


def test_site_without_packages_has_nothing_to_lock(tmp_path: Path) -> None:
    site = make(tmp_path, {"invoke.yaml": settings(package_manager="none")})
    with pytest.raises(Stop, match="there are no packages to lock"):
        build(site, "local", lockfile=True)


def test_plan_of_a_build_that_writes_the_lockfile_needs_none(project: Project) -> None:
    (project.root / "package-lock.json").unlink()
    plan = recipe(open_project(project.root), "local", relock=True)
    assert (plan.install_note, plan.lock) == ("its lockfile is written first", None)


def test_lockfile_that_does_not_fit_names_the_command_that_repairs_it(project: Project) -> None:
    write(
        project.root, {"package.json": package(devDependencies={"word": "file:word", "other": "file:other"})}
    )
    write(project.root, {"other/package.json": {"name": "other", "version": "1.0.0"}})
    stop = failing(project)
    assert stop.code == Code.USAGE
    assert stop.message == "the lockfile does not fit package.json: npm ci --include=dev ended with 1"
    assert stop.hint == "invoke build --lock"
    assert "npm error Missing: other@1.0.0 from lock file" in stop.details
    assert stop.details[-1].startswith("log: ")
    assert build(open_project(project.root), "local", lockfile=True).artifact.files


def test_registry_that_cannot_be_reached_is_an_outside_failure(project: Project) -> None:
    write(project.root, {".npmrc": "registry=http://127.0.0.1:9/\nfetch-retries=0\ncache=.npm-cache\n"})
    lock = project.root / "package-lock.json"
    text = lock.read_text(encoding="utf-8").replace(
        '"node_modules/word"',
        '"node_modules/far": {"version": "1.0.0", "resolved": "http://127.0.0.1:9/far.tgz", "dev": true},'
        '\n"node_modules/word"',
    )
    lock.write_text(
        text.replace('"word": "file:word"', '"far": "1.0.0", "word": "file:word"'), encoding="utf-8"
    )
    write(project.root, {"package.json": package(devDependencies={"far": "1.0.0", "word": "file:word"})})
    stop = failing(project)
    assert stop.code == Code.SERVICE
    assert stop.message.startswith("the package registry cannot be reached")


def test_install_script_that_fails_is_the_sites_own_failure(project: Project) -> None:
    write(
        project.root,
        {"package.json": package(devDependencies={"word": "file:word"}, scripts={"install": "exit 4"})},
    )
    stop = failing(project)
    assert stop.code == Code.GATE
    assert stop.message.startswith("the site's packages could not be installed")


def test_killed_install_is_repeated(project: Project, tmp_path: Path) -> None:
    scripts = {"postinstall": "test -e ../go-on || { touch ../installing; sleep 30; }"}
    write(project.root, {"package.json": package(devDependencies={"word": "file:word"}, scripts=scripts)})
    process = subprocess.Popen([sys.executable, "-c", RUN, project.root], start_new_session=True)
    wait_for((tmp_path / "installing").exists)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert (project.root / "node_modules").is_dir()
    (tmp_path / "go-on").touch()
    assert install_note(project) == "the last install did not end, or was not ours"
    assert build(open_project(project.root), "local").artifact.files
    assert install_note(project) == UNCHANGED


def test_install_over_its_time_limit_is_ended_and_repeated(project: Project) -> None:
    scripts = {"postinstall": "sleep 30"}
    write(project.root, {"package.json": package(devDependencies={"word": "file:word"}, scripts=scripts)})
    write(project.root, {"invoke.yaml": {**settings(), "timeouts": {"install": 3}}})
    stop = failing(project)
    assert stop.code == Code.SERVICE
    assert stop.message == "npm ci --include=dev was still running after 3 s and was ended"
    assert stop.details[-1].startswith("log: ")
    assert install_note(project) != UNCHANGED


def test_scripts_that_call_npm_find_it(project: Project) -> None:
    scripts = {"build": "npm run inner && node -e 1", "inner": "node build.mjs"}
    write(project.root, {"package.json": package(devDependencies={"word": "file:word"}, scripts=scripts)})
    write(project.root, {"invoke.yaml": {"site": {"name": "tiny"}}, "index.html": ""})
    assert build(open_project(project.root), "local").record is not None
    assert page(project) == "sea"
