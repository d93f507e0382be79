"""Repairs of the configuration: proposed by the look of the errors, kept by the checker's word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.tools.node import find_node
from pipeline.typescript import texts
from pipeline.typescript.categories import category
from pipeline.typescript.configuration import (
    OPTIONS,
    Proposal,
    proposals,
    repair_configuration,
)
from pipeline.typescript.record import Error
from pipeline.typescript.session import Session
from tests.typescript import packages

LIB = (
    "Do you need to change your target library? Try changing the 'lib' compiler option to 'es2022' or later."
)


def error(code: int, message: str) -> Error:
    return Error("src/a.ts", 1, 1, code, message, category(code, message))


def proposed(
    root: Path, code: int, message: str, options: Mapping[str, Any] | None = None, *needs: str
) -> list[Proposal]:
    groups = proposals([error(code, message)], options or {}, dict.fromkeys(needs, "1"), root)
    return [one for group in groups for one in group]


@pytest.mark.parametrize(
    ("code", "message", "options", "needs", "told"),
    [
        (7026, "JSX element implicitly has type 'any'", {}, ("preact",), ["jsx: react-jsx, jsxImportSource: preact"]),
        (17004, "Cannot use JSX", {}, ("react",), ["jsx: react-jsx, jsxImportSource: react"]),
        (17004, "Cannot use JSX", {}, ("react", "next"), ["jsx: preserve", "jsx: react-jsx, jsxImportSource: react"]),
        (2550, f"Property 'at' does not exist. {LIB}", {"lib": ["lib.es2019.d.ts", "lib.dom.d.ts"]}, (),
         ["lib: [ES2022, DOM]"]),
        (2550, f"Property 'at' does not exist. {LIB}", {"target": 6}, (), ["lib: [ES2022, DOM, DOM.Iterable]"]),
        (2584, "Cannot find name 'document'.", {"lib": ["lib.es2022.d.ts"]}, (), ["lib: [ES2022, DOM]"]),
        (2732, "Cannot find module './a.json'.", {}, (), ["resolveJsonModule: True"]),
        (2307, "Cannot find module './a.svg'.", {}, ("vite",), ['/// <reference types="vite/client" />']),
        (2339, "Property 'env' does not exist on type 'ImportMeta'.", {}, ("astro", "vite"),
         ['/// <reference types="astro/client" />', '/// <reference types="vite/client" />']),
        (5097, "An import path can only end with '.ts'", {"noEmit": True}, (), ["allowImportingTsExtensions: True"]),
        (5097, "An import path can only end with '.ts'", {}, (), []),
        (2792, "Cannot find module 'x'. Did you mean 'moduleResolution'", {"module": 99}, (),
         ["moduleResolution: bundler"]),
        (2792, "Cannot find module 'x'. Did you mean 'moduleResolution'", {"module": 1}, (), []),
        (1259, "can only be default-imported using the 'esModuleInterop' flag", {"module": 99}, (),
         ["esModuleInterop: True"]),
        # CommonJS that tsc writes would change.
        (1259, "can only be default-imported using the 'esModuleInterop' flag", {"module": 1}, (), []),
        (2322, "Type 'string' is not assignable to type 'number'.", {}, ("react",), []),
    ],
)  # fmt: skip
def test_what_errors_hint_at(
    tmp_path: Path, code: int, message: str, options: dict[str, Any], needs: tuple[str, ...], told: list[str]
) -> None:
    assert [one.shown for one in proposed(tmp_path, code, message, options, *needs)] == told


def test_an_alias_is_added_only_where_what_builds_knows_it(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/box.ts").write_text("export {};\n")
    message = "Cannot find module '@/box' or its corresponding type declarations."
    assert proposed(tmp_path, 2307, message, {}, "vite") == []
    (tmp_path / "vite.config.ts").write_text("resolve: { alias: { '@/': '/src/' } }")
    (one,) = proposed(tmp_path, 2307, message, {"paths": {"~/*": ["./x/*"]}}, "vite")
    assert one.options == {"paths": {"~/*": ["./x/*"], "@/*": ["./src/*"]}}
    assert proposed(tmp_path, 2307, message.replace("box", "gone"), {}, "astro") == []


def test_types_are_named_only_where_they_are_installed(tmp_path: Path) -> None:
    message = "Cannot find name 'process'."
    assert proposed(tmp_path, 2591, message, {"types": []}) == []
    (tmp_path / "node_modules/@types/node").mkdir(parents=True)
    (one,) = proposed(tmp_path, 2591, message, {"types": ["vite/client"]})
    assert one.options == {"types": ["vite/client", "node"]}


def test_nothing_that_loosens_a_check_may_be_set() -> None:
    assert OPTIONS.isdisjoint(
        {"strict", "noImplicitAny", "skipLibCheck", "strictNullChecks", "exclude", "checkJs"}
    )


CONFIG = """\
{
  // the strictest there is
  "compilerOptions": {
    "strict": true, "noEmit": true, "target": "ES2022", "module": "ESNext",
    "moduleResolution": "bundler", "types": [],
    "lib": ["ES2015", "DOM"] // old
  },
  "include": ["src"]
}
"""
SOURCE = """\
import data from "./data.json";
export const last = [1, 2].at(-1);
export const entries = Object.entries({ a: 1 });
export const wrong: string = 1;
export const size = data.size;
"""


@pytest.mark.node
def test_a_repair_is_kept_with_comments_and_layout_when_errors_fall(tmp_path: Path) -> None:
    files = {
        "tsconfig.json": CONFIG,
        "src/a.ts": SOURCE,
        "src/data.json": '{"size": 1}',
        "package.json": "{}",
    }
    root = packages.project(tmp_path, files, packages.installed(packages.TYPESCRIPT))
    held = {"src/a.ts": texts.read(root / "src/a.ts") or ""}
    with Session(find_node().path, root) as session:
        found = repair_configuration(session, held)
        assert [one.code for one in session.check()] == [2322]
    assert [one.options for one in found] == [{"lib": ["ES2022", "DOM"]}]
    assert found[-1].errors == (3, 1)
    assert found[-1].after == CONFIG.replace('["ES2015", "DOM"]', '["ES2022", "DOM"]')
    assert [one.code for one in found[0].removed] == [2550, 2550]
    assert (root / "tsconfig.json").read_text() == CONFIG
    (root / "tsconfig.json").write_text(found[-1].after)
    with Session(find_node().path, root) as session:
        assert repair_configuration(session, held) == []


@pytest.mark.node
def test_a_configuration_that_hides_nothing_is_left_alone(tmp_path: Path) -> None:
    config = json.dumps({"compilerOptions": {"strict": True, "types": [], "noEmit": True}})
    files = {"tsconfig.json": config, "a.ts": "export const a: string = 1;\n", "package.json": "{}"}
    root = packages.project(tmp_path, files, packages.installed(packages.TYPESCRIPT))
    with Session(find_node().path, root) as session:
        assert repair_configuration(session, {}) == []
        assert [one.code for one in session.check()] == [2322]


VITE = """\
declare module "*.svg" {
  const address: string;
  export default address;
}
"""


@pytest.mark.node
@pytest.mark.parametrize(("include", "found"), [("src", True), ("src/**/*.d.ts", True), ("app", False)])
def test_reference_is_written_into_a_new_file_where_include_finds_it(
    tmp_path: Path, include: str, found: bool
) -> None:
    options = {"strict": True, "noEmit": True, "module": "ESNext", "moduleResolution": "bundler", "types": []}
    files = {
        "tsconfig.json": json.dumps(
            {"compilerOptions": options, "include": [include], "files": ["src/a.ts"]}
        ),
        "src/a.ts": 'import logo from "./logo.svg";\nexport const url: string = logo;\n',
        "package.json": '{"devDependencies": {"vite": "*"}}',
    }
    root = packages.project(tmp_path, {**files, "node_modules/vite/client.d.ts": VITE})
    (root / "node_modules/typescript").symlink_to(packages.installed(packages.TYPESCRIPT) / "typescript")
    with Session(find_node().path, root) as session:
        made = repair_configuration(session, {})
        if not found:
            assert made == []
            assert [each.code for each in session.check()] == [2307]
            return
        (one,) = made
        assert (one.file, one.before) == ("src/env.d.ts", None)
        assert one.after == '/// <reference types="vite/client" />\n'
        assert session.check() == []
