"""Faults that stand in the files: `build`, `links`, `html`, `budgets`, `images`, `fonts`, `pwa`."""

from __future__ import annotations

from collections.abc import Sequence

from tests.end_to_end.variants.kind import (
    ORIGIN,
    Variant,
    body,
    chain,
    head,
    scripted,
    styled,
    swap,
    unguarded,
)
from tests.end_to_end.variants.pictures import SVG, noise, photo_with_place, png, woff2


def _face(more: str = "font-display:swap;", url: str = "lamp.woff2") -> str:
    return f"@font-face{{font-family:Lamp;{more}src:url({url})}}body{{font-family:Lamp,serif}}"


_PRELOAD = '<link rel="preload" as="font" type="font/woff2" href="{}"{}>'
_FONT = {"lamp.woff2": woff2()}

BUILD: Sequence[Variant] = (
    Variant(
        "style-gone", "build", "missing-file", "gone.css", head('<link rel="stylesheet" href="gone.css">')
    ),
    Variant("script-gone", "build", "missing-file", "gone.js", head('<script src="gone.js" defer></script>')),
    Variant(
        "capitals",
        "build",
        "missing-file",
        "capitals matter",
        body('<img src="Chart.svg" alt="A chart" width="80" height="80">'),
        {"chart.svg": SVG},
    ),
    Variant(
        "style-image-gone",
        "build",
        "missing-file",
        "sea.png",
        *styled("main{background:url(sea.png)}"),
        path="/variants/style-image-gone/page.css",
    ),
    Variant("empty", "build", "empty-page", "is empty", lambda _: ""),
    Variant("quirks", "build", "no-doctype", "<!doctype html>", swap("<!DOCTYPE html>", "")),
    Variant(
        "untitled",
        "build",
        "no-title",
        "<title>",
        lambda page: page.replace(page[page.index("<title>") : page.index("</title>") + 8], ""),
    ),
    Variant("bare", "build", "fragment", "layout", lambda _: "<p>Only a part</p>", blocking=False),
)

LINKS: Sequence[Variant] = (
    Variant("page-gone", "links", "missing-page", "/gone/", body('<p><a href="/gone/">The old page</a></p>')),
    Variant(
        "page-capitals",
        "links",
        "missing-page",
        "capitals matter",
        body('<p><a href="/Visit/">Visit us</a></p>'),
    ),
    Variant(
        "place-gone",
        "links",
        "missing-fragment",
        "/visit/#parking",
        body('<p><a href="/visit/#parking">Parking</a></p>'),
    ),
    Variant(
        "frame-gone",
        "links",
        "missing-frame",
        "map.html",
        body('<iframe src="map.html" title="A map"></iframe>'),
        also=frozenset({"build"}),
    ),
    Variant(
        "half-address", "links", "bad-address", "http://[::1", body('<p><a href="http://[::1">Here</a></p>')
    ),
    Variant(
        "insecure-script",
        "links",
        "mixed-content",
        "https:",
        head('<script src="http://cdn.example.com/a.js" defer></script>'),
    ),
    Variant(
        "insecure-image",
        "links",
        "mixed-media",
        "https:",
        body('<img src="http://example.com/a.png" alt="A boat" width="8" height="8">'),
        blocking=False,
    ),
    Variant(
        "original-gone",
        "links",
        "canonical-missing",
        "own address",
        swap(f"{ORIGIN}variants/original-gone/", f"{ORIGIN}old/"),
    ),
    Variant(
        "feed-gone",
        "links",
        "feed-missing",
        "/news.xml",
        head('<link rel="alternate" type="application/atom+xml" href="/news.xml" title="News">'),
    ),
    Variant(
        "tongue-unknown",
        "links",
        "hreflang-code",
        "ISO 639",
        head(f'<link rel="alternate" hreflang="english" href="{ORIGIN}visit/">'),
    ),
    Variant(
        "tongue-gone",
        "links",
        "hreflang-missing",
        "/de/",
        head(f'<link rel="alternate" hreflang="de" href="{ORIGIN}de/">'),
    ),
    Variant(
        "tongue-alone",
        "links",
        "hreflang-return",
        "all translations",
        head(
            f'<link rel="alternate" hreflang="en" href="{ORIGIN}variants/tongue-alone/">'
            f'<link rel="alternate" hreflang="de" href="{ORIGIN}visit/">'
        ),
        blocking=False,
    ),
    Variant(
        "original-short",
        "links",
        "canonical-relative",
        "https:",
        swap(f'href="{ORIGIN}variants/original-short/"', 'href="/variants/original-short/"'),
        blocking=False,
    ),
    Variant(
        "originals",
        "links",
        "canonical-several",
        "keep one",
        head(f'<link rel="canonical" href="{ORIGIN}visit/">'),
        blocking=False,
    ),
    Variant(
        "no-slash", "links", "redirect", "slash", body('<p><a href="/visit">Visit us</a></p>'), blocking=False
    ),
    Variant("empty-link", "links", "empty-link", "leads", body('<p><a href="">More</a></p>'), blocking=False),
    Variant(
        "script-link",
        "links",
        "script-link",
        "button",
        body('<p><a href="javascript:print()">Print</a></p>'),
        blocking=False,
    ),
    Variant(
        "own-machine",
        "links",
        "local-link",
        "localhost",
        body('<p><a href="http://localhost:4321/">Draft</a></p>'),
        blocking=False,
    ),
)

_DATA = '<script type="application/ld+json">{}</script>'
HTML: Sequence[Variant] = (
    Variant("open-quote", "html", "parse-error", "quote", body('<p class="a>One <b>two</b></p>')),
    Variant("crossed", "html", "nesting", "reverse order", body("<p><b>One <i>two</b></i></p>")),
    Variant("block-in-paragraph", "html", "nesting", "div", body("<p>One<div>two</div></p>")),
    Variant("id-twice", "html", "duplicate-id", "people", body('<h2 id="people">More people</h2>')),
    Variant(
        "attribute-twice", "html", "duplicate-attribute", "class", body('<p class="a" class="b">One</p>')
    ),
    Variant("latin", "html", "not-utf8", "UTF-8", body("<p>caf\udce9</p>")),
    Variant(
        "other-charset", "html", "charset-other", "utf-8", swap('charset="utf-8"', 'charset="iso-8859-1"')
    ),
    Variant("speechless", "html", "lang-missing", "<html lang", swap('<html lang="en-GB"', "<html")),
    Variant(
        "wrong-tongue", "html", "lang-invalid", "en-UK", swap('<html lang="en-GB"', '<html lang="en-UK"')
    ),
    Variant(
        "tiny-on-phones",
        "html",
        "viewport",
        "width=device-width",
        swap('<meta name="viewport" content="width=device-width, initial-scale=1">', ""),
    ),
    Variant(
        "broken-data", "html", "json-ld", "JSON", head(_DATA.format('{"@context": "https://schema.org",}'))
    ),
    Variant(
        "preview-gone",
        "html",
        "preview-missing",
        "gone.png",
        swap(f"{ORIGIN}_astro/fog.Dtd8TSvz_2jKMPv.jpg", f"{ORIGIN}gone.png"),
    ),
    Variant(
        "same-title",
        "html",
        "title-twice",
        "title",
        swap("About same title", "About and access"),
        blocking=False,
    ),
    Variant(
        "undescribed",
        "html",
        "description-missing",
        "description",
        swap('name="description"', 'name="author"'),
        blocking=False,
    ),
    Variant(
        "hardly-described",
        "html",
        "description-length",
        "sentences",
        swap("What the museum keeps of hardly described, told in one sentence for visitors.", "Page"),
        blocking=False,
    ),
    Variant("two-headings", "html", "h1", "h2", body("<h1>Another</h1>"), blocking=False),
    Variant(
        "nameless-product",
        "html",
        "json-ld-property",
        "name",
        head(_DATA.format('{"@context": "https://schema.org", "@type": "Product"}')),
        blocking=False,
    ),
    Variant(
        "short-preview",
        "html",
        "preview-relative",
        "https:",
        swap(f"{ORIGIN}_astro/fog", "/_astro/fog"),
        blocking=False,
    ),
)

BUDGETS: Sequence[Variant] = (
    Variant(
        "much-script",
        "budgets",
        "page-javascript",
        "JavaScript",
        *scripted(f"const sea = '{noise(300_000)}';"),
    ),
    Variant("much-style", "budgets", "page-css", "CSS", *styled(f"main::after{{--sea:'{noise(150_000)}'}}")),
    Variant(
        "much-of-all",
        "budgets",
        "page-total",
        "kB",
        body('<img src="sea.png" alt="The sea" width="900" height="700" loading="lazy">'),
        {"sea.png": png(900, 700, noise=True)},
    ),
)

IMAGES: Sequence[Variant] = (
    Variant(
        "cut-image",
        "images",
        "broken-image",
        "original",
        body('<img src="sea.png" alt="The sea" width="80" height="80">'),
        {"sea.png": png()[:-20]},
        path="variants/cut-image/sea.png",
    ),
    Variant(
        "pointer-image",
        "images",
        "broken-image",
        "git lfs pull",
        body('<img src="sea.png" alt="The sea" width="80" height="80">'),
        {"sea.png": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"},
        path="variants/pointer-image/sea.png",
    ),
    Variant(
        "misnamed-image",
        "images",
        "wrong-type",
        "SVG",
        body('<img src="sea.png" alt="The sea" width="80" height="80">'),
        {"sea.png": SVG},
        path="variants/misnamed-image/sea.png",
    ),
    Variant(
        "photo-with-place",
        "images",
        "place",
        "exiftool",
        body('<img src="sea.jpg" alt="The sea" width="80" height="80">'),
        {"sea.jpg": photo_with_place()},
        path="variants/photo-with-place/sea.jpg",
    ),
    Variant(
        "unsized-image",
        "images",
        "no-size",
        "width",
        body('<img src="sea.png" alt="The sea">'),
        {"sea.png": png()},
        blocking=False,
    ),
    Variant(
        "stretched-image",
        "images",
        "wrong-ratio",
        "80",
        body('<img src="sea.png" alt="The sea" width="160" height="20">'),
        {"sea.png": png()},
        blocking=False,
    ),
    Variant(
        "old-image",
        "images",
        "old-format",
        "picture",
        body('<img src="sea.png" alt="The sea" width="400" height="400" loading="lazy">'),
        {"sea.png": png(400, 400, noise=True)},
        blocking=False,
    ),
    Variant(
        "wide-image",
        "images",
        "oversized",
        "srcset",
        body('<img src="sea.png" alt="The sea" width="40" height="40" loading="lazy">'),
        {"sea.png": png(600, 600, noise=True)},
        blocking=False,
    ),
    Variant(
        "hasty-and-lazy",
        "images",
        "lazy-first",
        "loading=lazy",
        body('<img src="sea.png" alt="The sea" width="80" height="80" loading="lazy" fetchpriority="high">'),
        {"sea.png": png()},
        blocking=False,
    ),
    Variant(
        "all-at-once",
        "images",
        "not-lazy",
        "loading=lazy",
        body("".join(f'<img src="{n}.png" alt="Sea {n}" width="8{n}" height="80">' for n in range(7))),
        {f"{n}.png": png(80 + n) for n in range(7)},
        blocking=False,
    ),
)

FONTS: Sequence[Variant] = (
    Variant(
        "cut-font",
        "fonts",
        "broken-font",
        "publisher",
        *styled(_face(), more={"lamp.woff2": woff2()[:-9]}),
        path="variants/cut-font/lamp.woff2",
    ),
    Variant(
        "font-page",
        "fonts",
        "broken-font",
        "publisher",
        *styled(_face(), more={"lamp.woff2": b"<!doctype html><title>404</title>"}),
        path="variants/font-page/lamp.woff2",
    ),
    Variant(
        "preload-twice",
        "fonts",
        "preload-crossorigin",
        "crossorigin",
        *styled(_face(), head(_PRELOAD.format("lamp.woff2", "")), more=_FONT),
    ),
    Variant(
        "preload-for-nothing",
        "fonts",
        "preload-unused",
        "preload",
        *styled(
            _face(), head(_PRELOAD.format("old.woff2", " crossorigin")), more={**_FONT, "old.woff2": woff2()}
        ),
        blocking=False,
    ),
    Variant(
        "hidden-text",
        "fonts",
        "font-display",
        "swap",
        *styled(_face(""), more=_FONT),
        blocking=False,
        path="variants/hidden-text/page.css",
    ),
    Variant(
        "old-font",
        "fonts",
        "not-woff2",
        "WOFF2",
        *styled(_face(url="lamp.ttf"), more={"lamp.ttf": b"\0\1\0\0" + bytes(90)}),
        blocking=False,
        path="variants/old-font/page.css",
    ),
    Variant(
        "big-font",
        "fonts",
        "big-font",
        "subset",
        *styled(_face(), more={"lamp.woff2": woff2(200_000)}),
        blocking=False,
        path="variants/big-font/lamp.woff2",
    ),
    Variant(
        "lonely-font",
        "fonts",
        "unused-file",
        "delete",
        files={"lamp.woff2": woff2(444)},
        blocking=False,
        path="variants/lonely-font/lamp.woff2",
    ),
    Variant(
        "foreign-font",
        "fonts",
        "third-party",
        "fonts.googleapis.com",
        chain(
            unguarded, head('<link rel="stylesheet" href="https://fonts.googleapis.com/css2?family=Lamp">')
        ),
        blocking=False,
    ),
)

EVERY = (*BUILD, *LINKS, *HTML, *BUDGETS, *IMAGES, *FONTS)
