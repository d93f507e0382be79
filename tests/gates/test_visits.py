"""Visits in a real browser: what a record says, what stops a page from being seen, and what is carried over."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.base import File, Subject, Unavailable
from pipeline.core.project import open_project
from pipeline.gates.visits import page as page_module
from pipeline.gates.visits.run import Kept, essence, visit
from pipeline.tools import toolbox
from pipeline.tools.node import find_node

pytestmark = [pytest.mark.slow, pytest.mark.node]

URL = "https://ann.github.io/garden/"
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
VERSIONS = {**toolbox.versions("page"), "chromium": "Chromium 1"}
HEAD = (
    "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>A page</title>{}</head><body><main><h1>A page</h1>{}</main></body></html>"
)
Record = Mapping[str, Any]


def html(body: str = "<p>Text</p>", head: str = "") -> str:
    return HEAD.format(head, body)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The locked tools for pages, installed with real npm once for this module."""
    folder = tmp_path_factory.mktemp("cache")
    toolbox.need("page", find_node(), {**os.environ, "XDG_CACHE_HOME": str(folder)})
    return folder


@pytest.fixture(autouse=True)
def tools(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


class Place:
    """A site whose output is what a test writes."""

    def __init__(self, root: Path, files: Mapping[str, str | bytes]) -> None:
        self.root = root
        self.url = URL
        self.versions: Mapping[str, str] = VERSIONS
        (root / "dist").mkdir(parents=True)
        (root / "invoke.yaml").write_text(
            "site: {framework: plain, package_manager: none, install: [], build: []}\n"
        )
        for name, content in files.items():
            self.write(name, content)

    def write(self, name: str, content: str | bytes) -> None:
        path = self.root / "dist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    @property
    def subject(self) -> Subject:
        files = []
        for path in sorted((self.root / "dist").rglob("*")):
            if path.is_file():
                data, name = path.read_bytes(), path.relative_to(self.root / "dist").as_posix()
                packed = len(gzip.compress(data, 6, mtime=0))
                files.append(File(name, hashlib.sha256(data).hexdigest(), len(data), packed))
        base = "/" + self.url.split("/", 3)[3]
        return Subject(
            self.root,
            self.root / "dist",
            tuple(files),
            "tree",
            "source",
            base,
            self.url,
            versions=self.versions,
        )

    def visit(self, *, fresh: bool = False, now: datetime = NOW, chance: float = 1.0) -> Kept:
        project = open_project(self.root, environ={})
        return visit(project, self.subject, fresh=fresh, clock=lambda: now, chance=lambda: chance)

    def records(self, **words: Any) -> dict[str, Record]:  # noqa: ANN401
        return {record["page"]: record for record in self.visit(**words).records()}


PALE = "<p style='color:#ccc;background:#fff'>pale</p>"
SEEN: dict[str, str | bytes] = {
    "index.html": html("<p>Home</p>"),
    "404.html": html("<p>Not here</p>"),
    "loud.html": html(
        "<img src=missing.png alt=''><script>console.error('bad', 1); console.warn('hm'); document.cookie = 'c=1';"
        "localStorage.k = 1; sessionStorage.s = 2; setTimeout(() => { throw new Error('boom') });"
        "alert('hello')</script>"
    ),
    "foreign.html": html(
        "<img src='https://t.invalid/p.gif' alt=''><script>fetch('https://api.invalid/').catch(() => 0)</script>",
        "<script src='https://cdn.invalid/x.js' integrity='sha256-abc' crossorigin></script>",
    ),
    "inside.html": html(
        "<div id=h></div><iframe title=one src=frame.html></iframe><script>h.attachShadow({mode: 'open'})"
        ".innerHTML = '<button></button>'</script>"
    ),
    "frame.html": html("<input>"),
    "strict.html": html(PALE, "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">")
    .replace("<p style='color:#ccc;background:#fff'>", "<p class=x><img src=a.png>"),
    "public.html": html(
        f"<script>fetch('{URL}data.json').then(r => r.json()).then(d => document.title = d.title)</script>",
        f"<link rel=stylesheet href='{URL}a.css'>",
    ),
    "a.css": "p, h1 { color: #aaa }",
    "data.json": '{"title": "from data"}',
    "colours.html": html(
        "<p>Text</p><div style='width:900px'>wide</div>",
        "<style>@media (prefers-color-scheme: dark) { p { color: #333; background: #000 } }</style>",
    ),
    "moves.html": html(
        "<div id=a style='height:9px'></div><p>" + "text " * 300
        + "</p><script>setTimeout(() => { a.style.height = '300px' }, 60)</script>"
    ),
    "today.html": html("<script>document.title = new Date().getFullYear()</script>"),
    "away.html": html(head="<meta http-equiv=refresh content='0;url=https://elsewhere.invalid/'>"),
    "on.html": html(head="<meta http-equiv=refresh content='0;url=./'>"),
    "bytes.html": html().encode() + b"\xff\xfe\x80",
}  # fmt: skip


@pytest.fixture(scope="module")
def seen(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A site for each thing that a record tells, visited once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        place = Place(tmp_path_factory.mktemp("seen"), SEEN)
        place.visit()
        yield place


@pytest.fixture
def records(seen: Place) -> dict[str, Record]:
    kept = seen.visit()
    return {record["page"]: record for record in kept.records()}


def asked(record: Record) -> dict[str, tuple[str, int, bool]]:
    return {one["url"]: (one["type"], one["status"], one["foreign"]) for one in record["requests"]}


def rules(record: Record, view: str) -> dict[str, int]:
    one = next(one for one in record["views"] if one["name"] == view)
    return {rule["id"]: rule["count"] for rule in one["axe"]["violations"]}


def test_every_page_has_a_record_in_the_order_of_the_addresses(
    seen: Place, records: dict[str, Record]
) -> None:
    names = ["/" if name == "index.html" else f"/{name}" for name in SEEN if name.endswith(".html")]
    assert list(records) == sorted(names)
    assert [page for page, record in records.items() if "failed" in record] == []
    assert seen.visit().tools == VERSIONS


def test_a_quiet_page_has_nothing_to_tell(records: dict[str, Record]) -> None:
    home = records["/"]
    silent = ("console", "exceptions", "cookies", "shifts", "volatile", "cls")
    assert {name: home[name] for name in silent} == {
        "console": [], "exceptions": [], "cookies": [], "shifts": [], "volatile": "", "cls": 0,
    }  # fmt: skip
    assert asked(home) == {"/": ("Document", 200, False)}
    assert home["needs"] == {"index.html": hashlib.sha256(html("<p>Home</p>").encode()).hexdigest()}
    assert [view["name"] for view in home["views"]] == [
        "narrow-light",
        "narrow-dark",
        "wide-light",
        "wide-dark",
    ]
    assert all(view["axe"]["violations"] == [] == view["htmlcs"] for view in home["views"])


def test_console_exceptions_cookies_and_storage_are_told(records: dict[str, Record]) -> None:
    loud = records["/loud.html"]
    said = [(one["level"], one["text"], one["url"]) for one in loud["console"]]
    assert ("error", "bad 1", "/loud.html") in said
    assert ("warning", "hm", "/loud.html") in said
    assert ("warning", "opened a dialog (alert): hello", "/loud.html") in said
    missing = "Failed to load resource: the server responded with a status of 404 (Not Found)"
    assert ("error", missing, "/missing.png") in said
    assert [one["text"].split("\n")[0] for one in loud["exceptions"]] == ["Error: boom"]
    assert [(one["name"], one["foreign"]) for one in loud["cookies"]] == [("c", False)]
    assert loud["storage"] == {"local": ["k"], "session": ["s"]}
    assert asked(loud)["/missing.png"] == ("Image", 404, False)
    assert loud["needs"]["missing.png"] is None
    assert "404.html" in loud["needs"]
    assert loud["volatile"] == "throws"


def test_what_is_foreign_is_noted_refused_and_no_error_of_the_page(records: dict[str, Record]) -> None:
    foreign = records["/foreign.html"]
    found = asked(foreign)
    for url, kind in (("https://cdn.invalid/x.js", "Script"), ("https://t.invalid/p.gif", "Image")):
        assert found[url] == (kind, 0, True)
    assert found["https://api.invalid/"] == ("Fetch", 0, True)
    script = next(one for one in foreign["requests"] if one["type"] == "Script")
    assert script["integrity"] == "sha256-abc"
    assert foreign["console"] == []
    assert foreign["volatile"] == "asks another origin"


def test_shadow_trees_and_frames_are_looked_into(records: dict[str, Record]) -> None:
    assert rules(records["/inside.html"], "narrow-light") == {"button-name": 1, "label": 1}
    assert asked(records["/inside.html"])["/frame.html"] == ("Document", 200, False)


def test_a_strict_policy_stops_the_page_and_not_the_look(records: dict[str, Record]) -> None:
    strict = records["/strict.html"]
    assert rules(strict, "narrow-light") == {"image-alt": 1}
    assert [one["code"].split(".")[-1] for one in strict["views"][0]["htmlcs"]] == ["H37"]
    blocked = next(one for one in strict["requests"] if one["type"] == "Image")
    assert (blocked["status"], blocked["error"]) == (0, "blocked: csp")
    assert "Content Security Policy" in strict["console"][0]["text"]


def test_the_public_address_is_answered_from_the_files(records: dict[str, Record]) -> None:
    public = records["/public.html"]
    assert asked(public) == {
        "/public.html": ("Document", 200, False),
        "/a.css": ("Stylesheet", 200, False),
        "/data.json": ("Fetch", 200, False),
    }
    assert set(public["needs"]) == {"public.html", "a.css", "data.json"}
    assert rules(public, "wide-light")["color-contrast"] == 1


def test_each_view_has_its_width_and_its_colours(records: dict[str, Record]) -> None:
    colours = records["/colours.html"]
    found = {view["name"]: (rules(colours, view["name"]), view["overflow"] > 0) for view in colours["views"]}
    assert found == {
        "narrow-light": ({}, True),
        "narrow-dark": ({"color-contrast": 1}, True),
        "wide-light": ({}, False),
        "wide-dark": ({"color-contrast": 1}, False),
    }


def test_layout_shifts_are_summed_and_the_biggest_named(records: dict[str, Record]) -> None:
    moves = records["/moves.html"]
    assert 0.1 < moves["cls"] < 0.6
    assert moves["shifts"][0] == {"value": moves["cls"], "selector": "body > main > p"}


def test_where_a_page_leads_is_told(records: dict[str, Record]) -> None:
    assert records["/on.html"]["final"] == "/"
    assert records["/away.html"]["final"] == "https://elsewhere.invalid/"
    assert records["/away.html"]["volatile"] == "asks another origin, leads to another origin"


def test_pictures_of_the_light_views_are_there_and_no_others(seen: Place, records: dict[str, Record]) -> None:
    folder = seen.root / ".pages/cache/pictures"
    shown = {view["picture"] for record in records.values() for view in record["views"]} - {""}
    assert {path.stem for path in folder.iterdir()} == shown
    for view in records["/"]["views"]:
        assert bool(view["picture"]) == view["name"].endswith("light")
    name = records["/"]["views"][0]["picture"]
    data = (folder / f"{name}.webp").read_bytes()
    assert hashlib.sha256(data).hexdigest() == name
    assert data[8:12] == b"WEBP"


def test_a_second_run_visits_only_what_cannot_be_carried_over(seen: Place) -> None:
    again = seen.visit()
    # Loud throws, foreign and away ask other origins.
    assert (again.fresh, again.carried) == (3, len(list(again.records())) - 3)


def test_what_uses_the_date_counts_for_a_day(seen: Place) -> None:
    later = seen.visit(now=NOW + timedelta(hours=23))
    assert later.fresh == 3
    assert seen.records(now=NOW + timedelta(hours=23))["/today.html"]["volatile"] == "uses the date"
    assert seen.visit(now=NOW + timedelta(hours=25)).fresh == 4


STUBBORN: dict[str, str | bytes] = {
    "index.html": html(),
    "again.html": html("<script>location.reload()</script>"),
    "ping.html": html("<script>location.href = 'pong.html'</script>"),
    "pong.html": html("<script>location.href = 'ping.html'</script>"),
    "hangs.html": html("<script>setTimeout(() => { for (;;); }, 300)</script>"),
    "huge.html": html("<p>word word</p>" * 3_200_000),
    "stays.html": html("<script>addEventListener('beforeunload', e => { e.preventDefault() })</script>"),
    "opens.html": html("<script>window.open('./'); window.open('https://ad.invalid/')</script>"),
    "polls.html": html("<script>setInterval(() => fetch('a.json?' + Math.random()), 30)</script>"),
    "saves.html": html(head="<meta http-equiv=refresh content='0;url=a.bin'>"),
    "works.html": html("<script>navigator.serviceWorker.register('sw.js')</script>"),
    "late.html": html("<script>setTimeout(() => { location.href = './' }, 900)</script>"),
    "patched.html": html(
        "<script>Array.prototype.map = null; window.Promise = null; JSON.parse = 1</script>"
    ),
    "a.json": "[]",
    "a.bin": random.Random(1).randbytes(5_000),
    "sw.js": "onfetch = (event) => event.respondWith(new Response('not the page'))",
}


def test_no_page_hangs_the_visit_or_is_passed_unseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "_LOOK_SECONDS", 12.0)
    monkeypatch.setattr(page_module, "_LOAD_SECONDS", 6.0)
    records = Place(tmp_path / "site", STUBBORN).records()
    failed = {page: record["failed"] for page, record in records.items() if "failed" in record}
    endless = "it loads itself, or leads to other pages, again and again"
    assert failed.pop("/hangs.html").startswith("no answer to ")
    assert failed == {
        "/again.html": endless,
        "/ping.html": endless,
        "/pong.html": endless,
        "/huge.html": "it has 51.2 MB of HTML, more than the 8 MB that can be checked",
    }
    assert all("views" not in records[page] for page in failed)
    assert [one["text"] for one in records["/opens.html"]["console"]] == [
        "opened a window",
        "opened a window",
    ]
    assert (records["/polls.html"]["idle"], records["/polls.html"]["volatile"][:17]) == (
        False,
        "never goes quiet,",
    )
    assert records["/saves.html"]["console"][0]["text"] == "began a download: a.bin"
    assert records["/late.html"]["final"] == "/late.html"
    assert len(records["/patched.html"]["views"]) == 4


def test_a_browser_that_is_not_there_is_unavailable_with_the_command_that_mends_it(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", {"index.html": html()})
    (place.root / "invoke.yaml").write_text("tools: {chrome: /nowhere/chrome}\n")
    with pytest.raises(Unavailable) as refusal:
        place.visit()
    assert refusal.value.reason == "no Chromium or Chrome was found that runs"
    assert refusal.value.fix == "invoke doctor --fix"


def test_a_browser_that_does_not_start_is_unavailable_with_what_it_said(tmp_path: Path) -> None:
    program = tmp_path / "chrome"
    program.write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo Chromium 1.2 && exit\necho 'no display' >&2; exit 1\n"
    )
    program.chmod(0o755)
    place = Place(tmp_path / "site", {"index.html": html()})
    (place.root / "invoke.yaml").write_text(f"tools: {{chrome: {program}}}\n")
    with pytest.raises(Unavailable, match="pages cannot be visited: the browser does not start: no display"):
        place.visit()


def test_a_carried_page_that_looks_otherwise_is_said_and_all_are_visited_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path / "site", {"index.html": html(), "b.html": html()})
    place.visit()
    with sqlite3.connect(place.root / ".pages/cache/visits.db") as base:
        import zlib

        (body,) = base.execute("select record from visits where page = '/'").fetchone()
        record = json.loads(zlib.decompress(body))
        record["console"] = [{"level": "error", "text": "was never said", "url": "/", "line": 1}]
        base.execute(
            "update visits set record = ? where page = '/'", (zlib.compress(json.dumps(record).encode()),)
        )
    base.close()
    assert place.visit().fresh == 0
    kept = place.visit(chance=0.0)
    assert (kept.fresh, kept.carried) == (2, 0)
    assert all(one["console"] == [] for one in kept.records())
    assert "warning: / did not look as kept, although nothing changed" in capsys.readouterr().err


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path / "site", {f"{name}.html": html(name) for name in "abcd"})
    real = page_module.Visitor.visit
    seen: list[str] = []

    async def dies(self: page_module.Visitor, file: File) -> page_module.Seen:
        if len(seen) == 2:
            raise KeyboardInterrupt
        found = await real(self, file)
        seen.append(file.path)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(page_module.Visitor, "visit", dies)
        with pytest.raises(KeyboardInterrupt):
            place.visit()
    kept = place.visit()
    assert kept.fresh + kept.carried == 4
    assert kept.carried >= 2


SHOP: dict[str, str | bytes] = {
    "index.html": html(
        "<p>Home</p><img src=i.svg alt=''><script type=module src=js/main.Ab12Cd34.js></script>",
        "<link rel=stylesheet href=shared.css>",
    ),
    "about.html": html(
        "<p>About</p><script type=module src=js/main.Ab12Cd34.js></script>",
        "<link rel=stylesheet href=shared.css>",
    ),
    "alone.html": html("<p>Alone</p>"),
    "shared.css": "p { color: #222 }",
    "js/main.Ab12Cd34.js": "import { word } from './part.Xy98Zw76.js'; document.body.dataset.word = word",
    "js/part.Xy98Zw76.js": "export const word = 'one'",
    "i.svg": "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
}


def edit(place: Place, what: str, turn: int) -> None:
    """Change one thing of the shop."""
    dist = place.root / "dist"
    if what == "content":
        place.write(
            "about.html",
            (dist / "about.html").read_text().replace("<h1>", f"<img src=x><p>{turn}</p><h1>"),
        )
    elif what == "shared css":
        place.write("shared.css", f"p {{ color: #{turn % 9 + 1}{turn % 9 + 1}{turn % 9 + 1} }}")
    elif what == "shared script":
        part = next(dist.glob("js/part.*"))
        part.write_text(f"export const word = 'w{turn}'; console.error(word)")
    elif what == "image":
        place.write("i.svg", f"<svg xmlns='http://www.w3.org/2000/svg' width='{turn + 10}' height='9'/>")
    elif what == "missing":
        (dist / "i.svg").unlink(missing_ok=True)
    elif what == "config":
        place.url = f"https://ann.github.io/garden{turn}/"
    elif what == "tool":
        place.versions = {**VERSIONS, "axe-core": f"4.0.{turn}"}
    elif what == "hashed name":
        old = next(dist.glob("js/part.*"))
        new = old.with_name(f"part.Qr{turn:06}.js")
        old.rename(new)
        main = next(dist.glob("js/main.*"))
        main.write_text(main.read_text().replace(old.name, new.name))


# Each kind of edit with the pages that it must have visited again.
EDITS = {
    "content": {"/about.html"},
    "shared css": {"/", "/about.html"},
    "shared script": {"/", "/about.html"},
    "image": {"/"},
    "missing": {"/"},
    "config": {"/", "/about.html", "/alone.html"},
    "tool": {"/", "/about.html", "/alone.html"},
    "hashed name": set[str](),
}


def comparable(record: Record) -> dict[str, Any]:
    """A record without what may differ between two visits of the same page: moments, shifts and pictures."""
    found = {
        key: value for key, value in record.items() if key not in {"measured_at", "cls", "shifts", "requests"}
    }
    found["views"] = [{**view, "picture": bool(view["picture"])} for view in record["views"]]
    found["requests"] = sorted(record["requests"], key=lambda one: (one["url"], one["type"]))
    return found


@pytest.mark.parametrize("seed", [1])
def test_an_incremental_run_has_the_records_of_a_full_one(tmp_path: Path, seed: int) -> None:
    place = Place(tmp_path / "site", SHOP)
    place.visit()
    kinds = list(EDITS)
    random.Random(seed).shuffle(kinds)
    for turn, kind in enumerate(kinds):
        edit(place, kind, turn)
        before = {one["page"]: one for one in _kept(place)}
        now = place.visit(now=NOW + timedelta(minutes=turn + 1))
        some = {one["page"]: one for one in now.records()}
        visited = {
            page
            for page, one in some.items()
            if one["measured_at"] != before.get(page, {}).get("measured_at")
        }
        full = place.records(fresh=True, now=NOW + timedelta(minutes=turn + 1))
        assert list(some) == list(full)
        for page, one in some.items():
            differing = {
                key: (value, comparable(full[page])[key])
                for key, value in comparable(one).items()
                if value != comparable(full[page])[key]
            }
            assert (kind, page, differing) == (kind, page, {})
        assert {page: essence(one) for page, one in some.items()} == {
            page: essence(one) for page, one in full.items()
        }
        assert (kind, visited) == (kind, EDITS[kind])


def _kept(place: Place) -> list[Record]:
    """The newest record of each page in the database."""
    import zlib

    base = sqlite3.connect(place.root / ".pages/cache/visits.db")
    rows = base.execute("select record from visits order by id").fetchall()
    base.close()
    found = {one["page"]: one for one in (json.loads(zlib.decompress(body)) for (body,) in rows)}
    return list(found.values())
