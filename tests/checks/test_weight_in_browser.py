"""The gate `budgets` reads files; a real browser says whether it read them right."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checks.base import Subject
from checks.parse import html
from checks.parse.srcset import Screen
from checks.weight import Graph

MakeSubject = Callable[..., Subject]
CHROME = os.environ.get("CHROME_PATH") or shutil.which("chromium") or shutil.which("google-chrome")
# Headless Chromium has no window narrower than 500 pixels.
SCREENS = (Screen(500, 1.75), Screen(1350, 1.0))
DOT = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><path d='M0 0h9v9z'/></svg>"
NAMES = (
    "s.svg",
    "m.svg",
    "l.svg",
    "x2.svg",
    "wide.svg",
    "old.svg",
    "plain.svg",
    "lazy.svg",
    "bg.svg",
    "no.svg",
)
PAGE = """<!doctype html><html lang=en><head><title>x</title>
<link rel=icon href="data:,"><link rel=stylesheet href=/a.css>
<script type=module src=/a.js></script><script nomodule src=/old.js></script></head><body>
<img src=m.svg srcset="s.svg 300w, m.svg 900w, l.svg 2000w" sizes="(max-width: 600px) 100vw, 250px">
<img src=plain.svg srcset="x2.svg 2x"><img src=lazy.svg loading=lazy>
<picture><source media="(min-width: 800px)" srcset=wide.svg><source type=image/x-unknown srcset=no.svg>
<img src=old.svg></picture><noscript><img src=no.svg></noscript><template><img src=no.svg></template>
<p>Hello</p><script type=module>import "/inline.js"</script></body></html>"""
FILES = {
    "index.html": PAGE,
    "a.css": "@import 'b.css'; p{font-family:F;background:url(bg.svg)}"
    "@font-face{font-family:F;src:url(f.eot) format('embedded-opentype'),url(latin.woff2) format('woff2');"
    "unicode-range:U+0-FF}"
    "@font-face{font-family:F;src:url(cyrillic.woff2) format('woff2');unicode-range:U+400-4FF}",
    "b.css": "p{color:red}",
    "a.js": "import{b}from'./b.js';globalThis.never&&import('./lazy.js')",
    "b.js": "export const b=1",
    "inline.js": "1",
    "lazy.js": "1",
    "old.js": "1",
    "latin.woff2": "x",
    "cyrillic.woff2": "x",
    **dict.fromkeys(NAMES, DOT),
}


@pytest.fixture
def asked() -> Iterator[Callable[[Path], tuple[str, list[str]]]]:
    """Serve a folder on loopback and record what is asked for."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def serve(folder: Path) -> tuple[str, list[str]]:
        paths: list[str] = []

        class Recorder(http.server.SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                paths.append(self.path.lstrip("/"))
                super().do_GET()

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Recorder, directory=str(folder))
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/", paths

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
@pytest.mark.skipif(CHROME is None, reason="needs Chromium or Chrome on PATH or in CHROME_PATH")
@pytest.mark.parametrize("screen", SCREENS, ids=["phone", "desk"])
def test_a_browser_loads_exactly_what_the_gate_counts(
    make_subject: MakeSubject,
    asked: Callable[[Path], tuple[str, list[str]]],
    tmp_path: Path,
    screen: Screen,
) -> None:
    subject = make_subject(FILES)
    url, paths = asked(subject.output)
    flags = [f"--window-size={screen.width},9000", f"--force-device-scale-factor={screen.density}"]
    flags += ["--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [str(CHROME), "--headless=new", *flags, "--virtual-time-budget=5000", "--dump-dom", url]
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    counted = Graph(subject).load("index.html", html.read(PAGE.encode()), screen).assets
    assert set(paths) - {""} == counted
