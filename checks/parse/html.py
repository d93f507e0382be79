"""What a page is and what it makes the browser load."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from checks.parse import css
from checks.parse.srcset import Source, candidates

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

# `candidate` is one of several images; `icon` and `media` are fetched after the page or not at all.
Use = Literal["script", "module", "style", "image", "candidate", "preload", "icon", "media"]

# Atomic, because a comment must not be read as reaching over the next one: that doubles the work for each.
_DOCTYPE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?><!--.*?-->\s*)*+<!doctype\s+html", re.IGNORECASE | re.DOTALL
)
_DOCUMENT = re.compile(rb"<(?:!doctype|html|head|body)[\s>]", re.IGNORECASE)
_TAG = re.compile(rb"<[a-z!]", re.IGNORECASE)
# https://html.spec.whatwg.org/multipage/scripting.html#attr-script-type: anything else is data, not run.
_SCRIPT_TYPES = frozenset(
    {"", "module", "text/javascript", "application/javascript", "text/ecmascript", "text/jscript"}
)
_SELECTOR = "script,link,style,img,image,use,input[type=image],source,video,audio,astro-island,[style]"
_ISLAND = ("component-url", "renderer-url", "before-hydration-url")


@dataclass(frozen=True, slots=True)
class Reference:
    """A URL as written, and how it is used."""

    url: str
    use: Use


@dataclass(frozen=True)
class Page:
    """What we need to know of a page; `pictures` are the choices of each image, `characters` its code points.

    A `fragment` has neither doctype nor html, head or body, such as a part that a script loads.
    """

    doctype: bool
    fragment: bool
    title: str
    base_href: str
    references: tuple[Reference, ...]
    pictures: tuple[tuple[Source, ...], ...]
    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    characters: frozenset[int]


def read(data: bytes) -> Page:
    """Return what an HTML file holds; a parser of the standard reads anything, so nothing is raised."""
    # It is compiled code, so it is loaded only by those who read pages.
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(data)
    hidden = {node.mem_id for node in tree.css("noscript *")} if b"<noscript" in data.lower() else set()
    title = tree.css_first("head title")
    anchor = tree.css_first("base[href]")
    found = _Found()
    for node in tree.css(_SELECTOR):
        # A browser that runs scripts, as good as every one, does not load what stands in <noscript>.
        if node.mem_id not in hidden:
            found.add(node)
    body = tree.body
    return Page(
        doctype=bool(_DOCTYPE.match(data)),
        fragment=not _DOCUMENT.search(data),
        title=(title.text() if title else "").strip(),
        base_href=(anchor.attributes.get("href") or "") if anchor else "",
        references=tuple(dict.fromkeys(found.references)),
        pictures=tuple(dict.fromkeys(found.pictures)),
        scripts=tuple(found.scripts),
        styles=tuple(found.styles),
        characters=frozenset(map(ord, set(body.text()))) if body else frozenset(),
    )


def has_markup(data: bytes) -> bool:
    """Whether the file holds any tag."""
    return bool(_TAG.search(data))


class _Found:
    """Collects references in document order."""

    def __init__(self) -> None:
        self.references: list[Reference] = []
        self.pictures: list[tuple[Source, ...]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []

    def add(self, node: LexborNode) -> None:
        attributes = {name: value or "" for name, value in node.attributes.items()}
        tag = node.tag or ""
        if tag == "script":
            self._script(node, attributes)
        elif tag == "link":
            self._link(attributes)
        elif tag == "style":
            self.styles.append(node.text())
        elif tag == "img":
            self._image(node, attributes)
        else:
            self._refer(_others(tag, attributes))
        if attributes.get("style"):
            self._refer(Reference(url, "image") for url in css.read(attributes["style"]).urls)

    def _refer(self, references: Iterable[Reference]) -> None:
        self.references += [one for one in references if one.url.strip()]

    def _script(self, node: LexborNode, attributes: dict[str, str]) -> None:
        kind = attributes.get("type", "").strip().lower()
        if kind not in _SCRIPT_TYPES:
            return
        if attributes.get("src"):
            # Browsers with modules, as good as all, skip `nomodule`: only its existence matters.
            use: Use = "media" if "nomodule" in attributes else "module" if kind == "module" else "script"
            self._refer([Reference(attributes["src"], use)])
        elif text := node.text():
            self.scripts.append(text)

    def _link(self, attributes: dict[str, str]) -> None:
        words = set(attributes.get("rel", "").lower().split())
        url = attributes.get("href", "")
        if "stylesheet" in words:
            self._refer([Reference(url, "style")])
        elif "modulepreload" in words:
            self._refer([Reference(url, "module")])
        elif "preload" in words:
            self._preload(attributes, url)
        elif words & {"icon", "apple-touch-icon", "mask-icon", "manifest"}:
            self._refer([Reference(url, "icon")])

    def _preload(self, attributes: dict[str, str], url: str) -> None:
        srcset = attributes.get("imagesrcset", "")
        if attributes.get("as") == "image" and srcset:
            choice = Source(srcset, attributes.get("imagesizes", ""), attributes.get("media", ""), src=url)
            self.pictures.append((choice,))
            self._refer(Reference(one, "candidate") for one, _ in candidates(srcset))
        else:
            self._refer([Reference(url, "preload")])

    def _image(self, node: LexborNode, attributes: dict[str, str]) -> None:
        sources = [*_sources_before(node), _source(attributes)]
        self.pictures.append(tuple(sources))
        self._refer(Reference(one.src, "candidate") for one in sources)
        self._refer(Reference(url, "candidate") for one in sources for url, _ in candidates(one.srcset))


def _sources_before(node: LexborNode) -> Iterator[Source]:
    parent = node.parent
    if parent is None or parent.tag != "picture":
        return
    for sibling in parent.iter():
        if sibling.mem_id == node.mem_id:
            return
        if sibling.tag == "source":
            yield _source({name: value or "" for name, value in sibling.attributes.items()})


def _source(attributes: dict[str, str]) -> Source:
    names = ("srcset", "sizes", "media", "type", "src")
    return Source(**{name: attributes.get(name, "") for name in names})


def _others(tag: str, attributes: dict[str, str]) -> Iterator[Reference]:
    if tag in {"image", "use"}:
        yield Reference(attributes.get("href") or attributes.get("xlink:href", ""), "image")
    elif tag == "input":
        yield Reference(attributes.get("src", ""), "image")
    elif tag == "astro-island":
        # Astro's islands name their code here and load it by themselves: https://docs.astro.build/en/concepts/islands/
        yield from (Reference(attributes.get(name, ""), "module") for name in _ISLAND)
    elif tag in {"video", "audio"}:
        yield Reference(attributes.get("poster", ""), "image")
        yield Reference(attributes.get("src", ""), "media")
    elif tag == "source":
        yield Reference(attributes.get("src", ""), "media")
