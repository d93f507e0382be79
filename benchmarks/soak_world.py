"""What the soak runs in: a GitHub in a process of its own, machines that release to it, and clients that may die."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.fakes.github.remote import Remote

TOP = Path(__file__).resolve().parents[1]
OWNER = "octocat"
# No run may take longer than this, in seconds; one that does is counted as hanging.
LONGEST = 120.0
_SETTINGS = """\
site: {{name: {name}, package_manager: none, install: [], check: [], build: [], output: dist}}
environments:
  prod:
    repository: https://github.com/{owner}/{name}.git
    url: {url}
    rate: {{builds: 0, pushes: 0}}
    health: {{probes: 2, interval: 0.05}}
timeouts: {{publish: 15, verify: 6, kick: 1, lease: 4}}
"""
# Each machine has a name of its own, which the audit log knows it by.
_MACHINE = """\
import os, socket
socket.gethostname = lambda: os.environ["SOAK_HOST"]
"""
# Stands before git on PATH: counts the commands and kills its parent before or after the one that is asked for.
_GIT = """\
#!/bin/sh
[ -n "$SOAK_AT" ] || exec {git} "$@"
count=$(($(cat "$SOAK_COUNT" 2>/dev/null || echo 0) + 1))
echo $count >"$SOAK_COUNT"
if [ "$count" = "$SOAK_AT" ] && [ "$SOAK_WHEN" = before ]; then kill -9 $PPID; exit 137; fi
{git} "$@"
code=$?
if [ "$count" = "$SOAK_AT" ] && [ "$SOAK_WHEN" = after ]; then kill -9 $PPID; fi
exit $code
"""
_GIT_CONFIG = """\
[user]
    name = Soak
    email = soak@example.invalid
[init]
    defaultBranch = main
"""


@dataclass
class Double:
    """The GitHub double in a process of its own; the same folder goes on where it was killed."""

    folder: Path
    env: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    about: dict[str, Any] = field(default_factory=dict)
    deaths: int = 0
    turning: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Start it unless it runs; raises RuntimeError when it comes back elsewhere."""
        with self.turning:
            if self.process is not None and self.process.poll() is None:
                return
            self.deaths += self.process is not None
            ports = self.about.get("ports")
            command = [sys.executable, "-m", "tests.fakes.github", str(self.folder)]
            env = {**self.env, "PYTHONPATH": str(TOP)}
            log = (self.folder.parent / "double.log").open("ab")
            with log:
                self.process = subprocess.Popen(
                    command, cwd=TOP, env=env, stdout=subprocess.PIPE, stderr=log, start_new_session=True
                )
            out = self.process.stdout
            line = out.readline() if out else b""
            if not line:
                raise RuntimeError(f"the double does not start: see {self.folder.parent / 'double.log'}")
            self.about = json.loads(line)
            if ports is not None and ports != self.about["ports"]:
                raise RuntimeError("the double's ports were taken while it was down")

    def __call__(self, do: str, *positional: object, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        """Call one of its switches."""
        self.start()
        call: Callable[..., Any] = Remote(self.about["url"], Path(self.about["ca"]))
        return call(do, *positional, **arguments)

    def kill(self) -> None:
        """Kill it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def bare(self, name: str) -> Path:
        """Return the bare repository behind a name."""
        return self.folder / "repositories" / OWNER / f"{name}.git"


@dataclass(frozen=True)
class Ran:
    """A finished client: exit code (negative: killed; None: it hung), data, talk, seconds."""

    code: int | None
    out: str
    err: str
    seconds: float

    @property
    def outcome(self) -> dict[str, Any]:
        """Return what it printed as JSON, empty when it printed none."""
        try:
            value = json.loads(self.out)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Kill:
    """How a client dies: after some seconds, or before or after its git command number `at`."""

    after: float = 0.0
    at: int = 0
    when: str = "before"


@dataclass
class Machine:
    """A machine with a clone of the site."""

    name: str
    root: Path
    env: Mapping[str, str]

    def write(self, turn: str, random: Random) -> None:
        """Give the site new content: a page, a style sheet with a hashed name, a large file."""
        dist = self.root / "dist"
        shutil.rmtree(dist, ignore_errors=True)
        for folder in ("_astro", "boats"):
            (dist / folder).mkdir(parents=True)
        asset = f"_astro/app.{random.getrandbits(40):010X}.css"
        link = f'<link rel=stylesheet href="{asset}">'
        (dist / "index.html").write_text(f"<!doctype html><title>{turn}</title>{link}<h1>{turn}</h1>")
        (dist / "boats/index.html").write_text(f"<!doctype html><title>boats</title><h1>boats {turn}</h1>")
        (dist / "404.html").write_text("<!doctype html><title>Not here</title><h1>Not here</h1>")
        (dist / asset).write_text(f"h1 {{ color: teal }} /* {turn} */")
        (dist / "chart.bin").write_bytes(random.randbytes(30_000))
        if random.random() < 0.5:
            (dist / f"extra-{random.randrange(4)}.txt").write_text(turn)

    def run(self, *words: str, kill: Kill | None = None) -> Ran:
        """Run `pages WORDS` here, and kill it as `kill` says."""
        start = time.monotonic()
        count = self.root.parent / "count"
        count.unlink(missing_ok=True)
        env = dict(self.env)
        if kill and kill.at:
            env |= {"SOAK_AT": str(kill.at), "SOAK_WHEN": kill.when, "SOAK_COUNT": str(count)}
        process = subprocess.Popen(
            [sys.executable, "-m", "pages_pipeline", *words],
            cwd=self.root, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        try:
            out, err = process.communicate(timeout=kill.after if kill and kill.after else LONGEST)
            code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            code = process.returncode if kill and kill.after else None
        took = time.monotonic() - start
        return Ran(code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), took)


@dataclass
class Site:
    """A repository on the double, two machines that release to it, and what is known about its history."""

    name: str
    url: str
    bare: Path
    machines: tuple[Machine, ...]
    turn: int = 0


def clean_environment(home: Path) -> dict[str, str]:
    """Return an environment that holds nobody's settings, with git's own in `home`."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "gitconfig").write_text(_GIT_CONFIG)
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "TZ": "UTC",
    }


def make_site(double: Double, folder: Path, name: str, env: Mapping[str, str]) -> Site:
    """Make a repository with Pages, and two machines with clones of its site."""
    full = f"{OWNER}/{name}"
    double("create_repo", full)
    double("enable_pages", full, actions=False)
    url = str(double("pages_url", full))
    tools = folder / "tools"
    if not tools.exists():
        tools.mkdir(parents=True)
        (tools / "git").write_text(_GIT.replace("{git}", str(shutil.which("git"))))
        (tools / "git").chmod(0o755)
        (tools / "sitecustomize.py").write_text(_MACHINE)
    machines = []
    for host in ("ada", "bob"):
        root = folder / name / host / "site"
        root.mkdir(parents=True)
        (root / "invoke.yaml").write_text(_SETTINGS.format(name=name, owner=OWNER, url=url))
        (root / ".gitignore").write_text("dist/\n.pages/\n")
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "begin"]):
            subprocess.run(["git", *words], cwd=root, check=True, env=dict(env))
        about = {
            **env,
            **double.about["env"],
            "SOAK_HOST": host,
            "PATH": f"{tools}:{env['PATH']}",
            "PYTHONPATH": f"{tools}:{TOP}",
        }
        machines.append(Machine(host, root, about))
    return Site(name, url, double.bare(name), tuple(machines))


def repeatable(seed: str) -> Random:
    """Return random numbers that are the same for the same seed."""
    return Random(seed)  # noqa: S311 - no secret
