"""Node and gh: from PATH when new enough, else as wheels, and never in the way of the rest."""

from __future__ import annotations

import pytest

from tests.inv.conftest import Clone, steps

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("node", "gh", "expected"),
    [
        ("v22.0.0", "gh version 2.40.0 (2023-12-07)", "node=path gh=path"),
        ("v24.19.0", "gh version 3.0.0 (2027-01-01)", "node=path gh=path"),
        ("v20.20.2", "gh version 2.39.9 (2023-11-01)", "node=wheel gh=wheel"),
        ("v9.11.2", "gh version 1.99.0 (2021-01-01)", "node=wheel gh=wheel"),
        ("not a version", "not a version", "node=wheel gh=wheel"),
    ],
)
def test_versions(clone: Clone, node: str, gh: str, expected: str) -> None:
    clone.with_uv().script("node", f"echo '{node}'")
    clone.script("gh", f"echo '{gh}'")

    clone.run()

    assert clone.stamp.read_text().splitlines()[1].strip() == expected


def test_tool_that_left_path_comes_as_a_wheel(clone: Clone) -> None:
    clone.with_uv().script("node", "echo v24.0.0")
    clone.run()
    (clone.path / "node").unlink()

    said = clone.run()

    assert steps(said) == ["node, as a wheel", "ready"]
    assert "sortedcontainers" in clone.ask()["packages"]


def test_tool_that_cannot_be_had_stops_nothing_and_doctor_tries_again(clone: Clone) -> None:
    clone.with_uv()
    uv = (clone.path / "uv").resolve()
    (clone.path / "uv").unlink()
    pins = clone.venv / "sections.txt"
    clone.script(
        "uv",
        f"[ ! -e '{pins}' ] || awk '/sortedcontainers/ {{ exit 1 }}' '{pins}' || exit; exec '{uv}' \"$@\"",
    )

    said = clone.run("demo", PIP_NO_INDEX="1")

    assert "node, as a wheel ... failed" in said
    assert f"going on without node (log: {clone.venv}.log)" in said
    assert clone.ask("demo")["packages"] == ["iniconfig", "execnet"]
    assert "going on without node" in clone.run("doctor", PIP_NO_INDEX="1")

    clone.link("uv", uv)

    assert "node, as a wheel ... " in clone.run("doctor")
    assert clone.ask("doctor")["packages"] == ["iniconfig", "sortedcontainers", "execnet"]
