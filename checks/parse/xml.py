"""XML as a stream of elements, without ever expanding an entity of its own.

Billion laughs and the like need entities that a document declares: https://docs.python.org/3/library/xml.html#xml-security
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.parsers import expat

_CHUNK = 1 << 16
# Real documents have some dozens; a path is kept for each element, so depth costs.
_DEEPEST = 500


class Broken(ValueError):
    """What is wrong with a document, and the line, from 1."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


@dataclass(frozen=True, slots=True)
class Element:
    """One element, at its end: the names from the root to it without namespaces, and its own text."""

    path: tuple[str, ...]
    attributes: Mapping[str, str]
    text: str
    line: int


class _Reader:
    def __init__(self, *, declared: bool) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.EntityDeclHandler = self.declared if declared else self.entity
        # With this handler expat leaves entities in text as they are: pyexpat, DefaultHandler.
        self.parser.DefaultHandler = lambda _: None
        self.path: tuple[str, ...] = ()
        self.open: list[tuple[Mapping[str, str], list[str], int]] = []
        self.done: list[Element] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) >= _DEEPEST:
            raise Broken(f"elements are nested more than {_DEEPEST} deep", self.parser.CurrentLineNumber)
        self.path = (*self.path, _local(name))
        plain = {_local(key): value for key, value in attributes.items()}
        self.open.append((plain, [], self.parser.CurrentLineNumber))

    def end(self, _: str) -> None:
        attributes, texts, line = self.open.pop()
        self.done.append(Element(self.path, attributes, "".join(texts).strip(), line))
        self.path = self.path[:-1]

    def text(self, text: str) -> None:
        if self.open:
            self.open[-1][1].append(text)

    def entity(self, name: str, *_: object) -> None:
        raise Broken(
            f"it declares the entity {name[:40]}, which readers refuse", self.parser.CurrentLineNumber
        )

    def declared(self, name: str, _: object, value: str | None, *__: object) -> None:
        # Drawing programs declare short ones for namespaces; what is built of others is an attack.
        if value is None or "&" in value or len(value) > 1000:
            self.entity(name)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def elements(data: bytes, *, declared: bool = False) -> Iterator[Element]:
    """Return a document's elements, inner ones first; raises Broken where it is not well-formed.

    With `declared` it may declare plain entities of its own; they are not expanded in texts.
    """
    reader = _Reader(declared=declared)
    try:
        for start in range(0, len(data), _CHUNK):
            reader.parser.Parse(data[start : start + _CHUNK], False)  # noqa: FBT003 - pyexpat takes no name
            yield from reader.done
            reader.done.clear()
        reader.parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise Broken(expat.errors.messages.get(error.code, str(error)), error.lineno) from error
    except (ValueError, LookupError) as error:
        if isinstance(error, Broken):
            raise
        raise Broken(f"its encoding cannot be read: {error}", 1) from error
    yield from reader.done
