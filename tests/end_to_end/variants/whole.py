"""Faults of the whole site: each breaks a copy of its own, for one gate."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.variants.kind import ORIGIN
from tests.end_to_end.variants.pictures import png

Break = Callable[[Path], None]


@dataclass(frozen=True)
class Whole:
    """A site with one fault: `breaks` gets its root, whose output is `dist`.

    `gate` must report `rule` at `path`, with `word` in its message or its fix, for `environment`.
    """

    name: str
    gate: str
    rule: str
    word: str
    path: str
    breaks: Break
    blocking: bool = True
    environment: str = "prod"


@dataclass(frozen=True)
class Refused:
    """An output that is no artifact: nothing of it is judged or published, and `word` is in what is said."""

    name: str
    word: str
    breaks: Break


def write(name: str, content: str | bytes) -> Break:
    """Return what writes a file of the output."""

    def breaks(root: Path) -> None:
        path = root / "dist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return breaks


def source(name: str, text: str) -> Break:
    """Return what writes a file of the sources."""

    def breaks(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    return breaks


def _package(**scripts: str) -> Break:
    return source("package.json", json.dumps({"name": "skarvness", "private": True, "scripts": scripts}))


def swap(name: str, old: str, new: str) -> Break:
    """Return what replaces a text that must be in a file of the output."""

    def breaks(root: Path) -> None:
        path = root / "dist" / name
        text = path.read_text("utf-8")
        assert old in text, f"{name} of the example has no {old!r} any more"
        path.write_text(text.replace(old, new), "utf-8")

    return breaks


def gone(name: str) -> Break:
    """Return what removes a file of the output."""

    def breaks(root: Path) -> None:
        (root / "dist" / name).unlink()

    return breaks


def both(*steps: Break) -> Break:
    """Return what does several things."""

    def breaks(root: Path) -> None:
        for one in steps:
            one(root)

    return breaks


_MANIFEST = {
    "name": "Skarvness Light",
    "start_url": "/",
    "display": "standalone",
    "icons": [
        {"src": "/icon-192.png", "sizes": "192x192", "type": "image/png"},
        {"src": "/icon-512.png", "sizes": "512x512", "type": "image/png"},
    ],
}
_ICONS = both(write("icon-192.png", png(192, 192)), write("icon-512.png", png(512, 512)))


def installable(root: Path, **other: object) -> None:
    """Make the site one that can be installed, with a manifest that says something else where it is told to."""
    _ICONS(root)
    write("app.webmanifest", json.dumps({**_MANIFEST, **other}))(root)
    link = '<link rel="manifest" href="/app.webmanifest"></head>'
    for page in (root / "dist").rglob("*.html"):
        page.write_text(page.read_text("utf-8").replace("</head>", link), "utf-8")


def _manifest(**other: object) -> Break:
    return lambda root: installable(root, **other)


def _worker(script: str, worker: str) -> Break:
    return both(
        installable,
        write("start.js", script),
        *([write("worker.js", worker)] if worker else []),
        swap("index.html", "</head>", '<script src="/start.js" defer></script></head>'),
    )


def _feed(root: Path) -> None:
    path = root / "dist/rss.xml"
    text = path.read_text("utf-8")
    start = text.index("<title>")
    path.write_text(text[:start] + text[text.index("</title>") + 8 :], "utf-8")


def _film(root: Path) -> None:
    # More than the 100 MiB that GitHub takes, without any of them on the disk.
    with (root / "dist/film.mp4").open("wb") as film:
        film.truncate(120_000_000)


WHOLE: Sequence[Whole] = (
    Whole(
        "wrong-base",
        "build",
        "wrong-base",
        "base: '/museum/'",
        "/404.html",
        lambda _: None,
        environment="project",
    ),
    Whole("no-404", "build", "no-404", "404.html", "404.html", gone("404.html"), blocking=False),
    Whole(
        "broken-sitemap",
        "links",
        "sitemap-broken",
        "build",
        "sitemap.xml",
        swap("sitemap.xml", "</urlset>", ""),
    ),
    Whole(
        "robots-without-sitemap",
        "links",
        "sitemap-missing",
        "sitemap",
        "robots.txt",
        swap("robots.txt", "sitemap.xml", "sitemap-index.xml"),
    ),
    Whole(
        "sitemap-of-old-pages",
        "links",
        "sitemap-page",
        "built",
        "sitemap.xml",
        swap("sitemap.xml", f"{ORIGIN}visit/", f"{ORIGIN}tickets/"),
    ),
    Whole(
        "sitemap-of-others",
        "links",
        "sitemap-foreign",
        "address of the site",
        "sitemap.xml",
        swap("sitemap.xml", ORIGIN, "https://other.example/"),
        blocking=False,
    ),
    Whole(
        "sitemap-with-entities",
        "links",
        "sitemap-broken",
        "entity",
        "sitemap.xml",
        swap("sitemap.xml", "<urlset", '<!DOCTYPE urlset [<!ENTITY a "ha">]><urlset'),
    ),
    Whole(
        "page-behind-no-link",
        "links",
        "orphan",
        "link",
        "/cellar/",
        both(
            write("cellar/index.html", "<!doctype html><title>Cellar</title><h1>Cellar</h1>"),
            swap("sitemap.xml", "</urlset>", f"<url><loc>{ORIGIN}cellar/</loc></url></urlset>"),
        ),
        blocking=False,
    ),
    Whole("broken-feed", "links", "feed-broken", "library", "rss.xml", swap("rss.xml", "</channel>", "")),
    Whole("nameless-feed", "links", "feed-element", "title", "rss.xml", _feed),
    Whole(
        "feed-of-old-pages",
        "links",
        "feed-link",
        "built",
        "rss.xml",
        swap("rss.xml", "logbook/tuning-the-horn/", "logbook/horn/"),
    ),
    Whole(
        "broken-manifest",
        "pwa",
        "manifest-broken",
        "JSON",
        "app.webmanifest",
        both(installable, write("app.webmanifest", "{'name': 1}")),
    ),
    Whole(
        "icon-gone",
        "pwa",
        "icon-missing",
        "/icon-192.png",
        "app.webmanifest",
        both(installable, gone("icon-192.png")),
    ),
    Whole(
        "small-icon",
        "pwa",
        "icon-size",
        "192",
        "app.webmanifest",
        both(installable, write("icon-512.png", png(192, 192))),
    ),
    Whole(
        "cut-icon",
        "pwa",
        "icon-broken",
        "original",
        "app.webmanifest",
        both(installable, write("icon-512.png", png(512, 512)[:-30])),
    ),
    Whole("start-nowhere", "pwa", "start-url", "/app/", "app.webmanifest", _manifest(start_url="/app/")),
    Whole("narrow-scope", "pwa", "scope", "start_url", "app.webmanifest", _manifest(scope="/visit/")),
    Whole(
        "no-icons", "pwa", "manifest-member", "192", "app.webmanifest", _manifest(icons=[]), blocking=False
    ),
    Whole(
        "odd-display",
        "pwa",
        "manifest-value",
        "display",
        "app.webmanifest",
        _manifest(display="windowed"),
        blocking=False,
    ),
    Whole(
        "worker-gone",
        "pwa",
        "worker-missing",
        "/worker.js",
        "/",
        _worker("navigator.serviceWorker.register('/worker.js');", ""),
    ),
    Whole(
        "wide-worker",
        "pwa",
        "worker-scope",
        "top",
        "/",
        both(
            _worker("navigator.serviceWorker.register('/sw/worker.js', { scope: '/' });", ""),
            write("sw/worker.js", "self.skipWaiting();"),
        ),
    ),
    Whole(
        "worker-of-old-files",
        "pwa",
        "precache-missing",
        "/old.css",
        "worker.js",
        _worker(
            "navigator.serviceWorker.register('/worker.js');",
            "addEventListener('install', (event) => event.waitUntil(caches.open('a').then((store) =>"
            " store.addAll(['/', '/old.css']))));",
        ),
    ),
    Whole(
        "failing-tests",
        "quality",
        "tests-failed",
        "npm run test",
        "package.json",
        both(
            _package(test="node -e \"console.error('1 of 3 tests failed'); process.exit(1)\""),
            source("src/tides.js", "export const tide = 1;\n"),
        ),
    ),
    Whole(
        "key-twice",
        "quality",
        "oxlint",
        "duplicate",
        "src/tides.js",
        both(_package(), source("src/tides.js", "export const tides = { low: 1, low: 2 };\n")),
    ),
    Whole(
        "loose-types",
        "quality",
        "not-strict",
        '"strict": true',
        "tsconfig.json",
        both(
            _package(),
            source("tsconfig.json", '{"compilerOptions": {"strict": false}}'),
            source("src/tides.ts", "export const tide: number = 1;\n"),
        ),
        blocking=False,
    ),
)

REFUSED: Sequence[Refused] = (
    Refused("no-home-page", "index.html", gone("index.html")),
    Refused("repository-in-output", ".git", write(".git/config", "[core]")),
    Refused("link-out", "link", lambda root: (root / "dist/notes").symlink_to("/etc")),
    Refused("film", "film.mp4", _film),
)
