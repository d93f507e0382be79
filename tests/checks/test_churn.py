from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import budgets, churn, zero_actions
from checks.base import Change, Evidence, File, Finding, Subject, Unavailable
from checks.parse import tokens
from checks.parse.tokens import again, changed_bytes, kind_of, replaced
from pipeline.core.schema import Churn, Policy
from pipeline.gates.live import live_release
from pipeline.gates.subject import limits_for
from pipeline.site.artifact import snapshot
from pipeline.tools.git import Git

MakeSubject = Callable[..., Subject]
LINK = '<link rel="stylesheet" href="/_astro/{}">'


def page(number: int, head: str = "", foot: str = "") -> str:
    return f"<!doctype html><title>Page {number}</title>{head}<p>Words of page {number}.</p>{foot}"


class Before:
    """A live release that is a dict."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.tree = "live"
        self.now: dict[str, bytes] = {}

    def changes(self, files: Sequence[File], /) -> Iterator[Change]:
        for file in files:
            old = self.files.get(file.path, "").encode()
            if old and old != self.now[file.path]:
                yield Change(file.path, old, self.now[file.path])


def judged(
    old: Mapping[str, str], new: Mapping[str, str], **limits: object
) -> tuple[Evidence, list[Finding]]:
    live = Before(old)
    live.now = {path: text.encode() for path, text in new.items()}
    files = tuple(File(path, "", len(data), len(data) // 2) for path, data in live.now.items())
    subject = Subject(Path(), Path(), files, "tree", "", live=live)
    evidence = churn.collect(subject, None)  # type: ignore[arg-type]
    return evidence, churn.judge(evidence, {**churn.LIMITS, **limits})


def site(head: str = "", foot: str = "", count: int = 5) -> dict[str, str]:
    return {f"p{number}/index.html": page(number, head, foot) for number in range(count)}


@pytest.mark.parametrize(
    ("old", "new", "rule", "said"),
    [
        (
            LINK.format("index.Cx81aK2z.css"),
            LINK.format("index.Dq02_-9y.css"),
            "hashed-name",
            "index.Cx81aK2z.css -> index.Dq02_-9y.css",
        ),
        ("<link href=/a.css?v=81ab>", "<link href=/a.css?v=92cd>", "hashed-name", "81ab -> 92cd"),
        (
            '<script src="/_next/static/kJ2_xa81b/m.js">',
            '<script src="/_next/static/zz-19Ka0/m.js">',
            "hashed-name",
            "kJ2_xa81b -> zz-19Ka0",
        ),
        (
            "<p>Built 2026-06-14T10:00:01.123Z</p>",
            "<p>Built 2026-06-15T11:20:31.001Z</p>",
            "build-stamp",
            "a date 2026-06-14T10:00:01.123Z -> 2026-06-15T11:20:31.001Z",
        ),
        (
            "<i>14 Jun 2026, 10:00:01</i>",
            "<i>15 Jun 2026, 11:20:31</i>",
            "build-stamp",
            "14 Jun 2026, 10:00:01 -> 15 Jun 2026, 11:20:31",
        ),
        ("<i>9 June 2026.</i>", "<i>10 June 2026.</i>", "build-stamp", "9 -> 10"),
        ("<i>14.06.2026</i>", "<i>15.06.2026</i>", "build-stamp", "a date 14.06.2026 -> 15.06.2026"),
        ("<i>at 10:00.</i>", "<i>at 11:20.</i>", "build-stamp", "10:00 -> 11:20"),
        ("<meta content=1750000000123>", "<meta content=1750086400999>", "build-stamp", "a build time"),
        ("<meta name=v content=bef6713>", "<meta name=v content=4b5e174>", "build-stamp", "a commit or hash"),
        ("<i>v1.2.3</i>", "<i>v1.2.4</i>", "version", "v1.2.3 -> v1.2.4"),
        ("<i>#41</i>", "<i>#42</i>", "number", "41 -> 42"),
        ("<script nonce='abc+/d=='>", "<script nonce='xyz1/+A='>", "random", "a nonce abc+/d"),
        (
            "<i id=6ba7b810-9dad-11d1-80b4-00c04fd430c8>",
            "<i id=7ba7b810-9dad-11d1-80b4-00c04fd430c9>",
            "random",
            "a generated id",
        ),
        (
            "<link integrity='sha256-9bYk2QW0aaaaaaaaaaaaaa='>",
            "<link integrity='sha256-XbYk2QW1bbbbbbbbbbbbbb='>",
            "digest",
            "a digest",
        ),
    ],
)
def test_pages_that_differ_by_one_token(old: str, new: str, rule: str, said: str) -> None:
    _, (finding,) = judged(site(old), site(new))
    assert finding.rule == rule
    assert finding.message.startswith("5 pages differ from the live release only by one token: ")
    assert said in finding.message
    assert (finding.measured, finding.limit, finding.blocking, finding.path) == (5, 2, False, "/p0/")
    assert finding.fix


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (site("<a href=/blog>Blog</a>"), site("<a href=/blog>Journal</a>")),  # people wrote it
        (site("<p>one two three"), site("<p>four words more here")),
        (site("v1.0.0", count=2), site("v1.0.1", count=2)),  # not over the limit
        (site("v1.0.0"), site("v1.0.0")),
        ({}, site("v1.0.0")),
        (site("v1.0.0"), {"other.html": page(1)}),
        ({"a.css": "a1b2c3d4"}, {"a.css": "a1b2c3d5"}),
        ({"a.html": "v1.0.0"}, {"a.html": "v1.0.1"}),
    ],
)
def test_nothing_to_say(old: dict[str, str], new: dict[str, str]) -> None:
    assert judged(old, new)[1] == []


def test_same_token_in_several_places_counts_once_and_so_does_each_page() -> None:
    def many(name: str) -> dict[str, str]:
        return site(LINK.format(name), LINK.format(name) + f"<script>load('/_astro/{name}')</script>")

    evidence, (finding,) = judged(many("index.aaaa1111.css"), many("index.bb22.css"))
    (group,) = evidence.data["groups"]
    assert (len(group["tokens"]), group["pages"], group["different"]) == (1, 5, 1)
    assert finding.details[1] == '- stylesheet" href="/_astro/index.aaaa1111.css"><p>Words of'
    assert "astro.config" in finding.fix
    assert "[name][extname]" in finding.fix


def test_two_tokens_are_both_named() -> None:
    old, new = (site(LINK.format(f"a.{key}.css"), f"<i>{day}</i>") for key, day in
                (("1a1a1a1a", "2026-06-14"), ("2b2b2b2b", "2026-06-15")))  # fmt: skip
    _, (finding,) = judged(old, new)
    assert "only by 2 tokens: a hashed file name a.1a1a1a1a.css" in finding.message
    assert "a date 2026-06-14 -> 2026-06-15" in finding.message
    assert "SOURCE_DATE_EPOCH" in finding.fix


def test_base64_with_its_slashes_elsewhere_is_one_token_also_in_two_places() -> None:
    old, new = (f"<script nonce='{one}'>a()</script>" for one in ("ab/cd+efg==", "xyz12/+a/b="))
    _, (finding,) = judged(site(old, old), site(new, new))
    assert "a nonce ab/cd+efg== -> xyz12/+a/b=" in finding.message


def test_nonces_that_differ_on_every_page_are_one_finding() -> None:
    old = {f"{n}.html": page(n, f"<script nonce='a{n}b{n * 7}cd'></script>") for n in range(30)}
    new = {f"{n}.html": page(n, f"<script nonce='f{n}e{n * 5}xy'></script>") for n in range(30)}
    _, (finding,) = judged(old, new)
    assert "30 pages differ" in finding.message
    assert "another one on 30 of them" in finding.message


def test_real_changes_are_measured_apart() -> None:
    old, new = site("<i>v1.0.0</i>"), site("<i>v1.0.1</i>")
    new["p0/index.html"] = page(0, "<i>v1.0.1</i>", "<p>A whole new paragraph, with <b>many</b> words.</p>")
    new["p1/index.html"] = "<!doctype html><title>Rewritten</title>"
    evidence, (finding,) = judged(old, new)
    assert finding.measured == 3
    found = {one.name: one for one in churn.measures(evidence, churn.LIMITS)}
    assert found["pages changed"].value == 5
    assert found["bytes of these pages"].value == sum(map(len, new.values()))
    assert 80 < found["bytes changed for real"].value < 120
    assert found["pages with the same change"].where == "/p2/"


def test_limits_decide_how_many_and_whether_it_blocks() -> None:
    old, new = site("v1.0.0"), site("v1.0.1")
    assert judged(old, new, pages=5)[1] == []
    (finding,) = judged(old, new, pages=4, blocking=True)[1]
    assert finding.blocking


def test_evidence_stays_small() -> None:
    old = {f"{n}.html": page(n, f"<p>old{n}</p>") for n in range(500)}
    new = {f"{n}.html": page(n, f"<p>new{n}</p>" * (n + 1)) for n in range(500)}
    evidence, _ = judged(old, new)
    assert len(evidence.data["groups"]) <= 20


def test_nothing_live_is_nothing_to_judge_and_depends_on_nothing(make_subject: MakeSubject) -> None:
    subject = make_subject({"index.html": page(1)})
    evidence = churn.collect(subject, None)  # type: ignore[arg-type]
    assert evidence.nothing == "nothing is live yet"
    assert churn.judge(evidence, churn.LIMITS) == []
    assert churn.inputs(subject) == churn.inputs(replace(subject, tree="other"))
    assert churn.inputs(subject) != churn.inputs(replace(subject, live=Before({})))


word = st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True)
text = st.lists(st.one_of(word, st.sampled_from([" ", "<p>", "</p>", '"', "/", "é", "\n", "="])), max_size=40)


@given(text, text, text, word, word)
def test_one_token_in_two_places_is_found(
    a: list[str], b: list[str], c: list[str], old: str, new: str
) -> None:
    frame = "<".join("".join(part) + ">" for part in (a, b, c)).split("<")
    if old == new:
        return
    before, after = (
        "<".join((frame[0], f"i>{x}</i>", *frame[1:], f"i>{x}</i>")).encode() for x in (old, new)
    )
    found = replaced(before, after, 1)
    assert found is not None
    assert [(one.old, one.new) for one in found] == [(old.encode(), new.encode())]


@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(1, 5))
def test_spans_tell_all_of_the_difference(old: bytes, new: bytes, most: int) -> None:
    spans = tokens._spans(old, new, most, tokens._WORD)
    if spans is not None:
        made, at = b"", 0
        for span in spans:
            made += old[at : span.i] + new[span.j : span.j_end]
            at = span.i_end
        assert made + old[at:] == new
    found = replaced(old, new, most)
    assert found is None or len(found) <= most
    assert 0 <= changed_bytes(old, new) <= len(new)


@given(st.binary(max_size=300), st.binary(max_size=3), st.integers(0, 300))
def test_common_ends_are_exact(data: bytes, put: bytes, at: int) -> None:
    other = data[:at] + put + data[at:]
    start = tokens._common(data, 0, other, 0)
    assert data[:start] == other[:start]
    assert start == min(len(data), len(other)) or data[start] != other[start]
    end = tokens._common_end(data, other, start)
    assert data[len(data) - end :] == other[len(other) - end :]
    assert start + end == len(data) or data[len(data) - end - 1] != other[len(other) - end - 1]
    assert changed_bytes(data, other) == len(put)


def test_again_is_true_only_for_the_very_same_replacement() -> None:
    found = replaced(b"<i>v1.0</i><b>v1.0</b>", b"<i>v1.1</i><b>v1.1</b>", 1)
    assert found
    assert again(b"<p>v1.0", b"<p>v1.1", found)
    assert not again(b"<p>v1.0 x", b"<p>v1.1 y", found)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [("Blog", "Journal", "text"), ("", "x", "text"), ("mayor", "marry", "text"), ("3", "4", "number"),
     ("_card_1x2y3_12", "_card_9z8y7_12", "id"), ("4 March 2026", "5 March 2026", "date")],
)  # fmt: skip
def test_kind(old: str, new: str, kind: str) -> None:
    assert kind_of(old.encode(), new.encode(), b"<p>", b"</p>") == kind


def publish(store: Git, tree: str, environment: str) -> None:
    text = f'commit refs/pages/{environment}/live\ncommitter A <a@b> 0 +0000\ndata 0\nM 040000 {tree} ""\n'
    text += "M 100644 inline .nojekyll\ndata 0\n\ndone\n"
    store.run("fast-import", "--quiet", "--done", stdin=text.encode())


@pytest.fixture
def released(tmp_path: Path) -> Callable[[Mapping[str, str], Mapping[str, str]], Subject]:
    """Return a function that makes one output live and the other one the subject."""

    def make(old: Mapping[str, str], new: Mapping[str, str]) -> Subject:
        objects, trees = tmp_path / "objects.git", []
        for name, files in (("old", old), ("new", new)):
            for path, content in {"index.html": page(0), **files}.items():
                file = tmp_path / name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, encoding="utf-8")
            trees.append(snapshot(tmp_path / name, objects))
        publish(Git(objects), trees[0].tree, "prod")
        judged = tuple(File(one.path, one.sha256, one.size, one.size) for one in trees[1].files)
        live = live_release(objects, "prod", trees[1].tree)
        return Subject(tmp_path, tmp_path / "new", judged, trees[1].tree, "", live=live)

    return make


def test_collect_reads_both_versions_from_git(released: Callable[..., Subject]) -> None:
    old = {**site("<i>v1.0.0</i>"), "gone.html": "x", "sub/ä b.html": page(9, "<i>v1.0.0</i>")}
    new = {**site("<i>v1.0.1</i>"), "come.html": "x", "sub/ä b.html": page(9, "<i>v1.0.1</i>")}
    evidence = churn.collect(released(old, new), None)  # type: ignore[arg-type]
    assert (evidence.nothing, evidence.data["pages"], evidence.data["changed"]) == ("", 8, 6)
    (finding,) = churn.judge(evidence, churn.LIMITS)
    assert finding.message.startswith("6 pages differ")


def test_collect_in_many_batches_is_the_same(
    released: Callable[..., Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = released(site("<i>v1.0.0</i>"), site("<i>v1.0.1</i>"))
    whole = churn.collect(subject, None)  # type: ignore[arg-type]
    monkeypatch.setattr("pipeline.gates.live._BATCH", 1)
    assert churn.collect(subject, None) == whole  # type: ignore[arg-type]


def test_live_release_that_has_lost_objects_is_unavailable(
    released: Callable[..., Subject], tmp_path: Path
) -> None:
    subject = released(site("<i>v1.0.0</i>"), site("<i>v1.0.1</i>"))
    broken = live_release(tmp_path / "objects.git", "prod", "1" * 40)
    with pytest.raises(Unavailable, match="the live release cannot be compared"):
        churn.collect(replace(subject, live=broken), None)  # type: ignore[arg-type]


def test_policy_sets_the_limits() -> None:
    assert limits_for(churn, Policy()) == churn.LIMITS
    strict = Policy(churn=Churn(pages=0, blocking=True))
    assert limits_for(churn, strict) == {"pages": 0, "blocking": True}
    assert limits_for(zero_actions, Policy()) == zero_actions.LIMITS
    assert limits_for(budgets, Policy()) == Policy().budgets.model_dump(mode="json")


def test_no_release_and_no_store_are_none(released: Callable[..., Subject], tmp_path: Path) -> None:
    subject = released({}, {})
    assert churn.collect(subject, None).nothing == "no page of the live release changed"  # type: ignore[arg-type]
    assert live_release(tmp_path / "objects.git", "staging", subject.tree) is None
    assert live_release(tmp_path / "none.git", "prod", subject.tree) is None
