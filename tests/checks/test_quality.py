from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checks import quality, scan
from checks.__main__ import PlainTools
from checks.base import Evidence, Finding, Result, Subject, Unavailable, verdict
from checks.parse import tsconfig


@cache
def code() -> Path:
    from pipeline.tools import toolbox
    from pipeline.tools.node import find_node

    return toolbox.need("code", find_node())


@pytest.fixture(scope="session")
def installed() -> Path:
    """Return the folder of the real oxlint and knip, installed once for a session."""
    return code()


class Bench(PlainTools):
    """The real programs, with Node and npm as the pipeline finds them."""

    def __init__(self, folder: Path | None, bin_: Path) -> None:
        self.folder, self.bin = folder, bin_

    def toolbox(self, group: str) -> Path:
        if self.folder is None:
            raise Unavailable(f"npm could not install {group}", "npm ping")
        return self.folder

    def run(
        self, argv: Sequence[str], *, cwd: Path, timeout: float, env: Mapping[str, str | None] | None = None
    ) -> Result:
        path = f"{self.bin}:/usr/bin:/bin"
        words = [str(self.bin / argv[0]) if (self.bin / argv[0]).exists() else argv[0], *argv[1:]]
        return super().run(words, cwd=cwd, timeout=timeout, env={"PATH": path, **(env or {})})


@pytest.fixture
def bench(installed: Path, tmp_path: Path) -> Bench:
    from pipeline.tools.node import find_node

    node, folder = find_node(), tmp_path / "bin"
    folder.mkdir()
    for name, words in (("node", node.npm[:1]), ("npm", node.npm)):
        path = folder / name
        path.write_text("#!/bin/sh\nexec " + " ".join(f'"{word}"' for word in words) + ' "$@"\n')
        path.chmod(0o755)
    return Bench(installed, folder)


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


STRICT = {"compilerOptions": {"strict": True}}
GOOD = "export const answer: number = 42\nconsole.log(answer)\n"


def site(
    folder: Path, scripts: Mapping[str, str] | None = None, files: Mapping[str, object] | None = None
) -> Subject:
    root = folder / "site"
    given: dict[str, object] = {"package.json": {"name": "a", "type": "module", "scripts": scripts or {}}}
    given |= {
        "tsconfig.json": STRICT,
        "src/index.ts": GOOD,
        "dist/index.html": "<!doctype html>",
        **(files or {}),
    }
    for name, value in given.items():
        if value is not None:
            write(root / name, value)
    return scan.subject(root / "dist", source=root)


def judged(subject: Subject, tools: PlainTools, **limits: object) -> list[Finding]:
    return quality.judge(quality.collect(subject, tools), {**quality.LIMITS, **limits})


def rules(found: Sequence[Finding]) -> dict[str, bool]:
    return {one.rule: one.blocking for one in found}


def test_a_good_site_passes(tmp_path: Path, bench: Bench) -> None:
    subject = site(tmp_path, {"lint": "node -e 0", "test": 'node -e "process.exit(process.env.CI ? 0 : 1)"'})
    evidence = quality.collect(subject, bench)
    assert not quality.judge(evidence, quality.LIMITS)
    assert [one.name for one in quality.measures(evidence, quality.LIMITS)][:3] == [
        "source files", "own lint", "own tests",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scripts", "rule"),
    [
        ({"lint": "node -e \"console.error('a.ts: bad'); process.exit(1)\""}, "lint-failed"),
        ({"test": "node -e \"console.log('1 failed'); process.exit(3)\""}, "tests-failed"),
    ],
)
def test_own_checks_that_fail_block_with_what_they_said(
    tmp_path: Path, bench: Bench, scripts: dict[str, str], rule: str
) -> None:
    found = judged(site(tmp_path, scripts), bench)
    assert rules(found) == {rule: True}
    assert any("bad" in line or "1 failed" in line for line in found[0].details)
    assert found[0].fix.startswith("npm run ")


def test_the_script_of_npm_init_is_no_test(tmp_path: Path, bench: Bench) -> None:
    assert not judged(site(tmp_path, {"test": 'echo "Error: no test specified" && exit 1'}), bench)


def test_a_linter_that_writes_is_not_run(tmp_path: Path, bench: Bench) -> None:
    subject = site(tmp_path, {"lint": "node -e \"require('fs').writeFileSync('x', '')\" -- --fix"})
    assert rules(judged(subject, bench)) == {"lint-writes": False}
    assert not (subject.source / "x").exists()


def test_tests_without_an_end_are_unavailable(tmp_path: Path, bench: Bench) -> None:
    subject = replace(site(tmp_path, {"test": "sleep 30"}), plans={"quality": "1"})
    found = judged(subject, bench)
    assert verdict(found) == "unavailable"
    assert "quality.seconds" in found[0].fix


def test_a_program_that_is_not_installed_is_unavailable(tmp_path: Path, bench: Bench) -> None:
    found = judged(site(tmp_path, {"lint": "no-such-linter ."}), bench)
    assert verdict(found) == "unavailable"
    subject = site(
        tmp_path / "two",
        files={"package.json": {"scripts": {"lint": "eslint ."}, "devDependencies": {"eslint": "9"}}},
    )
    assert [one.fix for one in judged(subject, bench) if one.unmeasured] == ["invoke build"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("const a = 1\na = 2\nconsole.log(a)\n", "no-const-assign"),
        ("debugger\n", "no-debugger"),
        ("export const b = { x: 1, x: 2 }\n", "no-dupe-keys"),
        ("const = 1\n", ""),
    ],
)
def test_without_a_linter_oxlint_finds_what_is_wrong(
    tmp_path: Path, bench: Bench, text: str, code: str
) -> None:
    found = [one for one in judged(site(tmp_path, files={"src/bad.ts": text}), bench) if one.rule == "oxlint"]
    assert found
    assert all(one.blocking and one.path == "src/bad.ts" for one in found)
    assert any(code in one.message for one in found)
    assert found[0].source.startswith("https://")


def test_the_output_is_not_read(tmp_path: Path, bench: Bench) -> None:
    assert not judged(site(tmp_path, files={"dist/a.js": "debugger\n"}), bench)


def test_without_the_toolbox_it_is_unavailable(tmp_path: Path, bench: Bench) -> None:
    found = judged(site(tmp_path), Bench(None, bench.bin))
    assert verdict(found) == "unavailable"
    assert found[0].fix == "npm ping"


@pytest.mark.parametrize("script", ["echo garbage", "echo '{\"rows\": []}'", "exit 3"])
def test_a_broken_oxlint_is_unavailable_and_a_broken_knip_is_not(
    tmp_path: Path, bench: Bench, script: str
) -> None:
    (bench.bin / "node").write_text(f"#!/bin/sh\n{script}\n")
    evidence = quality.collect(site(tmp_path), bench)
    assert "no report" in evidence.data["unread"]["oxlint"]["reason"]
    assert "no report" in evidence.data["unused"]["why"]
    assert verdict(quality.judge(evidence, quality.LIMITS)) == "unavailable"


def test_unused_things_are_told_and_what_is_named_elsewhere_is_not(tmp_path: Path, bench: Bench) -> None:
    files = {
        "src/lib.ts": "export const used = 1\nexport const lonely = 2\nexport const quoted = 3\n",
        "src/index.ts": "import { used } from './lib'\nconsole.log(used, 'quoted')\n",
        "src/orphan.ts": "export const x = 1\n",
        "package.json": {"name": "a", "type": "module", "main": "src/index.ts"},
    }
    (found,) = judged(site(tmp_path, files=files), bench)
    assert (found.rule, found.blocking) == ("unused", False)
    assert found.details == ("export lonely of src/lib.ts", "file src/orphan.ts")


def test_nothing_to_look_at(tmp_path: Path, bench: Bench) -> None:
    assert quality.collect(site(tmp_path, files={"package.json": None}), bench).nothing == "no package.json"
    (tmp_path / "site/package.json").write_text("{}")
    (tmp_path / "site/src/index.ts").unlink()
    subject = scan.subject(tmp_path / "site/dist", source=tmp_path / "site")
    assert quality.collect(subject, bench).nothing == "no source files, and no script that looks at anything"


def test_a_failing_script_counts_without_source_files_too(tmp_path: Path, bench: Bench) -> None:
    package = {"name": "a", "scripts": {"test": "node -e 'process.exit(1)'"}}
    root = site(tmp_path, files={"package.json": package})
    (tmp_path / "site/src/index.ts").unlink()
    found = judged(root, bench)
    assert [(one.rule, one.blocking) for one in found] == [("tests-failed", True)]


OFF = {"compilerOptions": {"strict": False}}
COMMENTED = '{ // "strict": false\n "compilerOptions": { "strict": true, /* x */ "baseUrl": "//a", }, }'


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"tsconfig.json": STRICT}, ""),
        ({"tsconfig.json": COMMENTED}, ""),
        ({"tsconfig.json": OFF}, "strict: off"),
        ({"tsconfig.json": {}}, "strict: off"),
        ({"tsconfig.json": {}, "node_modules/typescript/package.json": {"version": "6.0.3"}}, ""),
        ({"tsconfig.json": {}, "node_modules/typescript/package.json": {"version": "5.9.3"}}, "strict: off"),
        ({"tsconfig.json": {"extends": "./base.json"}, "base.json": STRICT}, ""),
        ({"tsconfig.json": {"extends": "./base.json", **OFF}, "base.json": STRICT}, "strict: off"),
        ({"tsconfig.json": {"extends": ["./a", "./b"]}, "a.json": OFF, "b.json": STRICT}, ""),
        ({"tsconfig.json": {"extends": "base/strict"}, "node_modules/base/strict.json": STRICT}, ""),
        ({"tsconfig.json": {"extends": "base"}, "node_modules/base/tsconfig.json": STRICT}, ""),
        ({"tsconfig.json": {"extends": "gone/strict"}}, "which is not there"),
        ({"tsconfig.json": {"extends": "./tsconfig.json"}}, "extends itself"),
        ({"tsconfig.json": "garbage"}, "Expecting value"),
        ({"tsconfig.json": "[]"}, "not an object"),
        ({"tsconfig.json": {"compilerOptions": {"strict": True, "strictNullChecks": False}}}, "strictNullChecks: off"),
        ({"tsconfig.json": {"compilerOptions": dict.fromkeys(tsconfig.FAMILY, True)}}, ""),
        ({"tsconfig.json": {"files": [], "references": [{"path": "./app.json"}]}, "app.json": OFF}, "strict: off"),
        ({"tsconfig.json": {"files": [], "references": [{"path": "./app"}]}, "app/tsconfig.json": STRICT}, ""),
        ({"tsconfig.json": None}, "there is none"),
    ],
)  # fmt: skip
def test_strict_through_everything_that_is_extended(tmp_path: Path, files: dict[str, Any], why: str) -> None:
    subject = site(tmp_path, files=files)
    found = quality._loose(subject.source, ["src/index.ts"])
    assert [why in one["why"] for one in found] == ([True] if why else [])
    assert not quality._loose(subject.source, ["src/index.js"])


def test_not_strict_blocks_only_when_the_policy_says_so() -> None:
    data: dict[str, Any] = {
        "lint": None, "writes": "", "tests": None, "oxlint": [], "unused": {"found": []}, "unread": {},
        "loose": [{"config": "tsconfig.json", "why": "strict: off"}],
    }  # fmt: skip
    assert rules(quality.judge(Evidence(data), quality.LIMITS)) == {"not-strict": False}
    assert rules(quality.judge(Evidence(data), {**quality.LIMITS, "strict": "block"})) == {"not-strict": True}


@pytest.mark.parametrize(
    ("lock", "name"), [("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lock", "bun"), ("x", "npm")]
)
def test_manager(tmp_path: Path, lock: str, name: str) -> None:
    write(tmp_path / lock, "")
    assert quality.manager(tmp_path) == name
