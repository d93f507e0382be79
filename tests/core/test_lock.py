"""Locks: one holder, named to everybody else, free as soon as it ends."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.core import lock
from pipeline.core.clock import utc_now
from pipeline.core.errors import Code, Stop

_HOLD = """
import sys, time
from pathlib import Path
from pipeline.core.lock import hold
with hold(Path(sys.argv[1]), "deploy"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path / "a.lock")],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_holder_is_named_to_who_comes_later(tmp_path: Path, other: subprocess.Popen[bytes]) -> None:
    with (
        pytest.raises(
            Stop, match=rf"\(process {other.pid}\) is busy here: deploy, started 3 min ago"
        ) as caught,
        lock.hold(tmp_path / "a.lock", "rollback", lambda: utc_now() + timedelta(minutes=3, seconds=1)),
    ):
        pass
    assert caught.value.code is Code.LOCKED
    assert caught.value.hint.endswith(f"kill {other.pid}")


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path, other: subprocess.Popen[bytes]) -> None:
    other.kill()
    other.wait()
    assert lock.holder(tmp_path / "a.lock") is None
    with lock.hold(tmp_path / "a.lock", "rollback"):
        pass


def test_looking_at_a_lock_does_not_take_it(tmp_path: Path, other: subprocess.Popen[bytes]) -> None:
    held = lock.holder(tmp_path / "a.lock")
    assert held
    assert (held.pid, held.why) == (other.pid, "deploy")


def test_nobody_holds_a_lock_that_was_never_taken(tmp_path: Path) -> None:
    assert lock.holder(tmp_path / "never.lock") is None
