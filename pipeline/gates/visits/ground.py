"""What a visit walks on: the files of a subject, under the address of its own that the browser knows them by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote, urlsplit

from checks.base import File, Subject
from checks.parse.address import compressible, kind_of, page_address, served
from pipeline.site.server.snapshot import normal_base, public

# The browser is told to find it at the server's port, which then shows in no page. Browsers trust it like https:
# https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy
ORIGIN = "http://localhost"
# What is not found is answered with it.
MISSING = "404.html"


@dataclass(frozen=True)
class Ground:
    """A subject's files by path and by address; addresses are decoded and relative to the base path."""

    subject: Subject

    @cached_property
    def files(self) -> Mapping[str, File]:
        """The files that are served."""
        return {file.path: file for file in self.subject.files if public(file.path)}

    @cached_property
    def base(self) -> str:
        """The base path with a slash at both ends."""
        return normal_base(self.subject.base)

    @cached_property
    def public(self) -> str:
        """The origin that the site will have, empty when its address is not known."""
        parts = urlsplit(self.subject.url)
        return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""

    @property
    def pages(self) -> Iterator[File]:
        """The files that are pages, in the order of their addresses."""
        found = (file for file in self.files.values() if kind_of(file.path) == "html")
        return iter(sorted(found, key=lambda file: page_address(file.path)))

    def url(self, page: str) -> str:
        """Return where the browser finds a page, such as `/blog/`."""
        return ORIGIN + quote(self.base + page[1:], safe="/", errors="surrogateescape")

    def place(self, url: str) -> tuple[str, str]:
        """Return how a record names an address, and its path when it is below the base path of the site, else "".

        Below the base path it is `/` and the path, elsewhere at the site's origin the whole public address.
        """
        for origin in filter(None, (ORIGIN, self.public)):
            if url == origin or url.lower().startswith((origin + "/", origin + "?", origin + "#")):
                rest = url[len(origin) :] or "/"
                path = unquote(rest.partition("#")[0].partition("?")[0])
                if path.startswith(self.base):
                    return "/" + rest[len(quote(self.base)) :], "/" + path[len(self.base) :]
                return (self.public or ORIGIN) + rest, ""
        return url, ""

    def own(self, url: str) -> bool:
        """Whether an address is of the site's own origin."""
        place, path = self.place(url)
        return bool(path) or place.startswith((ORIGIN + "/", *((self.public + "/",) if self.public else ())))

    def answer(self, path: str) -> File | None:
        """Return the file that GitHub Pages sends for a path that `place` returned, also after a redirect."""
        name = served(path[1:], self.files)
        return self.files[name] if name is not None else None

    def sent(self, path: str) -> int:
        """Return the bytes that GitHub Pages sends as the answer's body."""
        file = self.answer(path) or self.files.get(MISSING)
        if file is None:
            return 0
        return file.gzip if compressible(file.path) else file.size

    def needs(self, paths: Iterator[str] | set[str]) -> dict[str, str | None]:
        """Return the digest by path of every file that answers for `paths`, null for what is not there."""
        found: dict[str, str | None] = {}
        for path in paths:
            file = self.answer(path)
            if file:
                found[file.path] = file.sha256
            else:
                found[path[1:]] = None
                page = self.files.get(MISSING)
                found[MISSING] = page.sha256 if page else None
        return dict(sorted(found.items()))

    def plain(self, text: str) -> str:
        """Return a text with the addresses of the visit as the public ones."""
        where = (self.public or "") + self.base
        return text.replace(ORIGIN + self.base, where).replace(ORIGIN + "/", (self.public or "") + "/")
