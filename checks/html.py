"""Pages are valid HTML, and say what they are: language, title, description, data, preview picture."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

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
)
from checks.html_kinds import KINDS
from checks.looks import Looks, looks
from checks.parse import language
from checks.parse.address import page_address
from checks.parse.look import Look
from checks.rows import Row, findings, row, rules
from checks.validity import BIGGEST, problems

NAME = "html"
PRINCIPLE: Principle = "III"
SCOPE: Scope = "page"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None

# Google: "there's no limit on how long a meta description can be", snippets are cut "to fit the device width",
# https://developers.google.com/search/docs/appearance/snippet; the numbers are ours, and only advise.
LIMITS: Limits = {"description_shortest": 25, "description_longest": 200}

EXPLAIN = (
    "Every page goes through html-validate, with the rules whose violation makes browsers build another page than "
    "the one that was written, or that the HTML standard says MUST to. What a page says of itself is read as search "
    "engines, previews and screen readers read it. Unreadable structured data, a wrong language, a missing viewport "
    "and text that is not UTF-8 block; titles, descriptions and headings are advice. A page that was validated before "
    "is not validated again."
)
RULES = rules(KINDS)

# What Google needs to show each type: https://developers.google.com/search/docs/appearance/structured-data/search-gallery
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "BreadcrumbList": ("itemListElement",),
    "Course": ("name", "description"),
    "Dataset": ("name", "description"),
    "Event": ("name", "startDate", "location"),
    "FAQPage": ("mainEntity",),
    "JobPosting": ("title", "description", "datePosted", "hiringOrganization"),
    "LocalBusiness": ("name", "address"),
    "Product": ("name",),
    "QAPage": ("mainEntity",),
    "Recipe": ("name", "image"),
    "Review": ("author", "itemReviewed", "reviewRating"),
    "SoftwareApplication": ("name", "offers"),
    "VideoObject": ("name", "thumbnailUrl", "uploadDate"),
}
_PICTURES = ("og:image", "og:image:url", "og:image:secure_url", "twitter:image")


def unavailable(tools: Tools) -> str | None:
    """Return why pages cannot be validated here, or None."""
    return None if tools.which("node") else "Node.js is not here, which html-validate needs"


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files, their address, and the validator's version."""
    version = subject.versions.get("html-validate", "")
    return digest(NAME, VERSION, subject.tree, subject.base, subject.url, version)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Validate the pages, and read what they say of themselves; raises Unavailable."""
    site = looks(subject)
    invalid = problems(site, subject, tools)
    rows = [
        row(one.rule, page_address(path), one.message, one.selector, line=one.line)
        for path, found in invalid.found.items()
        for one in found
    ]
    described = []
    for path, page in site.pages.items():
        rows += _text(site, path, page)
        rows += _data(path, page)
        rows += _pictures(site, path, page)
    for path, page in site.proper():
        rows += _head(path, page)
        if path != "404.html" and not page.noindex:
            described.append([page_address(path), page.title, page.meta("description")])
    return Evidence(
        {
            "pages": len(site.pages),
            "validated": invalid.now,
            "skipped": [[page_address(path), size] for path, size in invalid.skipped],
            "rows": rows,
            "described": described,
        },
        tools={"html-validate": subject.versions.get("html-validate", "")},
    )


def _text(site: Looks, path: str, page: Look) -> Iterator[Row]:
    if page.invalid:
        line = site.read(path)[: page.invalid].count(b"\n") + 1
        yield row("not-utf8", page_address(path), f"byte {page.invalid:,}", line=line)


def _head(path: str, page: Look) -> Iterator[Row]:
    address = page_address(path)
    if not (page.lang or "").strip():
        yield row("lang-missing", address)
    elif page.lang and (problem := language.problem(page.lang)):
        yield row("lang-invalid", address, problem)
    if page.meta("viewport") is None:
        yield row("viewport", address)
    if page.h1 != 1:
        yield row("h1", address, "no h1" if page.h1 == 0 else f"{page.h1} of them")
    yield from _charset(address, page)


def _charset(address: str, page: Look) -> Iterator[Row]:
    given = [one.get("charset", "") for one in page.metas if one.get("charset")]
    given += [
        one.get("content", "").lower().partition("charset=")[2].strip()
        for one in page.metas
        if one.get("http-equiv", "").lower() == "content-type"
        and "charset=" in one.get("content", "").lower()
    ]
    if not given:
        yield row("charset-missing", address)
    elif given[0].strip().lower() not in {"utf-8", "utf8"}:
        yield row("charset-other", address, given[0])
    elif page.late:
        yield row("charset-late", address)


def _data(path: str, page: Look) -> Iterator[Row]:
    for text in page.data:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield row("json-ld", page_address(path), str(error) or "it is nested too deep")
            continue
        yield from _things(page_address(path), value)


def _things(address: str, value: object) -> Iterator[Row]:
    top = value if isinstance(value, list) else [value]
    for one in top:
        if not isinstance(one, dict):
            yield row("json-ld", address, f"{json.dumps(one)[:40]} is not an object")
            continue
        if "@context" not in one:
            yield row("json-ld-property", address, "@context", "of the whole")
        graph = one.get("@graph")
        for thing in graph if isinstance(graph, list) else [one]:
            yield from _thing(address, thing)


def _thing(address: str, thing: object) -> Iterator[Row]:
    if not isinstance(thing, dict):
        return
    kinds = thing.get("@type")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        for name in _NEEDED.get(str(kind), ()):
            if thing.get(name) in (None, "", []):
                yield row("json-ld-property", address, name, f"of {kind}")


def _pictures(site: Looks, path: str, page: Look) -> Iterator[Row]:
    for url in dict.fromkeys(filter(None, map(page.meta, _PICTURES))):
        try:
            target = site.target(url, path, page.base_href)
        except ValueError:
            yield row("preview-missing", page_address(path), url)
            continue
        if target.kind == "outside" or (
            target.kind == "inside" and site.file(url, path, page.base_href) is None
        ):
            yield row("preview-missing", page_address(path), url)
        elif "://" not in url:
            yield row("preview-relative", page_address(path), url)


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what is wrong, then what could be better; pages too big to be validated are unmeasured."""
    data = evidence.data
    found = findings([*data["rows"], *_described(data["described"], limits)], KINDS)
    for address, size in data["skipped"]:
        found.append(
            Finding(
                "too-big",
                f"{address} is too big to be validated",
                path=address,
                measured=size,
                limit=BIGGEST,
                unit="B",
                fix=RULES["too-big"].fix,
                source=RULES["too-big"].source,
                unmeasured=True,
            )
        )
    return found


def _described(pages: list[list[Any]], limits: Limits) -> Iterator[Row]:
    titles = Counter(title for _, title, _ in pages if title)
    texts = Counter(text.strip() for _, _, text in pages if text and text.strip())
    shortest, longest = limits.get("description_shortest"), limits.get("description_longest")
    for address, title, text in pages:
        if titles[title] > 1:
            yield row("title-twice", address, title)
        bare = (text or "").strip()
        if not bare:
            yield row("description-missing", address)
        elif texts[bare] > 1:
            yield row("description-twice", address, bare)
        elif shortest is not None and len(bare) < shortest:
            yield row("description-length", address, f"{len(bare)} characters", f"fewer than {shortest}")
        elif longest is not None and len(bare) > longest:
            yield row("description-length", address, f"{len(bare)} characters", f"more than {longest}")


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how many pages there are, and how many were validated just now."""
    data = evidence.data
    invalid = sum(KINDS[one["rule"]].blocking for one in data["rows"])
    return [
        Measure("pages", data["pages"]),
        Measure("validated now", data["validated"]),
        Measure("errors", invalid, 0),
    ]
