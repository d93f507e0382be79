"""Which element a selector finds: by the tag it names, or by the markup of the project."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pipeline.typescript.world import World

_VALUE = r"\"[^\"]*\"|'[^']*'|`[^`]*`|\{(?:[^{}]|\{[^{}]*\})*\}"
_TAG = re.compile(
    rf"<([a-zA-Z][\w.-]*)((?:\s+[^\s=<>/{{]+(?:\s*=\s*(?:{_VALUE}|[^\s\"'<>]+))?|\s*\{{[^{{}}]*\}})*)\s*/?>"
)
_ATTRIBUTE = re.compile(rf"([^\s=<>/{{]+)(?:\s*=\s*({_VALUE}|[^\s\"'<>]+))?")
_PART = re.compile(
    r"(?P<tag>^[a-zA-Z][\w-]*)|\#(?P<id>[\w-]+)|\.(?P<klass>[\w-]+)"
    r"|\[(?P<name>[\w:-]+)\s*(?:(?P<how>[~|^$*]?=)\s*[\"']?(?P<value>[^\"'\]]*)[\"']?)?\s*[is]?\s*\]"
)
_PSEUDO = re.compile(r"::?[\w-]+(?:\((?:[^()]|\([^()]*\))*\))?")
_FRONTMATTER = re.compile(r"\s*---\r?\n.*?\n---\s*\n", re.DOTALL)
_BLOCKS = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->", re.DOTALL)
MARKUP = (".astro", ".vue", ".svelte", ".html", ".htm", ".tsx", ".jsx")


@dataclass(frozen=True)
class Compound:
    """The last part of a selector: what the element itself must be."""

    tag: str
    attributes: tuple[tuple[str, str | None], ...]
    exact: bool


def compounds(selector: str) -> list[Compound]:
    """Return the last compound of each selector of a list, empty when it cannot be read."""
    found = []
    for one in _split(selector, ","):
        parts = _split(_PSEUDO.sub("", one), " >+~")
        if not parts:
            return []
        found.append(_compound(parts[-1]))
    return found


def _split(text: str, marks: str) -> list[str]:
    parts, depth = [""], 0
    for mark in text.strip():
        depth += (mark in "[(") - (mark in "])")
        if depth == 0 and mark in marks:
            parts.append("")
        else:
            parts[-1] += mark
    return [one.strip() for one in parts if one.strip()]


def _compound(text: str) -> Compound:
    tag, attributes, exact = "", [], True
    for part in _PART.finditer(text):
        if part["tag"]:
            tag = part["tag"]
        elif part["id"]:
            attributes.append(("id", part["id"]))
        elif part["klass"]:
            attributes.append(("class", part["klass"]))
        else:
            exact = exact and part["how"] in (None, "=")
            attributes.append((part["name"], part["value"] if part["how"] == "=" else None))
    return Compound(tag, tuple(attributes), exact)


@lru_cache(maxsize=512)
def tags(text: str) -> tuple[tuple[str, Mapping[str, str | None]], ...]:
    """Return every tag of a text with its attributes; a value that is computed is kept with its braces."""
    found = []
    for tag in _TAG.finditer(text):
        attributes: dict[str, str | None] = {}
        for one in _ATTRIBUTE.finditer(tag[2]):
            name = {"className": "class", "htmlFor": "for", "class:list": "class"}.get(one[1], one[1])
            value = one[2]
            attributes[name] = value if value is None or value[0] not in "\"'" else value[1:-1]
        found.append((tag[1], attributes))
    return tuple(found)


def stands_before(selector: str, text: str, position: int) -> str | None:
    """Return the tag that a selector finds in the markup before a script, when the markup always has it.

    What stands in braces is shown on a condition or in a loop, so it does not count.
    """
    parts = compounds(selector)
    start = _FRONTMATTER.match(text)
    begin = start.end() if start else 0
    if len(parts) != 1 or not parts[0].exact or not (parts[0].attributes or parts[0].tag):
        return None
    for tag in _TAG.finditer(text, begin, position):
        found = tags(tag[0])
        if not found or tag[1][:1].isupper() or (parts[0].tag and parts[0].tag != tag[1]):
            continue
        plain = _BLOCKS.sub("", text[begin : tag.start()])
        open_tags = [one[0] for one in tags(plain)]
        hidden = plain.count("{") != plain.count("}") or "template" in open_tags or "slot" in open_tags
        if not hidden and (not parts[0].attributes or _fits(parts[0], found[0][1])):
            return tag[0]
    return None


def named_tags(selector: str, file: str, world: World) -> Iterator[set[str]]:
    """Yield the sets of tags that the elements of a selector may have, the surest first."""
    parts = compounds(selector)
    if not parts:
        return
    if all(one.tag for one in parts):
        yield {one.tag for one in parts}
        return
    own = _matching(parts, world.texts.get(file, ""))
    if own is not None:
        yield own
        return
    others: set[str] = set()
    for other, text in sorted(world.texts.items()):
        if other != file and other.endswith(MARKUP):
            found = _matching(parts, text, every=False)
            others |= found or set()
    if others:
        yield others


def _matching(parts: list[Compound], text: str, *, every: bool = True) -> set[str] | None:
    found: set[str] = set()
    for one in parts:
        if one.tag:
            found.add(one.tag)
            continue
        here = {name for name, attributes in tags(text) if _fits(one, attributes)}
        if not here and every:
            return None
        found |= here
    return found


def _fits(one: Compound, attributes: Mapping[str, str | None]) -> bool:
    if not one.attributes:
        return False
    for name, value in one.attributes:
        if name not in attributes:
            return False
        has = attributes[name]
        if value is None:
            continue
        if name == "class":
            if value not in re.findall(r"[\w-]+", has or ""):
                return False
        elif has != value:
            return False
    return True


def interfaces(names: set[str], world: World) -> str | None:
    """Return the DOM interface of elements with one of these tags as a type, None when one is a component."""
    asked = [f'{kind}ElementTagNameMap["{name}"]' for name in sorted(names) for kind in ("HTML", "SVG")]
    known = world.source.ambient(asked)
    found = []
    for name in sorted(names):
        html, svg = (known.get(f'{kind}ElementTagNameMap["{name}"]') for kind in ("HTML", "SVG"))
        kind = html or svg or ("HTMLElement" if "-" in name else None)
        if kind is None:
            return None
        found.append(kind)
    return " | ".join(dict.fromkeys(found))
