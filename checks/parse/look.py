"""What a page says of itself and where it leads: read once, for every gate that needs no browser."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from checks.parse.html import has_markup
from checks.parse.srcset import Source

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_DATA = "application/ld+json"
# https://html.spec.whatwg.org/multipage/document-lifecycle.html#shared-declarative-refresh-steps
_REFRESH = re.compile(r"""^\s*[\d.]+\s*[;,\s]\s*(?:url\s*=\s*)?["']?([^"']*)""", re.IGNORECASE)
_SPLIT = re.compile(r"[\s,]+")

Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Image:
    """One `<img>`: its attributes, and the `<source>`s of its `<picture>` before it."""

    attributes: Attributes
    sources: tuple[Source, ...] = ()

    @property
    def choices(self) -> tuple[Source, ...]:
        """Return what a browser chooses from, in its order."""
        names = ("srcset", "sizes", "media", "type", "src")
        return (*self.sources, Source(**{name: self.attributes.get(name, "") for name in names}))


@dataclass(frozen=True)
class Look:
    """One HTML file; addresses are as written, each once, in the order of the document.

    `links` are those of `<a>` and `<area>`, `loads` (tag, URL) of what the page loads, except `<link>`, which is in
    `heads` with its attributes, as are `metas`. `names` are the ids and the names of anchors, which fragments lead to.
    `data` are the texts of JSON-LD, `scripts` and `styles` those written in the page. `lang` is None without the
    attribute. `late` says that a charset is declared after the first 1,024 bytes. `markup` is False for a file
    without any tag, such as a search engine's proof of ownership, `whole` for a part of a page without html or head.
    """

    markup: bool
    whole: bool
    base_href: str
    lang: str | None
    title: str
    h1: int
    links: tuple[str, ...]
    names: frozenset[str]
    metas: tuple[Attributes, ...]
    heads: tuple[Attributes, ...]
    loads: tuple[tuple[str, str], ...]
    images: tuple[Image, ...]
    data: tuple[str, ...]
    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    invalid: int
    late: bool

    def meta(self, name: str) -> str | None:
        """Return the content of the first `<meta>` with this `name` or `property`; None without one."""
        for one in self.metas:
            if one.get("name", "").lower() == name or one.get("property", "").lower() == name:
                return one.get("content", "")
        return None

    @cached_property
    def noindex(self) -> bool:
        """Whether it asks search engines to leave it out."""
        found = {word for one in self.metas if one.get("name", "").lower() in {"robots", "googlebot"}
                 for word in _SPLIT.split(one.get("content", "").lower())}  # fmt: skip
        return bool(found & {"noindex", "none"})

    @cached_property
    def forward(self) -> str:
        """Return where `<meta http-equiv=refresh>` sends its visitors; empty when it does not."""
        for one in self.metas:
            if one.get("http-equiv", "").lower() == "refresh" and (
                to := _REFRESH.match(one.get("content", ""))
            ):
                return to[1].strip()
        return ""

    def rel(self, word: str) -> list[Attributes]:
        """Return the `<link>`s whose `rel` has this word."""
        return [one for one in self.heads if word in one.get("rel", "").lower().split()]


def read(data: bytes, pool: MutableMapping[str, str] | None = None) -> Look:
    """Return what an HTML file says; a parser of the standard reads anything, so nothing is raised.

    `pool` holds texts that many pages have in common, so that each is kept once.
    """
    # It is compiled code, so it is loaded only by those who read pages.
    from selectolax.lexbor import LexborHTMLParser

    invalid = _invalid(data)
    tree = LexborHTMLParser(data.decode("utf-8", "replace") if invalid else data)
    found = _Found({} if pool is None else pool)
    if b"<noscript" in data or b"<NOSCRIPT" in data:
        found.hidden = {node.mem_id for node in tree.css("noscript *")}
    # Walking costs half of what a selector does, which makes an object of every match before the first is seen.
    for node in tree.root.traverse() if tree.root else ():
        found.add(node)
    return Look(
        markup=has_markup(data),
        whole=_WHOLE.search(data) is not None,
        base_href=found.base_href,
        lang=found.lang,
        title=found.title or "",
        h1=found.h1,
        links=tuple(found.links),
        names=frozenset(found.names),
        metas=tuple(found.metas),
        heads=tuple(found.heads),
        loads=tuple(found.loads),
        images=tuple(found.images),
        data=tuple(found.data),
        scripts=tuple(found.scripts),
        styles=tuple(found.styles),
        invalid=invalid,
        late=_late(data),
    )


_WHOLE = re.compile(rb"<(?:!doctype|html|head|body)[\s>]", re.IGNORECASE)
# https://html.spec.whatwg.org/multipage/semantics.html#charset: wholly within the first 1,024 bytes.
_CHARSET = re.compile(rb"""<meta\s[^>]*charset\s*=\s*["']?[\w-]+["']?[^>]*>""", re.IGNORECASE)


def _invalid(data: bytes) -> int:
    """Return the offset (from 1) of the first byte that is not UTF-8, 0 when all are."""
    if data.isascii():
        return 0
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start + 1
    return 0


def _late(data: bytes) -> bool:
    if _CHARSET.search(data[:1024]) or data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return False
    head = data[: data.find(b"</head>") + 1 or 65_536]
    return _CHARSET.search(head) is not None


class _Found:
    """Collects in the order of the document."""

    def __init__(self, pool: MutableMapping[str, str]) -> None:
        self.keep = pool.setdefault
        self.hidden: set[int] = set()
        self.base_href = ""
        self.lang: str | None = None
        self.title: str | None = None
        self.h1 = 0
        self.links: dict[str, None] = {}
        self.names: set[str] = set()
        self.metas: list[Attributes] = []
        self.heads: list[Attributes] = []
        self.loads: dict[tuple[str, str], None] = {}
        self.images: list[Image] = []
        self.data: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []

    def add(self, node: LexborNode) -> None:
        tag = node.tag
        if tag in _LEAD:
            attributes = node.attributes
            href = attributes.get("href", _ABSENT)
            if href is not _ABSENT:
                self.links[self.keep(href or "", href or "")] = None
            if name := attributes.get("name"):
                self.names.add(self.keep(name, name))
        elif tag in _OTHERS and not (self.hidden and node.mem_id in self.hidden):
            _OTHERS[tag](self, node, {name: value or "" for name, value in node.attributes.items()})
        if name := node.id:
            self.names.add(self.keep(name, name))

    def _text(self, node: LexborNode) -> str:
        text = node.text()
        return self.keep(text, text)

    def html(self, _: LexborNode, attributes: Attributes) -> None:
        self.lang = attributes.get("lang")

    def base(self, _: LexborNode, attributes: Attributes) -> None:
        self.base_href = self.base_href or attributes.get("href", "")

    def titles(self, node: LexborNode, _: Attributes) -> None:
        # An SVG has titles too.
        if self.title is None and node.parent is not None and node.parent.tag == "head":
            self.title = " ".join(node.text().split())

    def meta(self, _: LexborNode, attributes: Attributes) -> None:
        self.metas.append(attributes)

    def link(self, _: LexborNode, attributes: Attributes) -> None:
        self.heads.append(attributes)

    def heading(self, _: LexborNode, __: Attributes) -> None:
        self.h1 += 1

    def img(self, node: LexborNode, attributes: Attributes) -> None:
        self.images.append(Image(attributes, _sources(node)))
        self._load("img", attributes.get("src", ""))

    def script(self, node: LexborNode, attributes: Attributes) -> None:
        kind = attributes.get("type", "").strip().lower()
        if kind == _DATA:
            self.data.append(self._text(node))
        elif attributes.get("src"):
            self._load("script", attributes["src"])
        elif kind in {"", "module", "text/javascript", "application/javascript"}:
            self.scripts.append(self._text(node))

    def style(self, node: LexborNode, _: Attributes) -> None:
        self.styles.append(self._text(node))

    def other(self, node: LexborNode, attributes: Attributes) -> None:
        self._load(node.tag or "", attributes.get("data" if node.tag == "object" else "src", ""))
        if attributes.get("poster"):
            self._load("img", attributes["poster"])

    def _load(self, tag: str, url: str) -> None:
        if url.strip():
            self.loads[tag, self.keep(url, url)] = None


_ABSENT = "\0"
_LEAD = frozenset({"a", "area"})
_OTHERS = {
    "html": _Found.html,
    "base": _Found.base,
    "title": _Found.titles,
    "meta": _Found.meta,
    "link": _Found.link,
    "h1": _Found.heading,
    "img": _Found.img,
    "script": _Found.script,
    "style": _Found.style,
    **dict.fromkeys(
        ("iframe", "embed", "object", "video", "audio", "source", "track", "input"), _Found.other
    ),
}


def _sources(node: LexborNode) -> tuple[Source, ...]:
    parent = node.parent
    if parent is None or parent.tag != "picture":
        return ()
    found = []
    for sibling in parent.iter():
        if sibling.mem_id == node.mem_id:
            break
        if sibling.tag == "source":
            given = sibling.attributes
            found.append(
                Source(**{name: given.get(name) or "" for name in ("srcset", "sizes", "media", "type")})
            )
    return tuple(found)
