"""`ts.report` over whole sites: real git, real TypeScript, and configurations and checkers that are broken."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.project import open_project
from pipeline.phases.analyse import MOST, Report, report, targets_of
from pipeline.typescript.broken import refuse_broken
from tests.typescript import packages

Git = Callable[..., str]
CONFIG = '{"compilerOptions": {"strict": true, "noEmit": true, "types": [], "target": "ES2022"}, "include": ["src"]}'
SETTINGS = (
    "site:\n  framework: plain\n  package_manager: none\n  install: []\n  check: [{check}]\n  build: []\n"
)
SOURCES = {
    "index.html": '<!doctype html><title>x</title><script type="module" src="/src/main.ts"></script>\n',
    "package.json": '{"private": true}\n',
    "tsconfig.json": CONFIG,
    ".gitignore": "node_modules\n.pages\n\nenv/\n",
    "src/main.ts": 'import { Grid } from "./grid";\nimport { name } from "./env/garden";\nnew Grid().draw(name);\n',
    "src/grid.ts": "export class Grid {\n  draw(text) {\n    this.hover = text;\n    return this.hover;\n  }\n}\n",
    "src/old.ts": "export const old: string = 1;\n",
}


def site(folder: Path, git: Git, files: dict[str, str], check: str = "npx, tsc, --noEmit") -> Path:
    every = {**files, "invoke.yaml": SETTINGS.format(check=check)}
    packages.project(folder, every)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "site")
    return folder


def analysed(root: Path) -> Report:
    return report(open_project(root, environ={}), clock=lambda: datetime(2026, 1, 2, tzinfo=UTC))


@pytest.mark.node
def test_causes_reachability_and_what_is_not_in_the_code(git_repo: Path, git: Git) -> None:
    root = site(git_repo, git, SOURCES)
    (root / "node_modules").symlink_to(packages.installed(packages.TYPESCRIPT))
    found = analysed(root)
    done = found.analysis
    assert [(one.title, one.place, one.errors, one.step) for one in done.causes] == [
        ('module "./env/garden"', "src/main.ts:2", 1, "outside"),
        ("hover of Grid", "src/grid.ts:1", 2, "shared"),
        ("parameter text", "src/grid.ts:2", 1, "types"),
        ("variable old", "src/old.ts:1", 1, "unreached"),
    ]
    assert [(one.kind, one.found) for one in done.outside] == [("ignored", ".gitignore:4")]
    assert {one.error.file: one.reached for one in done.problems} == {
        "src/main.ts": "index.html",
        "src/grid.ts": "index.html",
        "src/old.ts": "",
    }
    assert not any(one.blocks for one in done.problems)
    assert found.points[-1].errors == 5
    again = analysed(root)
    assert again.analysis == done
    assert len(again.points) == 1


FLOOD = """\
import sys
count = 100_000
for n in range(count):
    print(f"src/f{n % 500}.ts({n // 500 + 1},5): error TS2339: Property 'p{n % 70}' does not exist on 'T'.")
print(f"Found {count} errors in 500 files.")
sys.exit(2)
"""


def test_a_hundred_thousand_errors_are_counted_and_the_first_are_analysed(git_repo: Path, git: Git) -> None:
    root = site(git_repo, git, {**SOURCES, "flood.py": FLOOD}, f"{sys.executable}, flood.py")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = analysed(root)
    assert found.analysis.errors == 100_000
    assert (len(found.analysis.problems), found.analysis.more) == (MOST, 100_000 - MOST)
    assert "the package typescript is not installed" in found.notes[0]
    # kB on Linux; the output alone is 8 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def test_a_checker_that_crashes_says_what_it_said(git_repo: Path, git: Git) -> None:
    crash = "import sys\nprint('Maximum call stack size exceeded', file=sys.stderr)\nsys.exit(7)\n"
    root = site(git_repo, git, {**SOURCES, "crash.py": crash}, f"{sys.executable}, crash.py")
    with pytest.raises(Stop, match="ended with code 7 and named no error") as stop:
        analysed(root)
    assert stop.value.code == Code.SERVICE
    assert "Maximum call stack size exceeded" in stop.value.details


@pytest.mark.parametrize(
    ("files", "message", "hint"),
    [
        (
            {"tsconfig.json": '{\n  "compilerOptions": {\n    "strict": true\n    "noEmit": true\n  }\n}\n'},
            'tsconfig.json:4 is no JSON: "noEmit": true',
            "correct line 4 of tsconfig.json",
        ),
        (
            {"tsconfig.json": '{"extends": "@a/strict/tsconfig.json"}'},
            "tsconfig.json extends @a/strict/tsconfig.json, and the package @a/strict is not installed",
            "npm install -D @a/strict, or correct extends in tsconfig.json",
        ),
        (
            {"tsconfig.json": '{"extends": ["./base"]}', "base.json": '{"extends": "./gone.json"}'},
            "base.json extends ./gone.json, which is not there",
            "correct extends in base.json",
        ),
        ({"tsconfig.json": ""}, "tsconfig.json:1 is no JSON: (nothing)", "correct line 1 of tsconfig.json"),
    ],
)
def test_broken_configurations_say_where(
    tmp_path: Path, files: dict[str, str], message: str, hint: str
) -> None:
    packages.project(tmp_path, files)
    with pytest.raises(Stop) as stop:
        refuse_broken(tmp_path, "tsconfig.json")
    assert (stop.value.message, stop.value.hint) == (message, hint)


def test_configurations_that_extend_each_other_end(tmp_path: Path) -> None:
    packages.project(
        tmp_path, {"tsconfig.json": '{"extends": "./b.json"}', "b.json": '{"extends": "./tsconfig.json"}'}
    )
    refuse_broken(tmp_path, "tsconfig.json")


def test_packages_of_a_workspace_are_analysed_with_the_sites_paths(git_repo: Path, git: Git) -> None:
    manifest = {"private": True, "workspaces": ["packages/*"]}
    use = 'import { half } from "../../shared/src/half";\nexport const one = half("2");\n'
    root = site(
        git_repo,
        git,
        {
            "package.json": json.dumps(manifest),
            "packages/app/package.json": '{"name": "app", "main": "src/app.ts", "dependencies": {"left-out": "1"}}',
            "packages/app/tsconfig.json": CONFIG,
            "packages/app/src/app.ts": use + 'import { x } from "left-out";\nx();\n',
            "packages/shared/package.json": '{"name": "shared", "main": "src/half.ts"}',
            "packages/shared/tsconfig.json": CONFIG,
            "packages/shared/src/half.ts": "export function half(n: number) {\n  return m / 2;\n}\n",
            "packages/shared/src/idle.ts": "export const idle: string = 1;\n",
        },
    )
    (root / "node_modules").symlink_to(packages.installed(packages.TYPESCRIPT))
    found = analysed(root)
    assert found.configs[-2:] == ("packages/app/tsconfig.json", "packages/shared/tsconfig.json")
    problems = {one.error.place: (one.error.code, one.reached) for one in found.analysis.problems}
    assert problems["packages/app/src/app.ts:2"][0] == 2345
    assert problems["packages/shared/src/half.ts:2"][0] == 2304
    assert problems["packages/shared/src/half.ts:2"][1]
    assert problems["packages/shared/src/idle.ts:1"] == (2322, "")
    assert len(problems) == found.analysis.errors == 4
    assert "left-out is in package.json (1) and not installed" in [one.what for one in found.analysis.outside]


@pytest.mark.parametrize(
    ("script", "configs"),
    [
        ("tsc --noEmit -p tsconfig.app.json", ["tsconfig.app.json"]),
        ("vue-tsc --noEmit --project=./app", ["app/tsconfig.json"]),
        ("svelte-check --tsconfig ./tsconfig.json", ["tsconfig.json"]),
        ("tsc --build", ["tsconfig.app.json", "tsconfig.node.json"]),
    ],
)
def test_a_check_command_tells_its_configurations(tmp_path: Path, script: str, configs: list[str]) -> None:
    references = [{"path": "./tsconfig.app.json"}, {"path": "./tsconfig.node.json"}]
    solution = json.dumps({"files": [], "references": references})
    files = {"tsconfig.json": solution, "tsconfig.app.json": "{}", "tsconfig.node.json": "{}"}
    packages.project(tmp_path, {**files, "app/tsconfig.json": "{}"})
    assert [one.config for one in targets_of(script, tmp_path)] == configs
