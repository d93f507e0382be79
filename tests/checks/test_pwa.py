from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks import pwa, scan
from checks.__main__ import PlainTools
from checks.base import Subject
from checks.parse.worker import precached
from tests.checks.pages import EXAMPLE, complete, found, page, said
from tests.checks.test_images import SVG, png

MakeSubject = Callable[..., Subject]
HEAD = '<link rel="manifest" href="/app.webmanifest"><meta name="theme-color" content="#fff">'
ICONS = [{"src": f"/{size}.png", "sizes": f"{size}x{size}"} for size in (192, 512)]
BASE: dict[str, Any] = {"name": "Lamp", "start_url": "/", "display": "standalone", "icons": ICONS}
FILES = {"192.png": png(192, 192), "512.png": png(512, 512), "any.svg": SVG}
REGISTER = "<script>navigator.serviceWorker.register('{}'{})</script>"


def site(
    body: str = "", head: str = HEAD, more: dict[str, Any] | None = None, **members: object
) -> dict[str, Any]:
    manifest = {name: value for name, value in {**BASE, **members}.items() if value is not None}
    return {"index.html": page(body, head), "app.webmanifest": json.dumps(manifest), **FILES, **(more or {})}


def worker(text: str, path: str = "sw.js") -> dict[str, Any]:
    return site(REGISTER.format(f"/{path}", ""), more={path: text})


WRONG = {
    "no JSON": (site(more={"app.webmanifest": '{\n"name": }'}), "manifest-broken", "app.webmanifest"),
    "a list": (site(more={"app.webmanifest": "[]"}), "manifest-broken", "app.webmanifest"),
    "not UTF-8": (site(more={"app.webmanifest": b'{"name": "\xff"}'}), "manifest-broken", "app.webmanifest"),
    "a dead icon": (site(icons=[*ICONS, {"src": "gone.png"}]), "icon-missing", "app.webmanifest"),
    "an icon of another size": (
        site(icons=[*ICONS, {"src": "/192.png", "sizes": "256x256"}]), "icon-size", "app.webmanifest",
    ),
    "an icon that is cut off": (site(more={"192.png": png(192, 192)[:60]}), "icon-broken", "app.webmanifest"),
    "a dead start": (site(start_url="/app/"), "start-url", "app.webmanifest"),
    "another site's start": (site(start_url="https://other.example/"), "start-url", "app.webmanifest"),
    "a scope without the start": (site(scope="/app/"), "scope", "app.webmanifest"),
    "a dead worker": (site(REGISTER.format("/sw.js", "")), "worker-missing", "/"),
    "a worker with too wide a scope": (
        site(REGISTER.format("/a/sw.js", ", {scope: '/'}"), more={"a/sw.js": ""}), "worker-scope", "/",
    ),
    "a worker in a script": (
        site("<script src=/app.js></script>", more={"app.js": 'navigator.serviceWorker.register("/sw.js",{scope:"/"})'}),  # noqa: E501
        "worker-missing", "/",
    ),
    "a dead file of Workbox": (
        worker('precacheAndRoute([{url:"/index.html",revision:"1"},{"revision":null,"url":"/gone.js"}])'),
        "precache-missing", "sw.js",
    ),
    "a dead file of addAll": (
        worker("const FILES = ['/', /* home */ './gone.css'];\ncaches.open('v').then(c => c.addAll(FILES))"),
        "precache-missing", "sw.js",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_keeps_it_from_being_installed_is_refused(make_subject: MakeSubject, name: str) -> None:
    files, rule, where = WRONG[name]
    findings = said(pwa, make_subject(files))
    assert found([one for one in findings if one.blocking]) == {(rule, where)}
    assert complete(findings, pwa)


@pytest.mark.parametrize("start", ["/", "/other/"])
def test_start_and_scope_outside_of_the_base_path_are_refused(make_subject: MakeSubject, start: str) -> None:
    head = HEAD.replace("/app.", "/repo/app.")
    icons = [{**one, "src": one["src"].lstrip("/")} for one in ICONS]
    subject = make_subject(site(head=head, icons=icons, start_url=start, scope="/"), base="/repo/")
    assert {one.rule for one in said(pwa, subject)} == {"start-url", "scope"}
    good = make_subject(site(head=head, icons=icons, start_url="./?app", scope="/repo/"), base="/repo/")
    assert said(pwa, good) == []


ADVICE = {
    "no link": (site(head='<meta name="theme-color" content="#fff">'), "manifest-unlinked"),
    "a page without the link": (site(more={"a.html": page()}), "manifest-page"),
    "no name": (site(name=None), "manifest-member"),
    "no icons": (site(icons=None), "manifest-member"),
    "an unknown display": (site(display="window"), "manifest-value"),
    "no colour": (site(head='<link rel="manifest" href="/app.webmanifest">'), "theme-color"),
}


@pytest.mark.parametrize("name", ADVICE)
def test_what_could_be_better_is_advice(make_subject: MakeSubject, name: str) -> None:
    files, rule = ADVICE[name]
    findings = said(pwa, make_subject(files))
    assert {one.rule for one in findings} == {rule}
    assert not [one for one in findings if one.blocking]
    assert complete(findings, pwa)


GOOD = {
    "a manifest": site(),
    "a short scope": site(scope="."),
    "one drawing": site(icons=[{"src": "any.svg", "sizes": "any"}]),
    "a worker": worker("self.skipWaiting(); caches.open('v').then(c => c.addAll(['/', './192.png?v=1', 'https://x.example/']))"),
    "a built-up list": worker("const BASE = '/x'; c.addAll([BASE + '/gone.js', `${BASE}/b`])"),
    "a narrower scope": site(REGISTER.format("/sw.js", ", {scope: '/app/'}"), more={"sw.js": ""}),
    "an address that is built up": site("<script>navigator.serviceWorker.register(base + 'sw.js')</script>"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_good_ones_are_not_refused(make_subject: MakeSubject, name: str) -> None:
    assert said(pwa, make_subject(GOOD[name])) == []


def test_site_with_neither_has_nothing_to_judge(make_subject: MakeSubject, tmp_path: Path) -> None:
    other = {"index.html": page(), "manifest.json": '{"files": []}'}
    assert pwa.collect(make_subject(other), PlainTools()).nothing
    zipfile.ZipFile(EXAMPLE).extractall(tmp_path / "dist")
    evidence = pwa.collect(scan.subject(tmp_path / "dist", source=tmp_path), PlainTools())
    assert evidence.nothing
    assert pwa.judge(evidence, {}) == []


def test_long_worker_is_read_in_linear_time() -> None:
    text = "precacheAndRoute([" + ",".join(f'{{url:"/a{n}.js",revision:null}}' for n in range(20_000)) + "])"
    assert len(precached(text)) == 20_000
