"""The site's own linter and tests pass, plain mistakes in the code are seen, and TypeScript is strict."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from checks.base import (
    Digest,
    Evidence,
    Finding,
    Limits,
    Measure,
    Principle,
    Rule,
    Scope,
    Subject,
    Tools,
    Unavailable,
    count_text,
    digest,
)
from checks.packages import manifest
from checks.parse import tsconfig
from checks.rows import few, told

NAME = "quality"
PRINCIPLE: Principle = "V"
SCOPE: Scope = "source"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None

# Seconds for the linter and for the tests; whether TypeScript that is not strict blocks.
LIMITS: Limits = {"seconds": 300, "strict": "advice"}

_CODE = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".astro", ".vue", ".svelte")
_TYPED = (".ts", ".tsx", ".mts", ".cts", ".astro")
_READ = (*_CODE, ".json", ".mdx", ".md", ".html", ".css", ".scss", ".yaml", ".yml", ".toml")
_SKIPPED = frozenset({"node_modules", "coverage"})
# What `npm init` writes for a site without tests.
_NO_TESTS = re.compile(r"no test specified")
_WRITES = re.compile(r"--(?:fix|write)\b|\bformat\b(?!.*--check)")
_MANAGERS = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lock", "bun"), ("bun.lockb", "bun"))
_ENVIRONMENT: Mapping[str, str | None] = {"CI": "true", "NO_COLOR": "1", "FORCE_COLOR": None}
_NOT_FOUND = (126, 127)
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_TAIL = 8
_OXLINT_SECONDS, _KNIP_SECONDS = 120.0, 60.0
# Since 6.0 the compiler is strict by itself: https://devblogs.microsoft.com/typescript/announcing-typescript-6-0/
_STRICT_SINCE = 6

EXPLAIN = """\
Runs the scripts `lint` and `test` of package.json, with CI=true and a time limit, and believes their exit codes. A
site without a linter of its own is read by oxlint: what its rules of the category `correctness` find is code that is
wrong or does nothing, and blocks; what the site's own configuration of oxlint only warns of is advice. TypeScript
should be strict through everything that its tsconfig.json extends; that is advice unless quality.strict says block.
What knip takes for unused and no other file names is told as information. A linter that would change the sources is
not run."""
_SCRIPTS = "https://docs.npmjs.com/cli/using-npm/scripts"
_OXLINT = "https://oxc.rs/docs/guide/usage/linter/rules.html"
_STRICT = "https://www.typescriptlang.org/tsconfig/#strict"
_KNIP = "https://knip.dev/"
RULES: Mapping[str, Rule] = {
    "lint-failed": Rule(
        "the site's own linter ended with an error", "run it yourself and mend what it says", _SCRIPTS
    ),
    "tests-failed": Rule("the site's own tests failed", "run them yourself and mend what they say", _SCRIPTS),
    "lint-writes": Rule(
        "the linter would change the sources that are judged, so it was not run (advice)",
        "let `lint` only look, and give what repairs another name, such as `lint:fix`",
        _SCRIPTS,
    ),
    "oxlint": Rule("code that is wrong or does nothing", "mend the code at that place", _OXLINT),
    "oxlint-advice": Rule(
        "code that is most likely wrong (advice)", "look at the code at that place", _OXLINT
    ),
    "not-strict": Rule(
        "TypeScript is not strict, so that whole kinds of mistakes are not seen",
        '"strict": true in compilerOptions of tsconfig.json; invoke ts.fix repairs much of what then shows',
        _STRICT,
    ),
    "unused": Rule(
        "files, exports or packages that nothing else names (advice)", "remove what is not needed", _KNIP
    ),
    "unmeasured": Rule("a part could not be measured", "do what the finding says, and check again", _SCRIPTS),
}
_made = partial(told, RULES)
_PARTS = ("lint", "tests", "oxlint")


def unavailable(tools: Tools) -> str | None:
    """Return None: what a part of it needs is asked for by that part."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the sources, and of the versions of what reads them."""
    versions = [subject.versions.get(name, "") for name in ("oxlint", "knip")]
    return digest(NAME, VERSION, subject.source_digest, versions)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Run what the site has, and read the rest; a part that cannot be measured keeps its reason."""
    root = subject.source
    about = manifest(root)
    code = [name for name in _files(subject) if name.endswith(_CODE)]
    if about is None:
        return Evidence({}, nothing="no package.json")
    unread: dict[str, dict[str, Any]] = {}

    def part(name: str, look: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON-able data
        try:
            return look()
        except Unavailable as refusal:
            unread[name] = {"reason": refusal.reason, "fix": refusal.fix, "details": list(refusal.details)}
            return None

    scripts = about.get("scripts") if isinstance(about.get("scripts"), dict) else {}
    lint, test = (str((scripts or {}).get(name, "")).strip() for name in ("lint", "test"))
    writes = bool(lint and _WRITES.search(lint))
    own = bool(lint) and not writes
    tested = bool(test) and not _NO_TESTS.search(test)
    if not (code or own or tested):
        return Evidence({}, nothing="no source files, and no script that looks at anything")
    versions = {name: subject.versions[name] for name in ("oxlint", "knip") if subject.versions.get(name)}
    return Evidence(
        {
            "files": len(code),
            "lint": part("lint", lambda: _script("lint", subject, tools)) if own else None,
            "writes": lint if writes else "",
            "tests": part("tests", lambda: _script("test", subject, tools)) if tested else None,
            "oxlint": part("oxlint", lambda: _oxlint(subject, tools)) if code and not own else None,
            "loose": _loose(root, code),
            "unused": _knip(subject, tools) if code else {"found": [], "why": "no source files"},
            "unread": unread,
        },
        tools=versions,
    )


def _files(subject: Subject) -> Iterator[str]:
    for folder, folders, names in os.walk(subject.source):
        folders[:] = sorted(
            one
            for one in folders
            if one not in _SKIPPED and not one.startswith(".") and Path(folder, one) != subject.output
        )
        for name in sorted(names):
            yield Path(folder, name).relative_to(subject.source).as_posix()


def manager(root: Path) -> str:
    """Return the package manager that runs the scripts, by the lockfile."""
    return next((name for lock, name in _MANAGERS if (root / lock).is_file()), "npm")


def _script(name: str, subject: Subject, tools: Tools) -> dict[str, Any]:
    """Run a script of package.json; raises Unavailable when it did not come to an end of its own."""
    if not (subject.source / "node_modules").is_dir() and _needs(subject.source):
        raise Unavailable(f"{name}: the dependencies are not installed", "invoke build")
    argv = [manager(subject.source), "run", name]
    shown = " ".join(argv)
    seconds = float(subject.plans.get("quality", LIMITS["seconds"]))
    done = tools.run(argv, cwd=subject.source, timeout=seconds, env=_ENVIRONMENT)
    tail = _tail(f"{done.out}\n{done.err}")
    if done.code is None:
        text = f"`{shown}` was still running after {seconds:g} s and was ended"
        raise Unavailable(text, "raise quality.seconds in constitution.toml, or see what it waits for", tail)
    if done.code in _NOT_FOUND:
        raise Unavailable(f"`{shown}` could not be started", "invoke build", tail)
    if done.code < 0 or done.code > 128:
        raise Unavailable(f"`{shown}` was killed (code {done.code}), perhaps for lack of memory", "", tail)
    return {"command": shown, "code": done.code, "seconds": round(done.seconds, 1), "tail": tail}


def _needs(root: Path) -> bool:
    about = manifest(root) or {}
    return bool(about.get("dependencies") or about.get("devDependencies"))


def _tail(text: str) -> list[str]:
    lines = [line.rstrip() for line in _COLOURS.sub("", text).splitlines()]
    return [line[:300] for line in lines if line.strip()][-_TAIL:]


def _inside(subject: Subject) -> str:
    output, root = subject.output, subject.source
    return output.relative_to(root).as_posix() if output.is_relative_to(root) and output != root else ""


def _oxlint(subject: Subject, tools: Tools) -> list[dict[str, Any]]:
    """Return what oxlint finds; raises Unavailable unless it gave a whole report."""
    program = tools.toolbox("code") / "node_modules/oxlint/bin/oxlint"
    words = ["node", str(program), "--format", "json", "-D", "correctness"]
    for folder in filter(None, (_inside(subject), ".pages", "node_modules")):
        words += ["--ignore-pattern", f"{folder}/**"]
    done = tools.run([*words, "."], cwd=subject.source, timeout=_OXLINT_SECONDS)
    if done.code is None:
        raise Unavailable(f"oxlint was still running after {_OXLINT_SECONDS:g} s")
    try:
        report = json.loads(done.out)
        rows = [_place(one) for one in report["diagnostics"]]
        looked = int(report["number_of_files"])
    except (ValueError, KeyError, TypeError, IndexError):
        tail = _tail(f"{done.out}\n{done.err}")
        raise Unavailable(
            "oxlint gave no report that can be read", "invoke check.quality --fresh", tail
        ) from None
    if not looked and not rows and done.code:
        raise Unavailable("oxlint read no file", "", _tail(done.err))
    return rows


def _place(one: Mapping[str, Any]) -> dict[str, Any]:
    span = (one.get("labels") or [{}])[0].get("span", {})
    return {
        "code": str(one.get("code") or "syntax"),
        "message": str(one["message"])[:300],
        "error": one["severity"] == "error",
        "file": str(one["filename"]),
        "line": span.get("line"),
        "help": str(one.get("help") or "")[:300],
        "url": str(one.get("url") or ""),
    }


def _loose(root: Path, code: Sequence[str]) -> list[dict[str, str]]:
    """Return each tsconfig.json that is not strict, or cannot be read, and why; without TypeScript nothing."""
    if not any(name.endswith(_TYPED) and not name.endswith(".d.ts") for name in code):
        return []
    if not (root / "tsconfig.json").is_file():
        return [{"config": "tsconfig.json", "why": "there is none, so nothing says that it should be strict"}]
    found = []
    try:
        for path in tsconfig.projects(root):
            shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
            off = tsconfig.loose(tsconfig.options(path), default=_strict_by_itself(root))
            if off:
                found.append({"config": shown, "why": f"{', '.join(off)}: off"})
    except (OSError, ValueError) as error:
        found.append({"config": "tsconfig.json", "why": str(error)})
    return found


def _strict_by_itself(root: Path) -> bool:
    version = str((manifest(root / "node_modules/typescript") or {}).get("version", "0"))
    major = version.partition(".")[0]
    return major.isdigit() and int(major) >= _STRICT_SINCE


def _knip(subject: Subject, tools: Tools) -> dict[str, Any]:
    """Return what knip takes for unused and no other file names, or `why` it could not say; it never stops anything.

    knip does not follow scripts in templates and names in configurations, so what is named anywhere is left out.
    """
    try:
        program = tools.toolbox("code") / "node_modules/knip/bin/knip.js"
        words = ["node", str(program), "--reporter", "json", "--no-exit-code", "--no-progress"]
        done = tools.run(words, cwd=subject.source, timeout=_KNIP_SECONDS, env=_ENVIRONMENT)
        issues = json.loads(done.out[done.out.index("{") :])["issues"]
        return {"found": _unnamed(issues, subject)}
    except Unavailable as refusal:
        return {"found": [], "why": refusal.reason}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"found": [], "why": "knip gave no report that can be read"}


def _unnamed(issues: Sequence[Mapping[str, Any]], subject: Subject) -> list[str]:
    names = [name for name in _files(subject) if name.endswith(_READ) and "lock" not in name]
    texts = {name: (subject.source / name).read_text(encoding="utf-8", errors="replace") for name in names}
    found = []
    for issue in issues:
        file = str(issue["file"])
        lost = issue.get("files") and not _named(Path(file).stem, texts, file)
        found += [f"file {file}"] if lost else []
        found += [
            f"export {one['name']} of {file}"
            for one in issue.get("exports", [])
            if not _named(one["name"], texts, file)
        ]
        for kind in ("dependencies", "devDependencies"):
            scripts = json.dumps((manifest(subject.source) or {}).get("scripts", {}))
            found += [
                f"package {one['name']}"
                for one in issue.get(kind, [])
                if one["name"] not in scripts and not _named(one["name"], texts, "package.json")
            ]
    return sorted(found)


def _named(word: str, texts: Mapping[str, str], but: str) -> bool:
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
    return any(pattern.search(text) for name, text in texts.items() if name != but)


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what failed, what is wrong in the code, and what could be better."""
    data = evidence.data
    if evidence.nothing:
        return []
    found = [
        *_failed("lint-failed", "linter", data["lint"]),
        *_failed("tests-failed", "tests", data["tests"]),
    ]
    found += _code(data["oxlint"] or [])
    blocking = limits["strict"] == "block"
    found += [
        _made("not-strict", f"{one['config']}: {one['why']}", blocking=blocking, path=one["config"])
        for one in data["loose"]
    ]
    if data["writes"]:
        text = f"the script `lint` changes files ({data['writes']}), so it was not run"
        found.append(_made("lint-writes", text, blocking=False, path="package.json"))
    if unused := data["unused"]["found"]:
        text = f"knip takes {count_text(len(unused), 'thing')} for unused that no other file names"
        found.append(_made("unused", text, blocking=False, details=few(unused)))
    missing = [data["unread"][name] for name in _PARTS if name in data["unread"]]
    found += [
        _made("unmeasured", why["reason"], details=why["details"], fix=why["fix"], unmeasured=True)
        for why in missing
    ]
    return sorted(found, key=lambda one: not one.blocking)


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how long the site's own checks took, and how much oxlint and knip found."""
    data = evidence.data
    if evidence.nothing:
        return []
    ran = [name for name in ("lint", "tests") if data[name]]
    found = [Measure("source files", data["files"])]
    found += [Measure(f"own {name}", data[name]["seconds"], limits["seconds"], "s") for name in ran]
    if data["oxlint"] is not None:
        found.append(Measure("errors of oxlint", sum(one["error"] for one in data["oxlint"]), 0))
    if "why" not in data["unused"]:
        found.append(Measure("unused, as knip sees it", len(data["unused"]["found"])))
    return found


def _failed(rule: str, what: str, ran: Mapping[str, Any] | None) -> Iterator[Finding]:
    if ran and ran["code"]:
        text = f"the site's own {what} failed: `{ran['command']}` ended with code {ran['code']}"
        yield _made(
            rule,
            text,
            path="package.json",
            details=ran["tail"],
            fix=f"{ran['command']}, and mend what it says",
        )


def _code(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield one finding for each file and rule."""
    groups: dict[tuple[str, str, bool], list[Mapping[str, Any]]] = {}
    for one in rows:
        groups.setdefault((one["file"], one["code"], one["error"]), []).append(one)
    for (file, code, error), members in groups.items():
        first = members[0]
        more = f" (and {len(members) - 1:,} more like it)" if len(members) > 1 else ""
        yield Finding(
            "oxlint" if error else "oxlint-advice",
            f"{code}: {first['message']}{more}",
            blocking=error,
            path=file,
            line=first["line"],
            details=few([f"line {one['line']}: {one['message']}" for one in members]),
            fix=first["help"] or RULES["oxlint"].fix,
            source=first["url"] or _OXLINT,
        )
