"""The other engine: Lighthouse CI as a program, with a lighthouserc of ours."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core import proc
from pipeline.core.errors import Stop
from pipeline.core.paths import resource
from pipeline.tools.lighthouse.worker import Broken, sandbox

_PRESETS = Path(__file__).with_name("presets.mjs")
# Lighthouse CI starts a browser for each run and tries a failed one three times.
_RUN_SECONDS = 120.0
# Loaded by Lighthouse's own command line, which imports the module that `configPath` names.
_CONFIG = """\
import {{ configuration }} from {presets};
const constants = await import({constants});
export default await configuration({root}, constants, {preset}, {wanted}, false);
"""


@dataclass(frozen=True)
class LighthouseCI:
    """Lighthouse CI of the toolbox's folder; `scores` (0 to 1) and `values` are what it asserts as medians."""

    node: Path
    folder: Path
    chrome: Path

    def reports(
        self,
        url: str,
        preset: str,
        categories: Sequence[str],
        runs: int,
        scores: Mapping[str, float],
        values: Mapping[str, float],
    ) -> tuple[list[Mapping[str, Any]], list[str]]:
        """Return the reports of `runs` runs, and a line for each assertion that failed; raises Broken."""
        with tempfile.TemporaryDirectory(prefix="pages-lhci-") as name:
            place = Path(name)
            config = place / "config.mjs"
            config.write_text(self._config(preset, categories), encoding="utf-8")
            rc = place / "lighthouserc.json"
            rc.write_text(self.settings(url, config, runs, scores, values), encoding="utf-8")
            asserts = bool(scores or values)
            said = self._run(place, runs, "autorun" if asserts else "collect")
            return _gathered(place / ".lighthouseci", runs, said, asserts=asserts)

    def settings(
        self,
        url: str,
        config: Path,
        runs: int,
        scores: Mapping[str, float],
        values: Mapping[str, float],
    ) -> str:
        """Return the text of lighthouserc.json."""
        import jinja2

        loader = jinja2.FileSystemLoader(resource("templates", "lighthouse"))
        made = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - JSON
        flags = " ".join(("--disable-dev-shm-usage", *sandbox()))
        return made.get_template("lighthouserc.json.j2").render(
            urls=[url],
            runs=runs,
            chrome=str(self.chrome),
            config=str(config),
            flags=flags,
            scores=scores,
            values=values,
        )

    def _config(self, preset: str, categories: Sequence[str]) -> str:
        root = self.folder / "node_modules/lighthouse"
        words = {
            "presets": _PRESETS.as_uri(),
            "constants": (root / "core/config/constants.js").as_uri(),
            "root": str(root),
            "preset": preset,
            "wanted": list(categories),
        }
        return _CONFIG.format_map({name: json.dumps(value) for name, value in words.items()})

    def _run(self, place: Path, runs: int, task: str) -> tuple[str, ...]:
        program = self.folder / "node_modules/@lhci/cli/src/cli.js"
        # It starts `node` by that name.
        path = os.pathsep.join([str(self.node.parent), os.environ.get("PATH", os.defpath)])
        env = {
            "PATH": path,
            "CHROME_PATH": str(self.chrome),
            "TMPDIR": str(place),
            "CI": "true",
            "NO_COLOR": "1",
        }
        words = [str(self.node), str(program), task, "--config=lighthouserc.json"]
        try:
            done = proc.run(words, cwd=place, env=env, timeout=_RUN_SECONDS * runs)
        except Stop as stop:
            raise Broken(f"Lighthouse CI: {stop.message}", stop.details) from stop
        return done.tail(12)


def _gathered(
    folder: Path, runs: int, said: Sequence[str], *, asserts: bool
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Read what Lighthouse CI left: the reports, and which assertions failed."""
    files = sorted(folder.glob("lhr-*.json"))
    results = folder / "assertion-results.json"
    if len(files) != runs or (asserts and not results.is_file()):
        raise Broken(f"Lighthouse CI left {len(files)} of {runs} reports", said)
    try:
        reports = [json.loads(file.read_bytes()) for file in files]
        asserted = json.loads(results.read_bytes()) if asserts else []
        failed = [_assertion(one) for one in asserted if not one["passed"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Broken("Lighthouse CI wrote something else than JSON reports", said) from error
    return reports, failed


def _assertion(one: Mapping[str, Any]) -> str:
    what = ".".join(filter(None, [one.get("auditId"), one.get("auditProperty")])) or one["name"]
    return f"{what}: {one['actual']:g} against {one['operator']} {one['expected']:g}"
