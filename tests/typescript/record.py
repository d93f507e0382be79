"""Record the worker's answers about the fixtures, so that the strategies' tests need no Node.

    PYTHONPATH=. .venv/bin/python tests/typescript/record.py FOLDER_WITH_TYPESCRIPT [FIXTURE ...]

The folder is one whose node_modules holds TypeScript (5.9.3 wrote what is here); for the fixtures `vue` and `svelte`
also the packages of tests/typescript/packages.py, VUE and SVELTE_4.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from pipeline.tools.node import find_node
from pipeline.typescript import texts
from pipeline.typescript.session import Diagnostic, Session
from pipeline.typescript.strategies import STRATEGIES
from pipeline.typescript.world import World

HERE = Path(__file__).resolve().parent
FIXTURES, RECORDED = HERE / "fixtures", HERE / "recorded"


class Recorder(Session):
    """A session that notes what it was asked and what it answered."""

    notes: dict[str, Any]

    def _ask(self, method: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        answer = super()._ask(method, **parameters)
        if method in ("check", "fixes", "implementers", "ambient", "spell"):
            self.__dict__.setdefault("notes", {})[key(method, parameters)] = answer
        if method == "tree":
            notes = self.__dict__.setdefault("notes", {})
            known = notes.setdefault("tree", {"trees": [], "types": {}, "symbols": {}})
            known["trees"] += answer["trees"]
            known["types"].update(answer["types"])
            known["symbols"].update(answer["symbols"])
        return answer


def key(method: str, parameters: dict[str, Any]) -> str:
    """Return the name under which an answer is kept."""
    return f"{method} {json.dumps(parameters, sort_keys=True)}"


def record(modules: Path, name: str) -> None:
    """Ask everything that the strategies ask about a fixture, and write it down."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "site"
        shutil.copytree(FIXTURES / name, root)
        (root / "node_modules").symlink_to(modules / "node_modules")
        with Recorder(find_node().path, root) as session:
            held = {one: texts.read(root / one) or "" for one in session.description.files}
            errors = session.check()
            world = World(session, held, errors, frozenset(held))
            world.load(held)
            for one in errors:
                ask(one, world)
            notes = {"texts": {one: texts.characters(text) for one, text in held.items()}, **session.notes}
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{name}.json").write_text(json.dumps(notes, separators=(",", ":"), sort_keys=True) + "\n")


def ask(one: Diagnostic, world: World) -> None:
    """Let every strategy propose, for the questions that it asks on the way."""
    for strategy in STRATEGIES:
        if one.code in strategy.CODES:
            list(strategy.propose(one, world))


def main(modules: str, *names: str) -> None:
    """Record the named fixtures, or all."""
    for name in names or sorted(one.name for one in FIXTURES.iterdir()):
        record(Path(modules).resolve(), name)


if __name__ == "__main__":
    main(*sys.argv[1:])
