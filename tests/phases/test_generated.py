"""`astro sync` is run when what the types come from has changed: real Astro, real files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.core.project import Project, open_project
from pipeline.phases import generated
from pipeline.phases.type_check import prepare
from tests.typescript import packages

Git = Callable[..., str]
FILES = {
    "package.json": '{"private": true, "type": "module", "dependencies": {"astro": "5.13.10"}}\n',
    "invoke.yaml": "site:\n  framework: astro\n  package_manager: none\n  install: []\n  build: []\n",
    "tsconfig.json": '{"extends": "astro/tsconfigs/strict"}\n',
    "astro.config.mjs": 'import { base } from "./base.mjs";\nexport default { base, site: process.env.SITE_URL };\n',
    "base.mjs": 'export const base = "/";\n',
    ".gitignore": "node_modules\n.pages\n.astro\n",
    "src/content.config.ts": (
        'import { defineCollection } from "astro:content";\nimport { glob } from "astro/loaders";\n'
        'import { post } from "@/schemas/post";\n'
        'const blog = defineCollection({ loader: glob({ pattern: "*.md", base: "src/blog" }), schema: post });\n'
        "export const collections = { blog };\n"
    ),
    "src/schemas/post.ts": (
        'import { z } from "astro:content";\nexport const post = z.object({ title: z.string() });\n'
    ),
    "src/blog/one.md": "---\ntitle: One\n---\n",
    "src/menu.ts": "export const open = true;\n",
    "src/pages/index.astro": "<p>x</p>\n",
}


def site(folder: Path, git: Git, *, alias: bool = False) -> Project:
    files = dict(FILES)
    if not alias:
        files["src/content.config.ts"] = files["src/content.config.ts"].replace("@/", "./")
    packages.project(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "site")
    return open_project(folder, environ={})


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("src/schemas/post.ts", "export const post = 1;\n"),
        ("src/content.config.ts", "export const collections = {};\n"),
        ("base.mjs", 'export const base = "/x";\n'),
        ("src/blog/one.md", "---\ntitle: Two\n---\n"),
        ("src/actions/index.ts", "export const server = {};\n"),
        (".env", "A=1\n"),
        ("package.json", '{"dependencies": {"astro": "5"}}\n'),
    ],
)
def test_what_the_types_may_come_from_counts(git_repo: Path, git: Git, file: str, text: str) -> None:
    project = site(git_repo, git, alias=True)
    before = generated.made_from(project, {})
    assert before
    assert generated.made_from(project, {}) == before
    packages.project(git_repo, {file: text})
    assert generated.made_from(project, {}) != before


@pytest.mark.parametrize("file", ["src/menu.ts", "src/pages/index.astro"])
def test_other_code_does_not(git_repo: Path, git: Git, file: str) -> None:
    project = site(git_repo, git)
    before = generated.made_from(project, {})
    packages.project(git_repo, {file: "changed\n"})
    assert generated.made_from(project, {}) == before


def test_variable_that_the_configuration_names_counts(git_repo: Path, git: Git) -> None:
    project = site(git_repo, git)
    before = generated.made_from(project, {"SITE_URL": "https://a.test"})
    assert generated.made_from(project, {"SITE_URL": "https://b.test"}) != before


def test_package_that_is_linked_from_beside_is_never_taken_for_unchanged(git_repo: Path, git: Git) -> None:
    project = site(git_repo, git)
    packages.project(git_repo, {"beside/astro/package.json": "{}"})
    (git_repo / "node_modules").mkdir()
    (git_repo / "node_modules/astro").symlink_to(git_repo / "beside/astro")
    assert generated.made_from(project, {}) == ""
    assert not generated.fresh(project, "")


@pytest.mark.node
def test_second_preparation_writes_nothing_until_the_types_are_gone_or_old(git_repo: Path, git: Git) -> None:
    project = site(git_repo, git)
    (git_repo / "node_modules").symlink_to(packages.installed(packages.ASTRO))
    types = git_repo / ".astro/content.d.ts"

    def stamp() -> int:
        return types.stat().st_mtime_ns

    prepare(project)
    assert '"blog"' in types.read_text()
    first = stamp()
    prepare(project)
    assert stamp() == first
    types.write_text("")
    prepare(project)
    assert '"blog"' in types.read_text()
    packages.project(git_repo, {"src/content.config.ts": "export const collections = {};\n"})
    prepare(project)
    assert '"blog"' not in types.read_text()
