"""Causes outside the code, over real git repositories."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.typescript.causes import Circumstances, look, package_of, types_name
from pipeline.typescript.record import Error

Git = Callable[..., str]


def missing(specifier: str, file: str = "src/a.ts", code: int = 2307) -> Error:
    text = f"Cannot find module '{specifier}' or its corresponding type declarations."
    return Error(file, 1, 1, code, text, "import/export")


def about(
    root: Path,
    errors: Sequence[Error] = (),
    *,
    package: Mapping[str, Any] | None = None,
    imports: Mapping[str, Sequence[tuple[str, str | None]]] | None = None,
    own: Sequence[str] = (),
    files: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Circumstances:
    return Circumstances(root, package or {}, errors, imports or {}, files, own, options or {})


def install(root: Path, name: str, version: str, **more: str) -> None:
    folder = root / "node_modules" / name
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": version, **more}))


def test_a_module_hidden_by_gitignore_is_told_with_the_line(git_repo: Path) -> None:
    (git_repo / ".gitignore").write_text("node_modules/\n\n# machines\nenv/\n")
    (one,) = look(about(git_repo, [missing("./env/garden", "src/lib/a.ts")]))
    assert (one.kind, one.found, one.specifiers) == ("ignored", ".gitignore:4", ("./env/garden",))
    assert one.what.startswith(".gitignore:4 (env/) hides src/lib/env/ from git")


def test_a_file_that_was_deleted_names_the_commit(git_repo: Path, git: Git) -> None:
    (git_repo / "src").mkdir()
    (git_repo / "src/b.ts").write_text("export const b = 1;\n")
    git(git_repo, "add", ".")
    git(git_repo, "commit", "-qm", "b")
    git(git_repo, "rm", "-q", "src/b.ts")
    git(git_repo, "commit", "-qm", "no b")
    commit = git(git_repo, "rev-parse", "--short", "HEAD").strip()
    (one,) = look(about(git_repo, [missing("./b")]))
    assert one.kind == "deleted"
    assert one.fix.startswith(f"git checkout {commit}^ -- src/b.ts")


def test_a_file_that_no_commit_ever_held_is_missing(git_repo: Path) -> None:
    (one,) = look(about(git_repo, [missing("./b")]))
    assert (one.kind, one.what) == ("missing", 'no commit ever held src/b.*, which src/a.ts imports as "./b"')


def test_another_case_is_told(git_repo: Path) -> None:
    (one,) = look(about(git_repo, [missing("./box")], own=["src/Box.tsx"], files=["src/Box.tsx"]))
    assert (one.kind, one.found) == ("case", "src/Box.tsx")


def test_an_imported_file_that_git_ignores_is_missing_from_every_clone(git_repo: Path, git: Git) -> None:
    (git_repo / ".gitignore").write_text("secret.ts\n")
    (git_repo / "a.ts").write_text("import './secret'; import './new';\n")
    git(git_repo, "add", ".")
    git(git_repo, "commit", "-qm", "a")
    (git_repo / "secret.ts").write_text("export {};\n")
    (git_repo / "new.ts").write_text("export {};\n")
    rows = {"a.ts": [("./secret", "secret.ts"), ("./new", "new.ts")]}
    found = look(about(git_repo, imports=rows))
    assert [(one.kind, one.found) for one in found] == [
        ("uncommitted", "new.ts"),
        ("ignored", ".gitignore:1"),
    ]


@pytest.mark.parametrize(
    ("package", "has", "specifier", "what", "fix"),
    [
        ({}, None, "marked", "marked is imported and not in package.json", "npm install marked"),
        (
            {"dependencies": {"marked": "^4"}},
            None,
            "marked",
            "marked is in package.json (^4) and not installed",
            "invoke build",
        ),
        (
            {"dependencies": {"@a/b": "^4"}},
            "4.1.0",
            "@a/b/c",
            "@a/b 4.1.0 has no @a/b/c",
            "look at the exports of @a/b 4.1.0",
        ),
    ],
)
def test_packages(
    git_repo: Path, package: dict[str, Any], has: str | None, specifier: str, what: str, fix: str
) -> None:
    if has:
        install(git_repo, package_of(specifier) or "", has)
    (one,) = look(about(git_repo, [missing(specifier)], package=package))
    assert (one.what, one.fix) == (what, fix)


def test_a_package_without_types_names_its_types_package(git_repo: Path) -> None:
    install(git_repo, "lodash", "4.17.21")
    text = (
        "Could not find a declaration file for module 'lodash/fp'. '/x/fp.js' implicitly has an 'any' type."
    )
    (one,) = look(about(git_repo, [Error("a.ts", 1, 1, 7016, text, "import/export")]))
    assert one.what == "lodash 4.17.21 has no types of its own"
    assert one.fix.startswith("npm install -D @types/lodash,")
    assert types_name("@babel/core") == "babel__core"


def test_types_of_another_major_version_are_told(git_repo: Path) -> None:
    install(git_repo, "react", "19.1.0")
    install(git_repo, "@types/react", "18.3.1")
    package = {"dependencies": {"react": "19"}, "devDependencies": {"@types/react": "18"}}
    (one,) = look(about(git_repo, package=package))
    assert one.what == "@types/react 18.3.1 describes version 18, and react 19.1.0 is installed"
    assert one.fix == "npm install -D @types/react@19"


def test_typescript_7_with_an_embedded_language_names_the_alias(git_repo: Path) -> None:
    install(git_repo, "typescript", "7.0.2")
    (one,) = look(about(git_repo, package={"dependencies": {"svelte": "5"}}))
    assert (one.kind, one.fix) == ("version", "npm install -D typescript@npm:@typescript/typescript6@6.0.2")


def test_an_alias_that_leads_nowhere_and_one_that_is_missing(git_repo: Path) -> None:
    options = {"paths": {"~/*": ["./source/*"]}, "pathsBasePath": str(git_repo)}
    found = look(about(git_repo, [missing("~/box"), missing("@/card")], options=options))
    assert [one.what for one in found if one.kind == "paths"] == [
        'paths of tsconfig.json send "~/*" to ./source/*, which is not there',
        '"@/..." stands for no folder: tsconfig.json has no such entry in paths',
    ]


def test_generated_types_that_are_missing_name_the_command(git_repo: Path) -> None:
    package = {"dependencies": {"@sveltejs/kit": "2"}}
    found = look(about(git_repo, [missing("./$types")], package=package))
    assert [(one.fix, one.specifiers) for one in found if one.kind == "generated"] == [
        ("npx svelte-kit sync", ("./$types",))
    ]


def test_sources_that_are_never_checked_are_counted(git_repo: Path) -> None:
    own = ["src/a.ts", "old/b.ts", "old/c.tsx", "vite.config.ts"]
    (one,) = look(about(git_repo, own=own, files=["src/a.ts"]))
    assert "2 sources outside include" in one.what
    assert "old (2)" in one.what


def test_nothing_is_said_of_a_site_without_a_cause(git_repo: Path) -> None:
    assert look(about(git_repo, own=["a.ts"], files=["a.ts"])) == []
