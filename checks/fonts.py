"""Fonts are whole, small, loaded once, and never keep text from being read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from checks.base import (
    Digest,
    Evidence,
    Finding,
    Limits,
    Measure,
    Principle,
    Scope,
    Subject,
    Tools,
    digest,
    size_text,
)
from checks.looks import Looks, looks
from checks.parse import css
from checks.parse.address import kind_of, page_address
from checks.parse.fontface import FontFace, faces, form_of, problem
from checks.parse.look import Attributes, Look
from checks.rows import Kind, Row, advice, findings, refusal, row, rules

NAME = "fonts"
PRINCIPLE: Principle = "II"
SCOPE: Scope = "site"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None

# Families with files of their own, and bytes of one font file; ours, and advice.
LIMITS: Limits = {"families": 3, "file": 100_000}

EXPLAIN = (
    "Reads every @font-face of the style sheets and pages, the font files behind them, and the preloads. A file that "
    "browsers refuse, and a preload that makes them fetch the same font twice, block. That text stays readable while "
    "fonts load (font-display), that only WOFF2 is sent, that nothing is published for nothing, and that no font "
    "comes from somebody else is advice here; `privacy` refuses requests to others. What pages weigh in fonts is "
    "limited by budgets.page.fonts."
)
_BEST = "https://web.dev/articles/font-best-practices"
_PRELOAD = (
    "https://developer.mozilla.org/en-US/docs/Web/HTML/Reference/Attributes/rel/preload#cors-enabled_fetches"
)
KINDS: Mapping[str, Kind] = {
    "broken-font": refusal(
        "browsers refuse the font {about}: {note}",
        "The file is cut off, empty, or not the format that its name promises; text shows in another font.",
        "take the file from the font's publisher again, as a binary file",
        "https://www.w3.org/TR/WOFF2/#woff20Header",
    ),
    "preload-crossorigin": refusal(
        "the preload of {about} lacks crossorigin, so the font is fetched twice",
        "Fonts are always fetched as CORS requests; a preload without it is another request, and thrown away.",
        "write crossorigin in the link",
        _PRELOAD,
    ),
    "preload-unused": advice(
        "the preloaded font {about} is in no @font-face",
        "It is fetched before everything else, and not used.",
        "take the preload away, or correct its address",
        _BEST + "#preload_your_most_important_fonts",
    ),
    "font-display": advice(
        "text in {about} is invisible until the font has come: no font-display",
        "Browsers hide text for up to three seconds.",
        "write font-display: swap (or optional) in the @font-face",
        "https://www.w3.org/TR/css-fonts-4/#font-display-desc",
    ),
    "not-woff2": advice(
        "{about} is not offered as WOFF2: {note}",
        "WOFF2 is a third smaller, and every browser of the last years reads it.",
        "convert it (fonttools: pyftsubset FILE --flavor=woff2), and name it first",
        "https://web.dev/articles/reduce-webfont-size",
    ),
    "unused-face": advice(
        "the font family {about} is declared, and no style uses it",
        "Its rules are sent with every page for nothing.",
        "take the @font-face away",
        _BEST,
    ),
    "unused-file": advice(
        "no style sheet uses the font file {about}: {note}",
        "It is published for nothing.",
        "delete it, or leave it out of the build",
        _BEST,
    ),
    "third-party": advice(
        "fonts come from {about}",
        "Each visitor's address is sent there, which needs consent in the EU, and costs another connection.",
        "publish the files with the site (npm: @fontsource)",
        "https://gdprhub.eu/index.php?title=LG_M%C3%BCnchen_-_3_O_17493/20",
    ),
    "many-families": advice(
        "there are {about} font families with files of their own: {note}",
        "Each is fetched before its text looks as meant.",
        "use fewer, or variable fonts; or raise fonts.families in constitution.toml",
        _BEST,
    ),
    "big-font": advice(
        "the font {about} weighs {note}",
        "It holds characters that the site may never show.",
        "subset it (fonttools: pyftsubset), split it by unicode-range; or raise fonts.file in constitution.toml",
        "https://web.dev/articles/reduce-webfont-size",
    ),
    "no-preload": advice(
        "no page preloads a font",
        "Fonts are found only after the style sheet has come, so text changes its look late.",
        "preload one or two: <link rel=preload as=font type=font/woff2 crossorigin href=…>",
        _BEST + "#preload_your_most_important_fonts",
    ),
}
RULES = rules(KINDS)

# Services that send fonts; what others send is seen in the browser, by `privacy`.
_SERVICES = (
    "fonts.googleapis.com", "fonts.gstatic.com", "use.typekit.net", "p.typekit.net", "use.fontawesome.com",
    "kit.fontawesome.com", "fast.fonts.net", "cloud.typography.com", "fonts.bunny.net", "api.fontshare.com",
)  # fmt: skip


def unavailable(tools: Tools) -> str | None:
    """Return None: it needs nothing but the files."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files and the address that they are served under."""
    return digest(NAME, VERSION, subject.tree, subject.base, subject.url)


@dataclass
class _Found:
    """What the style sheets and pages say; files by the families that they belong to."""

    rows: list[Row] = field(default_factory=list)
    families: dict[str, set[str]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    # The text of style sheets without their faces, without capitals.
    rest: list[str] = field(default_factory=list)
    faces: int = 0
    swapped: int = 0
    preloads: int = 0


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Read the faces, the files behind them, and the preloads."""
    site = looks(subject)
    found = _Found()
    files = {path: file.size for path, file in site.files.items() if kind_of(path) == "fonts"}
    for path in files:
        if reason := problem(site.read(path), path):
            found.rows.append(row("broken-font", path, path, reason))
    seen: set[str] = set()
    for path, page in site.pages.items():
        for text in page.styles:
            if text not in seen:
                seen.add(text)
                _sheet(site, path, text, page.base_href, found)
    for path in site.files:
        if kind_of(path) == "css":
            _sheet(site, path, site.read(path).decode("utf-8", "replace"), "", found)
    for path, page in site.pages.items():
        _page(site, path, page, found)
    found.rows += _unused(site, found, files)
    nothing = "" if files or found.faces or found.rows else "the site brings no fonts"
    return Evidence(
        {
            "files": sorted([path, size] for path, size in files.items()),
            "families": {name: sorted(paths) for name, paths in sorted(found.families.items())},
            "faces": found.faces,
            "waiting": found.faces - found.swapped,
            "preloads": found.preloads,
            "rows": found.rows,
        },
        nothing=nothing,
    )


def _sheet(site: Looks, path: str, text: str, base_href: str, found: _Found) -> None:
    lower = text.lower()
    if "font" not in lower and "import" not in lower:
        return
    declared, rest = faces(text)
    found.rest.append(rest.lower())
    place = page_address(path) if kind_of(path) == "html" else path
    for one in declared:
        found.faces += 1
        # The default, auto, is like block in every browser.
        found.swapped += one.display not in {"", "auto", "block"}
        found.rows += _face(site, path, place, one, base_href, found)
    for url in css.read(rest).imports:
        if host := _service(url):
            found.rows.append(row("third-party", place, host))


def _face(site: Looks, path: str, place: str, face: FontFace, base_href: str, found: _Found) -> Iterator[Row]:
    forms = [form_of(url, form) for url, form in face.sources if not url.startswith("data:")]
    inside: set[str] = set()
    for url, _ in face.sources:
        if host := _service(url):
            yield row("third-party", place, host)
        elif not url.startswith("data:") and (file := _file(site, url, path, base_href)):
            inside.add(file)
    if face.family:
        found.families.setdefault(face.family, set()).update(inside)
    found.files |= inside
    if face.display in {"", "auto"} and face.sources:
        yield row("font-display", place, face.family or "a font")
    if forms and "woff2" not in forms:
        yield row(
            "not-woff2", place, face.family or "a font", f"only {', '.join(dict.fromkeys(forms)).upper()}"
        )


def _file(site: Looks, url: str, path: str, base_href: str) -> str | None:
    try:
        return site.file(url, path, base_href)
    except ValueError:
        return None


def _service(url: str) -> str:
    try:
        host = urlsplit(url if "//" in url else "").netloc.lower()
    except ValueError:
        return ""
    return host if host in _SERVICES else ""


def _page(site: Looks, path: str, page: Look, found: _Found) -> None:
    for one in page.heads:
        words = set(one.get("rel", "").lower().split())
        if host := _service(one.get("href", "")) if words & {"stylesheet", "preload"} else "":
            found.rows.append(row("third-party", page_address(path), host))
        elif "preload" in words and one.get("as", "").lower() == "font" and one.get("href"):
            found.preloads += 1
            found.rows += _preload(site, path, page, one, found)


def _preload(site: Looks, path: str, page: Look, one: Attributes, found: _Found) -> Iterator[Row]:
    url = one["href"]
    if "crossorigin" not in one:
        yield row("preload-crossorigin", page_address(path), url)
    file = _file(site, url, path, page.base_href)
    if file and file not in found.files:
        yield row("preload-unused", page_address(path), url)


def _unused(site: Looks, found: _Found, files: Mapping[str, int]) -> Iterator[Row]:
    names = [name for name in found.families if not any(name.lower() in text for text in found.rest)]
    if names:
        # A style attribute or a script may name it.
        names = [name for name in names if not _mentioned(site, name)]
    yield from (row("unused-face", name, name) for name in names)
    for path in sorted(set(files) - found.files):
        yield row("unused-file", path, path, size_text(files[path]))


def _mentioned(site: Looks, name: str) -> bool:
    wanted = name.encode()
    for path in site.files:
        kind = kind_of(path)
        if kind == "javascript" and wanted in site.read(path):
            return True
        # In a page the declaration itself may be there too, so it must be an attribute.
        if kind == "html" and b"font" in (data := site.read(path)):
            at = data.find(wanted)
            while at >= 0:
                if b"style=" in data[max(0, at - 400) : at] and b"<style" not in data[max(0, at - 400) : at]:
                    return True
                at = data.find(wanted, at + 1)
    return False


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what is broken, then what could be better."""
    data = evidence.data
    rows = list(data["rows"])
    own = [name for name, paths in data["families"].items() if paths]
    most, biggest = limits.get("families"), limits.get("file")
    if most is not None and len(own) > most:
        rows.append(row("many-families", "", str(len(own)), ", ".join(own)))
    used = {path for paths in data["families"].values() for path in paths}
    for path, size in data["files"]:
        if biggest is not None and size > biggest and path in used:
            rows.append(row("big-font", path, path, size_text(size)))
    # What waits for nothing (swap, optional) shows text at once, with or without a preload.
    if data["waiting"] and used and not data["preloads"]:
        rows.append(row("no-preload", ""))
    return findings(rows, KINDS)


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how many families and files there are, and what they weigh."""
    data = evidence.data
    if not data["files"] and not data["faces"]:
        return []
    own = sum(bool(paths) for paths in data["families"].values())
    sizes = [size for _, size in data["files"]]
    biggest = max(data["files"], key=lambda pair: pair[1], default=("", 0))
    return [
        Measure("font families", own, limits.get("families")),
        Measure("font files", len(sizes)),
        Measure("all fonts", sum(sizes), None, "B"),
        Measure("biggest font", biggest[1], limits.get("file"), "B", biggest[0]),
    ]
