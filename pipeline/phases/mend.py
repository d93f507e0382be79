"""The configuration is mended before any code is: what `ts.fix` tries first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.core import ui
from pipeline.typescript.commits import Repository
from pipeline.typescript.configuration import ConfigurationRepair, repair_configuration
from pipeline.typescript.session import Diagnostic, Session


def mend(
    session: Session,
    texts: Mapping[str, str],
    overlay: Mapping[str, str],
    *,
    repo: Repository | None,
    wanted: Callable[[Diagnostic], bool],
) -> list[ConfigurationRepair]:
    """Return what mends a project's configuration, which the session then goes on with.

    Only what removes an error that is wanted counts, and nothing where a file of it is not committed or ignored.
    """
    config = session.description.config
    if not any(map(wanted, session.check())) or (repo and repo.uncommitted([config])):
        return []
    found = repair_configuration(session, texts, overlay)
    new = {one.file for one in found if one.before is None}
    in_the_way = repo and (repo.ignored(new) or repo.uncommitted({one.file for one in found} - new))
    if in_the_way or not all(any(map(wanted, one.removed)) for one in found):
        session.configure(overlay)
        return []
    for one in found:
        made = " (new)" if one.before is None else ""
        ui.say(f"{one.file}{made}: {one.why}: {one.errors[0]} errors → {one.errors[1]}")
    return found
