"""Pages and sites with one fault each: the right gate catches it so that one can act on it, and blames nothing else."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from checks.base import Finding, Verdict
from pipeline.core.errors import Stop
from pipeline.core.project import open_project
from pipeline.gates import show
from pipeline.gates.evidence import Judged, Judgement
from pipeline.gates.runner import judge_site
from pipeline.gates.sarif import explained
from pipeline.site.artifact import snapshot
from pipeline.tools import toolbox
from pipeline.tools.node import find_node
from tests.conftest import clean_environment
from tests.end_to_end.cli import TOP, git
from tests.end_to_end.variants import files, good, seen, trust
from tests.end_to_end.variants.kind import MODEL, ORIGIN, Good, Variant, page_of
from tests.end_to_end.variants.whole import REFUSED, WHOLE, Refused, Whole

pytestmark = [pytest.mark.slow, pytest.mark.node]

SETTINGS = """\
site: {name: skarvness, framework: plain, package_manager: none, install: [], check: [], build: [], output: dist}
environments:
  prod: {repository: ../remote.git, url: "https://example.github.io/"}
  project: {repository: ../remote.git, url: "https://example.github.io/museum/"}
"""
READ = ("build", "links", "html", "budgets", "images", "fonts", "pwa")
SEEN = ("accessibility", "keyboard", "runtime", "privacy", "security")
STATIC = files.EVERY
VISITED = (*seen.EVERY, *trust.EVERY)


def unpacked(root: Path) -> Path:
    """Return the folder of a committed site whose output is the example's."""
    with zipfile.ZipFile(TOP / "examples/site-dist.zip") as kept:
        kept.extractall(root / "dist")
    (root / "invoke.yaml").write_text(SETTINGS)
    (root / ".gitignore").write_text(".pages/\ndist/\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "site")
    git(root.parent, "init", "-q", "--bare", "remote.git")
    return root


def lay(root: Path, pages: Sequence[Variant | Good]) -> None:
    """Add a page for each variant, with links to them all from a page of their own."""
    dist = root / "dist"
    model = (dist / MODEL).read_text("utf-8")
    for one in pages:
        folder = dist / "variants" / one.name
        folder.mkdir(parents=True)
        page = one.edit(page_of(model, one.name))
        (folder / "index.html").write_bytes(page.encode("utf-8", "surrogateescape"))
        for name, content in one.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    links = "".join(f'<li><a href="{one.address}">{one.name}</a></li>' for one in pages)
    listed = page_of(model, "every-page").replace("</main>", f"<ul>{links}</ul></main>")
    (dist / "variants/every-page").mkdir()
    (dist / "variants/every-page/index.html").write_text(listed, "utf-8")
    home = dist / "index.html"
    home.write_text(
        home.read_text("utf-8").replace(
            "</main>", '<p><a href="/variants/every-page/">All</a></p></main>', 1
        ),
        "utf-8",
    )
    entries = "".join(f"<url><loc>{ORIGIN}{one.address[1:]}</loc></url>" for one in pages)
    entries += f"<url><loc>{ORIGIN}variants/every-page/</loc></url>"
    sitemap = dist / "sitemap.xml"
    sitemap.write_text(sitemap.read_text("utf-8").replace("</urlset>", f"{entries}</urlset>"), "utf-8")


def judged(root: Path, only: Sequence[str] | None = None, environment: str = "prod") -> Judgement:
    project = open_project(root, environ={})
    return judge_site(project, snapshot(root / "dist", project.state / "objects.git"), environment, only=only)


@pytest.fixture(scope="module", autouse=True)
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A clean environment for what is judged once, with the locked tools in a cache of its own."""
    home = tmp_path_factory.mktemp("variants-home")
    clean = clean_environment(os.environ, home)
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - clean.keys():
            patch.delenv(name)
        for name, value in clean.items():
            patch.setenv(name, value)
        (home / "gitconfig").write_text("[user]\n name = Test Person\n email = test@example.invalid\n")
        yield


@pytest.fixture(scope="module")
def tools(surroundings: None) -> None:
    try:
        for group in ("page", "html", "code"):
            toolbox.need(group, find_node())
    except Stop as stop:
        pytest.skip(f"{stop.message}; {stop.hint}")


@pytest.fixture(scope="module")
def read(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    """What the gates that read files say of the pages with faults in them."""
    root = unpacked(tmp_path_factory.mktemp("read") / "site")
    lay(root, STATIC)
    return judged(root, READ)


@pytest.fixture(scope="module")
def looked(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    """What all gates say of pages with faults that a browser sees, and of odd ones that are right."""
    root = unpacked(tmp_path_factory.mktemp("seen") / "site")
    lay(root, (*VISITED, *good.EVERY))
    return judged(root, (*READ, *SEEN))


def of(judgement: Judgement, gate: str) -> Judged:
    return next(one for one in judgement.results if one.gate == gate)


def found(judgement: Judgement, one: Variant) -> list[Finding]:
    return [
        finding
        for finding in of(judgement, one.gate).findings
        if (finding.rule, finding.path) == (one.rule, one.where)
    ]


def act_on(gate: str, finding: Finding, path: str, word: str, *, blocking: bool) -> None:
    """What a newcomer needs: where, what, why, what to do, and whether it is in the way."""
    assert word in f"{finding.message}\n{finding.fix}"
    assert finding.blocking is blocking
    assert finding.fix
    assert "{" not in finding.message
    rule = explained(gate, finding.rule)
    assert rule is not None
    assert (finding.source or rule.source).startswith("https://")
    printed = " ".join(show.finding_lines(finding)).replace("  ", " ")
    assert path.strip("/") in printed
    assert len(finding.details) <= 6


def blamed(judgement: Judgement, one: Variant | Good) -> set[str]:
    """The gates that block something on the page or on a file beside it."""
    inside = one.address.strip("/") + "/"
    return {
        result.gate
        for result in judgement.results
        for finding in result.findings
        if finding.blocking and f"{finding.path.strip('/')}/".startswith(inside)
    }


def caught(judgement: Judgement, one: Variant) -> None:
    (finding,) = found(judgement, one)
    act_on(one.gate, finding, one.where, one.word, blocking=one.blocking)
    assert of(judgement, one.gate).verdict is (
        Verdict.FAILED if one.blocking else of(judgement, one.gate).verdict
    )
    own = {one.gate} if one.blocking else set()
    assert blamed(judgement, one) - one.also == own - one.also


@pytest.mark.parametrize("one", STATIC, ids=lambda one: one.name)
def test_a_fault_in_the_files_is_caught(read: Judgement, one: Variant) -> None:
    caught(read, one)


@pytest.mark.parametrize("one", VISITED, ids=lambda one: one.name)
def test_a_fault_that_a_browser_sees_is_caught(looked: Judgement, one: Variant) -> None:
    caught(looked, one)


@pytest.mark.parametrize("one", good.EVERY, ids=lambda one: one.name)
def test_what_looks_odd_and_is_right_is_not_refused(looked: Judgement, one: Good) -> None:
    assert blamed(looked, one) == set()


def strays(judgement: Judgement, pages: Sequence[Variant | Good]) -> list[tuple[str, str, str]]:
    places = tuple(f"{one.address.strip('/')}/" for one in pages)
    return [
        (result.gate, finding.rule, finding.path)
        for result in judgement.results
        for finding in result.findings
        if finding.blocking and not f"{finding.path.strip('/')}/".startswith(places)
    ]


def test_the_good_pages_are_not_blamed(read: Judgement, looked: Judgement) -> None:
    assert strays(read, STATIC) == []
    assert strays(looked, VISITED) == []
    assert [one.gate for one in looked.results if one.verdict is Verdict.UNAVAILABLE] == []


@pytest.fixture(scope="module")
def model(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as a site, to be copied."""
    return unpacked(tmp_path_factory.mktemp("model") / "site")


@pytest.mark.parametrize("one", WHOLE, ids=lambda one: one.name)
def test_a_fault_of_the_whole_site_is_caught(model: Path, one: Whole, tmp_path: Path) -> None:
    root = tmp_path / "site"
    shutil.copytree(model, root)
    one.breaks(root)
    judgement = judged(root, [one.gate], one.environment)
    (result,) = judgement.results
    (finding,) = [each for each in result.findings if (each.rule, each.path) == (one.rule, one.path)]
    act_on(one.gate, finding, one.path, one.word, blocking=one.blocking)
    assert [each for each in result.findings if each.blocking and each != finding] == []
    assert result.verdict is (Verdict.FAILED if one.blocking else Verdict.PASSED)


@pytest.mark.parametrize("one", REFUSED, ids=lambda one: one.name)
def test_what_is_no_site_is_refused_before_any_gate(model: Path, one: Refused, tmp_path: Path) -> None:
    root = tmp_path / "site"
    shutil.copytree(model, root)
    one.breaks(root)
    with pytest.raises(Stop) as refused:
        judged(root, ["build"])
    assert one.word in "\n".join(refused.value.details)
    assert "invoke build" in refused.value.hint


def test_gates_that_read_or_visit_pages_have_enough_variants() -> None:
    every: list[Variant | Whole] = [*STATIC, *VISITED, *WHOLE]
    names = Counter(one.name for one in [*every, *good.EVERY])
    assert [name for name, count in names.items() if count > 1] == []
    assert len({(one.gate, one.rule) for one in every}) >= 60
    assert len(good.EVERY) >= 15
    assert {one.gate for one in every} == {*READ, *SEEN, "quality"}
