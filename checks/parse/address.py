"""From the text of a reference to the file that GitHub Pages would answer with."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote, urljoin, urlsplit

# Stands in for the site's origin when its URL is not known; no page can refer to it by accident.
_NOWHERE = "https://site.invalid"
_KINDS = {
    "javascript": ".js .mjs .cjs",
    "css": ".css",
    "images": ".png .jpg .jpeg .gif .webp .avif .jxl .svg .ico .bmp",
    "fonts": ".woff2 .woff .ttf .otf .eot",
    "html": ".html .htm",
}
_KIND_OF = {suffix: kind for kind, suffixes in _KINDS.items() for suffix in suffixes.split()}
# Text is compressed; of the rest, what the CDN in front of GitHub Pages compresses by default:
# https://www.fastly.com/documentation/guides/full-site-delivery/performance/enabling-automatic-compression/
_COMPRESSED = frozenset(
    {".html", ".htm", ".css", ".js", ".mjs", ".cjs", ".json", ".map", ".svg", ".xml", ".txt", ".md", ".csv"}
    | {".webmanifest", ".geojson", ".ico", ".ttf", ".otf", ".eot"}
)

Kind = Literal["javascript", "css", "images", "fonts", "html", "other"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a reference leads; `path` has no leading slash and is relative to the base path when inside.

    Outside is the same origin but not under the base path; foreign is another origin, `data:`, an anchor.
    """

    kind: Literal["inside", "outside", "foreign"]
    path: str = ""


_FOREIGN = Target("foreign")


def kind_of(path: str) -> Kind:
    """Return what a file counts as, by the extension of its name."""
    return _KIND_OF.get(PurePosixPath(path).suffix.lower(), "other")  # type: ignore[return-value]


def compressible(path: str) -> bool:
    """Whether GitHub Pages sends the file with gzip."""
    return PurePosixPath(path).suffix.lower() in _COMPRESSED


def page_address(path: str) -> str:
    """Return a page's address inside its site: `blog/index.html` is `/blog/`."""
    return (
        "/" + path.removesuffix("index.html")
        if path == "index.html" or path.endswith("/index.html")
        else "/" + path
    )


@lru_cache(maxsize=1 << 16)
def resolve(reference: str, document: str, base: str, origin: str = "", base_href: str = "") -> Target:
    """Return where `reference` leads from the file `document` of a site served under `base`.

    `origin` is the site's, such as https://user.github.io; `base_href` is the page's <base href>.
    """
    reference = reference.strip()
    if not reference or reference.startswith(("#", "data:", "blob:", "javascript:", "mailto:")):
        return _FOREIGN
    home = origin or _NOWHERE
    try:
        start = urljoin(f"{home}{base}{document}", base_href) if base_href else f"{home}{base}{document}"
        parts = urlsplit(urljoin(start, reference))
    except ValueError:
        return Target("inside", reference)  # No file has such a name, so it is reported as missing.
    if f"{parts.scheme}://{parts.netloc}".lower() != home.lower():
        return _FOREIGN
    path = unquote(parts.path)
    if path.startswith(base):
        return Target("inside", path[len(base) :])
    return Target("outside", path.lstrip("/"))


def served(path: str, files: Container[str]) -> str | None:
    """Return the file that answers for `path`, or None for a 404.

    GitHub Pages adds `.html`, and `index.html` to a folder; names are case-sensitive.
    """
    if path and not path.endswith("/"):
        for name in (path, f"{path}.html", f"{path}/index.html"):
            if name in files:
                return name
        return None
    index = f"{path}index.html"
    return index if index in files else None


def built_base(path: str, files: Container[str]) -> str | None:
    """Return the base path that would make an address outside the base lead to a file, or None.

    The shortest one is right: `/_astro/a.css` with a file `_astro/a.css` was built for `/`.
    """
    parts = path.split("/")
    for depth in range(len(parts)):
        if served("/".join(parts[depth:]), files) is not None:
            return "/" + "".join(f"{part}/" for part in parts[:depth])
    return None
