"""The emergency, by the program itself: the broken site goes live on GitHub, on loopback, without a person."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.phases import drill, phase41
from tests.end_to_end.cli import TOP, git, pages, write
from tests.fakes.github import GitHub
from tests.policy import quiet

pytestmark = [pytest.mark.slow, pytest.mark.node]

REPOSITORY = "octocat/plotwise"
SETTINGS = """\
site: {{name: plotwise, base: /}}
environments:
  prod:
    repository: https://github.com/octocat/plotwise.git
    url: {url}
    rate: {{builds: 0, pushes: 0}}
    health: {{interval: 0.05}}
timeouts: {{verify: 20, kick: 5}}
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    with GitHub(tmp_path / "github") as running:
        running.create_repo(REPOSITORY)
        running.enable_pages(REPOSITORY, actions=False)
        yield running


@pytest.fixture
def site(tmp_path: Path, hub: GitHub) -> Path:
    root = tmp_path / "site"
    ignored = shutil.ignore_patterns("node_modules", "dist", ".astro", ".pages")
    shutil.copytree(TOP / "examples/broken-site", root, ignore=ignored)
    write(root / "invoke.yaml", SETTINGS.format(url=hub.pages_url(REPOSITORY)))
    quiet(root)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "as it was")
    return root


def test_a_broken_site_goes_live_without_a_person(site: Path, hub: GitHub) -> None:
    import requests

    before = git(site, "rev-parse", "HEAD")
    blocked = pages(site, "deploy", "--env=prod", "--yes", env=hub.env, seconds=900)
    assert blocked.code == 3, blocked.err
    ran = pages(site, "phase41", "--env=prod", "--yes", "--json", env=hub.env, seconds=900)
    assert ran.code == 0, ran.err
    record = json.loads(ran.out)
    assert {one["state"] for one in record["steps"]} <= {"done", "satisfied"}
    seconds = sum(one["seconds"] for one in record["steps"])
    assert seconds < phase41.LIMIT
    memory = record["memory"]
    assert memory["repaired"]["before"] >= 110
    assert [one["place"] for one in memory["left"]] == ["src/lib/watering.ts:1"]
    assert memory["rollback_seconds"] < drill.LIMIT
    # What was before is kept, what was done is committed, and what is left can only become less.
    assert memory["before"]["commit"] == before
    assert git(site, "rev-parse", memory["before"]["ref"]) == before
    assert git(site, "status", "--porcelain") == ""
    allowed = json.loads((site / "ts-baseline.json").read_text())
    assert allowed["errors"] == {"src/lib/watering.ts": {"TS2307": 1}}
    assert "Emergency" in Path(record["page"]).read_text()
    # It is live, as GitHub serves it, and it is what was judged.
    answer = requests.get(hub.pages_url(REPOSITORY), verify=str(hub.ca), timeout=5)
    assert "<title>" in answer.text
    assert pages(site, "verify", "--env=prod", env=hub.env).code == 0
    again = pages(site, "phase41", "--env=prod", "--yes", env=hub.env, seconds=900)
    assert again.code == 0, again.err
    assert "nothing to publish" in again.err
