"""Facts to guess, one JSON case for each kind of site and each oddity, read from real files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.site.detect import guess
from pipeline.site.facts import look

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("detect.json").read_text(encoding="utf-8"))
Git = Callable[..., str]


def write(folder: Path, files: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=[case["name"].replace(" ", "-") for case in CASES])
def test_case(case: dict[str, Any], tmp_path: Path, git: Git) -> None:
    site = tmp_path / "a-site"
    write(site, case["files"])
    git(site, "init", "--quiet")
    for name, address in case.get("remotes", {}).items():
        git(site, "remote", "add", name, address)
    if "refused" in case:
        with pytest.raises(Stop) as caught:
            guess(look(site))
        assert caught.value.code == Code.USAGE
        told = "\n".join([caught.value.message, *caught.value.details, caught.value.hint])
        assert [part for part in case["refused"] if part not in told] == []
        return
    found = guess(look(site))
    values = {name: getattr(found, name).value for name in case["guess"]}
    assert json.loads(json.dumps(values)) == case["guess"]
    for name, why in case.get("why", {}).items():
        assert why in getattr(found, name).why
    if "warnings" in case:
        told = "\n".join(found.warnings)
        assert len(found.warnings) == len(case["warnings"]), told
        assert [part for part in case["warnings"] if part not in told] == []


def test_every_value_has_a_reason(tmp_path: Path) -> None:
    write(tmp_path, {"index.html": "<p>"})
    found = guess(look(tmp_path))
    assert all(one.why for one in vars(found).values() if hasattr(one, "why"))


def test_a_workspace_member_uses_the_lockfile_of_its_root(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pnpm-workspace.yaml": "packages: ['apps/*']",
            "pnpm-lock.yaml": "lockfileVersion: '9.0'",
            "apps/web/package.json": {"dependencies": {"astro": "5"}},
        },
    )
    found = guess(look(tmp_path / "apps/web"))
    assert found.package_manager.value == "pnpm"
    assert found.package_manager.why == "../../pnpm-lock.yaml"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Stop, match="is a file"):
        look(tmp_path / "file")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="nowhere is not there"):
        look(tmp_path / "nowhere")


def test_a_broken_package_json_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"package.json": "{"})
    with pytest.raises(Stop, match=r"package\.json is not JSON"):
        look(tmp_path)


def test_facts_tell_a_repository_without_commits(tmp_path: Path, git: Git) -> None:
    write(tmp_path, {"index.html": ""})
    assert look(tmp_path).commits is None
    git(tmp_path, "init", "--quiet")
    assert look(tmp_path).commits is False
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "begin")
    assert look(tmp_path).commits is True
