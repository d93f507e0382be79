"""GitHub's own view of a Pages build: asked only why nothing shows, and for one more try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.core import ui
from pipeline.core.errors import Stop
from pipeline.deploy import journal
from pipeline.deploy.desk import Desk
from pipeline.deploy.journal import Entry, State
from pipeline.deploy.verify import Stuck
from pipeline.tools.github_model import Build, Unreadable

if TYPE_CHECKING:
    from pipeline.tools.github import Hub

# Most sites are live before this; what is served decides, so GitHub's word is only asked for when it takes longer.
_FIRST_ASKED = 4.0
_ASKED_EVERY = 10.0
# One build more is asked for, and so often while GitHub takes no request.
_KICKS = 3
_FAILED = frozenset({"errored"})


@dataclass
class Watch:
    """The waiting for one commit to be built: asks now and then, and kicks once."""

    hub: Hub
    commit: str
    kick_after: float
    desk: Desk
    entry: Entry | None
    next_asked: float = _FIRST_ASKED
    first: bool = False
    kicks: int = _KICKS
    built: bool = False

    def __call__(self, waited: float) -> str | None:
        """Return why the release will never show, or None; `waited` is in seconds."""
        if self.first:
            self.first = False
            self._set_up()
        if waited < min(self.next_asked, self.kick_after):
            return None
        self.next_asked = waited + _ASKED_EVERY
        build = self.hub.latest_build()
        found = None if isinstance(build, Unreadable) else verdict(build, self.commit)
        if found == "built":
            self._note_built()
        elif found is not None:
            return found
        if waited >= self.kick_after and self.kicks:
            self._kick()
        return None

    def _set_up(self) -> None:
        """Make the Pages site after the first push: GitHub takes no branch as its source before that is there."""
        if self.hub.pages() is not None:
            return
        try:
            self.hub.create_pages(self.desk.target.branch)
        except Stop as refused:
            ui.warn(f"GitHub made no Pages site: {refused.message}")
            return
        ui.say(f"GitHub Pages publishes {self.desk.target.branch} of {self.hub.at.slug} from now on")

    def _note_built(self) -> None:
        if not self.built and self.entry is not None:
            journal.advance(self.desk.journal, self.entry, State.BUILT)
        self.built = True

    def _kick(self) -> None:
        self.kicks -= 1
        try:
            self.hub.request_build()
        except Stop as refused:
            ui.warn(
                f"nothing was built after {self.kick_after:g} s, and GitHub took no request: {refused.message}"
            )
            return
        self.kicks = 0
        ui.say(
            f"nothing shows after {self.kick_after:g} s: GitHub was asked to build once more", style="warning"
        )


def verdict(build: Build | None, commit: str) -> str | None:
    """Return `built`, why the build of `commit` failed, or None: it says nothing of this commit, or is under way."""
    if build is None or build.commit != commit:
        return None
    if build.status in _FAILED:
        return f"GitHub's build failed: {build.error or 'no reason given'}"
    return "built" if build.status == "built" else None


def watch_builds(desk: Desk, commit: str, entry: Entry | None) -> Stuck:
    """Return what the waiting for a release asks now and then; off GitHub nobody can be asked."""
    from pipeline.tools.github import connect

    if desk.target.local:
        return _wait_on
    try:
        hub = connect(desk.target.remote, desk.project.settings.tools.gh)
    except Stop:
        return _wait_on
    if hub is None:
        return _wait_on
    first = entry is not None and entry.before is None
    return Watch(hub, commit, desk.project.settings.timeouts.kick, desk, entry, first=first)


def _wait_on(_: float) -> str | None:
    return None
