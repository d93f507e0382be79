"""What the first run makes, for each kind of machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inv.conftest import BASE_PYTHON, Clone, python_without, steps

pytestmark = pytest.mark.slow

TOOLS = ("node, as a wheel", "gh, as a wheel")
NO_NETWORK = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "PIP_RETRIES": "0"}


def assert_set_up(clone: Clone) -> None:
    saw = clone.ask("demo")
    assert saw["prefix"] == str(clone.venv)
    assert saw["packages"] == ["iniconfig", "sortedcontainers", "execnet"]
    assert clone.stamp.read_text().splitlines()[1].split() == ["node=wheel", "gh=wheel"]


def test_with_uv(clone: Clone) -> None:
    said = clone.with_uv().run("demo")

    assert steps(said) == ["Python environment, with uv", "Python packages, with uv", *TOOLS, "ready"]
    assert_set_up(clone)


def test_with_uv_and_the_python_it_was_told_to_use(clone: Clone) -> None:
    clone.with_uv()
    (clone.path / "python3").unlink()

    clone.run("demo", UV_PYTHON=str(BASE_PYTHON))

    assert_set_up(clone)


def test_with_uv_that_does_not_work(clone: Clone) -> None:
    clone.with_python().script("uv", "exit 2")

    said = clone.run("demo")

    assert "with uv ... failed" in said
    assert "Python packages, with pip ... " in said
    assert_set_up(clone)


def test_with_python(clone: Clone) -> None:
    said = clone.with_python().run("demo")

    environment = f"Python environment, with {Path(BASE_PYTHON).name}"
    assert steps(said) == [environment, "Python packages, with pip", *TOOLS, "ready"]
    assert_set_up(clone)


def test_python_without_ensurepip_uses_the_pip_outside(clone: Clone, tmp_path: Path) -> None:
    python = python_without(tmp_path / "python", pip=True)

    clone.with_python(python).run("demo")

    assert_set_up(clone)
    log = (clone.top / ".venv.log").read_text()
    assert "Successfully installed pip-" in log
    assert "No module named pip" not in log


def test_python_without_ensurepip_and_pip_uses_the_wheel_of_the_lock(clone: Clone, tmp_path: Path) -> None:
    python = python_without(tmp_path / "python", pip=False)

    clone.with_python(python).run("demo")

    assert_set_up(clone)
    assert "No module named pip" in (clone.top / ".venv.log").read_text()


def test_a_pip_wheel_with_another_hash_is_refused(clone: Clone, tmp_path: Path) -> None:
    clone.with_python(python_without(tmp_path / "python", pip=False))
    lock = clone.top / "uv.lock"
    head, pip = lock.read_text().split('name = "pip"\n')
    lock.write_text(head + 'name = "pip"\n' + pip.replace('hash = "sha256:', 'hash = "sha256:0'))

    said = clone.run("demo", code=69)

    assert "apt-get install python3-venv" in said
    assert "not the pip that uv.lock names" in (clone.top / ".venv.log").read_text()


def test_python_without_pip_and_network_names_the_package_to_install(clone: Clone, tmp_path: Path) -> None:
    clone.with_python(python_without(tmp_path / "python", pip=False))

    said = clone.run("demo", code=69, **NO_NETWORK)

    assert said.splitlines()[-1] == "inv: next: apt-get install python3-venv"


def test_no_python(clone: Clone) -> None:
    said = clone.run("demo", code=69)

    assert said.splitlines() == [
        "inv: stopped: there is no Python >= 3.11 and no uv that works",
        "inv: next: apt-get install python3-venv, or https://docs.astral.sh/uv/getting-started/installation/",
    ]


def test_python_that_is_too_old_is_passed_over(clone: Clone) -> None:
    clone.script("python3", "exit 1")

    assert "there is no Python >= 3.11" in clone.run("demo", code=69)


def test_python_is_found_under_its_other_names_too(clone: Clone) -> None:
    clone.script("python3", "exit 1")
    clone.link("python3.11", BASE_PYTHON)

    said = clone.run("demo", code=7, **NO_NETWORK)

    assert f"inv: Python environment, with {Path(BASE_PYTHON).name} ... " in said


def test_no_network(clone: Clone) -> None:
    said = clone.with_python().run("demo", code=7, **NO_NETWORK)

    assert "inv: stopped: the packages could not be installed" in said
    assert not clone.stamp.exists()
