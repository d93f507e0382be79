"""The tasks of `ts` on a tiny real site: real TypeScript, real git, real npm scripts."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke import Collection, Program

from pipeline.commands import ts
from pipeline.core.errors import Code, Stop
from pipeline.program import with_paths
from pipeline.typescript import turning

pytestmark = [pytest.mark.node, pytest.mark.slow]

Git = Callable[..., str]
SETTINGS = """\
site:
  framework: plain
  package_manager: npm
  install: []
  check: [npx, tsc, --noEmit]
  build: [npm, run, build]
"""
# A build without packages of its own: types are stripped by TypeScript itself.
BUILD = """\
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";
mkdirSync("dist", { recursive: true });
for (const name of ["a", "b"]) {
  const options = { target: "ES2022", module: "ESNext", removeComments: true };
  const made = ts.transpileModule(readFileSync(`src/${name}.ts`, "utf8"), { compilerOptions: options });
  writeFileSync(`dist/${name}.js`, made.outputText);
}
writeFileSync("dist/index.html", "<!doctype html><title>x</title><script type=module src=a.js></script>");
"""
A = """\
import { twice } from "./b";

function add(a, b) {\r
\treturn a + b;\r
}
export const sum = add(1, 2) + twice(3);
"""
B = """\
import { meant } from "./missing";
export function twice(n) {
  const unused = 1;
  return n * 2;
}
twice(meant);
"""


@pytest.fixture
def site(git_repo: Path, typescript: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = {
        "private": True,
        "type": "module",
        "scripts": {"build": "node build.mjs", "test": "node --version"},
    }
    options = {"strict": True, "target": "ES2022", "module": "ESNext", "moduleResolution": "bundler"}
    config = {"compilerOptions": {**options, "noUnusedLocals": True, "types": []}, "include": ["src"]}
    for name, text in {
        "invoke.yaml": SETTINGS,
        "package.json": json.dumps(package),
        "tsconfig.json": json.dumps(config, indent=2),
        ".gitignore": "/node_modules\n/dist/\n",
        "build.mjs": BUILD,
        "src/a.ts": A,
        "src/b.ts": B,
    }.items():
        path = git_repo / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    (git_repo / "node_modules").symlink_to(typescript)
    git(git_repo, "add", "--all")
    git(git_repo, "commit", "--quiet", "--message", "site")
    monkeypatch.chdir(git_repo)
    return git_repo


def invoke(*words: str) -> None:
    Program(namespace=Collection(ts.ns)).run(["invoke", *words], exit=False)


def stopped(*words: str) -> Stop:
    with pytest.raises(Stop) as caught:
        invoke(*words)
    return caught.value


def test_dry_run_prints_a_diff_that_git_applies_and_changes_nothing(
    site: Path, git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stopped("ts.fix", "--dry-run").code is Code.DRIFT
    said = capsys.readouterr()
    assert git(site, "status", "--porcelain") == ""
    assert git(site, "branch", "--list") == "* main"
    assert "+function add(a: number, b: number) {\r\n" in said.out
    assert "-  const unused = 1;" in said.out
    assert "errors left" in said.err
    (site / "out.diff").write_bytes(said.out.encode())
    git(site, "apply", "out.diff")
    assert (site / "src/a.ts").read_bytes() == A.replace("(a, b)", "(a: number, b: number)").encode()


def test_fix_lands_a_commit_for_each_strategy_confirms_and_is_certified(
    site: Path, git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    end = stopped("ts.fix")
    assert (end.code, end.message) == (Code.DRIFT, "1 error left for a person")
    said = capsys.readouterr()
    branch = git(site, "branch", "--show-current")
    assert branch.startswith("pages/ts-fix-")
    assert git(site, "status", "--porcelain") == ""
    subjects = git(site, "log", "--format=%s", "main..HEAD").splitlines()
    assert len(subjects) >= 2
    assert all(one.startswith("ts: ") for one in subjects)
    bodies = git(
        site, "log", "--reverse", "--format=%(trailers:key=Ts-Errors,valueonly)", "main..HEAD"
    ).split("\n")
    steps = [tuple(map(int, one.split(" -> "))) for one in bodies if one]
    assert steps[0][0] == 5
    assert steps[-1][1] == 1
    assert all(after <= before for before, after in steps)
    assert "Proven type-only" in git(site, "log", "--format=%B", "main..HEAD")
    rows = {
        line.rsplit(maxsplit=5)[0]: line.split()[-5:] for line in said.out.splitlines() if line[-1:].isdigit()
    }
    assert rows["all"][0] == "5"
    assert rows["all"][-1] == "1"
    assert rows["missing type"] == ["3", "3", "0", "0", "0"]
    assert "src/b.ts:1  TS2307" in said.out
    assert "decide: should this file or package exist?" in said.out
    assert "1 error" in said.err
    assert "the site's tests as they are" in said.err
    assert [line for line in said.out.splitlines() if len(line) > 80] == []

    invoke("ts.certificate", "--no-gates", "--json")
    value = json.loads(capsys.readouterr().out)
    assert value["counts"]["before"] == 5
    assert value["counts"]["left"] == 1
    assert value["counts"]["proven"] + value["counts"]["changed"] == value["counts"]["repairs"]
    assert value["versions"] == {"typescript": "5.9.3"}
    assert value["trees"]["before"] == git(site, "rev-parse", "main^{tree}")
    assert value["trees"]["after"] == value["trees"]["now"] == git(site, "rev-parse", "HEAD^{tree}")
    confirmed = value["confirmed"]
    assert (confirmed["check"], confirmed["tests"], confirmed["build"]) == ("passed", "passed", "passed")
    assert confirmed["errors"] == 1
    assert "differ" in confirmed["pages"]
    assert confirmed["warnings"] == []

    assert stopped("ts.fix").code is Code.DRIFT
    assert git(site, "branch", "--show-current") == branch
    assert git(site, "log", "--format=%s", "main..HEAD").splitlines() == subjects


def test_type_only_leaves_the_built_scripts_identical_and_undo_takes_one_step_back(
    site: Path, git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    found = stopped("ts.fix", "--type-only", "--by=file", "--here", "--json")
    assert found.code is Code.DRIFT
    value = json.loads(capsys.readouterr().out)
    assert git(site, "branch", "--show-current") == "main"
    assert [one["names"] for one in value["steps"]] == [["src/a.ts"], ["src/b.ts"]]
    assert all(one["proven"] for one in value["repairs"])
    assert "identical byte for byte" in value["confirmed"]["pages"]
    assert {one["code"] for one in value["left"]} == {2307, 6133}
    invoke("ts.undo", "1")
    assert (site / "src/a.ts").read_bytes() == A.encode()
    assert b"twice(n: number)" in (site / "src/b.ts").read_bytes()
    assert git(site, "status", "--porcelain") == ""
    assert stopped("ts.undo", "1").message.endswith("was undone already")


def test_uncommitted_changes_are_not_overwritten_but_may_be_stashed(site: Path, git: Git) -> None:
    mine = A.encode() + b"export const mine = 1;\n"
    (site / "src/a.ts").write_bytes(mine)
    end = stopped("ts.fix")
    assert (end.code, end.details) == (Code.USAGE, ("src/a.ts",))
    assert "--stash" in end.hint
    assert (site / "src/a.ts").read_bytes() == mine
    stopped("ts.fix", "--stash", "--no-build", "--no-test")
    assert git(site, "diff", "--numstat").split() == ["1", "0", "src/a.ts"]
    assert b"(a: number, b: number)" in (site / "src/a.ts").read_bytes()
    assert b"export const mine = 1;\n" in (site / "src/a.ts").read_bytes()
    assert git(site, "stash", "list") == ""


def test_paths_categories_and_codes_restrict_what_is_repaired(
    site: Path, git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke("ts.fix", "--path=src/b.ts", "--category=missing-type", "--no-build", "--no-test", "--here")
    assert git(site, "diff", "--name-only", "HEAD~1") == "src/b.ts"
    assert "4 other errors not asked for" in capsys.readouterr().err
    invoke("ts.fix", "--code=TS6133", "--by=one", "--no-build", "--no-test", "--here")
    assert b"unused" not in (site / "src/b.ts").read_bytes()
    for words, message in {
        "--path=src/c.ts": "src/c.ts is not there; the nearest is src/",
        "--code=TS7007": "no error has the code TS7007; there are: TS2307, TS7006",
        "--category=mising-type": "there is no category mising-type",
        "--by=strategi": "--by=strategi is none of strategy, file, one",
        "--time-limit=0": "--time-limit=0 leaves no time",
    }.items():
        end = stopped("ts.fix", words)
        assert end.code is Code.USAGE
        assert end.message.startswith(message)
        assert end.hint.startswith("invoke ts.fix")


def test_without_git_files_are_written_and_kept_as_they_were(site: Path) -> None:
    shutil.rmtree(site / ".git")
    assert stopped("ts.fix", "--by=one", "--no-build", "--no-test").code is Code.DRIFT
    (backup,) = (site / ".pages/ts/backup").iterdir()
    assert (backup / "1/before/src/a.ts").read_bytes() == A.encode()
    after = (site / "src/a.ts").read_bytes()
    assert (backup / "1/after/src/a.ts").read_bytes() == after != A.encode()
    assert stopped("ts.undo", "2").details == (f"{backup.name}/1",)
    invoke("ts.undo", f"{backup.name}/1")
    assert (site / "src/a.ts").read_bytes() == A.encode()
    assert (site / "src/b.ts").read_bytes() == B.encode()
    assert "undone already" in stopped("ts.undo", "1").message


def scripted(site: Path, git: Git, **scripts: str) -> None:
    package = json.loads((site / "package.json").read_text())
    package["scripts"] |= scripts
    (site / "package.json").write_text(json.dumps(package))
    git(site, "commit", "--quiet", "--all", "--message", "scripts")


def test_tests_that_the_run_breaks_are_said_with_code_3(site: Path, git: Git) -> None:
    scripted(site, git, test="node -e 'process.exit(Number(!/n\\)/.test(fs.readFileSync(`src/b.ts`))))'")
    end = stopped("ts.fix", "--no-build")
    assert end.code is Code.GATE
    assert end.details[0].startswith("tests: failed: the tests failed: npm run test")
    assert end.hint.startswith("invoke ts.undo ")


def test_tests_that_failed_before_are_not_blamed_on_the_run(
    site: Path, git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted(site, git, test="node -e 'process.exit(1)'")
    assert stopped("ts.fix", "--no-build", "--json").code is Code.DRIFT
    value = json.loads(capsys.readouterr().out)
    assert value["confirmed"]["tests"].startswith("not passed: the tests failed: npm run test")
    assert "failed before the run as well" in value["warnings"][-1]


def test_pages_are_compared_where_the_build_checks_types_itself(
    site: Path, git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted(site, git, build="npx tsc --noEmit && npm run bundle", bundle="node build.mjs")
    stopped("ts.fix", "--type-only", "--json")
    confirmed = json.loads(capsys.readouterr().out)["confirmed"]
    assert confirmed["build"] == "passed, without the type check in it (npm run bundle)"
    assert confirmed["pages"] == "3 files, identical byte for byte"


def test_missing_reference_lands_in_a_new_file_and_is_taken_back(site: Path, git: Git) -> None:
    modules = (site / "node_modules").resolve()
    (site / "node_modules").unlink()
    (site / "node_modules/vite").mkdir(parents=True)
    (site / "node_modules/typescript").symlink_to(modules / "typescript")
    types = 'declare module "*.svg" {\n  const address: string;\n  export default address;\n}\n'
    (site / "node_modules/vite/client.d.ts").write_text(types)
    package = json.loads((site / "package.json").read_text())
    (site / "package.json").write_text(json.dumps({**package, "devDependencies": {"vite": "*"}}))
    (site / "package-lock.json").write_text("{}")
    (site / "src/a.ts").write_text('import logo from "./a.svg";\nexport const url: string = logo;\n')
    git(site, "add", "--all")
    git(site, "commit", "--quiet", "--message", "logo")
    stopped("ts.fix", "--dry-run", "--code=TS2307")
    stopped("ts.fix", "--no-build", "--no-test")
    assert (site / "src/env.d.ts").read_text() == '/// <reference types="vite/client" />\n'
    assert git(site, "status", "--porcelain") == ""
    invoke("ts.undo", "1")
    assert not (site / "src/env.d.ts").exists()
    assert git(site, "status", "--porcelain") == ""


def test_baseline_only_shrinks(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    invoke("ts.baseline")
    assert capsys.readouterr().out == "5 type errors allowed\n"
    errors = json.loads((site / "ts-baseline.json").read_text())["errors"]
    assert errors == {"src/a.ts": {"TS7006": 2}, "src/b.ts": {"TS2307": 1, "TS6133": 1, "TS7006": 1}}
    (site / "src/a.ts").write_text(A.replace("(a, b)", "(a: number, b)"))
    invoke("ts.baseline")
    assert capsys.readouterr().out == "4 type errors allowed, 5 before\n"
    (site / "src/a.ts").write_text(A)
    end = stopped("ts.baseline")
    assert (end.code, end.details) == (Code.USAGE, ("src/a.ts: 2 × TS7006, 1 allowed",))
    assert json.loads((site / "ts-baseline.json").read_text())["errors"]["src/a.ts"] == {"TS7006": 1}


def test_migrate_forecasts_and_turns_on_one_flag(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = (
        '{\n  // strict comes later\n  "compilerOptions": {\n    "target": "ES2022", "module": "ESNext",\n'
    )
    config += '    "moduleResolution": "bundler", "types": []\n  },\n  "include": ["src"]\n}\n'
    (site / "tsconfig.json").write_text(config)
    invoke("ts.migrate", "--json")
    found = {one["flag"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["noImplicitAny"]["errors"] == 3
    assert found["noImplicitAny"]["codes"] == [[7006, 3]]
    assert found["noUnusedLocals"]["errors"] == 1
    assert found["strictNullChecks"]["errors"] == 0
    invoke("ts.migrate", "--apply=noimplicitany")
    on = config.replace('"types": []', '"types": [],\n    "noImplicitAny": true')
    assert (site / "tsconfig.json").read_text() == on
    errors = json.loads((site / "ts-baseline.json").read_text())["errors"]
    assert errors == {"src/a.ts": {"TS7006": 2}, "src/b.ts": {"TS2307": 1, "TS7006": 1}}
    assert stopped("ts.migrate", "--apply=noImplicitAny").message == "noImplicitAny is on already"
    assert stopped("ts.migrate", "--apply=noImplicitAn").hint == "invoke ts.migrate --apply=noImplicitAny"


def test_flag_is_turned_on_in_every_project_and_taken_back_when_that_is_interrupted(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"target": "ES2022", "module": "ESNext", "moduleResolution": "bundler", "types": []}
    for name, more in {"a": {}, "b": {"noImplicitAny": True}}.items():
        config = {"compilerOptions": {**options, **more}, "files": [f"src/{name}.ts"]}
        (site / f"tsconfig.{name}.json").write_text(json.dumps(config))
    references = [{"path": "./tsconfig.a.json"}, {"path": "./tsconfig.b.json"}]
    (site / "tsconfig.json").write_text(json.dumps({"files": [], "references": references}))
    yaml = SETTINGS.replace("--noEmit", "--noEmit, -p, tsconfig.a.json")
    (site / "invoke.yaml").write_text(yaml)
    invoke("ts.migrate", "--json")
    found = {one["flag"]: one for one in json.loads(capsys.readouterr().out)}
    assert (found["noImplicitAny"]["on"], found["noImplicitAny"]["errors"]) == (False, 3)
    before = (site / "tsconfig.a.json").read_text()
    changes = {"tsconfig.a.json": (before, before.replace("{}", "{ }") + "\n")}
    turning.begin(site, site / ".pages", changes)
    assert stopped("ts.migrate", "--apply=strictPropertyInitialization").message.endswith(
        "strictNullChecks first"
    )
    assert (site / "tsconfig.a.json").read_text() == before
    assert "did not end" in capsys.readouterr().err
    invoke("ts.migrate", "--apply=noImplicitAny")
    assert '"noImplicitAny": true' in (site / "tsconfig.a.json").read_text()
    assert (site / "tsconfig.b.json").read_text().count("noImplicitAny") == 1


def test_file_that_git_does_not_know_is_not_edited(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "src/new.ts").write_text("export function f(a) { return a; }\nf(1);\n")
    stopped("ts.fix", "--stash", "--no-build", "--no-test", "--json")
    left = {one["file"]: one["reason"] for one in json.loads(capsys.readouterr().out)["left"]}
    assert left["src/new.ts"] == "the file is not committed, so it was not edited"
    assert (site / "src/new.ts").read_text().startswith("export function f(a)")


def test_nothing_to_certify_or_undo_before_the_first_run(site: Path) -> None:
    assert stopped("ts.certificate").message == "there is no run to certify: nothing was repaired here"
    assert stopped("ts.undo", "1").message == "HEAD holds no commit of repairs"


def test_clean_project_is_left_as_it_is(site: Path, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "src/a.ts").write_text("export const one = 1;\n")
    (site / "src/b.ts").write_text("export const two = 2;\n")
    git(site, "commit", "--quiet", "--all", "--message", "clean")
    invoke("ts.fix")
    assert git(site, "branch", "--list") == "* main"
    assert git(site, "status", "--porcelain") == ""
    assert "no type error" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["ts.fix", "--dry-run"], ["ts.migrate"], ["ts.report"]])
def test_broken_configuration_is_refused_by_every_task(site: Path, words: list[str]) -> None:
    (site / "tsconfig.json").write_text('{"extends": "./base.json"}')
    end = stopped(*words)
    assert (end.message, end.hint) == (
        "tsconfig.json extends ./base.json, which is not there",
        "correct extends in tsconfig.json",
    )


def test_project_without_a_tsconfig_is_refused_with_the_next_command(site: Path) -> None:
    (site / "tsconfig.json").unlink()
    end = stopped("ts.fix", "--dry-run")
    assert (end.code, end.message) == (Code.USAGE, "tsconfig.json is missing")
    assert "npx tsc --init" in end.hint


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ts.fix src/a.ts lib/ --dry-run", "ts.fix --path=src/a.ts --path=lib/ --dry-run"),
        ("ts.fix --code TS1 a.astro", "ts.fix --code TS1 --path=a.astro"),
        ("ts.fix --config web/tsconfig.json", "ts.fix --config web/tsconfig.json"),
        ("ts.fix ts.baseline src/a.ts", "ts.fix ts.baseline src/a.ts"),
        ("build src/a.ts", "build src/a.ts"),
    ],
)
def test_paths_after_the_task_are_its_paths(typed: str, meant: str) -> None:
    assert with_paths(typed.split()) == meant.split()


def test_build_leaves_the_check_to_the_gate_where_there_is_a_baseline(site: Path) -> None:
    from pipeline.core.project import open_project
    from pipeline.site.recipe import recipe

    assert recipe(open_project(), "local").check == ("npx", "tsc", "--noEmit")
    invoke("ts.baseline")
    assert recipe(open_project(), "local").check == ()
    done = subprocess.run(["git", "check-ignore", "ts-baseline.json"], cwd=site, check=False)
    assert done.returncode == 1


def test_projects_of_a_site_are_repaired_alone_and_land_together(
    site: Path, git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    config = json.loads((site / "tsconfig.json").read_text())
    for name, files in {"app": ["src/a.ts", "src/b.ts"], "tools": ["src/b.ts", "tools/c.ts"]}.items():
        (site / f"tsconfig.{name}.json").write_text(json.dumps({**config, "include": files}))
    references = [{"path": "./tsconfig.app.json"}, {"path": "./tsconfig.tools.json"}]
    (site / "tsconfig.json").write_text(json.dumps({"files": [], "references": references}))
    (site / "tools").mkdir()
    (site / "tools/c.ts").write_text("export function half(n) {\n  return n / 2;\n}\nhalf(4);\n")
    (site / "invoke.yaml").write_text(SETTINGS.replace("--noEmit", "--noEmit, -p, tsconfig.app.json"))
    git(site, "add", "--all")
    git(site, "commit", "--quiet", "--message", "projects")
    stopped("ts.fix", "--by=one", "--no-build", "--no-test", "--json")
    value = json.loads(capsys.readouterr().out)
    assert value["before"] == 6
    assert [one["file"] for one in value["left"]] == ["src/b.ts"]
    assert [one["id"].partition("/")[2] for one in value["steps"]] == ["1", "2"]
    assert git(site, "diff", "--name-only", "main").split() == ["src/a.ts", "src/b.ts", "tools/c.ts"]
    assert git(site, "status", "--porcelain") == ""
    invoke("ts.undo", "2")
    assert "half(n)" in (site / "tools/c.ts").read_text()
    assert b"(a: number, b: number)" in (site / "src/a.ts").read_bytes()


def test_corrected_configuration_is_a_commit_of_its_own(site: Path, git: Git) -> None:
    config = json.loads((site / "tsconfig.json").read_text())
    options = {**config["compilerOptions"], "lib": ["ES2015"]}
    (site / "tsconfig.json").write_text(json.dumps({**config, "compilerOptions": options}, indent=2))
    (site / "src/a.ts").write_text(
        "export const last = [1, 2].includes(2);\nexport function f(a) { return a; }\nf(1);\n"
    )
    git(site, "commit", "--quiet", "--all", "--message", "old lib")
    stopped("ts.fix", "--no-build", "--no-test")
    first = git(site, "log", "--reverse", "--format=%H %s", "main..HEAD").splitlines()[0]
    assert first.split(" ", 1)[1] == "ts: configuration: 1 type repair"
    assert git(site, "show", "--format=", "--name-only", first.split()[0]) == "tsconfig.json"
    lib = json.loads((site / "tsconfig.json").read_text())["compilerOptions"]["lib"]
    assert "ES2016" in lib
    assert "f(a: number)" in (site / "src/a.ts").read_text()
