"""What the local Pages server answers, over real sockets, from real repositories."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from email.utils import formatdate
from http import HTTPStatus

import pytest

from pipeline.site.server import Limits, Server
from tests.site.publishing import TIME, ask, bare, connect, publish, raw, read_all

HTML = b"<!doctype html><p>" + b"some words " * 100
# The phrase became "Range Not Satisfiable" with Python 3.13.
UNSATISFIABLE = f"416 {HTTPStatus(416).phrase}\n".encode()
LETTERS = b"abcdefghijklmnopqrstuvwxyz"
BIG = bytes(range(256)) * 8_000
FILES = {
    ".nojekyll": b"",
    ".hidden/a.txt": b"secret",
    ".well-known/release.json": b"{}",
    ".well-known/.secret": b"secret",
    "index.html": HTML,
    "404.html": b"<p>our own miss",
    "letters.txt": LETTERS,
    "about.html": b"about",
    "both.html": b"both as a file",
    "both/index.html": b"both as a folder",
    "dir/index.html": b"a folder",
    "dir/.env": b"secret",
    "bare/leaf.txt": b"no index here",
    "Case.txt": b"case",
    "big.bin": BIG,
    "empty.txt": b"",
    "über uns.html": b"unicode",
    "100% sure.txt": b"percent",
    "noise.txt": b"0123456789abcdef" * 2,
    "plain": b"no extension",
}
TYPES = {
    "a.css": "text/css; charset=utf-8",
    "a.js": "text/javascript; charset=utf-8",
    "a.mjs": "text/javascript; charset=utf-8",
    "a.json": "application/json; charset=utf-8",
    "a.webmanifest": "application/manifest+json; charset=utf-8",
    "a.svg": "image/svg+xml",
    "a.avif": "image/avif",
    "a.webp": "image/webp",
    "a.woff2": "font/woff2",
    "a.xml": "application/xml",
    "a.txt": "text/plain; charset=utf-8",
    "a.map": "application/json; charset=utf-8",
    "a.wasm": "application/wasm",
    "a.ico": "image/vnd.microsoft.icon",
    "a.pdf": "application/pdf",
    "a.HTML": "text/html; charset=utf-8",
    "a.unheard-of": "application/octet-stream",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    repository = bare(tmp_path_factory.mktemp("server") / "site.git")
    publish(repository, {**FILES, **dict.fromkeys(TYPES, b"x")})
    with Server(repository, base="repo") as running:
        yield running


@pytest.fixture
def url(server: Server) -> str:
    return server.url


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/repo/", 200, HTML),
        ("/repo/?query=1", 200, HTML),
        ("/repo/index.html", 200, HTML),
        ("/repo/index", 200, HTML),
        ("/repo/about.html", 200, b"about"),
        ("/repo/about", 200, b"about"),
        ("/repo/about/", 404, b"<p>our own miss"),
        ("/repo/both", 200, b"both as a file"),
        ("/repo/both/", 200, b"both as a folder"),
        ("/repo/dir/", 200, b"a folder"),
        ("/repo/bare/", 404, b"<p>our own miss"),
        ("/repo/nothing", 404, b"<p>our own miss"),
        ("/repo/case.txt", 404, b"<p>our own miss"),
        ("/repo/Case.txt", 200, b"case"),
        ("/", 404, b"<p>our own miss"),
        ("/index.html", 404, b"<p>our own miss"),
        ("/repository/", 404, b"<p>our own miss"),
        ("/repo/empty.txt", 200, b""),
        ("/repo/plain", 200, b"no extension"),
        ("/repo/%C3%BCber%20uns", 200, b"unicode"),
        ("/repo/%6Cetters.txt", 200, LETTERS),
        ("/repo/100%25%20sure.txt", 200, b"percent"),
        ("/repo/.well-known/release.json", 200, b"{}"),
        ("/repo/.well-known/.secret", 404, b"<p>our own miss"),
        ("/repo/.nojekyll", 404, b"<p>our own miss"),
        ("/repo/.hidden/a.txt", 404, b"<p>our own miss"),
        ("/repo/dir/.env", 404, b"<p>our own miss"),
    ],
)
def test_path_is_answered_as_by_pages(url: str, path: str, status: int, body: bytes) -> None:
    reply = ask(url, path)
    assert (reply.status, reply.body) == (status, body)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/repo", "/repo/"),
        ("/repo?a=b", "/repo/?a=b"),
        ("/repo/dir", "/repo/dir/"),
        ("/repo/dir?x=%2F&y", "/repo/dir/?x=%2F&y"),
        ("/repo/bare", "/repo/bare/"),
        ("/repo/.well-known", "/repo/.well-known/"),
    ],
)
def test_folder_without_slash_is_redirected_with_its_query(url: str, path: str, location: str) -> None:
    reply = ask(url, path)
    assert (reply.status, reply["Location"]) == (301, location)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/repo/../repo/letters.txt", 404),
        ("/repo/%2e%2e/repo/letters.txt", 404),
        ("/repo/dir/%2E%2e/letters.txt", 404),
        ("/repo/..%2fletters.txt", 404),
        ("/repo/dir%2findex.html", 404),
        ("/repo/dir%5cindex.html", 404),
        ("/repo/dir\\index.html", 404),
        ("/repo/..%5c..%5cetc/passwd", 404),
        ("/repo/%252e%252e/letters.txt", 404),
        ("//repo/dir", 404),
        ("/repo//dir", 404),
        ("/repo/letters.txt%00.html", 400),
        ("/repo/%c0%ae%c0%ae/letters.txt", 400),
        ("/repo/%e0%80%af", 400),
        ("/repo/%ff", 400),
        ("/repo/%zz", 400),
        ("/repo/%", 400),
        ("/repo/a%0d%0aSet-Cookie:x", 400),
        ("/repo/%00", 400),
    ],
)
def test_no_way_out_of_the_tree(url: str, path: str, status: int) -> None:
    assert ask(url, path).status == status


def test_file_carries_the_headers_of_pages(url: str) -> None:
    reply = ask(url, "/repo/")
    assert reply["Cache-Control"] == "max-age=600"
    assert reply["Access-Control-Allow-Origin"] == "*"
    assert reply["Last-Modified"] == formatdate(TIME, usegmt=True)
    assert reply["Server"] == "pages-pipeline"
    assert reply["Vary"] == "Accept-Encoding"
    assert reply["Content-Length"] == str(len(HTML))
    assert (reply["Date"] or "").endswith(" GMT")
    assert (reply["ETag"] or "").startswith('"')


@pytest.mark.parametrize(("name", "kind"), TYPES.items())
def test_media_type_follows_the_extension(url: str, name: str, kind: str) -> None:
    assert ask(url, f"/repo/{name}")["Content-Type"] == kind


def test_head_sends_the_headers_of_get_alone(url: str) -> None:
    get = ask(url, "/repo/", accept_encoding="gzip")
    head = ask(url, "/repo/", method="HEAD", accept_encoding="gzip")
    assert head.body == b""
    names = ("Content-Length", "ETag", "Content-Encoding", "Content-Type", "Last-Modified", "Vary")
    assert [head[name] for name in names] == [get[name] for name in names]
    missing = ask(url, "/repo/nothing", method="HEAD")
    assert (missing.status, missing["Content-Length"], missing.body) == (404, "15", b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_other_methods_are_refused_with_what_is_allowed(url: str, method: str) -> None:
    reply = ask(url, "/repo/", method=method)
    assert (reply.status, reply["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        ("gzip, deflate, br", "gzip"),
        ("br", None),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *", None),
        ("*;q=0.5", "gzip"),
        ("*;q=0", None),
        ("GZIP;Q=0.1", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=nonsense", None),
        ("identity", None),
        ("", None),
    ],
)
def test_gzip_is_sent_to_who_takes_it(url: str, accepts: str, coding: str | None) -> None:
    reply = ask(url, "/repo/", accept_encoding=accepts)
    assert reply["Content-Encoding"] == coding
    assert (gzip.decompress(reply.body) if coding else reply.body) == HTML
    assert reply["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", ["big.bin", "letters.txt", "a.woff2"])
def test_gzip_is_not_spent_on_small_and_binary_files(url: str, name: str) -> None:
    assert ask(url, f"/repo/{name}", accept_encoding="gzip")["Content-Encoding"] is None


def test_each_coding_has_its_own_strong_tag(url: str) -> None:
    tags = {ask(url, "/repo/", accept_encoding=coding)["ETag"] or "W/" for coding in ("gzip", "identity")}
    assert len(tags) == 2
    assert not any(tag.startswith("W/") for tag in tags)


@pytest.mark.parametrize("form", ["{}", "W/{}", '"a", {} , "b"', '"x",W/{}', "*"])
def test_known_tag_is_304_without_body(url: str, form: str) -> None:
    tag = ask(url, "/repo/")["ETag"] or ""
    reply = ask(url, "/repo/", if_none_match=form.format(tag))
    assert (reply.status, reply.body) == (304, b"")
    assert (reply["ETag"], reply["Cache-Control"], reply["Vary"]) == (tag, "max-age=600", "Accept-Encoding")
    assert reply["Content-Type"] is None


def test_unknown_tag_outweighs_a_date(url: str) -> None:
    late = formatdate(TIME + 99, usegmt=True)
    assert ask(url, "/repo/", if_none_match='"other"', if_modified_since=late).status == 200


@pytest.mark.parametrize(
    ("date", "status"),
    [
        (formatdate(TIME, usegmt=True), 304),
        (formatdate(TIME + 1, usegmt=True), 304),
        (formatdate(TIME - 1, usegmt=True), 200),
        ("Tuesday, 14-Nov-23 22:13:20 GMT", 304),
        ("Tue Nov 14 22:13:20 2023", 304),
        ("Tue Nov 14 22:13:19 2023", 200),
        ("yesterday", 200),
        ("Tue, 99 Nov 2023 22:13:20 GMT", 200),
    ],
)
def test_date_decides_where_no_tag_is_given(url: str, date: str, status: int) -> None:
    assert ask(url, "/repo/", if_modified_since=date).status == status


def test_preconditions_can_fail(url: str) -> None:
    tag = ask(url, "/repo/")["ETag"] or ""
    assert ask(url, "/repo/", if_match='"other"').status == 412
    assert ask(url, "/repo/", if_match=f"W/{tag}").status == 412
    assert ask(url, "/repo/", if_match=tag).status == 200
    assert ask(url, "/repo/", if_unmodified_since=formatdate(TIME - 1, usegmt=True)).status == 412
    assert ask(url, "/repo/", if_unmodified_since=formatdate(TIME, usegmt=True)).status == 200


@pytest.mark.parametrize(
    ("asked", "status", "body", "place"),
    [
        ("bytes=0-0", 206, b"a", "bytes 0-0/26"),
        ("bytes=2-4", 206, b"cde", "bytes 2-4/26"),
        ("bytes=24-", 206, b"yz", "bytes 24-25/26"),
        ("bytes=-3", 206, b"xyz", "bytes 23-25/26"),
        ("bytes=-99", 206, LETTERS, "bytes 0-25/26"),
        ("bytes=20-999999999999999999999999", 206, b"uvwxyz", "bytes 20-25/26"),
        ("bytes=26-", 416, UNSATISFIABLE, "bytes */26"),
        ("bytes=-0", 416, UNSATISFIABLE, "bytes */26"),
        ("bytes=5-2", 200, LETTERS, None),
        ("bytes=-", 200, LETTERS, None),
        ("bytes=a-b", 200, LETTERS, None),
        ("lines=1-2", 200, LETTERS, None),
        ("bytes=0-1,4-5", 200, LETTERS, None),
    ],
)
def test_range_of_a_file(url: str, asked: str, status: int, body: bytes, place: str | None) -> None:
    reply = ask(url, "/repo/letters.txt", range=asked)
    assert (reply.status, reply.body, reply["Content-Range"]) == (status, body, place)


def test_range_applies_to_the_file_as_it_is(url: str) -> None:
    reply = ask(url, "/repo/", range="bytes=0-9", accept_encoding="gzip")
    assert (reply.status, reply.body, reply["Content-Encoding"]) == (206, HTML[:10], None)
    assert reply["ETag"] == ask(url, "/repo/")["ETag"]


def test_if_range_needs_the_same_version(url: str) -> None:
    tag = ask(url, "/repo/letters.txt")["ETag"] or ""
    guards = {
        tag: 206,
        f"W/{tag}": 200,
        '"other"': 200,
        formatdate(TIME, usegmt=True): 206,
        formatdate(TIME + 1, usegmt=True): 200,
    }
    for guard, status in guards.items():
        assert ask(url, "/repo/letters.txt", range="bytes=0-1", if_range=guard).status == status


def test_range_is_ignored_for_head_and_misses(url: str) -> None:
    assert ask(url, "/repo/letters.txt", method="HEAD", range="bytes=0-1").status == 200
    assert ask(url, "/repo/nothing", range="bytes=0-1").status == 404
    assert ask(url, "/repo/nothing", if_none_match="*").status == 404


def test_large_file_arrives_whole_and_in_order_behind_others(url: str) -> None:
    request = b"GET /repo/%b HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answers = raw(url, request % b"big.bin" + request % b"letters.txt" + request % b"big.bin")
    assert answers.count(BIG) == 2
    assert answers.index(b"\r\n\r\n" + LETTERS + b"HTTP/1.1 200 OK\r\n") > len(BIG)
    assert answers.endswith(BIG)


def test_keep_alive_answers_pipelined_requests_in_order(url: str) -> None:
    paths = [b"letters.txt", b"nothing", b"dir", b"about"] * 20
    answers = raw(url, b"".join(b"GET /repo/%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in paths))
    codes = [answer[:3] for answer in answers.split(b"HTTP/1.1 ")[1:]]
    assert codes == [b"200", b"404", b"301", b"200"] * 20


def test_more_pipelined_requests_than_the_buffers_hold(url: str) -> None:
    request = b"GET /repo/big.bin HTTP/1.1\r\nHost: localhost\r\nX-Pad: %b\r\n\r\n" % (b"x" * 4_000)
    answers = raw(url, request * 40)
    assert answers.count(b"HTTP/1.1 200 OK") == 40


@pytest.mark.parametrize(
    ("request_line", "connection"),
    [
        (b"GET /repo/about HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", b"close"),
        (b"GET /repo/about HTTP/1.0\r\n", b"close"),
        (b"GET /repo/about HTTP/1.0\r\nConnection: Keep-Alive\r\n", b"keep-alive"),
    ],
)
def test_connection_ends_or_stays_as_the_version_says(
    url: str, request_line: bytes, connection: bytes
) -> None:
    with connect(url) as sock:
        sock.sendall(request_line + b"\r\n")
        if connection == b"close":
            answer = read_all(sock)
        else:
            answer = sock.recv(4_096)
            sock.sendall(request_line + b"\r\n")
            assert sock.recv(4_096).startswith(b"HTTP/1.1 200 OK")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"\r\nConnection: %b\r\n" % connection in answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"hello\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),
        (b"GET /repo/ HTTP/1.1\r\n\r\n", 400),
        (b"GET /repo/ HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /repo/ HTTP/1.1\nHost: localhost\n\n\r\n\r\n", 400),
        (b"GET  /repo/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /repo/ HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
        (b"GET /repo/ HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n", 400),
        (b"GET /repo/ HTTP/1.1\r\nHost: localhost\r\nA: \x00\r\n\r\n", 400),
        (b"GET repo HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /repo/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /repo/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET /" + b"a" * 9_000, 414),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 20_000, 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
    ],
)
def test_what_is_no_request_is_refused(url: str, request_bytes: bytes, status: int) -> None:
    with connect(url) as sock:
        sock.sendall(request_bytes)
        if status == 405:
            answer = sock.recv(4_096)
        else:
            answer = read_all(sock)
            assert b"\r\nConnection: close\r\n" in answer
    assert answer.startswith(b"HTTP/1.1 %d " % status)


def test_request_may_come_in_pieces_after_empty_lines(url: str) -> None:
    with connect(url) as sock:
        for piece in b"\r\n|\r|\nGE|T /repo/ab|out HTTP/1.1|\r|\nHo|st: localhost\r\n|\r|\n".split(b"|"):
            sock.sendall(piece)
        assert sock.recv(4_096).startswith(b"HTTP/1.1 200 OK")


def test_absolute_form_names_the_host(url: str) -> None:
    request = b"GET http://%b/repo/about HTTP/1.1\r\nHost: ignored.example\r\n\r\n"
    assert raw(url, request % b"localhost:1").startswith(b"HTTP/1.1 200 ")
    assert raw(url, request % b"evil.example").startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LocalHost:99", 200),
        ("127.0.0.1:1", 200),
        ("127.1.2.3", 200),
        ("[::1]:8080", 200),
        ("site.localhost", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("evil.example:80@localhost", 421),
        ("", 421),
    ],
)
def test_host_must_be_a_loopback_name(url: str, host: str, status: int) -> None:
    assert ask(url, "/repo/", host=host).status == status


def test_body_of_a_get_is_skipped_and_the_connection_goes_on(url: str) -> None:
    first = b"GET /repo/about HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n"
    trap = b"GET /repo/letters.txt HTTP/1.1\r\nHost: x\r\n\r\n"[:40]
    answers = raw(url, first + trap + b"GET /repo/both HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.endswith(b"both as a file")
    assert LETTERS not in answers


@pytest.mark.parametrize(
    "field", [b"Content-Length: 9999999", b"Transfer-Encoding: chunked", b"Expect: 100-continue"]
)
def test_body_that_is_not_read_ends_the_connection_after_the_answer(url: str, field: bytes) -> None:
    with connect(url) as sock:
        sock.sendall(
            b"GET /repo/about HTTP/1.1\r\nHost: localhost\r\n" + field + b"\r\n\r\n" + b"x" * 100_000
        )
        answer = read_all(sock)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"about")


@pytest.mark.parametrize(
    ("start", "end"), [(b"", b""), (b"GET /re", b"HTTP/1.1 408 "), (b"GET / HTTP/1.1\r\nA", b"HTTP/1.1 408 ")]
)
def test_idle_and_slow_connections_are_ended(server: Server, start: bytes, end: bytes) -> None:
    limits = Limits(idle=0.1, request=0.1, linger=0.1)
    with Server(server.repository, limits=limits) as impatient, connect(impatient.url) as sock:
        sock.sendall(start)
        assert read_all(sock).startswith(end)


def test_one_connection_too_many_is_told_to_come_back(server: Server) -> None:
    with Server(server.repository, limits=Limits(connections=1)) as narrow, connect(narrow.url) as first:
        first.sendall(b"GET /about HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert first.recv(4_096).startswith(b"HTTP/1.1 200 OK")
        with connect(narrow.url) as second:
            assert read_all(second).startswith(b"HTTP/1.1 503 ")


def test_client_that_does_not_read_is_given_up(server: Server) -> None:
    limits = Limits(idle=0.1, request=0.1, write=0.1, linger=0.1)
    with Server(server.repository, limits=limits) as impatient, connect(impatient.url) as sock:
        sock.sendall(b"GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
        assert sock.recv(1)
        end = time.monotonic() + 5
        while impatient._shared.connections and time.monotonic() < end:
            time.sleep(0.01)
        assert not impatient._shared.connections
