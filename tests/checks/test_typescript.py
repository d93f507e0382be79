from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from checks import typescript
from checks.__main__ import PlainTools
from checks.base import Evidence, Subject, Unavailable
from checks.parse.diagnostics import Diagnostic, parse, plain_text, total_errors

MakeSubject = Callable[..., Subject]
TOOLS = PlainTools()
RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "errors", "warnings", "said"),
    [
        ("tsc", 7, 0, None),
        ("tsc-pretty", 7, 0, 7),
        ("tsc-missing", 1, 0, None),
        ("vue-tsc", 10, 0, None),
        ("astro-check", 11, 3, 11),
        ("astro-check-colour", 11, 3, 11),
        ("svelte-check", 3, 3, 3),
        ("svelte-check-machine", 3, 3, 3),
        ("svelte-check-machine-verbose", 3, 3, 3),
        ("clean-astro-check", 0, 0, 0),
        ("clean-svelte-check", 0, 0, 0),
        ("crash-astro-check", 0, 0, None),
        ("astro-check-not-installed", 0, 0, None),
    ],
)
def test_recorded_output(name: str, errors: int, warnings: int, said: int | None) -> None:
    found = parse(recorded(name))
    assert sum(one.level == "error" for one in found) == errors
    assert sum(one.level == "warning" for one in found) == warnings
    assert total_errors(recorded(name)) == said


FIRST = Diagnostic(
    "src/counter.ts", 4, 5, "error", "TS2322",
    "Type 'HTMLElement | null' is not assignable to type 'HTMLElement'.\n"
    "  Type 'null' is not assignable to type 'HTMLElement'.",
)  # fmt: skip


@pytest.mark.parametrize("name", ["tsc", "tsc-pretty", "vue-tsc", "astro-check", "astro-check-colour"])
def test_every_format_gives_the_same_diagnostic(name: str) -> None:
    assert FIRST in parse(recorded(name))


def test_svelte_formats_agree_on_places() -> None:
    places = {
        name: [(one.line, one.column, one.level) for one in parse(recorded(name))]
        for name in ("svelte-check", "svelte-check-machine", "svelte-check-machine-verbose")
    }
    assert len({tuple(value) for value in places.values()}) == 1
    assert Diagnostic("src/Box.svelte", 6, 5, "error", "TS2304", "Cannot find name 'nmae'.") in parse(
        recorded("svelte-check-machine-verbose")
    )


def test_the_same_error_twice_counts_once() -> None:
    assert len(parse(recorded("tsc") * 2)) == 7


def test_colours_and_carriage_returns_are_taken_off() -> None:
    assert plain_text("\x1b[1m\x1b[31ma\x1b[39m\r\nb\rc") == "a\nb\nc"


def evidence(diagnostics: list[Diagnostic], code: int = 1, said: int | None = None) -> Evidence:
    rows = [asdict(one) for one in diagnostics]
    data = {
        "command": ["npx", "tsc"],
        "code": code,
        "said_errors": said,
        "diagnostics": rows,
        "tail": ["boom"],
    }
    return Evidence(data)


WARNING = replace(FIRST, level="warning")


@pytest.mark.parametrize(
    ("diagnostics", "code", "said", "rules"),
    [
        ([], 0, None, []),
        ([], 0, 0, []),
        ([WARNING], 0, 0, []),
        ([FIRST], 2, None, ["type-errors", "TS2322"]),
        ([FIRST], 0, None, ["type-errors", "TS2322"]),
        ([], 1, 5, ["type-errors"]),
        ([], 1, None, ["checker-broke"]),
        ([WARNING], 1, 0, ["checker-broke"]),
    ],
)
def test_judge(diagnostics: list[Diagnostic], code: int, said: int | None, rules: list[str]) -> None:
    findings = typescript.judge(evidence(diagnostics, code, said), typescript.LIMITS)
    assert [one.rule for one in findings] == rules
    assert all(one.blocking for one in findings)


def test_findings_count_by_code_and_name_each_place() -> None:
    other = replace(FIRST, line=9, code="TS7006", message="Parameter 'x' implicitly has an 'any' type.")
    summary, first, *_ = typescript.judge(evidence([FIRST, replace(FIRST, line=7), other]), typescript.LIMITS)
    assert summary.message == "the type checker reports 3 errors in 1 file"
    assert summary.details == (
        "   2 × TS2322  Type 'HTMLElement | null' is not assignable to type 'HTMLElement'.",
        "   1 × TS7006  Parameter 'x' implicitly has an 'any' type.",
    )
    assert (first.path, first.line, first.rule) == ("src/counter.ts", 4, "TS2322")
    assert first.details == ("Type 'null' is not assignable to type 'HTMLElement'.",)


def test_a_ratchet_may_allow_known_errors() -> None:
    assert typescript.judge(evidence([FIRST]), {"errors": 1}) == []


def says(text: str, code: int, *, stream: str = "stdout") -> tuple[str, ...]:
    return (sys.executable, "-c", f"import sys; sys.{stream}.write({text!r}); sys.exit({code})")


@pytest.fixture
def site(make_subject: MakeSubject) -> Subject:
    return make_subject({"index.html": "x"})


def test_real_command_is_run_in_the_site_and_its_absolute_paths_become_relative(site: Subject) -> None:
    code = "import os; print(os.getcwd() + '/src/a.ts(1,2): error TS1: Bad'); raise SystemExit(2)"
    found = typescript.collect(replace(site, type_check=(sys.executable, "-c", code)), TOOLS)
    assert found.data["diagnostics"] == [asdict(Diagnostic("src/a.ts", 1, 2, "error", "TS1", "Bad"))]


def test_checker_that_prints_garbage_and_fails_is_failed_with_its_tail(site: Subject) -> None:
    found = typescript.collect(replace(site, type_check=says("kaput\nreally", 1, stream="stderr")), TOOLS)
    (finding,) = typescript.judge(found, typescript.LIMITS)
    assert finding.rule == "checker-broke"
    assert finding.details == ("kaput", "really")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("no-such-checker-anywhere",), "cannot be run"),
        (says("", 127), "could not be started"),
        ((sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"), "was killed"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "still running after 0.5 s"),
        (says(recorded("astro-check-not-installed"), 0), "has not looked"),
        (
            says("To continue, Astro requires the following dependency to be installed: x", 0),
            "has not looked",
        ),
        (("npx", "astro-check", "--root", "x"), "ignores its first two arguments"),
    ],
)
def test_checker_that_could_not_look_is_unavailable(
    site: Subject, command: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(Unavailable, match=reason):
        typescript.collect(replace(site, type_check=command, type_check_seconds=0.5), TOOLS)


REFERENCES = '{ /* Vite */ "files": [],\n  // see\n  "references": [{ "path": "./tsconfig.app.json" }] }'


@pytest.mark.parametrize(
    ("script", "blind"),
    [
        ("tsc --noEmit", True),
        ("npx tsc", True),
        ("node_modules/.bin/vue-tsc --noEmit && vite build", True),
        ("tsc -b", False),
        ("vue-tsc --build --force", False),
        ("tsc -p tsconfig.app.json --noEmit", False),
        ("astro check", False),
    ],
)
def test_tsc_that_checks_no_file_is_refused(tmp_path: Path, script: str, *, blind: bool) -> None:
    (tmp_path / "tsconfig.json").write_text(REFERENCES, encoding="utf-8")
    if blind:
        with pytest.raises(Unavailable, match="checks no file"):
            typescript.refuse_blind(script, tmp_path)
    else:
        typescript.refuse_blind(script, tmp_path)
    (tmp_path / "tsconfig.json").write_text('{"include": ["src"]}', encoding="utf-8")
    typescript.refuse_blind(script, tmp_path)


def test_script_of_package_json_is_looked_through() -> None:
    package = {"scripts": {"check": "astro check"}}
    assert typescript.effective(("npm", "run", "check"), package) == "astro check"
    assert typescript.effective(("/bin/pnpm", "check"), package) == "astro check"
    assert typescript.effective(("npx", "tsc"), package) == "npx tsc"


def test_astro_check_is_preceded_by_astro_sync(tmp_path: Path) -> None:
    astro = tmp_path / "node_modules/.bin/astro"
    assert typescript.before("astro check", tmp_path) == ()
    astro.parent.mkdir(parents=True)
    astro.touch()
    assert typescript.before("astro check", tmp_path) == (str(astro), "sync")
    assert typescript.before("astro sync && astro check", tmp_path) == ()
    assert typescript.before("tsc --noEmit", tmp_path) == ()


@pytest.mark.parametrize(
    ("name", "content", "typed"),
    [
        ("src/a.ts", "", True),
        ("src/a.tsx", "", True),
        ("src/p.astro", "", True),
        ("src/C.vue", "<script setup lang='ts'>", True),
        ("src/C.svelte", "<script>", False),
        ("src/env.d.ts", "", False),
        ("src/a.js", "", False),
        ("node_modules/x/a.ts", "", False),
        ("dist/a.ts", "", False),
        (".cache/a.ts", "", False),
    ],
)
def test_which_files_are_typescript(site: Subject, name: str, content: str, *, typed: bool) -> None:
    path = site.source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    found, _ = typescript.sources(site.source, site.output)
    assert found == ([name] if typed else [])


def test_site_without_typescript_passes_and_says_that_there_was_nothing(site: Subject) -> None:
    (site.source / "script.js").touch()
    found = typescript.collect(site, TOOLS)
    assert found.nothing == "no TypeScript in 1 source file"
    assert typescript.judge(found, typescript.LIMITS) == []


@pytest.mark.parametrize(
    ("name", "packages"), [("a.ts", '"typescript"'), ("a.astro", '"@astrojs/check" and')]
)
def test_typescript_without_a_checker_is_unavailable(site: Subject, name: str, packages: str) -> None:
    (site.source / name).touch()
    with pytest.raises(Unavailable, match="1 TypeScript file and no type check") as refusal:
        typescript.collect(site, TOOLS)
    assert refusal.value.fix.startswith(f"add {packages}")
    assert refusal.value.fix.endswith("then: invoke build --lock")


def test_inputs_change_with_sources_command_and_installed_checker(site: Subject) -> None:
    digests = {typescript.inputs(site), typescript.inputs(replace(site, source_digest="x"))}
    digests.add(typescript.inputs(replace(site, type_check=("tsc",))))
    package = site.source / "node_modules/typescript/package.json"
    package.parent.mkdir(parents=True)
    package.write_text('{"version": "5.9.3"}', encoding="utf-8")
    assert typescript.versions(site.source) == {"typescript": "5.9.3"}
    digests.add(typescript.inputs(site))
    assert len(digests) == 4
    assert typescript.inputs(site) == typescript.inputs(replace(site, tree="other", base="/x/"))


def error(file: str, code: str, line: int = 1) -> Diagnostic:
    return Diagnostic(file, line, 1, "error", code, f"message of {code}")


def with_baseline(
    allowed: dict[str, dict[str, int]], *errors: Diagnostic, said: int | None = None
) -> Evidence:
    found = evidence(list(errors), said=said)
    return replace(found, data={**found.data, "baseline": allowed})


def test_errors_within_the_baseline_are_told_and_do_not_block() -> None:
    found = with_baseline({"a.ts": {"TS1": 2}, "b.ts": {"TS2": 1}}, error("a.ts", "TS1"))
    (finding,) = typescript.judge(found, {"errors": 0})
    assert (finding.rule, finding.blocking) == ("baseline", False)
    assert finding.message == "1 type error left, 3 allowed by ts-baseline.json"
    assert finding.fix == "invoke ts.baseline"
    assert typescript.measures(found, {"errors": 0})[0].limit == 3


@pytest.mark.parametrize(
    ("errors", "rules"),
    [
        ([error("a.ts", "TS1"), error("a.ts", "TS1", 2)], ["new-type-errors", "TS1", "TS1"]),
        ([error("new.ts", "TS1")], ["new-type-errors", "TS1"]),
        ([error("a.ts", "TS1"), error("a.ts", "TS2")], ["new-type-errors", "TS2"]),
    ],
)
def test_what_the_baseline_does_not_allow_blocks(errors: list[Diagnostic], rules: list[str]) -> None:
    found = typescript.judge(with_baseline({"a.ts": {"TS1": 1}}, *errors), {"errors": 0})
    assert [one.rule for one in found] == rules
    assert all(one.blocking for one in found)


def test_errors_that_the_checker_counts_and_does_not_name_are_never_within_a_baseline() -> None:
    found = typescript.judge(with_baseline({"a.ts": {"TS1": 5}}, error("a.ts", "TS1"), said=3), {"errors": 0})
    assert found[0].rule == "new-type-errors"
    assert found[0].blocking


def test_baseline_is_read_and_is_an_input(site: Subject) -> None:
    subject = replace(site, type_check=says("a.ts(1,1): error TS1: m", 1))
    before = typescript.inputs(subject)
    (site.source / "ts-baseline.json").write_text('{"format": 1, "errors": {"a.ts": {"TS1": 1}}}')
    assert typescript.inputs(subject) != before
    found = typescript.collect(subject, TOOLS)
    assert [one.blocking for one in typescript.judge(found, {"errors": 0})] == [False]
    (site.source / "ts-baseline.json").write_text("{")
    with pytest.raises(Unavailable, match=r"ts-baseline\.json is not JSON"):
        typescript.collect(subject, TOOLS)
