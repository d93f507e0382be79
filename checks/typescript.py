"""The site's own type checker reports no error."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from checks.base import (
    Digest,
    Evidence,
    Finding,
    Limits,
    Measure,
    Principle,
    Result,
    Rule,
    Scope,
    Subject,
    Tools,
    Unavailable,
    count_text,
    digest,
)
from checks.parse import baseline
from checks.parse.diagnostics import Diagnostic, parse, plain_text, total_errors

NAME = "typescript"
PRINCIPLE: Principle = "V"
SCOPE: Scope = "source"
NON_NEGOTIABLE = True
VERSION = 2
WEIGHT = 1
TIMED = False
AGE: int | None = None

LIMITS: Limits = {"errors": 0}

_SCRIPTS = (".ts", ".tsx", ".mts", ".cts")
_COMPONENTS = (".vue", ".svelte")
_CHECKERS = ("typescript", "@astrojs/check", "astro", "vue-tsc", "svelte-check")
_LANG_TS = re.compile(rb"""<script[^>]*\blang\s*=\s*["']?tsx?\b""")
_NOT_FOUND = (126, 127)  # what a shell says for "not executable" and "not found"
_TAIL = 20
# No colours; and without a terminal nothing may ask or report home.
_ENVIRONMENT: Mapping[str, str | None] = {
    "NO_COLOR": "1",
    "FORCE_COLOR": None,
    "ASTRO_TELEMETRY_DISABLED": "1",
}

EXPLAIN = """\
Runs the site's own type checker (tsc, vue-tsc, astro check, svelte-check) in the site's folder and reads its errors.
The command is site.check in invoke.yaml, else found in package.json. A checker that could not look is unavailable and
never passed, and TypeScript that nothing checks is too. Allowed are no errors, or those that ts-baseline.json counts:
that file only ever shrinks."""
_DIAGNOSTICS = "https://github.com/microsoft/TypeScript/blob/main/src/compiler/diagnosticMessages.json"
RULES: Mapping[str, Rule] = {
    "type-errors": Rule(
        "the checker reports errors; they are counted by code",
        "invoke ts.fix repairs what can be proven; invoke ts.report tells the causes of the rest",
        "https://www.typescriptlang.org/docs/handbook/2/basic-types.html#static-type-checking",
    ),
    "new-type-errors": Rule(
        "there are more errors in a file than ts-baseline.json allows there",
        "mend what is new; the baseline is never raised",
        "https://www.typescriptlang.org/docs/handbook/migrating-from-javascript.html",
    ),
    "baseline": Rule(
        "errors are left that the baseline allows (advice)",
        "invoke ts.fix, then invoke ts.baseline writes the smaller number down",
        "https://www.typescriptlang.org/docs/handbook/migrating-from-javascript.html",
    ),
    "checker-broke": Rule(
        "the checker ended with an error code and named no error",
        "run it yourself in the site's folder and mend what it says",
        "https://www.typescriptlang.org/docs/handbook/compiler-options.html",
    ),
    "TS*": Rule(
        "one error of the compiler, with its file and line",
        "mend the code at that place; invoke ts.report tells the cause and the order of repair",
        _DIAGNOSTICS,
    ),
    "*": Rule(
        "one error of a checker around the compiler (Svelte, Vue, Astro), by its own name",
        "mend the markup or code at that place",
        "https://github.com/sveltejs/language-tools/tree/master/packages/svelte-check",
    ),
}


def unavailable(tools: Tools) -> str | None:
    """Return None: whether the checker is there shows only when it is called."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the sources, the command, the installed checkers and the baseline."""
    allowed = _bytes(subject.source / baseline.NAME)
    return digest(NAME, VERSION, subject.source_digest, subject.type_check, versions(subject.source), allowed)


def versions(root: Path) -> dict[str, str]:
    """Return the versions of the installed checkers, by package; what is not installed is left out."""
    found = {}
    for name in _CHECKERS:
        data = _json(root / "node_modules" / name / "package.json")
        if data and isinstance(data.get("version"), str):
            found[name] = data["version"]
    return found


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Run the checker in the site's folder and read its diagnostics.

    Raises Unavailable when there is TypeScript and nothing that checks it, or the checker could not look.
    """
    if not subject.type_check:
        return _without_checker(subject)
    allowed = _allowed(subject.source)
    script = effective(subject.type_check, _json(subject.source / "package.json") or {})
    refuse_blind(script, subject.source)
    if prepare := before(script, subject.source):
        _run(prepare, subject, tools)
    result = _run(subject.type_check, subject, tools)
    # Both streams: tsc and astro check complain on stdout, tools around them on stderr.
    output = f"{result.out}\n{result.err}"
    _refuse_uninstalled(output)
    return Evidence(
        {
            "command": list(subject.type_check),
            "code": result.code,
            "seconds": round(result.seconds, 1),
            "said_errors": total_errors(output),
            "diagnostics": [asdict(_relative(one, subject.source)) for one in parse(output)],
            "tail": _tail(output),
            "baseline": allowed,
        },
        tools=versions(subject.source),
    )


def _without_checker(subject: Subject) -> Evidence:
    typed, every = sources(subject.source, subject.output)
    if not typed:
        return Evidence({"diagnostics": []}, nothing=f"no TypeScript in {count_text(every, 'source file')}")
    raise Unavailable(
        f"the site has {count_text(len(typed), 'TypeScript file')} and no type check",
        _how_to_check(typed),
        tuple(typed[:5]),
    )


def _how_to_check(typed: Sequence[str]) -> str:
    # Without the packages `npx tsc` would fetch another program of that name.
    astro = any(name.endswith(".astro") for name in typed)
    needed = '"@astrojs/check" and "typescript"' if astro else '"typescript"'
    return f"add {needed} to devDependencies in package.json, then: invoke build --lock"


def sources(root: Path, output: Path) -> tuple[list[str], int]:
    """Return the site's TypeScript files, and how many files there are in all; declarations do not count."""
    typed, every = [], 0
    for folder, folders, files in os.walk(root):
        # Not ours to judge: dependencies, the output, and what tools keep in hidden folders.
        folders[:] = sorted(
            name
            for name in folders
            if name != "node_modules" and not name.startswith(".") and Path(folder, name) != output
        )
        every += len(files)
        typed += [str(Path(folder, name).relative_to(root)) for name in sorted(files) if _typed(folder, name)]
    return typed, every


def _typed(folder: str, name: str) -> bool:
    if name.endswith(_COMPONENTS):
        return bool(_LANG_TS.search(Path(folder, name).read_bytes()))
    return name.endswith((*_SCRIPTS, ".astro")) and not name.endswith((".d.ts", ".d.mts", ".d.cts"))


def effective(command: Sequence[str], package: Mapping[str, Any]) -> str:
    """Return what runs in the end: for `npm run check` that is the script `check` of package.json."""
    words = [Path(command[0]).name, *command[1:]]
    scripts = package.get("scripts")
    if words[0] in {"npm", "pnpm", "yarn", "bun"} and isinstance(scripts, Mapping):
        for word in words[1:]:
            if isinstance(scripts.get(word), str):
                return str(scripts[word])
    return " ".join(words)


def refuse_blind(script: str, root: Path) -> None:
    """Raise Unavailable for a command that passes because it does not look.

    `astro-check` of @astrojs/check 0.9.10 drops its first two arguments; `tsc --noEmit` on a tsconfig.json
    with only `references` checks no file at all. Both exit with 0.
    """
    if re.search(r"\bastro-check\b", script):
        raise Unavailable(
            "astro-check ignores its first two arguments, so it may have checked another folder",
            "set site.check in invoke.yaml to `npx astro check`",
        )
    single = re.search(r"(?:^|[\s/&;])(?:vue-)?tsc\b(?P<rest>[^&;|]*)", script)
    named = single and re.search(r"\s(?:-b|--build|-p|--project)\b", single["rest"])
    if single and not named and _only_references(root):
        raise Unavailable(
            "tsconfig.json only refers to other projects, so `tsc` without --build checks no file",
            "set site.check in invoke.yaml to `npx tsc --build` (Vue: `npx vue-tsc --build`)",
        )


def _only_references(root: Path) -> bool:
    try:
        text = (root / "tsconfig.json").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    # JSON with comments: for these two keys a pattern reads it well enough.
    text = re.sub(r"/\*.*?\*/|^\s*//[^\n]*", "", text, flags=re.DOTALL | re.MULTILINE)
    return bool(re.search(r'"files"\s*:\s*\[\s*\]', text) and re.search(r'"references"\s*:\s*\[\s*\{', text))


def before(script: str, root: Path) -> tuple[str, ...]:
    """Return `astro sync` for a command with `astro check`, which needs the generated types."""
    astro = root / "node_modules/.bin/astro"
    if re.search(r"\bastro check\b", script) and "astro sync" not in script and astro.exists():
        return (str(astro), "sync")
    return ()


def _run(command: Sequence[str], subject: Subject, tools: Tools) -> Result:
    result = tools.run(command, cwd=subject.source, timeout=subject.type_check_seconds, env=_ENVIRONMENT)
    shown = " ".join(command)
    tail = _tail(f"{result.out}\n{result.err}")
    if result.code is None:
        raise Unavailable(
            f"`{shown}` was still running after {subject.type_check_seconds:g} s and was ended",
            "raise timeouts.check in invoke.yaml, or run it yourself to see what it waits for",
            tail,
        )
    if result.code in _NOT_FOUND:
        fix = "install the site's dependencies: invoke build"
        raise Unavailable(f"`{shown}` could not be started", fix, tail)
    if result.code < 0 or result.code > 128:
        raise Unavailable(f"`{shown}` was killed (code {result.code}), perhaps for lack of memory", "", tail)
    return result


def _refuse_uninstalled(output: str) -> None:
    # `astro check` without its helper asks whether to install it and then exits with 0.
    text = plain_text(output)
    asks = "requires the following dependency to be installed" in text
    if asks or "packages are required for this command to work" in text:
        raise Unavailable(
            "`astro check` has not looked: its package @astrojs/check is not installed",
            _how_to_check([".astro"]),
        )


def _tail(output: str) -> list[str]:
    return [line.rstrip() for line in plain_text(output).split("\n") if line.strip()][-_TAIL:]


def _relative(one: Diagnostic, root: Path) -> Diagnostic:
    path = Path(one.file)
    return replace(one, file=path.relative_to(root).as_posix()) if path.is_relative_to(root) else one


def _allowed(root: Path) -> dict[str, dict[str, int]] | None:
    try:
        return baseline.read(root)
    except ValueError as error:
        raise Unavailable(str(error), f"git checkout {baseline.NAME}, or: invoke ts.baseline") from error


def _bytes(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def _json(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return a finding that counts the errors by code and one for each, or why the checker broke down."""
    data = evidence.data
    if evidence.nothing:
        return []
    errors = [one for one in data["diagnostics"] if one["level"] == "error"]
    count = max(len(errors), data["said_errors"] or 0)
    command = " ".join(data["command"])
    if count == 0 and data["code"] != 0:
        return [
            Finding(
                "checker-broke",
                f"`{command}` ended with code {data['code']} and named no error",
                details=tuple(data["tail"]),
                fix="run it yourself in the site's folder, mend what it says, then: invoke check.typescript",
            )
        ]
    if data.get("baseline") is not None:
        return _within(count, errors, data["baseline"], command)
    if count <= limits.get("errors", 0):
        return []
    return [_summary(count, errors, limits.get("errors", 0), command), *map(_finding, errors)]


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how many errors and warnings the checker reported."""
    levels = Counter(one["level"] for one in evidence.data["diagnostics"])
    errors = max(levels["error"], evidence.data.get("said_errors") or 0)
    allowed = evidence.data.get("baseline")
    limit = limits.get("errors", 0) if allowed is None else baseline.total(allowed)
    return [
        Measure("type errors", errors, limit),
        Measure("type warnings", levels["warning"]),
    ]


def _within(
    count: int, errors: Sequence[Mapping[str, Any]], allowed: baseline.Counts, command: str
) -> list[Finding]:
    """Return what a baseline does not allow, else, as advice, how much it still does."""
    now = baseline.counted(errors)
    over = baseline.excess(now, allowed)
    limit = baseline.total(allowed)
    if over or count > len(errors):
        more = sum(one.count - one.allowed for one in over) or count - len(errors)
        new = {(one.file, one.code) for one in over}
        summary = Finding(
            "new-type-errors",
            f"{count_text(more, 'type error')} more than {baseline.NAME} allows",
            measured=count,
            limit=limit,
            unit="errors",
            details=tuple(f"{one.file}: {one.count} × {one.code}, {one.allowed} allowed" for one in over[:8]),
            fix=f"mend what is new; `{command}` shows each error with its source",
        )
        return [summary, *(_finding(one) for one in errors if (one["file"], one["code"]) in new)]
    if not count and not limit:
        return []
    fix = "invoke ts.baseline" if count < limit else "invoke ts.fix"
    text = f"{count_text(count, 'type error')} left, {limit} allowed by {baseline.NAME}"
    return [Finding("baseline", text, blocking=False, measured=count, limit=limit, unit="errors", fix=fix)]


def _summary(count: int, errors: Sequence[Mapping[str, Any]], limit: int, command: str) -> Finding:
    files = len({one["file"] for one in errors})
    return Finding(
        "type-errors",
        f"the type checker reports {count_text(count, 'error')} in {count_text(files, 'file')}",
        measured=count,
        limit=limit,
        unit="errors",
        details=tuple(_by_code(errors)),
        fix=f"mend them; `{command}` shows each with its source",
    )


def _by_code(errors: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    counts = Counter(one["code"] for one in errors)
    for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:8]:
        example = next(one["message"] for one in errors if one["code"] == code)
        yield f"{count:>4} × {code}  {example.splitlines()[0]}"


def _finding(one: Mapping[str, Any]) -> Finding:
    return Finding(
        rule=one["code"],
        message=one["message"].splitlines()[0],
        path=one["file"],
        line=one["line"] or None,
        details=tuple(line.strip() for line in one["message"].splitlines()[1:]),
    )
