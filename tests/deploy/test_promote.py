"""A release goes from one environment to another one, over real git and real servers."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from random import Random

import pytest
from invoke import Collection, Program

from pipeline.commands import promote as command
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project
from pipeline.deploy.desk import sit_down
from pipeline.deploy.ledger import Release
from pipeline.deploy.promote import Move, plan_promote, promote
from pipeline.deploy.size import pack_size
from pipeline.deploy.target import local_repository, target_of
from pipeline.site import build
from tests.deploy.fleet import HOME, change, commit, deploy, fleet, page, run
from tests.deploy.harbour import Ticker, write
from tests.site.test_build_install import npm

MOVE = Move("staging", "prod", yes=True)
BUILDS = f"""[{sys.executable}, build.py]"""
BUILD = """\
import os, pathlib
out = pathlib.Path("dist")
out.mkdir(exist_ok=True)
out.joinpath("404.html").write_text("<!doctype html><html lang=en><title>No</title><h1>No</h1>")
page = pathlib.Path("page.html").read_text()
out.joinpath("index.html").write_text(page + f'<link rel=canonical href="{os.environ["PAGES_URL"]}">')
"""


def releases(project: Project, environment: str = "prod") -> list[Release]:
    return sit_down(project, target_of(project, environment)).releases


def test_what_is_live_on_staging_goes_live_as_the_same_tree_without_a_build(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        first = deploy(project, clock=clock)
        write(project.output / "index.html", "<!doctype html>changed since")
        done = promote(project, MOVE, clock)
        [there], [here] = releases(project), releases(project, "staging")
        assert (there.artifact, there.manifest, there.source) == (here.artifact, here.manifest, here.source)
        assert (there.kind, there.why) == ("promotion", f"promoted from staging: {first.release}")
        assert done.release.endswith("-prod-first-light")
        assert "<h1>Harbour</h1>" in page(done.url)
        assert page(f"{done.url}robots.txt") == "User-agent: *\nAllow: /\n"
        assert "Disallow: /" in page(f"{first.url}robots.txt")
        record = json.loads(page(f"{done.url}.well-known/release.json"))
        assert record["environment"] == "prod"
        assert record["evidence"] == there.evidence != here.evidence


def test_nothing_is_published_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        first = promote(project, MOVE, clock)
        again = promote(project, MOVE, clock)
        assert (again.new, again.release) == (False, first.release)
        assert "nothing to promote" in capsys.readouterr().err


def test_in_one_repository_the_release_of_the_source_becomes_a_parent(tmp_path: Path) -> None:
    with fleet(tmp_path, shared=True) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        done = promote(project, MOVE, clock)
        (project.output / "photo.bin").write_bytes(Random(1).randbytes(50_000))
        change(project, "Night")
        second = deploy(project, clock=clock)
        later = promote(project, MOVE, clock)
        top = tmp_path / "prod.git"
        assert pack_size(sit_down(project, target_of(project, "prod")).git, later.commit) < 1_500
        assert run(top, "log", "-1", "--format=%P", done.commit) == ""
        assert run(top, "log", "-1", "--format=%P", later.commit).split() == [done.commit, second.commit]
        assert [one.name for one in releases(project)] == [later.release, done.release]


def test_an_absolute_address_of_staging_is_named_and_nothing_is_published(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        url = target_of(project, "staging").url
        write(project.output / "sitemap.xml", f"<urlset>\n<url><loc>{url}</loc></url>\n</urlset>")
        deploy(project, clock=clock)
        with pytest.raises(Stop, match="was built for staging and would be wrong on prod") as caught:
            promote(project, MOVE, clock)
        assert caught.value.code is Code.USAGE
        assert "--rebuild" in caught.value.hint
        assert (
            f"sitemap.xml:2: <url><loc>{url}</loc></url>  (the address of the source)" in caught.value.details
        )
        assert not releases(project)


def test_relative_references_agree_below_any_base_path(tmp_path: Path) -> None:
    with fleet(tmp_path, staging_base="/beta/", prod_base="/site/") as project:
        clock = Ticker()
        deploy(project, clock=clock)
        assert "<h1>Harbour</h1>" in page(promote(project, MOVE, clock).url)
        change(project, "<a href=/beta/app.css>style</a>")
        deploy(project, clock=clock)
        with pytest.raises(Stop) as caught:
            promote(project, MOVE, clock)
        assert caught.value.details[0] == "base path: built for /beta/, wanted /site/"


def test_rebuild_builds_the_same_commit_for_the_target_and_leaves_no_trace(tmp_path: Path) -> None:
    with fleet(tmp_path, build=BUILDS) as project:
        clock = Ticker()
        write(project.root / "build.py", BUILD)
        write(
            project.root / "page.html", HOME.format("Built").replace("<link rel=stylesheet href=app.css>", "")
        )
        commit(project, "build")
        deploy(project, clock=clock)
        write(project.root / "page.html", "not committed")
        before = {path: path.read_bytes() for path in project.output.rglob("*") if path.is_file()}
        with pytest.raises(Stop, match="would be wrong on prod"):
            promote(project, MOVE, clock)
        done = promote(project, Move("staging", "prod", yes=True, rebuild=True), clock)
        [there], [here] = releases(project), releases(project, "staging")
        assert there.source == here.source
        assert there.artifact != here.artifact
        assert f'<link rel=canonical href="{done.url}">' in page(done.url)
        assert "<h1>Built</h1>" in page(done.url)
        assert not list((project.state / "rebuild").iterdir())
        assert run(project.root, "worktree", "list").count("\n") == 0
        assert {path: path.read_bytes() for path in before} == before
        assert list((project.state / "evidence" / there.artifact).glob("prod-*.json"))


def test_a_rebuild_that_changes_nothing_does_not_help(tmp_path: Path) -> None:
    with fleet(tmp_path, staging_base="/beta/", prod_base="/site/") as project:
        clock = Ticker()
        change(project, "<a href=/beta/>home</a>")
        deploy(project, clock=clock)
        with pytest.raises(Stop, match="gives the same tree, which would be wrong there") as caught:
            promote(project, Move("staging", "prod", yes=True, rebuild=True), clock)
        assert caught.value.code is Code.USAGE
        assert not releases(project)


@pytest.mark.parametrize("dirty", [True, False])
def test_rebuild_is_refused_where_no_commit_gives_the_site(tmp_path: Path, dirty: bool) -> None:
    with fleet(tmp_path) as project:
        if dirty:
            write(project.root / "new.txt", "not committed")
        else:
            shutil.rmtree(project.root / ".git")
        deploy(project)
        with pytest.raises(Stop, match="not committed" if dirty else "names no source commit") as caught:
            promote(project, Move("staging", "prod", yes=True, rebuild=True), Ticker())
        assert caught.value.code is Code.USAGE


def test_the_gates_of_the_target_are_asked(tmp_path: Path) -> None:
    with fleet(tmp_path, policy="{budgets: {page: {total: 10}}}") as project:
        clock = Ticker()
        deploy(project, clock=clock)
        with pytest.raises(Stop) as caught:
            promote(project, MOVE, clock)
        assert caught.value.code is Code.GATE
        assert not releases(project)


def test_another_machine_puts_the_artifact_together_from_what_is_published(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        promote(project, MOVE, clock)
        write(project.output / "_astro/app-BF8QNONU.js", "1")
        deploy(project, clock=clock)
        (project.output / "_astro/app-BF8QNONU.js").unlink()
        change(project, "Kept assets and a hidden robots.txt")
        deploy(project, clock=clock)
        forget_state(project)
        done = promote(project, MOVE, clock)
        assert "Kept assets" in page(done.url)
        assert releases(project)[0].artifact == releases(project, "staging")[0].artifact


def test_the_audit_log_brings_what_staging_hides_to_every_machine(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        deploy(project)
        forget_state(project)
        assert promote(project, MOVE, Ticker()).new
        assert releases(project)[0].artifact == releases(project, "staging")[0].artifact


def forget_state(project: Project) -> None:
    """The same site on a machine that has published nothing yet."""
    assert not local_repository(project).exists()
    shutil.rmtree(project.state)
    project.state.mkdir()
    build.forget()


def test_only_what_was_proven_goes_on(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        with pytest.raises(Stop, match="staging has no release yet"):
            promote(project, MOVE, clock)
        first = deploy(project, clock=clock)
        change(project, "Night")
        second = deploy(project, clock=clock)
        assert promote(project, Move("staging", "prod", first.release[:15], yes=True), clock).new
        assert "<h1>Harbour</h1>" in page(target_of(project, "prod").url)
        clone = tmp_path / "clone"
        run(tmp_path, "clone", "-q", "--branch", "gh-pages", str(tmp_path / "staging.git"), str(clone))
        write(clone / "CNAME", "boats.example\n")
        run(clone, "add", "CNAME")
        run(clone, "commit", "-qm", "Create CNAME")
        run(clone, "push", "-q", "origin", "HEAD")
        assert promote(project, MOVE, clock).release.endswith("-night")
        write(clone / "index.html", "by hand")
        run(clone, "commit", "-qam", "by hand")
        run(clone, "push", "-q", "origin", "HEAD")
        with pytest.raises(Stop, match="is no release") as caught:
            promote(project, MOVE, clock)
        assert caught.value.code is Code.DRIFT
        assert not promote(project, Move("staging", "prod", second.release, yes=True), clock).new


def test_a_release_that_failed_its_proof_does_not_go_on(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        desk = sit_down(project, target_of(project, "staging"), clock)
        object.__setattr__(desk, "events", [])
        assert desk.healthy == frozenset()
        change(project, "Night")
        second = deploy(project, clock=clock)
        run(tmp_path / "staging.git", "update-ref", "refs/heads/pages-audit-staging", "pages-audit-staging~1")
        with pytest.raises(Stop, match=f"{second.release} was never proven healthy on staging"):
            promote(project, MOVE, clock)


def test_an_environment_is_not_promoted_to_itself(tmp_path: Path) -> None:
    with fleet(tmp_path) as project, pytest.raises(Stop, match="are the same place"):
        promote(project, Move("prod", "prod", yes=True))


def test_the_plan_names_the_settings_that_differ_and_changes_nothing(tmp_path: Path) -> None:
    with fleet(tmp_path, policy="{budgets: {page: {total: 600 KB}}}") as project:
        deploy(project)
        found = plan_promote(project, MOVE, Ticker())
        assert found.same_tree
        said = {one.key: (one.source, one.target) for one in found.differences}
        assert said["policy.budgets.page.total"] == ("500000", "600000")
        assert said["robots"] == ("noindex", "index")
        assert {"url", "repository", "production"} <= said.keys()
        assert "1. judge the tree by every gate of prod" in "\n".join(found.lines())
        assert not releases(project)


def typed(project: Project, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    Program(namespace=Collection(command.promote)).run(["invoke", *words.split()], exit=False)


def test_the_task_promotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with fleet(tmp_path) as project:
        deploy(project)
        typed(project, "promote --from=staging --to=prod --dry-run --json", monkeypatch)
        planned = json.loads(capsys.readouterr().out)
        assert (planned["same_tree"], planned["plan"]["environment"]) == (True, "prod")
        typed(project, "promote --yes", monkeypatch)
        said = capsys.readouterr()
        assert said.out.strip() == target_of(project, "prod").url
        assert "live on prod: " in said.err


# The sources that a release was built from


CHECK = """\
import pathlib, sys
outside = pathlib.Path({outside!r})
seen = pathlib.Path("words.txt").read_text()
with outside.joinpath("judged.txt").open("a") as file:
    file.write(seen)
bad = outside.joinpath("bad.txt").read_text().split()
sys.exit("words.txt(1,1): error TS1005: no such word" if seen.strip() in bad else 0)
"""


def checked(project: Project, outside: Path) -> Project:
    """The site with a type check that notes what it saw, outside, and refuses the words in bad.txt there."""
    write(project.root / "check.py", CHECK.format(outside=str(outside)))
    settings = project.root / "invoke.yaml"
    settings.write_text(
        settings.read_text("utf-8").replace("check: []", f"check: [{sys.executable}, check.py]"), "utf-8"
    )
    write(outside / "bad.txt", "")
    write(outside / "judged.txt", "")
    return open_project(project.root)


def say(project: Project, word: str) -> None:
    write(project.root / "words.txt", f"{word}\n")
    commit(project, word)


def judged(outside: Path) -> list[str]:
    return (outside / "judged.txt").read_text("utf-8").split()


@pytest.mark.parametrize("committed", [True, False])
def test_evidence_of_the_releases_own_sources_is_used_again_whatever_lies_here_now(
    tmp_path: Path, committed: bool
) -> None:
    with fleet(tmp_path) as plain:
        clock, outside = Ticker(), tmp_path / "outside"
        project = checked(plain, outside)
        say(project, "good")
        deploy(project, clock=clock)
        assert judged(outside) == ["good"]
        write(outside / "bad.txt", "worse")
        write(project.root / "words.txt", "worse\n")
        if committed:
            commit(project, "worse")
        found = plan_promote(project, MOVE, clock)
        source = releases(project, "staging")[0].source
        assert f"with the sources of {source[:10]}" in "\n".join(found.lines())
        assert promote(project, MOVE, clock).new
        assert judged(outside) == ["good"]
        assert run(project.root, "worktree", "list").count("\n") == 0


def test_sources_without_evidence_are_judged_in_a_folder_of_their_own(tmp_path: Path) -> None:
    with fleet(tmp_path) as plain:
        clock, outside = Ticker(), tmp_path / "outside"
        project = checked(plain, outside)
        say(project, "good")
        deploy(project, clock=clock)
        say(project, "worse")
        write(outside / "bad.txt", "worse")
        forget_state(project)
        first = promote(project, MOVE, clock)
        assert judged(outside) == ["good", "good"]
        assert (project.root / "words.txt").read_text("utf-8") == "worse\n"
        assert not list((project.state / "rebuild").iterdir())
        # What was judged there is kept for the next time.
        assert not promote(project, MOVE, clock).new
        assert judged(outside) == ["good", "good"]
        [live] = releases(project)
        assert live.name == first.release
        assert list((project.state / "evidence" / live.artifact).glob("prod-*.json"))


def test_good_sources_here_do_not_excuse_bad_ones_of_the_release(tmp_path: Path) -> None:
    with fleet(tmp_path) as plain:
        clock, outside = Ticker(), tmp_path / "outside"
        project = checked(plain, outside)
        say(project, "old")
        deploy(project, clock=clock)
        say(project, "new")
        forget_state(project)
        write(outside / "bad.txt", "old")
        with pytest.raises(Stop, match="typescript failed") as caught:
            promote(project, MOVE, clock)
        assert caught.value.code is Code.GATE
        assert not releases(project)
        assert run(project.root, "worktree", "list").count("\n") == 0


def test_sources_that_lie_here_unchanged_are_judged_here(tmp_path: Path) -> None:
    with fleet(tmp_path) as plain:
        clock, outside = Ticker(), tmp_path / "outside"
        project = checked(plain, outside)
        say(project, "good")
        deploy(project, clock=clock)
        assert promote(project, MOVE, clock).new
        assert not (project.state / "rebuild").exists()


def test_sources_that_no_commit_gives_are_said_to_be_those_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fleet(tmp_path) as plain:
        clock, outside = Ticker(), tmp_path / "outside"
        project = checked(plain, outside)
        write(project.root / "words.txt", "good\n")
        deploy(project, clock=clock)
        assert promote(project, MOVE, clock).new
        said = capsys.readouterr().err
        assert "the gates that read sources see those here: " in said
        assert "changes that were not committed" in said


MAKER = """\
import fs from 'node:fs'
import { word } from 'word'
const page = (text) => `<!doctype html><html lang=en><title>${text}</title><h1>${text}</h1>`
fs.mkdirSync('dist', { recursive: true })
fs.writeFileSync('dist/index.html', page(word))
fs.writeFileSync('dist/404.html', page('not here'))
"""


def packaged(project: Project, outside: Path) -> Project:
    """The site with a package that its build needs, and its type check."""
    root = project.root
    manifest = {"name": "harbour", "version": "1.0.0", "private": True, "type": "module"}
    write(root / "package.json", json.dumps({**manifest, "devDependencies": {"word": "file:word"}}))
    about = {"name": "word", "version": "1.0.0", "type": "module", "exports": "./index.js"}
    write(root / "word/package.json", json.dumps(about))
    write(root / "word/index.js", "export const word = 'sea'\n")
    write(root / "build.mjs", MAKER)
    judging = f"import {{ word }} from 'word'\nfs.appendFileSync('{outside}/judged.txt', `${{word}}\\n`)\n"
    write(root / "check.mjs", f"import fs from 'node:fs'\n{judging}")
    write(outside / "judged.txt", "")
    write(root / ".gitignore", "dist/\nnode_modules/\n")
    text = (root / "invoke.yaml").read_text("utf-8").replace("check: []", "check: [node, check.mjs]")
    text = text.replace("package_manager: none, install: []", "package_manager: npm")
    (root / "invoke.yaml").write_text(text, "utf-8")
    npm(root, "install", "--package-lock-only")
    commit(project, "with packages")
    return open_project(root)


@pytest.mark.node
def test_packages_are_installed_for_the_sources_of_a_release_only_where_nobody_judged_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fleet(tmp_path, build="[node, build.mjs]") as plain:
        clock, outside = Ticker(), tmp_path / "outside"
        project = packaged(plain, outside)
        deploy(project, clock=clock)
        write(project.root / "word/index.js", "export const word = 'land'\n")
        commit(project, "another word")
        capsys.readouterr()
        assert promote(project, MOVE, clock).new
        assert "dependencies" not in capsys.readouterr().err
        assert judged(outside) == ["sea"]
        assert (project.root / "node_modules/word/index.js").read_text("utf-8").endswith("'land'\n")
        shutil.rmtree(project.state / "cache/gates")
        shutil.rmtree(project.state / "evidence")
        assert not promote(project, MOVE, clock).new
        assert "dependencies (npm)" in capsys.readouterr().err
        assert judged(outside) == ["sea", "sea"]
