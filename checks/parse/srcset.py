"""Which image a browser takes from `src`, `srcset`, `sizes` and `<picture>`.

The rules: https://html.spec.whatwg.org/multipage/images.html#updating-the-image-data
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Formats that every browser of the last years takes; AVIF is the youngest, "Baseline" since January 2024:
# https://web-platform-dx.github.io/web-features-explorer/features/avif/
_SUPPORTED = frozenset(
    {"", "image/avif", "image/webp", "image/png", "image/jpeg", "image/gif", "image/svg+xml"}
)
_CANDIDATE = re.compile(r"\s*,*\s*(\S*[^\s,])(?:\s+([^,]*))?\s*(?:,|$)")
_LENGTH = re.compile(r"([\d.]+)(px|vw|rem|em)?$")
_CONDITION = re.compile(r"\(\s*(min|max)-width\s*:\s*([\d.]+)(px|rem|em)\s*\)")
_RANGE = re.compile(r"\(\s*width\s*(<=?|>=?)\s*([\d.]+)(px|rem|em)\s*\)")
_ROOT_PIXELS = 16


@dataclass(frozen=True, slots=True)
class Screen:
    """A reference screen: width in CSS pixels, device pixels per CSS pixel."""

    width: int
    density: float


# The two screens that Lighthouse emulates, so that this and its own measurement see the same files:
# https://github.com/GoogleChrome/lighthouse/blob/main/core/config/constants.js
SCREENS = (Screen(412, 1.75), Screen(1350, 1.0))


@dataclass(frozen=True, slots=True)
class Source:
    """One `<source>` of a `<picture>`, or the `<img>` itself (which then has `src`)."""

    srcset: str = ""
    sizes: str = ""
    media: str = ""
    type: str = ""
    src: str = ""


def candidates(srcset: str) -> list[tuple[str, str]]:
    """Return (URL, descriptor) pairs: `a.png 2x, b.png 400w`; data URLs may hold commas."""
    return [(match[1], (match[2] or "").strip()) for match in _CANDIDATE.finditer(srcset) if match[1]]


def chosen(sources: tuple[Source, ...], screen: Screen) -> str:
    """Return the URL that a browser with this screen loads; empty when it loads none."""
    for source in sources:
        if source.type.split(";")[0].strip().lower() in _SUPPORTED and matches(source.media, screen):
            url = _pick(source, screen)
            if url:
                return url
    return ""


def _pick(source: Source, screen: Screen) -> str:
    width = slot(source.sizes, screen)
    pairs = candidates(source.srcset)
    dense = [(density, url) for url, descriptor in pairs if (density := _density(descriptor, width)) > 0]
    by_width = any(descriptor.endswith("w") for _, descriptor in pairs)
    if source.src and not by_width and all(density != 1 for density, _ in dense):
        dense.append((1.0, source.src))
    if not dense:
        return source.src
    enough = [pair for pair in dense if pair[0] >= screen.density]
    return min(enough)[1] if enough else max(dense)[1]


def _density(descriptor: str, slot_width: float) -> float:
    if not descriptor:
        return 1.0
    number = _number(descriptor.split(maxsplit=1)[0][:-1])
    return number / slot_width if descriptor.split(maxsplit=1)[0].endswith("w") else number


def slot(sizes: str, screen: Screen) -> float:
    """Return the image's width in CSS pixels by `sizes`; 100vw where it says nothing that we can read."""
    for entry in sizes.split(","):
        words = entry.strip().rsplit(" ", 1)
        media, length = (words[0], words[1]) if len(words) == 2 else ("", words[0])
        pixels = _pixels(length, screen)
        if pixels > 0 and matches(media, screen):
            return pixels
    return float(screen.width)


def _pixels(length: str, screen: Screen) -> float:
    match = _LENGTH.match(length.strip())
    if not match:
        return 0.0
    unit = {"vw": screen.width / 100, "rem": _ROOT_PIXELS, "em": _ROOT_PIXELS}.get(match[2] or "px", 1)
    return _number(match[1]) * unit


def matches(media: str, screen: Screen) -> bool:
    """Whether a media query about the width holds; any other (orientation, colours) counts as holding."""
    if re.search(r"\bprint\b", media):
        return False
    for bound, number, unit in _CONDITION.findall(media):
        limit = _number(number) * (1 if unit == "px" else _ROOT_PIXELS)
        if (bound == "min" and screen.width < limit) or (bound == "max" and screen.width > limit):
            return False
    for sign, number, unit in _RANGE.findall(media):
        limit = _number(number) * (1 if unit == "px" else _ROOT_PIXELS)
        if (sign[0] == ">" and screen.width < limit) or (sign[0] == "<" and screen.width > limit):
            return False
    return True


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
