"""The pages of one output, each read once for all gates that ask, and where their addresses lead."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from urllib.parse import unquote, urljoin, urlsplit

from checks.base import File, Subject
from checks.parse import look
from checks.parse.address import Target, kind_of, page_address, resolve, served
from checks.parse.look import Look
from checks.weight import origin_of

_LOCK = threading.Lock()
_KEPT: dict[int, tuple[weakref.ref[Subject], Looks]] = {}


class Looks:
    """What the pages say, by path, and the files by name.

    `home` is the address that the pages themselves say they have (by their canonical addresses), such as
    https://example.org/; it differs from the subject's where a site is looked at elsewhere than where it will live.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.base = subject.base
        self.origin = origin_of(subject.url)
        self.files: dict[str, File] = {file.path: file for file in subject.files}
        self._texts: dict[str, str] = {}
        pool: dict[str, str] = {}
        self.pages: dict[str, Look] = {
            file.path: look.read(subject.read(file), pool)
            for file in subject.files
            if kind_of(file.path) == "html"
        }
        self.home = self._home()

    def _home(self) -> str:
        found: Counter[str] = Counter()
        for path, page in self.pages.items():
            for one in page.rel("canonical"):
                href, address = unquote(one.get("href", "").strip()), page_address(path)
                if self.origin and href.startswith(f"{self.origin}/"):
                    return self._subject.url
                for end in (address, address.removesuffix(".html"), address.removesuffix("/")):
                    if end and "://" in href and href.endswith(end):
                        found[href.removesuffix(end).rstrip("/") + "/"] += 1
                        break
        return found.most_common(1)[0][0] if found else self._subject.url

    def read(self, path: str) -> bytes:
        """Return a file's bytes; raises Unavailable when they are not those that are judged."""
        return self._subject.read(self.files[path])

    @cached_property
    def folded(self) -> Mapping[str, str]:
        """Return the files by their names without capitals."""
        return {name.casefold(): name for name in sorted(self.files, reverse=True)}

    def text(self, path: str) -> str:
        """Return a file's text, kept for the next one who asks: few scripts are asked for by many pages."""
        if path not in self._texts:
            self._texts[path] = self.read(path).decode("utf-8", "replace")
        return self._texts[path]

    def target(self, url: str, document: str, base_href: str = "") -> Target:
        """Return where an address leads; one that begins with `home` is the site's own."""
        if "://" in url and self.home and (mine := self._within(url.strip())) is not None:
            return Target("inside", mine)
        return resolve(url, document, self.base, self.origin, base_href)

    def _within(self, url: str) -> str | None:
        try:
            parts, home = urlsplit(url), urlsplit(self.home)
        except ValueError:
            return None
        if (parts.scheme.lower(), parts.netloc.lower()) != (home.scheme.lower(), home.netloc.lower()):
            return None
        path = unquote(parts.path) or "/"
        return path[len(home.path) :] if path.startswith(home.path) else None

    def file(self, url: str, document: str, base_href: str = "") -> str | None:
        """Return the file that answers for an address, None for another origin or a 404."""
        target = self.target(url, document, base_href)
        return served(target.path, self.files) if target.kind == "inside" else None

    def proper(self) -> Iterator[tuple[str, Look]]:
        """Return the pages that people read: whole ones which do not send visitors on."""
        for path, page in self.pages.items():
            if page.markup and page.whole and not page.forward:
                yield path, page

    def absolute(self, url: str, document: str, base_href: str = "") -> str:
        """Return an address in full; raises ValueError when it is none."""
        start = f"{self.origin or 'https://site.invalid'}{self.base}{document}"
        return urljoin(urljoin(start, base_href) if base_href else start, url.strip())


def looks(subject: Subject) -> Looks:
    """Return what the pages of a subject say; read on the first call, shared while the subject lives.

    Raises Unavailable when a file cannot be read, or is not the one that is judged.
    """
    with _LOCK:
        kept = _KEPT.get(id(subject))
        if kept is None or kept[0]() is not subject:
            # Not by equality: comparing thousands of files would cost more than what is saved.
            number = id(subject)
            # Bound now, for at the end of the program the module's names go first.
            forget = partial(_KEPT.pop, number)
            reference = weakref.ref(subject, forget)
            kept = _KEPT[number] = (reference, Looks(subject))
        return kept[1]
