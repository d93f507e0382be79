"""The two lock files say the same, and only what everybody can get."""

from __future__ import annotations

import re
import subprocess
import sys

from pipeline.commands import develop
from tests.packaging.conftest import TOP


def test_uv_lock_fits_pyproject() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", "lock", "--check"], cwd=TOP, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, f"{done.stderr}\nnext: ./inv lock"


def test_requirements_lock_fits_uv_lock() -> None:
    assert (TOP / "requirements.lock").read_text(encoding="utf-8") == develop.requirements(TOP), "./inv lock"


def test_uv_lock_names_the_public_index_only() -> None:
    lock = (TOP / "uv.lock").read_text(encoding="utf-8")

    assert set(re.findall(r'registry = "([^"]*)"', lock)) == {"https://pypi.org/simple"}
    assert set(re.findall(r'url = "(https?://[^/"]*|[^"]*)', lock)) == {"https://files.pythonhosted.org"}


def test_every_pin_has_a_hash() -> None:
    lock = (TOP / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^[a-z].*\n(?: .*\n)*", lock, re.MULTILINE)

    assert len(pins) > 40
    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []
