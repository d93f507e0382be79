"""`ts.fix` and `ts.report` over whole sites that the worker cannot open: real git, TypeScript 7, Node."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.core.project import open_project
from pipeline.phases.analyse import report
from pipeline.phases.repair import Wish, repair
from pipeline.phases.several import Repaired
from pipeline.typescript.session import Refused
from tests.typescript import packages

pytestmark = pytest.mark.node

Git = Callable[..., str]
FILES = {
    "index.html": '<!doctype html><title>x</title><script type="module" src="/src/main.ts"></script>\n',
    "package.json": '{"private": true}\n',
    ".gitignore": "node_modules\n.pages\n",
    "invoke.yaml": (
        "site:\n  framework: plain\n  package_manager: none\n  install: []\n"
        "  check: [npx, tsc, --noEmit]\n  build: []\n"
    ),
    "tsconfig.json": (
        '{"compilerOptions": {"strict": true, "noEmit": true, "types": [], "target": "ES2022", "lib": ["ES2022"],'
        ' "module": "esnext", "moduleResolution": "bundler"}, "include": ["src"]}\n'
    ),
    "src/shapes.ts": "export interface Shape { a: number }\nexport function load(): number { return 1; }\n",
    "src/main.ts": (
        "export const it: Shape = { a: 1 };\nexport const that: Shape = { a: load() };\n"
        "export const no: string = 1;\n"
    ),
}


class Silent:
    """No progress is shown."""

    def begin(self, errors: int) -> None:
        pass

    def __call__(self, left: int, what: str) -> None:
        pass

    def end(self) -> None:
        pass


def site(folder: Path, git: Git, **more: str) -> Path:
    packages.project(folder, {**FILES, **more}, packages.installed(packages.TYPESCRIPT_7))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "site")
    return folder


def repaired(root: Path, wish: Wish) -> Repaired:
    project = open_project(root, environ={})
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    return repair(project, wish, dry_run=False, here=root, progress=Silent(), clock=lambda: moment)


def test_a_site_with_typescript_7_is_repaired_by_its_own_server(git_repo: Path, git: Git) -> None:
    root = site(git_repo, git)
    done = repaired(root, Wish(test=False, build=False))
    assert (len(done.before), [one.error.code for one in done.left]) == (4, [2322])
    assert [(one.strategy, one.proven) for one in done.repairs] == [
        ("server-fix", True),
        ("server-fix", False),
    ]
    assert done.versions["typescript (stock server)"] == "7.0.2"
    assert done.confirmed
    assert done.confirmed.errors == 1
    (warning,) = done.warnings
    assert "tsconfig.json is served by typescript 7.0.2, with its quick fixes alone" in warning
    assert "npm install -D typescript@npm:@typescript/typescript6@6.0.2" in warning
    text = git(root, "show", f"{done.branch}:src/main.ts")
    assert text.startswith('import { load, type Shape } from "./shapes";\n')
    again = repaired(root, Wish(test=False, build=False))
    assert again.repairs == ()


def test_type_only_refuses_what_is_not_provable(git_repo: Path, git: Git) -> None:
    done = repaired(site(git_repo, git), Wish(type_only=True, test=False, build=False))
    assert [one.proven for one in done.repairs] == [True]
    assert sorted(one.error.code for one in done.left) == [2304, 2322]


def test_a_report_is_made_with_the_stock_server(git_repo: Path, git: Git) -> None:
    found = report(open_project(site(git_repo, git), environ={}))
    assert found.analysis.errors == 4
    assert {one.reached for one in found.analysis.problems} == {"index.html"}
    assert found.versions["typescript (stock server)"] == "7.0.2"
    assert "is served by typescript 7.0.2" in found.notes[0]


def test_components_beside_typescript_7_are_refused_with_what_mends_it(git_repo: Path, git: Git) -> None:
    root = site(git_repo, git, **{"src/View.vue": "<template><b /></template>\n"})
    with pytest.raises(Refused) as caught:
        repaired(root, Wish())
    assert caught.value.kind == "typescript-7"
    assert caught.value.hint.endswith("npm install -D typescript@npm:@typescript/typescript6@6.0.2")
