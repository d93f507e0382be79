"""Whether a tree that was built for one environment is right for another one, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

# What can hold an address. Source maps do too, and nothing follows them.
_TEXT = re.compile(
    r"\.(?:html?|xhtml|css|m?js|cjs|json|jsonld|webmanifest|xml|rss|atom|txt|svg|md|vtt|xsl)$|(?:^|/)CNAME$",
    re.IGNORECASE,
)
_SCRIPT = re.compile(r"\.(?:html?|xhtml|m?js|cjs|json|jsonld|webmanifest|svg)$", re.IGNORECASE)
_MARKUP = re.compile(r"\.(?:html?|xhtml|xml|rss|atom|svg|xsl)$", re.IGNORECASE)
_NOINDEX = re.compile(r"<meta\b[^>]*\bcontent\s*=\s*[\"']?[^\"'>]*\bnoindex\b[^>]*>", re.IGNORECASE)
_SHOWN = 160
# A slash as it stands in text, in JSON (`\/`) and in the query of another address (`%2F`).
_SLASH = r"(?:/|\\/|%2F)"
_END = rf"(?={_SLASH}|[\"'`\s)<>&?#,;]|$)"
_QUOTE = r"(?:[\"'`]|&quot;|&#(?:34|39|x22|x27);)"


@dataclass(frozen=True)
class Place:
    """Where an environment is served: address and base path, both with a slash at their end."""

    url: str
    base: str
    noindex: bool = False

    @property
    def host(self) -> str:
        """Return host and port, in lower case."""
        return urlsplit(self.url).netloc.rpartition("@")[2].lower()


@dataclass(frozen=True)
class Reference:
    """A line that names the place it was built for, and why it would be wrong elsewhere."""

    path: str
    line: int
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}  ({self.why})"


@dataclass(frozen=True)
class Agreement:
    """What was looked for, in how many files, and what was found."""

    source: Place
    target: Place
    files: int
    references: tuple[Reference, ...]

    @property
    def agrees(self) -> bool:
        """Whether the tree can be published at the target as it is."""
        return not self.references


def readable(path: str) -> bool:
    """Whether a file of this name can hold an address."""
    return bool(_TEXT.search(path))


def agree(files: Iterable[tuple[str, bytes]], source: Place, target: Place) -> Agreement:
    """Look through files (path, content), built for `source`, for what would be wrong at `target`."""
    found: list[Reference] = []
    count = 0
    for path, data in files:
        count += 1
        found += references(path, data, source, target)
    return Agreement(source, target, count, tuple(found))


def references(path: str, data: bytes, source: Place, target: Place) -> list[Reference]:
    """Return what in a file depends on the source's address, base path or visibility; pure."""
    if not readable(path):
        return []
    patterns = []
    if source.host != target.host:
        patterns.append((_origin(source.host, path), "the address of the source"))
    if source.base != target.base:
        patterns.append((_below(source.base, path), f"base path {source.base}, there {target.base}"))
        if source.host == target.host:
            patterns.append((_address(source.host, source.base, target.base), "the address of the source"))
    if path == "index.html" and source.noindex and not target.noindex:
        patterns.append((_NOINDEX, "keeps search engines away"))
    text = data.decode("utf-8", "replace") if patterns else ""
    hits = {
        (*_line(text, match.start()), why) for pattern, why in patterns for match in pattern.finditer(text)
    }
    return [Reference(path, line, shown, why) for line, shown, why in sorted(hits)]


def _line(text: str, position: int) -> tuple[int, str]:
    """Return the number of the line at a position, and the part of it around there."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[start : len(text) if end < 0 else end]
    at = position - start
    left = max(0, at - _SHOWN // 3) if len(line) > _SHOWN else 0
    return text.count("\n", 0, position) + 1, line[left : left + _SHOWN].strip()


@lru_cache
def _origin(host: str, path: str) -> re.Pattern[str]:
    """Match an absolute address on `host`: with or without scheme, escaped or not; in scripts its bare name too."""
    name = re.escape(host)
    encoded = re.escape(quote(host, safe=""))
    forms = [rf"{_SLASH}{{2}}(?:{name}|{encoded})(?![\w.-]*\w)"]
    if _SCRIPT.search(path):
        forms.append(rf"{_QUOTE}{name}{_QUOTE}")
    if path.rpartition("/")[2] == "CNAME":
        forms.append(rf"^{name}\s*$")
    return re.compile("|".join(forms), re.IGNORECASE | re.MULTILINE)


@lru_cache
def _below(base: str, path: str) -> re.Pattern[str]:
    """Match a reference that starts with the base path."""
    if base == "/":
        return _from_root(path)
    stem = _stem(base)
    # Not inside of another path or address: `https://other.example/base/` and `src/base/` are no references to it.
    return re.compile(rf"(?<![\w.~%/:\\-]){stem}{_END}", re.IGNORECASE | re.MULTILINE)


@lru_cache
def _address(host: str, base: str, there: str) -> re.Pattern[str]:
    """Match an absolute address below `base` of a host that both places share, unless it is below `there`."""
    inside = there.startswith(base)
    but = f"(?!{_stem(there)}{_END})" if inside else ""
    after = "" if base == "/" else f"{_stem(base)}{_END}"
    return re.compile(
        rf"{_SLASH}{{2}}{re.escape(host)}{but}{after}(?![\w.:-]*\w)", re.IGNORECASE | re.MULTILINE
    )


def _stem(base: str) -> str:
    return _SLASH.join(re.escape(part) for part in base.rstrip("/").split("/"))


def _from_root(path: str) -> re.Pattern[str]:
    """Match a reference that starts at the root of the host; where a slash means that depends on the file."""
    # What stands in quotes, unless it is a lone slash given to a function: `split("/")`.
    forms = [rf"{_QUOTE}(?:\\?/)(?![/*>\\])(?!\s)(?!{_QUOTE}\))", r"url\(\s*/(?!/)"]
    if _MARKUP.search(path):
        forms += [
            r"\s(?:href|src|action|poster|data|content)\s*=\s*/(?!/)",
            r"srcset\s*=\s*[\"'][^\"']*?,\s+/(?!/)",
            r"\burl\s*=\s*[\"']?/(?!/)",
            r">\s*/(?!/)[^<\s]+\s*</",
        ]
    if path.rpartition("/")[2] == "robots.txt":
        forms.append(r"^(?:allow|disallow|sitemap)\s*:\s*/\S")
    return re.compile("|".join(forms), re.IGNORECASE | re.MULTILINE)


def explain(agreement: Agreement, shown: int = 10) -> Iterator[str]:
    """Yield what differs and the first examples, one per file before a second of any."""
    source, target = agreement.source, agreement.target
    if source.base != target.base:
        yield f"base path: built for {source.base}, wanted {target.base}"
    if source.host != target.host:
        yield f"address: built for {source.url}, wanted {target.url}"
    first: dict[str, Reference] = {}
    for one in agreement.references:
        first.setdefault(one.path, one)
    rest = [one for one in agreement.references if first[one.path] is not one]
    every = [*first.values(), *rest]
    yield from (str(one) for one in every[:shown])
    if len(every) > shown:
        yield f"and {len(every) - shown:,} more in {len(first):,} files"
