"""Our own part of `gates.py` as processes of their own: visits with more or less to look at, and runs of Lighthouse."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pipeline.core.project import open_project
from pipeline.gates.subject import subject_of
from pipeline.gates.visits import page, visit
from pipeline.site.artifact import snapshot
from pipeline.tools import toolbox
from pipeline.tools.chrome import find_chrome
from pipeline.tools.lighthouse.worker import Worker
from pipeline.tools.node import find_node

# What is looked at: axe and HTML_CodeSniffer in one view as the peers do, in four, with pictures, and all.
ONE, FOUR, PICTURES, WHOLE = "one view", "four views", "with pictures", "with the Tab walk"
MODES = (ONE, FOUR, PICTURES, WHOLE)


def visits(root: Path, mode: str) -> None:
    """Visit every page anew and print what was found, as JSON."""
    if mode == ONE:
        page.VIEWS = (page.View("wide-light", 1280, 800, "light", picture=False),)  # type: ignore[assignment]
    elif mode == FOUR:
        page.VIEWS = tuple(view._replace(picture=False) for view in page.VIEWS)  # type: ignore[assignment]
    if mode != WHOLE:
        page.walker = lambda: None
    project = open_project(root)
    subject = subject_of(project, snapshot(project.output, project.state / "objects.git"), "local")
    kept = visit(project, subject, fresh=True)
    found = {"pages": 0, "failed": 0, "axe": 0, "htmlcs": 0, "passes": 0}
    for record in kept.records():
        found["pages"] += 1
        found["failed"] += "failed" in record
        for view in record.get("views", ())[:1]:
            found["axe"] += sum(rule["count"] for rule in view["axe"]["violations"])
            found["htmlcs"] += len(view["htmlcs"])
            found["passes"] += len(view["axe"]["passes"])
    print(json.dumps(found))


def lighthouse(url: str, runs: int) -> None:
    """Measure a page's performance on a phone so many times and print the scores, as JSON."""
    node = find_node()
    package = toolbox.need("lighthouse", node) / "node_modules/lighthouse"
    with Worker(node.path, package, find_chrome().path) as worker:
        reports = [worker.report(url, "mobile", ["performance"]) for _ in range(runs)]
    print(json.dumps([one["categories"]["performance"]["score"] for one in reports]))


if __name__ == "__main__":
    what, where, how = sys.argv[1:]
    if what == "visits":
        visits(Path(where), how)
    else:
        lighthouse(where, int(how))
