"""The configuration is mended before any code is: what `ts.fix` tries first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.core import ui
from pipeline.core.project import Project
from pipeline.phases import type_check
from pipeline.typescript.commits import Repository
from pipeline.typescript.configuration import ConfigurationRepair, repair_configuration
from pipeline.typescript.projects import Target
from pipeline.typescript.session import Diagnostic, Session


def mend(
    project: Project,
    target: Target,
    session: Session,
    texts: Mapping[str, str],
    *,
    repo: Repository | None,
    wanted: Callable[[Diagnostic], bool],
) -> list[ConfigurationRepair]:
    """Return what mends a project's configuration; nothing where it has changes that are not committed.

    Only what removes an error that is wanted counts.
    """
    config = session.description.config
    if not any(map(wanted, session.check())) or (repo and repo.uncommitted([config])):
        return []
    found = repair_configuration(
        lambda overlay: type_check.open_session(project, target, {**texts, **overlay}),
        target.root,
        texts,
        config=config,
        session=session,
        may_add=False,
    )
    if not all(any(map(wanted, one.removed)) for one in found):
        return []
    for one in found:
        ui.say(f"{one.file}: {one.why}: {one.errors[0]} errors → {one.errors[1]}")
    return found
