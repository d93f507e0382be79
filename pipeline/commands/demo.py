"""The demo: what all of this is about, in a minute."""

from __future__ import annotations

import sys

from invoke import Context, task

from pipeline.core import ui


@task(
    help={
        "once": "end after the rollback instead of serving the site until Ctrl-C",
        "json": "print what happened as JSON",
    }
)
def demo(c: Context, once: bool = False, json: bool = False) -> None:
    """Publish the example site on this machine, change a page, publish again, roll back."""
    import contextlib
    import threading
    from dataclasses import asdict

    from pipeline.phases.demo import demo as play

    with play() as (project, url, acts):
        if json:
            ui.data_json({"url": url, "site": str(project.root), "acts": [asdict(act) for act in acts]})
            return
        ui.say()
        ui.data(ui.table([(act.what, act.release) for act in acts]))
        ui.say()
        if not once and sys.stdin.isatty():
            ui.data(f"Live: {url}")
            ui.say("Open the address; Ctrl-C ends the demo.")
            # The end that was announced is no failure.
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
            ui.say()
        ui.say(f"It was live at {url}; the releases are kept in {project.root}")
        ui.next_step("invoke init --site=../my-site")
