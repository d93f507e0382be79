"""Scores over releases, violations and since when, certificates, emergencies, and old evidence judged again."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks import GATES
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project
from pipeline.deploy import aftermath, audit, certificate, compliance, engine, proof_of_evidence, recheck
from pipeline.deploy.audit import Kind
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.engine import Order
from pipeline.deploy.release import Outcome
from pipeline.deploy.target import target_of
from pipeline.gates import evidence
from pipeline.site import build
from tests.deploy.fleet import change, commit, fleet
from tests.deploy.harbour import Ticker, write

TIGHT = '[budgets.page]\ntotal = "10 B"\n'
WAIVED = TIGHT + '[[waivers]]\ngate = "budgets"\nreason = "a launch | of boats"\nuntil = 2999-01-01\n'


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five gates that need nothing but files."""
    for name in set(GATES) - {"build", "typescript", "budgets", "churn", "zero_actions"}:
        monkeypatch.delitem(GATES, name)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with fleet(tmp_path) as made:
        write(made.root / "constitution.toml", "")
        commit(made, "policy")
        yield open_project(made.root)


def policy(project: Project, text: str) -> Project:
    """Give the site a policy and return it as it is then."""
    write(project.root / "constitution.toml", text)
    commit(project, "policy")
    return open_project(project.root)


def deploy(project: Project, clock: Ticker, *, emergency: bool = False) -> Outcome:
    build.forget()
    order = Order("staging", yes=True, allow_dirty=True, emergency=emergency)
    return engine.deploy(project, order, clock)


def desk_of(project: Project, clock: Ticker) -> Desk:
    return sit_down(project, target_of(project, "staging"), clock)


def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GATES["budgets"], "TIMED", True)


def test_history_has_every_release_and_reads_each_record_once(project: Project) -> None:
    clock = Ticker()
    first = deploy(project, clock).release
    change(project, "Night")
    second = deploy(project, clock).release
    points = compliance.history(desk_of(project, clock))
    assert [one.release for one in points] == [second, first]
    assert [one.summary.overall for one in points if one.summary] == [100.0, 100.0]
    shutil.rmtree(project.state / "evidence")
    again = compliance.history(desk_of(project, clock))
    assert again == points
    (project.state / "cache/compliance.json").unlink()
    lost = compliance.history(desk_of(project, clock))
    assert [one.summary for one in lost] == [None, None]
    assert "no copy is here" in lost[0].reason


def test_report_names_what_is_violated_the_remedy_and_the_command(project: Project) -> None:
    clock = Ticker()
    released = deploy(project, clock).release
    assert compliance.look(project, "staging", clock).release == ""
    tight = policy(project, TIGHT)
    with pytest.raises(Stop, match="budgets failed"):
        deploy(tight, clock)
    found = compliance.report(tight, "staging", clock)
    (violation,) = found.violations
    assert (violation.gate, violation.verdict, violation.release) == ("budgets", "failed", "")
    assert violation.command == "invoke build check.budgets --env=staging"
    assert violation.remedy
    said = "\n".join(compliance.report_lines(found))
    assert "budgets: failed" in said
    assert "not released; costs" in said
    assert "build: passed, not negotiable" in said
    assert json.dumps(compliance.report_value(found))
    with pytest.raises(Stop) as stopped:
        compliance.require(found.sight, 98)
    assert stopped.value.code is Code.GATE
    # Where nothing was judged of this build, it is what is live that counts.
    shutil.rmtree(tight.state / "evidence" / found.sight.judgement.tree)
    live = compliance.look(tight, "staging", clock)
    assert live.release == released
    compliance.require(live, 98)


def test_an_environment_without_anything_says_what_to_do(project: Project) -> None:
    with pytest.raises(Stop, match="nothing was judged for staging") as stopped:
        compliance.look(project, "staging", Ticker())
    assert stopped.value.hint == "invoke check --env=staging"


def test_an_emergency_measures_right_after_the_release_and_notes_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch)
    clock = Ticker()
    outcome = deploy(project, clock, emergency=True)
    assert (outcome.put_off, outcome.found_late) == (("budgets",), ())
    aftermath.tell(outcome)
    desk = desk_of(project, clock)
    (event,) = [one for one in desk.events if one.kind is Kind.MEASURED]
    assert (event.release, event.note) == (outcome.release, "budgets passed")
    assert not audit.broken_links(desk.git, desk.target.audit_ref)
    (release,) = desk.releases
    carried, latest = proof_of_evidence.find(desk, release), proof_of_evidence.latest(desk, release)
    assert carried.judgement
    assert latest.judgement
    assert (carried.judgement.deferred, latest.judgement.deferred) == (("budgets",), ())
    assert latest.judgement.digest == event.evidence
    assert evidence.released_path(project.state, event.evidence).is_file()


def test_what_an_emergency_finds_too_late_is_told_with_the_way_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch)
    tight = policy(project, TIGHT)
    clock = Ticker()
    outcome = deploy(tight, clock, emergency=True)
    with pytest.raises(Stop) as stopped:
        aftermath.tell(outcome)
    assert stopped.value.code is Code.DRIFT
    assert stopped.value.hint.startswith("invoke rollback --env=staging")
    assert any("over its budget of 10 B" in line for line in stopped.value.details)
    desk = desk_of(tight, clock)
    assert desk.live
    assert desk.live.name == outcome.release
    points = compliance.history(desk)
    assert points[0].summary
    assert points[0].summary.violated == ("budgets",)
    with pytest.raises(Stop, match="did not pass"):
        certificate.certify(tight, "staging", "live", clock=clock)


def test_an_ordinary_release_measures_what_an_emergency_put_off(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch)
    clock = Ticker()
    monkeypatch.setattr(aftermath, "catch_up", lambda *given: given[-1])
    deploy(project, clock, emergency=True)
    with pytest.raises(Stop, match="an emergency put off budgets"):
        certificate.certify(project, "staging", "live", clock=clock)
    change(project, "Night")
    after = deploy(project, clock)
    desk = desk_of(project, clock)
    found = proof_of_evidence.find(desk, desk.releases[0])
    assert found.judgement
    assert desk.releases[0].name == after.release
    assert found.judgement.deferred == ()


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")
def test_certificate_is_signed_and_says_how_to_check_it(project: Project, tmp_path: Path) -> None:
    waived = policy(project, WAIVED)
    clock = Ticker()
    name = deploy(waived, clock).release
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key], check=True)
    for setting, value in (("gpg.format", "ssh"), ("user.signingkey", str(key))):
        subprocess.run(["git", "-C", waived.root, "config", setting, value], check=True)
    made = certificate.certify(waived, "staging", "live", tmp_path / "out", clock)
    assert made.signature
    signers = tmp_path / "signers"
    signers.write_text(f"ann {key.with_suffix('.pub').read_text()}")
    words = f"ssh-keygen -Y verify -f {signers} -I ann -n {certificate.NAMESPACE} -s {made.signature}".split()
    good = subprocess.run(words, input=made.json.read_bytes(), check=False, capture_output=True)
    assert good.returncode == 0, good.stderr
    bad = subprocess.run(words, input=made.json.read_bytes() + b" ", check=False, capture_output=True)
    assert bad.returncode != 0
    value = json.loads(made.json.read_bytes())
    desk = desk_of(waived, clock)
    assert value["evidence"]["digest"] == desk.releases[0].evidence
    assert value["release"]["commit"] == desk.releases[0].commit
    assert value["waivers"][0]["reason"] == "a launch | of boats"
    text = made.markdown.read_text()
    assert "a launch \\| of boats" in text
    assert f"check.verify {name} --env=staging" in text
    assert made.digest in text
    for setting in ("gpg.format", "user.signingkey"):
        subprocess.run(["git", "-C", waived.root, "config", "--unset", setting], check=True)
    unsigned = certificate.certify(waived, "staging", "live", tmp_path / "out", clock)
    assert unsigned.signature is None
    assert not (tmp_path / "out" / f"{name}.json.sig").exists()
    assert "It is not signed" in unsigned.markdown.read_text()


def test_old_evidence_is_judged_by_the_policy_of_today(project: Project) -> None:
    clock = Ticker()
    deploy(project, clock)
    same = recheck.recheck(project, "staging", "live", clock=clock)
    assert (same.differs, same.same_policy, same.score, same.score_today) == (False, True, 100.0, 100.0)
    tight = policy(project, TIGHT)
    found = recheck.recheck(tight, "staging", "live", clock=clock)
    assert found.differs
    assert not found.same_policy
    (row,) = [one for one in found.judged if one.changed]
    assert (row.gate, row.recorded, row.now) == ("budgets", "passed", "failed")
    assert "over its budget of 10 B" in row.note
    assert found.score_today is not None
    assert found.score_today < 98
    assert "failed !" in "\n".join(recheck.lines(found))


def test_a_gate_of_another_version_is_not_asked_to_judge_what_it_does_not_know(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Ticker()
    deploy(project, clock)
    monkeypatch.setattr(GATES["budgets"], "VERSION", GATES["budgets"].VERSION + 1)
    monkeypatch.delitem(GATES, "churn")
    found = recheck.recheck(project, "staging", "live", clock=clock)
    rows = {one.gate: one for one in found.judged}
    assert rows["budgets"].now == rows["churn"].now == "not judged"
    assert "which is at version" in rows["budgets"].note
    assert not found.differs


def test_a_released_tree_is_measured_again_and_its_record_stays(project: Project) -> None:
    clock = Ticker()
    released = deploy(project, clock)
    change(project, "Night")
    deploy(project, clock)
    path = project.state / "evidence"
    before = {one: one.read_bytes() for one in path.rglob("*.json*")}
    found = recheck.recheck(project, "staging", released.release, measure=True, clock=clock)
    assert found.measured is not None
    notes = {one.gate: one.note for one in found.measured}
    assert notes["build"] == notes["budgets"] == "measured the same"
    assert not found.differs
    assert found.sources.startswith("commit ")
    assert {one: one.read_bytes() for one in path.rglob("*.json*")} == before


def test_evidence_that_is_gone_cannot_be_checked(project: Project) -> None:
    clock = Ticker()
    deploy(project, clock)
    shutil.rmtree(project.state / "evidence")
    with pytest.raises(Stop, match="cannot be read: no copy is here") as stopped:
        recheck.recheck(project, "staging", "live", clock=clock)
    assert stopped.value.code is Code.DRIFT
