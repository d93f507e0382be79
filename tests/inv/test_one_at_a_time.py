"""Two first runs at once, and a first run that was killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.inv.conftest import Clone

pytestmark = pytest.mark.slow


@pytest.fixture(params=["flock", "link"])
def either(clone: Clone, request: pytest.FixtureRequest) -> Clone:
    """Return a clone on a system that has flock, and on one without (macOS)."""
    if request.param == "link":
        (clone.path / "flock").unlink(missing_ok=True)
    elif not (clone.path / "flock").exists():
        pytest.skip("this system has no flock")
    return clone.with_uv()


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_second_run_waits_and_uses_what_the_first_made(either: Clone) -> None:
    # The first waits inside its set-up until the second was seen waiting.
    either.script("node", f"while ! [ -e '{either.top}/go' ]; do sleep 0.1; done")
    with either.start("demo") as first:
        wait_for((either.venv / "bin" / "python").exists)
        with either.start("demo") as second:
            assert second.stderr
            assert second.stderr.readline() == f"inv: waiting for another set-up (process {first.pid})\n"
            (either.top / "go").touch()
            out, said = second.communicate(timeout=60)
        first.communicate(timeout=60)

    assert (first.returncode, second.returncode, said) == (0, 0, "")
    assert '"iniconfig"' in out


def test_killed_run_is_repeated_from_nothing(either: Clone) -> None:
    either.script("node", "sleep 600")
    with either.start("demo") as first:
        wait_for((either.venv / "bin" / "python").exists)
        os.killpg(first.pid, signal.SIGKILL)
    (either.venv / "half").touch()
    either.script("node", "exit 1")

    said = either.run("demo")

    assert "Python packages, with uv ... " in said
    assert not (either.venv / "half").exists()
    assert either.ask()["packages"] == ["iniconfig", "sortedcontainers", "execnet"]


def test_interrupted_run_frees_the_lock(either: Clone) -> None:
    either.script("node", f"echo >'{either.top}/asked'; exec sleep 600")
    with either.start("demo") as first:
        wait_for((either.top / "asked").exists)
        os.killpg(first.pid, signal.SIGINT)
        _, said = first.communicate(timeout=10)
    either.script("node", "exit 1")

    either.run("demo")

    assert first.returncode in {130, -signal.SIGINT}, said
    assert either.ask()["packages"] == ["iniconfig", "sortedcontainers", "execnet"]


def test_installer_that_outlives_its_killed_wrapper_keeps_the_lock(clone: Clone) -> None:
    if not (clone.path / "flock").exists():
        pytest.skip("only flock sees the children of the one who took the lock")
    uv = (clone.with_uv().path / "uv").resolve()
    (clone.path / "uv").unlink()
    clone.script("uv", f"echo >'{clone.top}/began'; sleep 1.5; exec '{uv}' \"$@\"")
    with clone.start("demo") as first:
        wait_for((clone.top / "began").exists)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        clone.link("uv", uv)

        said = clone.run("demo")

    assert said.startswith(f"inv: waiting for another set-up (process {first.pid})\n")


def test_lock_is_not_held_while_the_program_runs(either: Clone) -> None:
    (either.top / "pages_pipeline" / "__main__.py").write_text(
        "import sys, time; print('up', flush=True); 'serve' in sys.argv and time.sleep(600)"
    )
    with either.start("serve") as serving:
        assert serving.stdout
        assert serving.stdout.readline() == "up\n"
        with (either.top / "uv.lock").open("a") as lock:
            lock.write("# another version\n")

        assert "waiting" not in either.run("demo")
        serving.terminate()
