from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from checks import privacy, scan
from checks.base import Finding, Verdict, verdict
from checks.parse import trackers
from tests.checks.conftest import MakeSubject, Visited

HEAD = "<!doctype html><html lang=en><head><meta charset=utf-8><title>A page</title>"


def found(visited: Visited, page: str, allow: list[dict[str, str]] | None = None) -> dict[str, Finding]:
    findings = privacy.judge(visited.evidence(privacy), {"allow": allow or []})
    return {one.rule: one for one in findings if one.path == page}


def test_each_fault_of_a_page_is_found(visited: Visited) -> None:
    rules = found(visited, "/followed.html")
    advice = {"tracker-named", "connection", "identifier", "foreign-form", "referrer"}
    assert {name for name, one in rules.items() if one.blocking} == {"tracker", "third-party", "cookie"}
    assert {name for name, one in rules.items() if not one.blocking} == advice
    lines = "\n".join(rules["tracker"].details)
    assert "Google Tag Manager" in lines
    assert "www.facebook.com (<noscript>)" in lines
    assert "theme" not in rules["identifier"].details[0]


def test_a_good_page_passes(make_subject: MakeSubject, visited: Visited) -> None:
    visited.subject = make_subject({"index.html": HEAD + "<p>Text <a href=https://example.net/>away</a>"})
    visited.only("/")
    evidence = visited.evidence(privacy)
    assert privacy.judge(evidence, privacy.LIMITS) == []
    assert [one.value for one in privacy.measures(evidence, privacy.LIMITS)] == [0, 0]


def test_the_element_and_its_request_are_told_once(visited: Visited) -> None:
    (one,) = [
        line for line in found(visited, "/followed.html")["third-party"].details if "googleapis" in line
    ]
    assert one == "fonts.googleapis.com  (style sheet)"


def test_what_the_policy_allows_is_advice_with_its_reason(visited: Visited) -> None:
    allow = [
        {"what": "https://fonts.googleapis.com", "reason": "until the fonts are bought"},
        {"what": "https://www.youtube.com/", "reason": "the film is the page"},
        {"what": "cookie:seen", "reason": "asked for by the visitor"},
    ]
    rules = found(visited, "/followed.html", allow)
    assert {name for name, one in rules.items() if one.blocking} == {"tracker"}
    assert "until the fonts are bought" in " ".join(rules["allowed"].details)


def test_a_tracker_tells_what_to_do_instead_and_where_it_says_what_it_collects(visited: Visited) -> None:
    visited.records = [one for one in visited.records if one["page"] == "/followed.html"]
    one = found(visited, "/followed.html")["tracker"]
    assert "count visits without it" in one.fix
    assert urlsplit(one.source).netloc == "developers.google.com"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("<script src=https://cdn.jsdelivr.net/npm/x.js></script>", "third-party"),
        ("<img src=//images.example.net/a.png alt=''>", "third-party"),
        ("<link rel=stylesheet href=https://example.net/a.css>", "third-party"),
        ("<iframe src=https://www.youtube-nocookie.com/embed/1 title=Film></iframe>", "third-party"),
        ("<link rel=dns-prefetch href=https://www.google-analytics.com>", "tracker"),
        ("<link rel=preconnect href=//plausible.io>", "tracker"),
        ("<link rel=preconnect href=https://example.net>", "connection"),
        ("<meta name=referrer content=no-referrer-when-downgrade>", "referrer"),
        ("<meta name=referrer content=same-origin>", None),
        ("<script>load('https://static.hotjar.com/c.js')</script>", "tracker-named"),
        ("<script>const share = 'https://www.facebook.com/sharer.php';</script>", None),
        ("<form action=/search/><button>Go</button></form>", None),
        ("<form><button formaction=https://example.net/>Go</button></form>", "foreign-form"),
        ("<link rel=canonical href=https://example.net/>", None),
        ("<noscript><img src='https://www.facebook.com/tr?id=1&amp;ev=x' alt=''></noscript>", "tracker"),
        ("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' alt=''>", None),
    ],
)
def test_what_pages_name(make_subject: MakeSubject, visited: Visited, text: str, rule: str | None) -> None:
    visited.subject = make_subject({"index.html": HEAD + text})
    visited.records = []
    assert set(found(visited, "/")) == ({rule} if rule else set())


def test_the_sites_own_address_is_not_another_origin(make_subject: MakeSubject, visited: Visited) -> None:
    page = HEAD + "<img src=https://ann.github.io/site/a.png alt=''>"
    visited.subject = make_subject({"index.html": page}, base="/site/", url="https://ann.github.io/site/")
    visited.records = []
    assert found(visited, "/") == {}


def test_style_sheets_and_scripts_are_read(make_subject: MakeSubject, visited: Visited) -> None:
    sheet = "@import 'https://fonts.bunny.net/css'; @font-face{font-family:A;src:url(https://example.net/a.woff2)}"
    script = "new Image().src = 'https://www.google-analytics.com/collect'"
    visited.subject = make_subject({"a.css": sheet, "b.js": script, "index.html": HEAD})
    visited.records = []
    assert set(found(visited, "/a.css")) == {"third-party", "third-party-named"}
    assert set(found(visited, "/b.js")) == {"tracker-named"}


def test_a_page_that_could_not_be_visited_is_unavailable(visited: Visited) -> None:
    visited.subject = scan.subject(visited.subject.output / "none", source=visited.subject.source)
    visited.records = [{"page": "/", "file": "index.html", "failed": "the browser crashed"}]
    assert verdict(privacy.judge(visited.evidence(privacy), privacy.LIMITS)) is Verdict.UNAVAILABLE


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("www.googletagmanager.com", "Google Tag Manager"),
        ("region1.google-analytics.com", "Google Analytics"),
        ("stats.g.doubleclick.net", "Google Analytics"),
        ("ad.doubleclick.net", "Google Ads"),
        ("notplausible.io", None),
        ("example.net", None),
    ],
)
def test_hosts_of_trackers(host: str, name: str | None) -> None:
    tracker = trackers.tracker_of(host)
    assert (tracker.name if tracker else None) == name


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("_ga_ABC", True),
        ("_fbp", True),
        ("_hjSession", True),
        ("_pk_id.1.a", True),
        ("theme", False),
        ("_gallery", False),
        ("consent", False),
    ],
)
def test_keys_of_trackers(key: str, *, known: bool) -> None:
    assert (trackers.tracker_of_key(key) is not None) is known


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("visitor_id", True),
        ("app.clientId", True),
        ("uuid", True),
        ("user-token", True),
        ("theme", False),
        ("grid", False),
        ("consent", False),
        ("validated", False),
        ("sidebar", False),
    ],
)
def test_names_that_tell_visitors_apart(key: str, *, answer: bool) -> None:
    assert trackers.identifies(key) is answer


def test_every_tracker_says_what_to_do_and_where_that_stands() -> None:
    seen: dict[str, Any] = {}
    for one in trackers.TRACKERS:
        assert one.instead
        assert urlsplit(one.source).scheme == "https"
        for domain in one.domains:
            assert domain not in seen, f"{domain} is {one.name} and {seen.get(domain)}"
            seen[domain] = one.name
