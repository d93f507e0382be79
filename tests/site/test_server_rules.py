"""The pure parts of the local Pages server: header rules, requests, and what a tree turns into."""

from __future__ import annotations

import contextlib
from email.utils import formatdate
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.site.server.answers import answer
from pipeline.site.server.mime import compressible, media_type
from pipeline.site.server.request import Refused, check_partial, decode, parse
from pipeline.site.server.rules import accepts_gzip, byte_range, date, seconds, tag_in
from pipeline.site.server.snapshot import Page, Snapshot, build, normal_base, public, wanted

NUMBER = st.integers(0, 2**70) | st.integers(0, 40)
SEGMENT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1)


def release(
    files: dict[str, str], previous: Snapshot | None = None, *, time: int = 1, base: str = "/"
) -> Snapshot:
    """Build a snapshot in which a file's content is also its object id."""
    blobs = {oid: oid.encode() for oid in wanted(files, previous)}
    return build(f"commit-{time}", base, time, files, blobs, previous)


def get(snapshot: Snapshot, path: str) -> int:
    return answer(snapshot, parse(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())).status


@given(NUMBER, NUMBER, st.integers(0, 40))
def test_range_is_what_slicing_says(first: int, last: int, length: int) -> None:
    body = bytes(range(length))
    found = byte_range(f"bytes={first}-{last}".encode(), length)
    if first > last:
        assert found is None
    else:
        assert found is not None
        assert body[found.start : found.stop] == body[first : last + 1]
        assert not found or 0 <= found.start < found.stop <= length


@given(NUMBER, st.integers(0, 40))
def test_suffix_range_is_the_last_bytes(size: int, length: int) -> None:
    found = byte_range(f"bytes=-{size}".encode(), length)
    if length == 0 and size:
        assert found is None
    else:
        assert found is not None
        assert list(found) == list(range(length))[max(0, length - size) :]


@given(st.binary(max_size=40), st.integers(0, 40))
def test_any_range_field_stays_inside(header: bytes, length: int) -> None:
    found = byte_range(header, length)
    assert found is None or not found or 0 <= found.start < found.stop <= length


@given(st.lists(SEGMENT, min_size=1).map("/".join))
def test_every_name_is_found_by_its_escaped_form(path: str) -> None:
    assert decode(f"/{quote(path, safe='/')}".encode()) == f"/{path}".encode()


@given(st.binary(max_size=60).map(lambda data: b"/" + data))
def test_no_path_decodes_to_what_git_has_no_name_for(path: bytes) -> None:
    with contextlib.suppress(Refused):
        name = decode(path)
        assert name is None or (name.startswith(b"/") and b"\\" not in name and b"\0" not in name)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(data: bytes) -> None:
    for read in (parse, check_partial):
        with contextlib.suppress(Refused):
            read(data)


@given(st.sampled_from([b"GET", b"HEAD", b"POST"]), st.integers(0, 60))
def test_a_beginning_of_a_request_is_waited_for(method: bytes, count: int) -> None:
    check_partial((method + b" /a/b%20c?d HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n")[:count])


@given(st.text(st.sampled_from("gzip;q=01.,* deflatebr\t"), max_size=30))
def test_any_accept_encoding_is_judged(header: str) -> None:
    assert accepts_gzip(header.encode()) in {True, False}


@given(st.integers(0, 4_000_000_000))
def test_dates_round_trip(moment: int) -> None:
    assert seconds(date(moment)) == moment


@given(st.binary(max_size=40))
def test_any_date_field_is_read_or_ignored(header: bytes) -> None:
    assert isinstance(seconds(header), int | None)


@pytest.mark.parametrize(
    ("header", "weakly", "strongly"),
    [
        (b'"a"', True, True),
        (b'W/"a"', True, False),
        (b'"b", W/"a" , "c"', True, False),
        (b'"b,a"', False, False),
        (b"a", False, False),
        (b"", False, False),
        (b" * ", True, True),
    ],
)
def test_entity_tags_compare_weakly_and_strongly(header: bytes, weakly: bool, strongly: bool) -> None:
    assert tag_in(header, b'"a"', strong=False) is weakly
    assert tag_in(header, b'"a"', strong=True) is strongly


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("index.html", True),
        (".well-known/a", True),
        (".well-known/.a", False),
        ("a/.well-known/a", False),
        (".git/config", False),
        ("a/.b/c", False),
        ("a/b.c", True),
        ("...", False),
    ],
)
def test_names_with_a_dot_in_front_are_private(path: str, shown: bool) -> None:
    assert public(path) is shown


@pytest.mark.parametrize(
    ("given_base", "base"), [("", "/"), ("/", "/"), ("repo", "/repo/"), ("/a/b/", "/a/b/")]
)
def test_base_has_one_slash_at_either_end(given_base: str, base: str) -> None:
    assert normal_base(given_base) == base


def test_text_is_compressed_and_images_are_not() -> None:
    assert [compressible(name) for name in ("a.html", "a.svg", "a.webmanifest", "a.ttf")] == [True] * 4
    assert [compressible(name) for name in ("a.png", "a.woff2", "a.zip", "a")] == [False] * 4
    assert media_type("x/.hidden") == "application/octet-stream"


def test_unchanged_files_are_the_same_objects_and_keep_their_date() -> None:
    first = release({"a.html": "1", "b.html": "1", "c.html": "1"}, time=10)
    second = release({"a.html": "1", "b.html": "2", "d.html": "1"}, first, time=20)
    assert second.pages["a.html"] is first.pages["a.html"]
    assert [second.pages[name].modified for name in ("a.html", "b.html", "d.html")] == [10, 20, 20]
    assert wanted({"a.html": "1", "b.html": "3"}, second) == {"3"}
    assert get(second, "/c") == 404


def test_second_release_within_a_second_cannot_be_told_by_its_date() -> None:
    first = release({"a.html": "1", "b.html": "1"}, time=10)
    second = release({"a.html": "1", "b.html": "2"}, first, time=10)
    assert (second.pages["a.html"].modified, second.pages["b.html"].modified) == (10, None)
    head = f"GET /b HTTP/1.1\r\nHost: localhost\r\nIf-Modified-Since: {formatdate(99, usegmt=True)}\r\n\r\n"
    reply = answer(second, parse(head.encode()))
    assert reply.status == 200
    assert b"Last-Modified" not in reply.head


def test_release_from_a_slow_clock_does_not_look_unchanged() -> None:
    first = release({"a.html": "1"}, time=50)
    second = release({"a.html": "2"}, first, time=20)
    third = release({"a.html": "3"}, second, time=51)
    assert [one.pages["a.html"].modified for one in (first, second, third)] == [50, None, 51]


def test_large_text_is_compressed_before_it_is_asked_for() -> None:
    large, small = "x" * 300_000, "x" * 3_000
    pages = release({"large.txt": large, "small.txt": small}).pages
    assert ["zipped" in vars(pages[name]) for name in ("large.txt", "small.txt")] == [True, False]


def test_text_that_gzip_makes_larger_goes_as_it_is() -> None:
    noise = bytes(range(256)) * 2
    assert Page("a.txt", "1", noise[:256], None).zipped is None
    assert Page("a.txt", "1", noise, None).zipped is not None


@given(st.lists(st.sampled_from(["a", "b", "index.html", "a.html", "b.html"]), min_size=1, max_size=4))
def test_every_file_answers_at_its_own_address(parts: list[str]) -> None:
    path = "/".join(parts)
    snapshot = release({path: "1", "zebra.txt": "2"}, base="/x/")
    assert get(snapshot, f"/x/{path}") == 200
    for count in range(1, len(parts)):
        assert get(snapshot, "/x/" + "/".join(parts[:count])) == 301
    assert get(snapshot, f"/{path}") == 404
