"""JSON with comments: read, and one compiler option set with every other byte kept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pipeline.typescript.edits import Edit, indent_at, newline_of, unit_of

_SKIP = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"')
_WORD = re.compile(r"[-+.\w]+")


class Broken(ValueError):
    """The text is no JSON with comments; `position` is where it stops to be."""

    def __init__(self, position: int) -> None:
        super().__init__(f"no JSON at character {position}")
        self.position = position


@dataclass(frozen=True)
class Value:
    """A value and the range [start, end) where it stands; an object's `members` are in the order of the text."""

    start: int
    end: int
    plain: Any
    members: tuple[tuple[str, Value], ...] = ()

    def member(self, name: str) -> Value | None:
        """Return the member of that name; of several the last, as TypeScript does."""
        return next((value for key, value in reversed(self.members) if key == name), None)


def parse(text: str) -> Value:
    """Return the value of a text with comments and trailing commas; raises Broken."""
    value, end = _value(text, _skip(text, 1 if text.startswith("\ufeff") else 0))
    if _skip(text, end) != len(text):
        raise Broken(end)
    return value


def _skip(text: str, at: int) -> int:
    found = _SKIP.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int) -> tuple[Value, int]:
    mark = text[at : at + 1]
    if mark in ("{", "["):
        return _group(text, at)
    found = _TEXT.match(text, at) if mark == '"' else _WORD.match(text, at)
    if not found:
        raise Broken(at)
    try:
        return Value(at, found.end(), json.loads(found[0])), found.end()
    except ValueError as error:
        raise Broken(at) from error


def _group(text: str, start: int) -> tuple[Value, int]:
    object_ = text[start] == "{"
    members: list[tuple[str, Value]] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != ("}" if object_ else "]"):
        key = ""
        if object_:
            name, at = _value(text, at)
            at = _skip(text, at)
            if not isinstance(name.plain, str) or text[at : at + 1] != ":":
                raise Broken(at)
            key, at = name.plain, _skip(text, at + 1)
        value, at = _value(text, at)
        members.append((key, value))
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != ("}" if object_ else "]"):
            raise Broken(at)
    plain = {key: one.plain for key, one in members} if object_ else [one.plain for _, one in members]
    return Value(start, at + 1, plain, tuple(members) if object_ else ()), at + 1


def option(file: str, text: str, name: str, value: object) -> Edit:
    """Return the edit that sets a compiler option; raises Broken where the text is no object."""
    whole = parse(text)
    if not isinstance(whole.plain, dict):
        raise Broken(whole.start)
    options = whole.member("compilerOptions")
    if options is None:
        return _added(file, text, whole, "compilerOptions", {name: value})
    if not isinstance(options.plain, dict):
        raise Broken(options.start)
    old = options.member(name)
    if old:
        return Edit(file, old.start, old.end, _written(value))
    return _added(file, text, options, name, value)


def _added(file: str, text: str, group: Value, name: str, value: object) -> Edit:
    """Return the edit that adds a last member to an object, on a line of its own where the others have theirs."""
    newline, unit = newline_of(text), unit_of(text)
    indent = indent_at(text, group.start)
    told = f'"{name}": {_written(value, newline, unit, indent + unit)}'
    if not group.members:
        inside = text[group.start + 1 : group.end - 1]
        if inside.strip():  # comments alone: they stay in front
            end = group.start + 1 + len(inside.rstrip())
            return Edit(file, end, group.end - 1, f"{newline}{indent}{unit}{told}{newline}{indent}")
        return Edit(file, group.start + 1, group.end - 1, f"{newline}{indent}{unit}{told}{newline}{indent}")
    last = group.members[-1][1].end
    comma = re.match(r"(?:\s|//[^\n]*\n|/\*.*?\*/)*,", text[last : group.end], re.DOTALL)
    if "\n" not in text[group.start : group.end]:
        end = last + comma.end() if comma else last
        return Edit(file, end, end, f"{'' if comma else ','} {told}")
    first = text.rfind("\n", 0, group.members[-1][1].start) + 1
    lead = indent_at(text, first) or indent + unit
    if comma:
        end = last + comma.end()
        line = re.match(r"[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/[ \t]*)?", text[end : group.end])
        end += line.end() if line else 0
        return Edit(file, end, end, f"{newline}{lead}{told},")
    # A comment behind the last member stays with it: the comma goes between them.
    behind = re.match(r"[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/)", text[last : group.end])
    rest = behind[0] if behind else ""
    return Edit(file, last, last + len(rest), f",{rest}{newline}{lead}{told}")


def _written(value: object, newline: str = "\n", unit: str = "  ", indent: str = "") -> str:
    if isinstance(value, dict) and value:
        inner = f",{newline}{indent}{unit}".join(
            f"{json.dumps(key)}: {_written(one, newline, unit, indent + unit)}" for key, one in value.items()
        )
        return f"{{{newline}{indent}{unit}{inner}{newline}{indent}}}"
    return json.dumps(value, ensure_ascii=False)
