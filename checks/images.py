"""Images are whole, are what their names say, tell nobody's place, and weigh no more than needed."""

from __future__ import annotations

import re
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
    size_text,
)
from checks.looks import Looks, looks
from checks.parse.address import kind_of, page_address
from checks.parse.look import Image, Look
from checks.parse.picture import Picture, form_of, read
from checks.parse.srcset import SCREENS, chosen, slot
from checks.rows import Kind, Row, advice, findings, refusal, row, rules

NAME = "images"
PRINCIPLE: Principle = "II"
SCOPE: Scope = "page"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None

# Bytes of a PNG or JPEG that is worth converting; how many images at the start of a page may load at once; whether
# photos that tell where they were taken block.
LIMITS: Limits = {"old_format": 100_000, "eager": 4, "places": True}

EXPLAIN = (
    "Reads the header of every image file: what format it really is, how big, whether it is whole, and whether its "
    "Exif data tell where it was taken. Then it looks at how pages use images: reserved space, lazy loading, and "
    "whether the file that a browser picks has far more pixels than the place that it fills. What does not show, or "
    "tells visitors where somebody lives, blocks; weight and comfort are advice, and `budgets` limits the weight."
)
_RESPONSIVE = "https://web.dev/learn/images/responsive-images"
KINDS: Mapping[str, Kind] = {
    "broken-image": refusal(
        "{about} cannot be shown: {note}",
        "An image file is cut off, empty, or no image.",
        "save it again from the original, or fetch it with `git lfs pull`, and build again",
        "https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern",
    ),
    "wrong-type": refusal(
        "{about} is not what its name says: {note}",
        "SVG is shown only when it is sent as SVG, which GitHub Pages decides by the name.",
        "give the file the ending of its format",
        "https://developer.mozilla.org/en-US/docs/Web/Media/Guides/Formats/Image_types#svg_scalable_vector_graphics",
    ),
    "place": refusal(
        "{about} tells where it was taken",
        "The photo's Exif data hold a GPS position, which everybody can read.",
        "remove it: exiftool -gps:all= FILE, or let the build re-encode the photo; or set images.places = false",
        "https://www.eff.org/deeplinks/2012/04/picture-worth-thousand-words-including-your-location",
    ),
    "other-type": advice(
        "{about} is not what its name says: {note}",
        "Browsers show it all the same; other programs may not.",
        "give the file the ending of its format",
        "https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern",
    ),
    "no-size": advice(
        "the image {about} has no width and height",
        "The page jumps when it arrives, unless the style sheet reserves its space.",
        "write the file's own width and height in the img",
        "https://web.dev/articles/optimize-cls#images-without-dimensions",
    ),
    "wrong-ratio": advice(
        "the width and height of {about} do not fit its own: {note}",
        "The reserved space is wrong, or the image is distorted.",
        "write the file's own width and height, and scale it with CSS",
        "https://web.dev/articles/optimize-cls#images-without-dimensions",
    ),
    "oversized": advice(
        "{about} has more pixels than can be seen: {note}",
        "Even on a screen with two device pixels for each CSS pixel most of the file is thrown away.",
        "make smaller files and offer them in srcset with sizes",
        _RESPONSIVE,
    ),
    "old-format": advice(
        "{about} weighs {note} and has no AVIF or WebP beside it",
        "Newer formats need a half or less for the same picture.",
        "convert it, and offer both in a picture element",
        "https://web.dev/articles/choose-the-right-image-format",
    ),
    "not-lazy": advice(
        "the image {about} loads at once although it is far down: {note}",
        "Images that nobody has scrolled to yet compete with what is seen first.",
        "write loading=lazy",
        "https://web.dev/articles/browser-level-image-lazy-loading",
    ),
    "lazy-first": advice(
        "the image {about} is lazy and urgent at once",
        "loading=lazy holds back an image that fetchpriority=high asks for first.",
        "leave out loading=lazy",
        "https://web.dev/articles/lcp-lazy-loading",
    ),
}
RULES = rules(KINDS)

_SIZED = re.compile(r"(?:^|;)\s*(?:aspect-ratio|height)\s*:", re.IGNORECASE)
_FITTED = re.compile(r"object-fit", re.IGNORECASE)
# Lighthouse tells of an image from 12 KiB of waste on, when the page offers several sizes of it:
# https://github.com/GoogleChrome/lighthouse/blob/main/core/audits/byte-efficiency/uses-responsive-images.js
_WASTE = 12_288
_DENSE = 2.0
# Rounding to whole pixels makes small differences; Lighthouse allows for as much as here of small images.
_RATIO = 0.05
_NOTABLE = 20_000
_RASTER = frozenset({"png", "jpeg", "webp", "avif"})


def unavailable(tools: Tools) -> str | None:
    """Return None: it needs nothing but the files."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files and the address that they are served under."""
    return digest(NAME, VERSION, subject.tree, subject.base, subject.url)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Read every image file, and how the pages use them."""
    site = looks(subject)
    pictures = {path: read(site.read(path)) for path in site.files if kind_of(path) == "images"}
    rows = [one for path, picture in pictures.items() for one in _file(path, picture)]
    old: list[list[Any]] = []
    eager: list[list[Any]] = []
    count = 0
    for path, page in site.pages.items():
        count += len(page.images)
        user = _User(site, pictures, path, page)
        for number, image in enumerate(page.images, 1):
            rows += user.image(image)
            old += user.old(image)
            if number > 1 and image.attributes.get("loading", "").lower() != "lazy":
                eager.append([page_address(path), number, _name(image)])
    return Evidence({"files": len(pictures), "images": count, "rows": rows, "old": old, "eager": eager})


def _file(path: str, picture: Picture) -> Iterator[Row]:
    if picture.problem:
        yield row("broken-image", path, path, picture.problem)
    elif picture.form != form_of(path):
        vector = "svg" in {picture.form, form_of(path)}
        yield row("wrong-type" if vector else "other-type", path, path, f"it is {picture.form.upper()}")
    if picture.place:
        yield row("place", path, path)


class _User:
    """Looks at how one page uses images."""

    def __init__(self, site: Looks, pictures: Mapping[str, Picture], path: str, page: Look) -> None:
        self.site = site
        self.pictures = pictures
        self.path = path
        self.page = page
        self.address = page_address(path)

    def image(self, image: Image) -> Iterator[Row]:
        """Return what could be better about one image."""
        given = image.attributes
        name = _name(image)
        if not name or name.startswith("data:"):
            return
        width, height = _number(given.get("width", "")), _number(given.get("height", ""))
        if not (width and height) and not _SIZED.search(given.get("style", "")):
            yield row("no-size", self.address, name)
        if given.get("loading", "").lower() == "lazy" and given.get("fetchpriority", "").lower() == "high":
            yield row("lazy-first", self.address, name)
        yield from self._ratio(image, width, height)
        yield from self._oversized(image, width)

    def _ratio(self, image: Image, width: float, height: float) -> Iterator[Row]:
        file = self._chosen(image, 0)
        picture = self.pictures.get(file or "")
        # With several sources the sizes belong to the img's own file, which another crop may replace.
        if image.sources or not (width and height and picture and picture.form in _RASTER):
            return
        if not (picture.width and picture.height) or _FITTED.search(image.attributes.get("style", "")):
            return
        # A pixel more or less is rounding.
        expected = width * picture.height / picture.width
        if abs(expected - height) > max(1.0, _RATIO * height):
            note = f"{width:.0f} × {height:.0f}, the file has {picture.width} × {picture.height}"
            yield row("wrong-ratio", self.address, _name(image), note)

    def _oversized(self, image: Image, width: float) -> Iterator[Row]:
        seen = set()
        for number, screen in enumerate(SCREENS):
            file = self._chosen(image, number)
            picture = self.pictures.get(file or "")
            shown = self._shown(image, width, number)
            if (
                file is None
                or picture is None
                or picture.form not in _RASTER
                or not (shown and picture.width)
            ):
                continue
            need = shown * max(_DENSE, screen.density)
            waste = (
                self.site.files[file].size * (1 - (need / picture.width) ** 2) if need < picture.width else 0
            )
            if waste > _WASTE and file not in seen:
                seen.add(file)
                note = f"{picture.width} pixels wide, shown {shown:.0f} wide, {size_text(waste)} for nothing"
                yield row("oversized", self.address, file, note)

    @staticmethod
    def _shown(image: Image, width: float, number: int) -> float:
        """Return the width in CSS pixels at which a screen shows it; 0 when only the style sheet knows."""
        screen = SCREENS[number]
        sizes = [one.sizes for one in image.choices if one.sizes]
        if sizes and sizes[0].strip().lower() != "auto":
            return slot(sizes[0], screen)
        return width

    def old(self, image: Image) -> Iterator[list[Any]]:
        """Return [page, file, bytes] where every screen gets a big file of an old format."""
        files = {self._chosen(image, number) for number in range(len(SCREENS))}
        for file in files:
            picture = self.pictures.get(file or "")
            if file and picture and picture.form in {"png", "jpeg"} and self.site.files[file].size > _NOTABLE:
                yield [self.address, file, self.site.files[file].size]

    def _chosen(self, image: Image, number: int) -> str | None:
        url = chosen(image.choices, SCREENS[number])
        try:
            return self.site.file(url, self.path, self.page.base_href) if url else None
        except ValueError:
            return None


def _name(image: Image) -> str:
    return (image.attributes.get("src") or image.attributes.get("srcset", "")).strip()


def _number(text: str) -> float:
    # https://html.spec.whatwg.org/multipage/embedded-content-other.html#dimension-attributes
    match = re.match(r"\s*(\d+(?:\.\d+)?)\s*(?:px)?\s*$", text)
    return float(match[1]) if match else 0.0


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what is broken or private, then what could weigh less."""
    data = evidence.data
    rows = [*data["rows"], *_old(data["old"], limits), *_eager(data["eager"], limits)]
    return findings(rows, KINDS, soft=() if limits.get("places", True) else ("place",))


def _old(old: list[list[Any]], limits: Limits) -> Iterator[Row]:
    limit = limits.get("old_format")
    for address, file, size in old:
        if limit is not None and size > limit:
            yield row("old-format", address, file, size_text(size))


def _eager(eager: list[list[Any]], limits: Limits) -> Iterator[Row]:
    limit = limits.get("eager")
    for address, number, name in eager:
        if limit is not None and number > limit:
            yield row("not-lazy", address, name, f"image {number} of the page")


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how much was looked at."""
    data = evidence.data
    return [
        Measure("image files", data["files"]),
        Measure("images in pages", data["images"]),
        Measure("broken", sum(one["rule"] in {"broken-image", "wrong-type"} for one in data["rows"]), 0),
        Measure("with a place", sum(one["rule"] == "place" for one in data["rows"]), 0),
    ]
