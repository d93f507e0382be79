from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.parse.address import built_base, compressible, kind_of, page_address, resolve, served

FILES = {"index.html", "404.html", "about.html", "docs/index.html", "_astro/a b.css", "img/Logo.png"}
NAME = st.text("abcXYZ09-_", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("reference", "document", "base", "kind", "path"),
    [
        ("/a.css", "index.html", "/", "inside", "a.css"),
        ("a.css", "docs/index.html", "/", "inside", "docs/a.css"),
        ("../a.css?v=1#x", "docs/index.html", "/", "inside", "a.css"),
        ("/repo/a%20b.css", "index.html", "/repo/", "inside", "a b.css"),
        ("a.css", "docs/index.html", "/repo/", "inside", "docs/a.css"),
        ("/a.css", "index.html", "/repo/", "outside", "a.css"),
        ("../../a.css", "docs/index.html", "/repo/", "outside", "a.css"),
        ("//cdn.example/a.css", "index.html", "/", "foreign", ""),
        ("https://ann.github.io/repo/a.css", "index.html", "/repo/", "inside", "a.css"),
        ("https://ANN.github.io/other/a.css", "index.html", "/repo/", "outside", "other/a.css"),
        ("http://ann.github.io/repo/a.css", "index.html", "/repo/", "foreign", ""),
        ("data:image/png;base64,AA", "index.html", "/", "foreign", ""),
        ("#top", "index.html", "/", "foreign", ""),
        ("", "index.html", "/", "foreign", ""),
        ("  /a.css\n", "index.html", "/", "inside", "a.css"),
    ],
)
def test_reference_leads_to(reference: str, document: str, base: str, kind: str, path: str) -> None:
    target = resolve(reference, document, base, "https://ann.github.io")
    assert (target.kind, target.path) == (kind, path)


def test_reference_that_is_no_address_is_reported_as_missing_instead_of_raising() -> None:
    assert resolve("http://[half", "index.html", "/").kind == "inside"


def test_base_href_moves_relative_references() -> None:
    assert resolve("a.css", "docs/index.html", "/", "", "/assets/").path == "assets/a.css"


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("", "index.html"),
        ("about", "about.html"),
        ("about/", None),
        ("docs", "docs/index.html"),
        ("docs/", "docs/index.html"),
        ("img/Logo.png", "img/Logo.png"),
        ("img/logo.png", None),
    ],
)
def test_pages_serves(path: str, file: str | None) -> None:
    assert served(path, FILES) == file


def test_built_base_is_the_prefix_that_makes_it_a_file() -> None:
    assert built_base("_astro/a b.css", FILES) == "/"
    assert built_base("repo/_astro/a b.css", FILES) == "/repo/"
    assert built_base("nowhere/a.css", FILES) is None


@given(st.lists(NAME, max_size=3), st.lists(NAME, min_size=1, max_size=3))
def test_every_file_is_found_from_the_root_under_any_base(base: list[str], parts: list[str]) -> None:
    path, prefix = "/".join(parts) + ".css", "/" + "".join(f"{part}/" for part in base)
    target = resolve(f"{prefix}{path}", "deep/er/index.html", prefix)
    assert target.kind == "inside"
    assert served(target.path, {path}) == path


@given(st.text(), st.sampled_from(["/", "/repo/"]))
def test_no_text_makes_resolve_raise(reference: str, base: str) -> None:
    assert resolve(reference, "a/index.html", base).kind in {"inside", "outside", "foreign"}


def test_kinds_compression_and_page_addresses() -> None:
    assert [kind_of(name) for name in ("a.mjs", "A.PNG", "x.woff2", "data.json", "p/index.html")] == [
        "javascript", "images", "fonts", "other", "html",
    ]  # fmt: skip
    assert compressible("a.svg")
    assert not compressible("a.woff2")
    assert page_address("index.html") == "/"
    assert page_address("blog/index.html") == "/blog/"
    assert page_address("404.html") == "/404.html"
