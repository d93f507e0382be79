"""The rollback drill: the real engine on the site's own trees, in a place that is nobody's."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.project import SITE_VARIABLE, Project, open_project
from pipeline.deploy.ledger import releases
from pipeline.deploy.target import objects, target_of
from pipeline.phases.drill import LIMIT, drill

SETTINGS = "site: {name: x, package_manager: none, install: [], check: [], build: [], output: dist}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "site"
    (root / "dist").mkdir(parents=True)
    (root / "dist/index.html").write_text("<!doctype html><title>Home</title><h1>Home</h1>")
    (root / "invoke.yaml").write_text(SETTINGS)
    return open_project(root, environ={})


def test_a_rollback_is_exercised_without_touching_the_site(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The variable that `--site` sets must not lead the drill to the site itself.
    monkeypatch.setenv(SITE_VARIABLE, str(project.root))
    found = drill(project, project.output, "local")
    assert found.seconds < LIMIT
    assert found.files == 1
    assert "with a mark" in found.earlier
    assert not (project.state / "drill").exists()
    assert not releases(objects(project), target_of(project, "local"))
    assert sorted(path.name for path in project.output.iterdir()) == ["index.html"]
