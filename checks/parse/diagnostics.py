"""The output of tsc, vue-tsc, astro check and svelte-check as data, human and machine formats alike.

Recorded outputs of all of them are in tests/checks/recorded/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")
_WORDS = {"error": "error", "warning": "warning", "warn": "warning"}

# src/a.ts(4,5): error TS2322: Type ...
_PLAIN = re.compile(
    r"^(?P<file>[^\s(][^(]*)\((?P<line>\d+),(?P<column>\d+)\): "
    r"(?P<level>\w+) (?P<code>TS\d+): (?P<message>.*)$"
)
# src/a.ts:4:5 - error TS2322: Type ...    and astro check's: error ts(2322): Type ...
_PRETTY = re.compile(
    r"^(?P<file>\S.*?):(?P<line>\d+):(?P<column>\d+) - "
    r"(?P<level>\w+) (?P<code>TS\d+|\w*\(\w*\)): (?P<message>.*)$"
)
# error TS18003: No inputs were found ...
_GLOBAL = re.compile(r"^(?P<level>error|warning) (?P<code>TS\d+): (?P<message>.*)$")
# 1795383670403 ERROR "src/Box.svelte" 2:14 "Type ..."
_MACHINE = re.compile(
    r'^\d{10,} (?P<level>ERROR|WARNING) (?P<file>"(?:[^"\\]|\\.)*") '
    r'(?P<line>\d+):(?P<column>\d+) (?P<message>".*")$'
)
_VERBOSE = re.compile(r"^\d{10,} (?P<data>\{.*\})$")
# src/Box.svelte:2:14 alone on its line; the next one is `Error: Type ... (ts)`
_PLACE = re.compile(r"^(?P<file>\S.*):(?P<line>\d+):(?P<column>\d+)$")
_SAID = re.compile(r"^(?P<level>Error|Warn|Hint): (?P<message>.*)$")
_SOURCE = re.compile(r"\s*\((?P<source>ts|js|svelte|css)\)$")

_TOTALS = (
    re.compile(r"^Found (\d+) errors?\b", re.MULTILINE),
    re.compile(r"^- (\d+) errors?\s*$", re.MULTILINE),
    re.compile(r"^svelte-check found (\d+) errors?\b", re.MULTILINE),
    re.compile(r"^\d{10,} COMPLETED \d+ FILES (\d+) ERRORS\b", re.MULTILINE),
)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One complaint: file as the checker names it (empty: the project), line and column from 1."""

    file: str
    line: int
    column: int
    level: str
    code: str
    message: str


def plain_text(output: str) -> str:
    """Return the output without colours, with plain line ends."""
    return _ANSI.sub("", output).replace("\r\n", "\n").replace("\r", "\n")


def parse(output: str) -> list[Diagnostic]:
    """Return the diagnostics in the output of any of the checkers, each once, in order."""
    lines = plain_text(output).split("\n")
    return list(dict.fromkeys(_parse(lines)))


def total_errors(output: str) -> int | None:
    """Return how many errors the checker itself says that there are, or None where it does not say."""
    text = plain_text(output)
    found = [int(number) for pattern in _TOTALS for number in pattern.findall(text)]
    return max(found) if found else None


def _parse(lines: list[str]) -> Iterator[Diagnostic]:
    for index, line in enumerate(lines):
        if match := _PLAIN.match(line) or _PRETTY.match(line):
            message = "\n".join([match["message"], *_continued(lines, index + 1)])
            yield _made(match["file"], match["line"], match["column"], match["level"], match["code"], message)
        elif match := _GLOBAL.match(line):
            yield _made("", "0", "0", match["level"], match["code"], match["message"])
        elif match := _MACHINE.match(line):
            file, message = json_text(match["file"]), json_text(match["message"])
            yield _made(file, match["line"], match["column"], match["level"], "svelte-check", message)
        elif match := _VERBOSE.match(line):
            yield from _verbose(match["data"])
        elif match := _PLACE.match(line):
            yield from _svelte(match, lines, index + 1)


def _made(file: str, line: str, column: str, level: str, code: str, message: str) -> Diagnostic:
    number = re.fullmatch(r"ts\((\d+)\)", code)
    name = f"TS{number[1]}" if number else code
    return Diagnostic(file, int(line), int(column), _WORDS.get(level.lower(), "hint"), name, message.strip())


def _continued(lines: list[str], start: int) -> list[str]:
    # tsc explains an error in further lines, indented by two spaces more each.
    end = start
    while end < len(lines) and lines[end].startswith("  ") and lines[end].strip():
        end += 1
    return lines[start:end]


def json_text(quoted: str) -> str:
    """Return the text of a JSON string, or the raw text where it is none."""
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted.strip('"')


def _verbose(text: str) -> Iterator[Diagnostic]:
    try:
        data = json.loads(text)
        start = data["start"]
        source, code = data.get("source", ""), data.get("code", "")
        name = f"TS{code}" if source in {"ts", "js"} else str(code)
        # This format alone counts from 0.
        place = str(start["line"] + 1), str(start["character"] + 1)
        yield _made(data["filename"], *place, data["type"], name, data["message"])
    except (ValueError, KeyError, TypeError):
        return


def _svelte(place: re.Match[str], lines: list[str], start: int) -> Iterator[Diagnostic]:
    said = _SAID.match(lines[start]) if start < len(lines) else None
    if not said:
        return
    message = [said["message"]]
    index = start
    while not _SOURCE.search(lines[index]) and index + 1 < len(lines) and lines[index + 1].strip():
        index += 1
        message.append(lines[index])
    source = _SOURCE.search(message[-1])
    text = _SOURCE.sub("", "\n".join(message))
    yield _made(
        place["file"],
        place["line"],
        place["column"],
        said["level"],
        source["source"] if source else "svelte",
        text,
    )
