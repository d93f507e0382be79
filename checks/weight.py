"""Which files a browser loads with a page: its own references, and what those refer to in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from checks.base import File, Subject
from checks.parse import css, html, javascript
from checks.parse.address import kind_of, resolve, served
from checks.parse.srcset import SCREENS, Screen, chosen

# What the browser fetches only after the page, on request, or not at all.
_NOT_LOADED = frozenset({"candidate", "icon", "media"})


@dataclass(frozen=True)
class Load:
    """What a page loads, as paths in the output: at once, and later by dynamic imports."""

    assets: frozenset[str]
    later: frozenset[str]


@dataclass(frozen=True)
class _Links:
    """What one style sheet or script refers to, resolved to files of the output."""

    now: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    faces: tuple[tuple[str, css.Face], ...] = ()


class Graph:
    """The references between the files of one output; every style sheet and script is read once."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._files = {file.path: file for file in subject.files}
        self._origin = origin_of(subject.url)
        self._links: dict[str, _Links] = {}
        self._reached: dict[str, tuple[frozenset[str], frozenset[str], tuple[tuple[str, css.Face], ...]]] = {}

    def load(self, path: str, page: html.Page, screen: Screen) -> Load:
        """Return what a browser with this screen loads with the page at `path`."""

        def here(url: str) -> str | None:
            return self._file(url, path, page.base_href)

        roots = {one.url for one in page.references if one.use not in _NOT_LOADED}
        roots |= {chosen(picture, screen) for picture in page.pictures}
        start = {file for url in roots if (file := here(url))}
        inline = [self._style_links(text, here) for text in page.styles]
        inline += [self._script_links(text, here) for text in page.scripts]
        faces = [face for links in inline for face in links.faces]
        start.update(file for links in inline for file in links.now)
        later = {file for links in inline for file in links.later}
        assets: set[str] = set()
        for root in start:
            now, lazy, more = self._reach(root)
            assets |= now
            later |= lazy
            faces += more
        assets |= {file for file, face in faces if face.wanted(page.characters)}
        for root in tuple(later):
            later |= self._reach(root)[0]
        return Load(frozenset(assets), frozenset(later - assets))

    def heaviest(self, path: str, page: html.Page, sent: Callable[[str], int]) -> Load:
        """Return the load on that of the reference screens on which it weighs most."""
        loads = [self.load(path, page, screen) for screen in (SCREENS if page.pictures else SCREENS[:1])]
        return max(loads, key=lambda load: sum(map(sent, load.assets)))

    def _file(self, url: str, document: str, base_href: str = "") -> str | None:
        target = resolve(url, document, self._subject.base, self._origin, base_href)
        return served(target.path, self._files) if target.kind == "inside" else None

    def _reach(self, root: str) -> tuple[frozenset[str], frozenset[str], tuple[tuple[str, css.Face], ...]]:
        if root in self._reached:
            return self._reached[root]
        seen = {root}
        waiting = [root]
        later: set[str] = set()
        faces: list[tuple[str, css.Face]] = []
        while waiting:
            links = self._links_of(waiting.pop())
            later.update(links.later)
            faces += links.faces
            fresh = [file for file in links.now if file not in seen]
            seen.update(fresh)
            waiting += fresh
        self._reached[root] = (frozenset(seen), frozenset(later), tuple(faces))
        return self._reached[root]

    def _links_of(self, path: str) -> _Links:
        if path not in self._links:
            self._links[path] = self._read(path, self._files[path])
        return self._links[path]

    def _read(self, path: str, file: File) -> _Links:
        kind = kind_of(path)
        if kind not in {"css", "javascript"}:
            return _Links()
        text = self._subject.read(file).decode("utf-8", "replace")
        read = self._style_links if kind == "css" else self._script_links
        return read(text, lambda url: self._file(url, path))

    @staticmethod
    def _style_links(text: str, find: Callable[[str], str | None]) -> _Links:
        sheet = css.read(text)
        faces = tuple((file, face) for face in sheet.faces if (file := find(face.url)))
        return _Links(now=_found((*sheet.imports, *sheet.urls), find), faces=faces)

    @staticmethod
    def _script_links(text: str, find: Callable[[str], str | None]) -> _Links:
        return _Links(
            now=_found(javascript.imports(text), find), later=_found(javascript.dynamic_imports(text), find)
        )


def _found(urls: Iterable[str], find: Callable[[str], str | None]) -> tuple[str, ...]:
    return tuple(file for url in urls if (file := find(url)) and kind_of(file) != "html")


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address; empty for an empty one."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def pages(subject: Subject) -> Iterator[tuple[File, bytes]]:
    """Return the HTML files with their bytes, in path order."""
    for file in subject.files:
        if kind_of(file.path) == "html":
            yield file, subject.read(file)
