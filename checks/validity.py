"""What html-validate says of the pages, in one Node process; a page that it has seen before is not asked again."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.base import Subject, Tools, Unavailable, digest
from checks.looks import Looks

# It holds a page many times over while it works; real pages are below 1 MB.
BIGGEST = 5_000_000
# A page gives up to 100 messages: more tell nobody more.
_MOST = 100
_START_SECONDS = 60.0
_PAGE_SECONDS = 0.5
# Its rules (https://html-validate.org/rules/) and what they are to us: browsers repair the blocking ones into
# another tree than was written. Rules of taste, and those of accessibility, which axe has, are off.
_RULES = {
    "parser-error": "parse-error",
    "close-order": "nesting",
    "void-content": "nesting",
    "no-dup-id": "duplicate-id",
    "no-dup-attr": "duplicate-attribute",
    "script-element": "parse-error",
    "element-permitted-content": "content-model",
    "element-permitted-parent": "content-model",
    "element-permitted-occurrences": "content-model",
    "element-permitted-order": "content-model",
    "element-required-ancestor": "content-model",
    "element-required-attributes": "attribute",
    "unrecognized-char-ref": "attribute",
    "map-dup-name": "attribute",
}
# Always on, and no rule that can be named.
_BUILT_IN = frozenset({"parser-error"})
# The parser takes these apart: https://html.spec.whatwg.org/multipage/parsing.html#parsing-main-inbody
_TAKEN_APART = re.compile(
    r"<(a|button|form|nobr|option)> element is not permitted as (?:a descendant|content) (?:of|under) <\1>"
)
_SCRIPT = r"""
const { HtmlValidate, StaticConfigLoader } = require("html-validate");
const fs = require("node:fs");
const [input, output] = process.argv.slice(1);
const { pages, rules, most } = JSON.parse(fs.readFileSync(input, "utf8"));
const config = { root: true, elements: ["html5"], rules };
const validator = new HtmlValidate(new StaticConfigLoader(config));
const out = fs.openSync(output, "w");
for (const page of pages) {
  const report = validator.validateStringSync(fs.readFileSync(page, "utf8"), "page.html");
  const all = report.results.flatMap((one) => one.messages).slice(0, most);
  const messages = all.map((one) => [one.ruleId, one.message, one.line, one.selector ?? ""]);
  fs.writeSync(out, JSON.stringify(messages) + "\n");
}
fs.closeSync(out);
"""


@dataclass(frozen=True)
class Problem:
    """One message: our rule, theirs in words, the line from 1, a CSS selector or nothing."""

    rule: str
    message: str
    line: int
    selector: str


@dataclass(frozen=True)
class Invalid:
    """Problems by file, how many pages were asked now, and (file, size) of those that are too big."""

    found: Mapping[str, tuple[Problem, ...]]
    now: int
    skipped: tuple[tuple[str, int], ...]


def problems(site: Looks, subject: Subject, tools: Tools) -> Invalid:
    """Return what is wrong with the pages; raises Unavailable."""
    asked = {path: site.files[path] for path, page in site.pages.items() if page.markup}
    skipped = tuple((path, file.size) for path, file in asked.items() if file.size > BIGGEST)
    wanted = {path: file.sha256 for path, file in asked.items() if file.size <= BIGGEST}
    if not wanted:
        return Invalid({}, 0, skipped)
    box = tools.toolbox("html")
    store = _store(tools, subject)
    known = _kept(store)
    fresh = {sha: path for path, sha in wanted.items() if sha not in known}
    if fresh:
        known |= dict(
            zip(fresh, _ask(box, [subject.output / one for one in fresh.values()], tools), strict=True)
        )
        _keep(store, {sha: known[sha] for sha in wanted.values()})
    found = {path: tuple(map(_problem, known[sha])) for path, sha in wanted.items() if known[sha]}
    return Invalid(found, len(fresh), skipped)


def _problem(message: list[Any]) -> Problem:
    rule, text, line, selector = message
    ours = "nesting" if _TAKEN_APART.search(text) else _RULES[rule]
    return Problem(ours, text, line, selector)


def _ask(box: Path, pages: list[Path], tools: Tools) -> list[list[Any]]:
    node = tools.which("node")
    if node is None:
        raise Unavailable("Node.js is not here, which html-validate needs", "invoke doctor")
    with tempfile.TemporaryDirectory(prefix="html-") as name:
        given, answer = Path(name, "pages.json"), Path(name, "messages.jsonl")
        on = {rule: "error" for rule in _RULES if rule not in _BUILT_IN}
        given.write_text(json.dumps({"pages": [str(page) for page in pages], "rules": on, "most": _MOST}))
        argv = [node, "-e", _SCRIPT, "--", str(given), str(answer)]
        done = tools.run(argv, cwd=box, timeout=_START_SECONDS + _PAGE_SECONDS * len(pages))
        if done.code != 0:
            late = "did not end in time" if done.code is None else f"ended with {done.code}"
            raise Unavailable(f"html-validate {late}", "invoke check.html", tuple(done.err.splitlines()[-5:]))
        return _answers(answer, len(pages))


def _answers(file: Path, count: int) -> list[list[Any]]:
    try:
        lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        good = len(lines) == count and all(
            len(message) == 4 and message[0] in _RULES for line in lines for message in line
        )
    except (OSError, ValueError, TypeError) as error:
        raise Unavailable(f"html-validate answered with what we cannot read: {error}") from error
    if not good:
        raise Unavailable(
            "html-validate answered with what we do not know: another version?", "invoke doctor"
        )
    return lines


def _store(tools: Tools, subject: Subject) -> Path | None:
    folder = tools.keep("html")
    if folder is None:
        return None
    return folder / f"{digest(_RULES, _MOST, _SCRIPT, subject.versions.get('html-validate', ''))[:16]}.json"


def _kept(store: Path | None) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        value = json.loads(store.read_bytes()) if store else {}
        if isinstance(value, dict):
            return value
    return {}


def _keep(store: Path | None, known: Mapping[str, Any]) -> None:
    """Write what is known of these pages, whole or not at all; older pages are forgotten."""
    if store is None:
        return
    # Without it the next run is slower, and as right.
    with suppress(OSError):
        store.parent.mkdir(parents=True, exist_ok=True)
        draft = store.with_name(f"{store.name}.{os.getpid()}")
        draft.write_text(json.dumps(known, separators=(",", ":")))
        draft.replace(store)
