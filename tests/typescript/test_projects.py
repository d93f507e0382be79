"""Which projects of a site are opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.errors import Stop
from pipeline.typescript.projects import Target, projects
from tests.typescript.packages import project


def names(root: Path) -> list[tuple[str, str]]:
    return [(one.root.relative_to(root).as_posix(), one.config) for one in projects(root)]


def test_the_sites_own_configuration(tmp_path: Path) -> None:
    assert names(project(tmp_path, {"tsconfig.json": '{"include": ["src"]}'})) == [(".", "tsconfig.json")]


def test_without_one_the_session_says_so(tmp_path: Path) -> None:
    assert projects(tmp_path) == (Target(tmp_path.resolve(), "tsconfig.json"),)


def test_references_are_followed_in_their_order_and_the_build_tools_are_checked_too(tmp_path: Path) -> None:
    refers = """{
      // create-vue writes this
      "files": [],
      "references": [{"path": "./tsconfig.node.json"}, {"path": "./tsconfig.app.json"}, {"path": "./e2e"},],
    }"""
    files = {
        "tsconfig.json": refers,
        "tsconfig.app.json": '{"include": ["src"], "references": [{"path": "./tsconfig.node.json"}]}',
        "tsconfig.node.json": '{"include": ["vite.config.*"]}',
        "e2e/tsconfig.json": '{"include": ["**/*"], "references": [{"path": ".."}]}',
    }
    assert names(project(tmp_path, files)) == [
        (".", "tsconfig.node.json"),
        (".", "tsconfig.app.json"),
        (".", "e2e/tsconfig.json"),
    ]


def test_a_configuration_with_files_of_its_own_is_opened_beside_its_references(tmp_path: Path) -> None:
    files = {
        "tsconfig.json": '{"references": [{"path": "tsconfig.node.json"}]}',
        "tsconfig.node.json": "{}",
    }
    assert [config for _, config in names(project(tmp_path, files))] == [
        "tsconfig.json",
        "tsconfig.node.json",
    ]


@pytest.mark.parametrize(
    "space",
    [
        {"package.json": '{"workspaces": ["apps/*", "libs/**", "!libs/old/*"]}'},
        {"package.json": '{"workspaces": {"packages": ["apps/*", "libs/**", "!libs/old/*"]}}'},
        {"package.json": "{}", "pnpm-workspace.yaml": 'packages: ["./apps/*", libs/**, "!libs/old/*"]\n'},
    ],
)
def test_each_package_of_a_workspace_is_opened_alone(tmp_path: Path, space: dict[str, str]) -> None:
    packages = [
        "apps/web",
        "apps/web/inner",
        "libs/a",
        "libs/deep/b",
        "libs/old/c",
        "libs/node_modules/d",
        "other/e",
    ]
    files = {f"{one}/{name}": "{}" for one in packages for name in ("package.json", "tsconfig.json")}
    files["apps/web/tsconfig.json"] = '{"files": [], "references": [{"path": "./tsconfig.app.json"}]}'
    root = project(
        tmp_path, {**space, **files, "apps/web/tsconfig.app.json": "{}", "apps/bare/package.json": "{}"}
    )
    assert names(root) == [
        ("apps/web", "tsconfig.app.json"),
        ("libs/a", "tsconfig.json"),
        ("libs/deep/b", "tsconfig.json"),
    ]


def test_a_configuration_that_several_refer_to_is_opened_once_and_circles_end(tmp_path: Path) -> None:
    files = {
        "package.json": '{"workspaces": ["a", "b"]}',
        "a/package.json": "{}",
        "b/package.json": "{}",
        "a/tsconfig.json": '{"references": [{"path": "../b"}]}',
        "b/tsconfig.json": '{"references": [{"path": "../a"}]}',
    }
    assert names(project(tmp_path, files)) == [("a", "tsconfig.json"), ("b", "tsconfig.json")]


def test_what_is_broken_is_left_to_the_session(tmp_path: Path) -> None:
    assert names(project(tmp_path, {"tsconfig.json": "{ broken"})) == [(".", "tsconfig.json")]


def test_a_broken_workspace_is_told(tmp_path: Path) -> None:
    root = project(tmp_path, {"tsconfig.json": "{}", "pnpm-workspace.yaml": "packages: [a\n"})
    with pytest.raises(Stop, match=r"pnpm-workspace\.yaml is no YAML"):
        projects(root)
