"""The programs that `gates.py` is compared with: installed once into a scratch folder, run on the same pages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tree

from pipeline.tools.chrome import find_chrome
from pipeline.tools.lighthouse.worker import sandbox
from pipeline.tools.node import find_node

VERSIONS = {"@lhci/cli": "0.15.1", "pa11y-ci": "4.1.1", "@axe-core/cli": "4.13.0", "linkinator": "8.1.0"}
CACHE = Path(tempfile.gettempdir()) / "pages-pipeline-gate-peers"
_TAGS = "wcag2a,wcag2aa,wcag21a,wcag21aa"


class Absent(Exception):
    """Why a peer cannot run here."""


@dataclass(frozen=True)
class Peers:
    """The peers and what they run in; `scratch` is a folder for their files."""

    scratch: Path
    chromedriver: str = ""

    @property
    def _env(self) -> dict[str, str]:
        chrome = str(find_chrome().path)
        path = os.pathsep.join([str(find_node().path.parent), os.environ.get("PATH", os.defpath)])
        return {"PATH": path, "CHROME_PATH": chrome, "PUPPETEER_EXECUTABLE_PATH": chrome, "CI": "true"}

    def _run(self, script: str, *words: str, cwd: Path, good: Sequence[int] = (0,)) -> tree.Tree:
        argv = [find_node().path, CACHE / "node_modules" / script, *words]
        return tree.run(argv, cwd=cwd, env=self._env, good=good)

    def pa11y(self, urls: Sequence[str]) -> tree.Tree:
        """Run pa11y-ci with both runners over pages, two at a time as ours."""
        chrome = {"executablePath": self._env["CHROME_PATH"], "args": list(sandbox())}
        # Objects, because with strings and more than one at a time pages fail at random.
        defaults = {"runners": ["axe", "htmlcs"], "standard": "WCAG2AA", "chromeLaunchConfig": chrome}
        wanted = {"defaults": {**defaults, "concurrency": 2}, "urls": [{"url": url} for url in urls]}
        config = self.scratch / "pa11yci.json"
        config.write_text(json.dumps(wanted), encoding="utf-8")
        done = self._run(
            "pa11y-ci/bin/pa11y-ci.js", "--config", str(config), "--json", cwd=self.scratch, good=(0, 2)
        )
        found = json.loads(done.said)
        failed = [url for url, issues in found["results"].items() if any("code" not in one for one in issues)]
        _whole("pa11y-ci", len(found["results"]) - len(failed), len(urls))
        return done

    def axe(self, urls: Sequence[str]) -> tree.Tree:
        """Run @axe-core/cli over pages; raises Absent without a chromedriver of the browser's version."""
        driver = self.chromedriver or shutil.which("chromedriver")
        if not driver:
            raise Absent("@axe-core/cli needs a chromedriver (Debian: apt-get install chromium-driver)")
        browser = ["--chromedriver-path", driver, "--chrome-path", self._env["CHROME_PATH"]]
        flags = ",".join(flag.removeprefix("--") for flag in sandbox())
        browser += [f"--chrome-options={flags}"] if flags else []
        save = ["--tags", _TAGS, "--save", "axe.json", "--dir", str(self.scratch)]
        done = self._run("@axe-core/cli/dist/src/bin/cli.js", *urls, *browser, *save, cwd=self.scratch)
        _whole("@axe-core/cli", len(json.loads((self.scratch / "axe.json").read_bytes())), len(urls))
        return done

    def lhci(self, urls: Sequence[str], runs: int, preset: str, categories: Sequence[str] = ()) -> tree.Tree:
        """Run `lhci autorun` over pages on one screen, as it comes but for the categories."""
        place = self.scratch / "lhci"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        settings: dict[str, object] = {"chromeFlags": " ".join(("--headless=new", *sandbox()))}
        if preset == "desktop":
            settings["preset"] = "desktop"
        if categories:
            settings["onlyCategories"] = list(categories)
        collect = {"url": list(urls), "numberOfRuns": runs, "settings": settings}
        (place / "lighthouserc.json").write_text(json.dumps({"ci": {"collect": collect}}), encoding="utf-8")
        # It asserts its own presets at the end, and ends with 1 when the page does not please it.
        words = ["autorun", "--config=lighthouserc.json"]
        done = self._run("@lhci/cli/src/cli.js", *words, cwd=place, good=(0, 1))
        _whole("lhci autorun", len(list((place / ".lighthouseci").glob("lhr-*.json"))), len(urls) * runs)
        return done

    def linkinator(self, dist: Path, pages: int, skip: str) -> tree.Tree:
        """Crawl the output from its home page, over a server of its own."""
        words = [".", "--recurse", "--check-fragments", "--format=json", f"--skip={skip}"]
        done = self._run("linkinator/build/src/cli.js", *words, cwd=dist, good=(0, 1))
        good = sum(one["state"] == "OK" for one in json.loads(done.said[done.said.index("{") :])["links"])
        _whole("linkinator", good, pages)
        return done


def _whole(name: str, done: int, wanted: int) -> None:
    """Raise RuntimeError when a peer did less than it was asked for: that would be quick."""
    if done < wanted:
        raise RuntimeError(f"{name} looked at {done} of {wanted}")


def install() -> Mapping[str, str]:
    """Get the peers from npm, once; returns their versions."""
    wanted = {"private": True, "dependencies": VERSIONS}
    package = CACHE / "package.json"
    if not package.is_file() or json.loads(package.read_bytes()) != wanted:
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.mkdir(parents=True)
        npm = [*find_node().npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        words = [f"{name}@{version}" for name, version in VERSIONS.items()]
        env = {**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}
        subprocess.run([*npm, "--prefix", CACHE, *words], cwd=CACHE, env=env, check=True, capture_output=True)
        package.write_text(json.dumps(wanted), encoding="utf-8")
    return VERSIONS
