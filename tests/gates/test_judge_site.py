from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from checks import GATES
from checks.base import Verdict
from pipeline.core.errors import Code, Stop
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.gates import evidence, runner
from pipeline.gates.evidence import Judged, Judgement
from pipeline.gates.runner import find, judge_site, require
from pipeline.tools.git import Git
from tests.policy import HEAVY

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
PAGE = "<!doctype html><html lang='en'><head><title>A page</title></head><body>{}</body></html>"
TIGHT = '[budgets.page]\ntotal = "10 B"\n'
WAIVED = TIGHT + '[[waivers]]\ngate = "budgets"\nreason = "a big launch"\nuntil = 2026-06-15\n'


class SiteFolder(Protocol):
    root: Path

    def write(self, name: str, text: str) -> None: ...
    @property
    def project(self) -> Project: ...
    @property
    def artifact(self) -> Artifact: ...


# What the site's policy lets be measured.
MEASURED = [name for name in GATES if name not in HEAVY]


def of(judgement: Judgement, name: str) -> Judged:
    return next(one for one in judgement.results if one.gate == name)


def clock(later: timedelta = timedelta()) -> Callable[[], datetime]:
    return lambda: NOW + later


def verdicts(site: SiteFolder, environment: str = "local", **more: object) -> dict[str, str]:
    judgement = judge_site(site.project, site.artifact, environment, clock=clock(), **more)  # type: ignore[arg-type]
    return {one.gate: one.verdict.value for one in judgement.results}


def test_good_site_passes_every_gate_and_a_deploy_may_rely_on_it(site: SiteFolder) -> None:
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    assert [one.gate for one in judgement.results] == list(GATES)
    assert judgement.passed
    judgement.require()
    assert find(site.project, site.artifact, "local", clock()) == judgement
    assert require(site.project, site.artifact, "local", clock()).digest == judgement.digest


def test_record_is_one_file_for_tree_environment_and_policy_with_its_own_digest(site: SiteFolder) -> None:
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    policy = site.project.policy_digest("local")
    path = site.root / ".pages/evidence" / site.artifact.tree / f"local-{policy[:16]}.json"
    record = json.loads(path.read_text())
    assert record["digest"] == judgement.digest == evidence.digest_of(record)
    assert record["gates"]["budgets"]["evidence"]["measured_at"] == "2026-06-15T12:00:00Z"
    assert record["gates"]["budgets"]["inputs"]
    assert evidence.read(path) == judgement


def test_each_gate_has_its_own_line_and_says_what_it_carried_over(
    site: SiteFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    judge_site(site.project, site.artifact, "local", clock=clock())
    said = capsys.readouterr().err
    assert said.startswith("side by side: build, typescript, ")
    first = [line for line in said.splitlines() if line.startswith("gate: ")]
    assert sorted(line.split()[1] for line in first) == sorted(GATES)
    assert all(" passed " in line or " waived " in line for line in first)
    judge_site(site.project, site.artifact, "local", clock=clock(timedelta(minutes=3)))
    again = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gate: ")]
    assert sum("measured 3 min ago" in line for line in again) == len(MEASURED)


def test_judging_again_changes_neither_record_nor_digest(site: SiteFolder) -> None:
    one = judge_site(site.project, site.artifact, "local", clock=clock())
    other = judge_site(site.project, site.artifact, "local", clock=clock(timedelta(seconds=30)))
    assert other.digest == one.digest


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    for name, gate in GATES.items():

        def counted(*given: object, _name: str = name, _real: Callable[..., object] = gate.collect) -> object:
            calls.append(_name)
            return _real(*given)

        monkeypatch.setattr(gate, "collect", counted)
    return calls


def test_only_what_changed_is_measured_again(site: SiteFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counting(monkeypatch)
    verdicts(site)
    assert sorted(calls) == sorted(MEASURED)
    calls.clear()
    verdicts(site)
    assert calls == []
    site.write("src.js", "1")
    verdicts(site)
    assert calls == ["typescript"]
    calls.clear()
    site.write("dist/a.js", "console.log(2)")
    verdicts(site)
    assert sorted(calls) == ["budgets", "build"]
    calls.clear()
    verdicts(site, fresh=True)
    assert sorted(calls) == sorted(MEASURED)


def test_another_live_release_is_compared_with_anew_and_nothing_else(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        site.write(f"dist/{name}.html", PAGE.format("<i>v1.0.0</i>"))
    tree = site.artifact.tree
    for name in "abc":
        site.write(f"dist/{name}.html", PAGE.format("<i>v1.0.1</i>"))
    verdicts(site)
    calls = counting(monkeypatch)
    store = Git(site.root / ".pages/objects.git")
    commit = store.text("-c", "user.name=A", "-c", "user.email=a@b", "commit-tree", "-m", "x", tree)
    store.run("update-ref", "refs/pages/local/live", commit)
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    assert sorted(calls) == ["branches", "churn"]
    assert judgement.passed
    (finding,) = next(one for one in judgement.results if one.gate == "churn").findings
    assert finding.message.startswith("3 pages differ from the live release only by one token")


def test_new_limits_judge_old_evidence_without_measuring(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counting(monkeypatch)
    assert verdicts(site)["budgets"] == "passed"
    calls.clear()
    site.write("constitution.toml", TIGHT)
    assert verdicts(site)["budgets"] == "failed"
    assert calls == []


def test_environments_policy_counts(site: SiteFolder) -> None:
    text = (site.root / "invoke.yaml").read_text()
    site.write(
        "invoke.yaml",
        text.replace("/srv/staging.git,", "/srv/staging.git, policy: {budgets: {page: {total: 10 B}}},"),
    )
    site.write("dist/index.html", PAGE.format("<script src=a.js></script>"))
    assert verdicts(site, "staging")["budgets"] == "failed"
    assert verdicts(site, "local")["budgets"] == "passed"


def test_failure_stops_with_what_was_found_and_the_next_command(site: SiteFolder) -> None:
    site.write("constitution.toml", TIGHT)
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    with pytest.raises(Stop) as stopped:
        judgement.require()
    stop = stopped.value
    assert stop.code is Code.GATE
    assert stop.message == "1 gate is in the way of local: budgets failed"
    assert stop.hint == "mend the site, then: invoke build check.budgets --env=local"
    said = "\n".join(stop.details)
    assert "/ loads " in said
    assert "over its budget of 10 B" in said
    assert "the page's HTML" in said
    assert all(len(line) <= 76 for line in stop.details)


def test_wrong_base_path_for_an_environment_is_caught(site: SiteFolder) -> None:
    site.write("dist/index.html", PAGE.format("<script src=/a.js></script>"))
    judgement = judge_site(site.project, site.artifact, "prod", clock=clock())
    (finding,) = judgement.results[0].findings
    assert finding.rule == "wrong-base"
    assert "built for base /, but it will be served under /site/" in finding.message


def test_what_could_not_be_measured_blocks_production_and_is_only_said_elsewhere(site: SiteFolder) -> None:
    site.write("src/a.ts", "export {}")
    local = judge_site(site.project, site.artifact, "local", clock=clock())
    assert (of(local, "typescript").verdict, local.passed) == (Verdict.UNAVAILABLE, True)
    judgement = judge_site(site.project, site.artifact, "prod", clock=clock())
    typescript = of(judgement, "typescript")
    assert (typescript.verdict, typescript.blocks) == (Verdict.UNAVAILABLE, True)
    with pytest.raises(Stop, match="typescript unavailable") as stopped:
        judgement.require()
    assert any("1 TypeScript file and no type check" in line for line in stopped.value.details)


def test_unavailable_is_never_carried_over(site: SiteFolder) -> None:
    site.write("src/a.ts", "export {}")
    verdicts(site)
    assert not (site.root / ".pages/cache/gates/typescript").exists()


def test_files_that_changed_after_the_snapshot_are_not_judged(site: SiteFolder) -> None:
    artifact = site.artifact
    site.write("dist/index.html", PAGE.format("changed"))
    judgement = judge_site(site.project, artifact, "local", clock=clock())
    assert judgement.results[0].verdict is Verdict.UNAVAILABLE
    assert "was changed after the build" in judgement.results[0].reason
    assert not judgement.passed


def test_waiver_passes_until_its_last_day_and_then_the_evidence_is_refused(site: SiteFolder) -> None:
    site.write("constitution.toml", WAIVED)
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    assert of(judgement, "budgets").verdict is Verdict.WAIVED
    assert judgement.passed
    require(site.project, site.artifact, "local", clock())
    tomorrow = clock(timedelta(days=1))
    assert find(site.project, site.artifact, "local", tomorrow) is None
    with pytest.raises(Stop) as stopped:
        require(site.project, site.artifact, "local", tomorrow)
    assert stopped.value.details == ("budgets: its waiver ended on 2026-06-15",)
    again = judge_site(site.project, site.artifact, "local", clock=tomorrow)
    assert of(again, "budgets").verdict is Verdict.FAILED
    assert of(again, "budgets").reason == "its waiver ended on 2026-06-15: a big launch"


def refused(site: SiteFolder, artifact: Artifact, environment: str = "local") -> str:
    with pytest.raises(Stop) as stopped:
        require(site.project, artifact, environment, clock())
    assert stopped.value.code is Code.GATE
    assert stopped.value.hint == f"invoke check --env={environment}"
    assert find(site.project, artifact, environment, clock()) is None
    return "\n".join(stopped.value.details)


def test_evidence_is_refused_for_another_tree_environment_policy_or_source(site: SiteFolder) -> None:
    artifact = site.artifact
    assert "there is no evidence" in refused(site, artifact)
    judge_site(site.project, artifact, "staging", clock=clock())
    require(site.project, artifact, "staging", clock())
    assert "for another environment: staging, not local" in refused(site, artifact)

    site.write("src.js", "1")
    assert "typescript: the sources have changed since it was judged" in refused(site, artifact, "staging")
    (site.root / "src.js").unlink()
    require(site.project, artifact, "staging", clock())

    site.write("constitution.toml", TIGHT)
    assert "for another policy" in refused(site, artifact, "staging")
    site.write("constitution.toml", "")

    site.write("dist/a.js", "console.log(2)")
    assert "for another tree" in refused(site, site.artifact, "staging")


def test_failed_and_missing_gates_are_named(site: SiteFolder) -> None:
    site.write("constitution.toml", TIGHT)
    judge_site(site.project, site.artifact, "local", clock=clock(), only=["budgets"])
    said = refused(site, site.artifact)
    assert "budgets: failed" in said
    assert "build: not judged" in said
    assert "typescript: not judged" in said


def test_altered_evidence_is_no_evidence(site: SiteFolder) -> None:
    site.write("constitution.toml", TIGHT)
    judge_site(site.project, site.artifact, "local", clock=clock())
    (path,) = (site.root / ".pages/evidence").glob("*/*.json")
    path.write_text(path.read_text().replace('"failed"', '"passed"'))
    assert "there is no evidence that is whole" in refused(site, site.artifact)


def test_single_gates_add_up_to_a_whole_record(site: SiteFolder) -> None:
    *others, last = GATES
    for name in others:
        partial = judge_site(site.project, site.artifact, "local", clock=clock(), only=[name])
        assert partial.missing
        with pytest.raises(Stop, match="not judged for local"):
            partial.require()
    judge_site(site.project, site.artifact, "local", clock=clock(), only=[last])
    assert require(site.project, site.artifact, "local", clock()).passed


def test_gate_that_breaks_is_a_bug_and_never_a_verdict(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(GATES["build"], "collect", broken)
    with pytest.raises(ZeroDivisionError):
        judge_site(site.project, site.artifact, "local", clock=clock())
    assert not (site.root / ".pages/evidence").exists()


def test_unknown_gate_is_refused_with_those_there_are() -> None:
    with pytest.raises(Stop, match="there is no gate bugdets; there are: build, typescript, "):
        runner.chosen(["bugdets"])


def test_source_digest_counts_untracked_and_works_without_git(site: SiteFolder, tmp_path: Path) -> None:
    from pipeline.gates.subject import source_digest

    before = source_digest(site.project)
    site.write("untracked.js", "1")
    assert source_digest(site.project) != before
    (site.root / "untracked.js").unlink()
    assert source_digest(site.project) == before
    site.write("node_modules/x/index.js", "1")
    assert source_digest(site.project) == before


def test_cache_keeps_the_newest_only(tmp_path: Path) -> None:
    from checks.base import Evidence

    for number in range(25):
        evidence.keep_evidence(tmp_path, "budgets", f"{number:064}", Evidence({"n": number}), keep=20)
    assert len(list((tmp_path / "cache/gates/budgets").glob("*.json"))) == 20
    assert evidence.kept_evidence(tmp_path, "budgets", f"{24:064}") == Evidence({"n": 24})
    (tmp_path / f"cache/gates/budgets/{24:064}.json").write_text("{half")
    assert evidence.kept_evidence(tmp_path, "budgets", f"{24:064}") is None


def test_policy_and_gates_agree_on_what_is_not_negotiable() -> None:
    from pipeline.core.schema import NON_NEGOTIABLE

    for name, gate in GATES.items():
        assert gate.NON_NEGOTIABLE is (name in NON_NEGOTIABLE)
