"""Settings files with the line of every key, and every mistake in them at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaml import MappingNode, Node

Key = tuple[str | int, ...]
# Aliases of aliases can make a small file endlessly large.
_MOST_KEYS = 10_000


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in the settings: where, at which key, what was expected, and the nearest valid key."""

    where: str
    key: str
    problem: str
    near: str = ""

    def __str__(self) -> str:
        name = f"{self.key}: " if self.key else ""
        return f"{self.where}: {name}{self.problem}" + (f"; did you mean {self.near}?" if self.near else "")


@dataclass(frozen=True)
class Source:
    """What one file says: nested values, the line of each key (from 1), and what could not be read."""

    path: Path
    label: str
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()

    def where(self, key: Key) -> str:
        """Return `file:line` of a key, or of the nearest key around it whose line is known."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.lines:
                return f"{self.label}:{self.lines[key[:length]]}"
        return self.label


def dotted(key: Key) -> str:
    """Return a key as people write it: `waivers[0].reason`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read(path: Path, label: str) -> Source | None:
    """Read a YAML or TOML file; None where there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return Source(path, label, mistakes=(Mistake(label, "", f"cannot be read: {error.strerror}"),))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return Source(path, label, mistakes=(Mistake(f"{label}:{line}", "", "expected UTF-8 text"),))
    return _toml(path, label, text) if path.suffix == ".toml" else _yaml(path, label, text)


def _yaml(path: Path, label: str, text: str) -> Source:
    import yaml

    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Source(path, label)
        lines: dict[Key, int] = {}
        mistakes = list(_walk(node, (), label, lines, ()))
        # Objects are built only after the walk: building merges duplicate keys without a word.
        values = loader.construct_document(node) if not mistakes else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{label}:{mark.line + 1}" if mark else label
        return Source(
            path, label, mistakes=(Mistake(where, "", f"not YAML: {error.problem or error.context}"),)
        )
    except yaml.YAMLError as error:
        return Source(path, label, mistakes=(Mistake(label, "", f"not YAML: {error}"),))
    except (ValueError, RecursionError) as error:
        return Source(path, label, mistakes=(Mistake(label, "", f"a value cannot be read: {error}"),))
    finally:
        loader.dispose()
    if not mistakes and not isinstance(values, dict):
        mistakes.append(Mistake(f"{label}:1", "", "expected keys and values, such as `site: {...}`"))
    return Source(path, label, values if isinstance(values, dict) else {}, lines, tuple(mistakes))


def _walk(
    node: Node, key: Key, label: str, lines: dict[Key, int], above: tuple[int, ...]
) -> Iterator[Mistake]:
    from yaml import MappingNode, SequenceNode

    if id(node) in above:
        yield Mistake(f"{label}:{node.start_mark.line + 1}", dotted(key), "an alias to what it stands in")
        return
    if len(lines) > _MOST_KEYS:
        yield Mistake(label, "", f"more than {_MOST_KEYS:,} keys: too many for settings")
        return
    above = (*above, id(node))
    if isinstance(node, SequenceNode):
        for index, inner in enumerate(node.value):
            lines[(*key, index)] = inner.start_mark.line + 1
            yield from _walk(inner, (*key, index), label, lines, above)
    elif isinstance(node, MappingNode):
        yield from _walk_mapping(node, key, label, lines, above)


def _walk_mapping(
    node: MappingNode, key: Key, label: str, lines: dict[Key, int], above: tuple[int, ...]
) -> Iterator[Mistake]:
    here: set[str] = set()
    for name, inner in node.value:
        line = name.start_mark.line + 1
        if name.tag == "tag:yaml.org,2002:merge":
            yield from _walk(inner, key, label, lines, above)
            continue
        if name.tag != "tag:yaml.org,2002:str":
            yield Mistake(
                f"{label}:{line}", dotted(key), f"the key {name.value!s} must be text: put it in quotes"
            )
            continue
        path = (*key, str(name.value))
        if name.value in here:
            yield Mistake(f"{label}:{line}", dotted(path), f"given twice, first in line {lines[path]}")
        here.add(name.value)
        lines.setdefault(path, line)
        yield from _walk(inner, path, label, lines, above)


def _toml(path: Path, label: str, text: str) -> Source:
    import tomli

    try:
        values = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        line = f":{error.lineno}" if getattr(error, "lineno", None) else ""
        problem = str(error).split(" (at ")[0]
        return Source(path, label, mistakes=(Mistake(label + line, "", f"not TOML: {problem}"),))
    except RecursionError:
        return Source(
            path, label, mistakes=(Mistake(label, "", "not TOML that people write: nested too deep"),)
        )
    return Source(path, label, values, toml_lines(text))


_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_PAIR = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_WORD = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def toml_lines(text: str) -> dict[Key, int]:
    """Return the line of each key of valid TOML; keys inside of inline tables count for their table."""
    lines: dict[Key, int] = {}
    table: Key = ()
    counts: dict[Key, int] = {}
    closing = ""
    for number, line in enumerate(text.splitlines(), 1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if head := _TABLE.match(line):
            table = _words(head[2])
            if head[1] == "[[":
                index = counts.get(table, 0)
                counts[table] = index + 1
                table = (*table, index)
            for length in range(1, len(table) + 1):
                lines.setdefault(table[:length], number)
        elif pair := _PAIR.match(line):
            lines.setdefault((*table, *_words(pair[1])), number)
            for quotes in ('"' * 3, "'" * 3):
                if line.count(quotes) == 1:
                    closing = quotes
    return lines


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip("\"'") for word in _WORD.findall(text))
