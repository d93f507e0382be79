"""The evidence of a release can be proven by the digest in its commit, whatever was judged since and elsewhere."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

import pytest

from pipeline.core.project import Project, open_project
from pipeline.deploy import audit, engine, proof_of_evidence
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.engine import Order
from pipeline.deploy.proof_of_evidence import HERE, LOGGED
from pipeline.deploy.size import pack_size
from pipeline.deploy.target import target_of
from pipeline.gates import evidence
from pipeline.gates.runner import judge_site
from pipeline.site.artifact import snapshot
from pipeline.site.build import forget
from tests.deploy.harbour import SETTINGS, Ticker, change

SHARED = SETTINGS.replace("    branch: gh-pages\n", "    branch: gh-pages\n    share_evidence: true\n")


def deploy(project: Project, clock: Ticker) -> str:
    forget()
    return engine.deploy(project, Order("local"), clock).release


def desk_of(project: Project, clock: Ticker | None = None) -> Desk:
    return sit_down(project, target_of(project, "local"), clock or Ticker())


def elsewhere(project: Project, top: Path) -> Desk:
    """The desk of another machine: the same settings and remote, nothing else."""
    root = top / "elsewhere"
    subprocess.run(["git", "clone", "-q", project.root, root], check=True)
    (root / "invoke.yaml").write_text((project.root / "invoke.yaml").read_text("utf-8"), "utf-8")
    other = open_project(root)
    subprocess.run(["cp", "-r", project.state / "local.git", other.state / "local.git"], check=True)
    return desk_of(other)


@pytest.fixture
def sharing(site: Path, tmp_path: Path) -> Project:
    (site / "invoke.yaml").write_text(SHARED.format(remote=tmp_path / "prod.git"), "utf-8")
    return open_project(site)


def test_judging_a_released_tree_again_leaves_the_evidence_of_its_release(project: Project) -> None:
    deploy(project, Ticker())
    desk = desk_of(project)
    (release,) = desk.releases
    before = proof_of_evidence.find(desk, release)
    assert before.where == HERE
    assert before.judgement
    assert before.judgement.digest == release.evidence
    # Churn now compares with the release itself, which makes another record of the same tree.
    artifact = snapshot(project.output, project.state / "objects.git")
    assert judge_site(project, artifact, "local", fresh=True).digest != release.evidence
    assert proof_of_evidence.find(desk, release) == before


def test_a_machine_without_a_copy_says_so_and_who_judged_it(project: Project, tmp_path: Path) -> None:
    deploy(project, Ticker())
    desk = elsewhere(project, tmp_path)
    found = proof_of_evidence.find(desk, desk.releases[0])
    assert (found.record, found.judgement, found.where) == (None, None, "")
    assert found.reason == f"no copy is here or in the log; {desk.host} judged it"


def test_an_altered_copy_proves_nothing(project: Project) -> None:
    deploy(project, Ticker())
    desk = desk_of(project)
    (release,) = desk.releases
    path = evidence.released_path(project.state, release.evidence)
    record = json.loads(gzip.decompress(path.read_bytes()))
    record["gates"]["budgets"]["verdict"] = "failed"
    path.write_bytes(gzip.compress(json.dumps(record).encode()))
    assert proof_of_evidence.find(desk, release).reason == (
        "the copy of this machine was altered: its digest is another one"
    )
    path.write_bytes(b"not gzip")
    assert proof_of_evidence.find(desk, release).reason == "the copy of this machine cannot be read"


def test_a_record_of_a_time_without_copies_is_found_and_kept(project: Project) -> None:
    deploy(project, Ticker())
    desk = desk_of(project)
    (release,) = desk.releases
    path = evidence.released_path(project.state, release.evidence)
    path.unlink()
    assert proof_of_evidence.find(desk, release).where == HERE
    assert path.is_file()


def test_a_preview_or_hand_made_release_names_no_evidence(project: Project) -> None:
    deploy(project, Ticker())
    desk = desk_of(project)
    bare = type(desk.releases[0])(**{**vars(desk.releases[0]), "evidence": ""})
    assert proof_of_evidence.find(desk, bare).reason == "the release names no evidence"


def test_shared_evidence_travels_with_the_audit_log_and_a_rollback_sends_none(
    sharing: Project, site: Path, tmp_path: Path
) -> None:
    clock = Ticker()
    deploy(sharing, clock)
    change(site, "Night")
    deploy(sharing, clock)
    engine.rollback(sharing, "local", clock=clock)
    there = elsewhere(sharing, tmp_path)
    assert [one.kind for one in there.releases] == ["rollback", "deploy", "deploy"]
    for release in there.releases:
        found = proof_of_evidence.find(there, release)
        assert found.where == LOGGED
        assert found.judgement
        assert found.judgement.digest == release.evidence
    git, log = there.git, there.target.audit_ref
    assert audit.broken_links(git, log) == []
    files = {
        event.release: git.text("ls-tree", "--name-only", f"{commit}^{{tree}}").split()
        for event in there.events if event.kind is audit.Kind.PUBLISHED
        for commit in audit.commits_with(git, log, event.evidence)[:1]
    }  # fmt: skip
    back, night, light = (one.name for one in there.releases)
    assert audit.EVIDENCE in files[night]
    assert audit.EVIDENCE not in files[back]
    assert light in files


def test_what_sharing_costs(project: Project, sharing: Project, site: Path) -> None:
    clock = Ticker()
    sizes = {}
    for name, one in (("not", project), ("shared", sharing)):
        change(site, f"Morning {name}")
        deploy(one, clock)
        change(site, f"Night {name}")
        deploy(one, clock)
        engine.rollback(one, "local", clock=clock)
        desk = desk_of(one)
        tips = desk.git.text("rev-list", "--first-parent", desk.target.audit_ref).splitlines()
        # Newest first: healthy and published of the rollback, then of the release.
        sizes[name] = [pack_size(desk.git, commit) for commit in tips[:4]]
    assert abs(sizes["shared"][1] - sizes["not"][1]) < 40
    assert 200 < sizes["shared"][3] - sizes["not"][3] < 4_000
