"""What is done again, and what is not, once a clone was set up."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.inv.conftest import Clone, steps

NO_NETWORK = {"UV_OFFLINE": "1", "UV_NO_CACHE": "1", "PIP_NO_INDEX": "1", "PIP_RETRIES": "0"}


@pytest.fixture
def ready(clone: Clone) -> Clone:
    clone.with_uv().run()
    return clone


def test_later_runs_need_neither_uv_nor_python_on_path(ready: Clone) -> None:
    (ready.path / "uv").unlink()
    (ready.path / "python3").unlink()

    assert ready.ask("deploy", "--env=local", "a b", "")["words"] == ["deploy", "--env=local", "a b", ""]


def test_program_runs_in_the_callers_folder(ready: Clone, tmp_path: Path) -> None:
    site = tmp_path / "site"
    # The caller's modules must not hide ours.
    (site / "pages_pipeline").mkdir(parents=True)
    (site / "pages_pipeline" / "__init__.py").touch()

    assert ready.ask(cwd=site)["cwd"] == str(site)


def test_through_symbolic_links(ready: Clone, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "first").symlink_to(Path("..") / "a clone" / "inv")
    second = tmp_path / "second"
    second.symlink_to(tmp_path / "links" / "first")

    assert ready.ask(cwd=tmp_path, inv=second)["prefix"] == str(ready.venv)


def test_started_by_a_shell_from_its_own_folder(ready: Clone) -> None:
    done = subprocess.run(
        ["sh", "inv"], cwd=ready.top, env=ready.env, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_changed_lock_sets_up_again_and_keeps_the_development_tools(ready: Clone) -> None:
    assert "development tools" in ready.run("test")
    with (ready.top / "uv.lock").open("a") as lock:
        lock.write("# another version\n")
    (ready.venv / "of the old lock").touch()

    said = ready.run("demo")

    assert "Python packages, with uv ... " in said
    assert "development tools ... " in said
    assert not (ready.venv / "of the old lock").exists()
    assert "pluggy" in ready.ask()["packages"]


def test_moved_clone_is_set_up_again(ready: Clone) -> None:
    moved = Clone(ready.top.with_name("moved"), ready.path, ready.env)
    ready.top.rename(moved.top)

    assert "Python packages" in moved.run()
    assert moved.ask()["prefix"] == str(moved.venv)


def test_development_tools_are_added_once(ready: Clone) -> None:
    (ready.venv / "still the same").touch()

    said = ready.run("test", "--fast")

    assert steps(said) == ["development tools", "ready"]
    assert (ready.venv / "still the same").exists()
    assert "pluggy" in ready.ask("test")["packages"]


def test_development_tools_that_cannot_be_had_spoil_nothing(ready: Clone) -> None:
    said = ready.run("test", code=7, **NO_NETWORK)

    assert "inv: stopped: the packages could not be installed" in said
    assert "iniconfig" in ready.ask()["packages"]


def test_python_that_went_away_sets_up_again(ready: Clone) -> None:
    python = ready.venv / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")

    assert "Python packages" in ready.run()


def test_environment_elsewhere(clone: Clone, tmp_path: Path) -> None:
    clone.env["PAGES_VENV"] = str(tmp_path / "elsewhere" / "venv")

    clone.with_uv().run()

    assert clone.ask()["prefix"] == str(tmp_path / "elsewhere" / "venv")
    assert not clone.venv.exists()


def test_folder_that_is_no_environment_is_left_alone(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "work").touch()

    said = clone.with_uv().run(code=2, PAGES_VENV=str(tmp_path / "precious"))

    assert "exists and is no Python environment" in said
    assert (tmp_path / "precious" / "work").exists()


def test_place_that_cannot_be_written_to(clone: Clone) -> None:
    said = clone.with_uv().run("demo", code=2, PAGES_VENV="/proc/venv")

    assert "inv: stopped: /proc cannot be written to" in said
