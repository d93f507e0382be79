"""Visit the pages beside this file with a real browser and write what it saw to `visits.json`.

python tests/checks/recorded/visited/record.py
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from checks import scan
from pipeline.core.project import open_project
from pipeline.gates.subject import versions
from pipeline.gates.visits import visit

HERE = Path(__file__).resolve().parent
SETTINGS = "site: {framework: plain, package_manager: none, install: [], build: []}\n"


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out what no gate reads, so that the file stays small."""
    views = [
        {**view, "axe": {**view["axe"], "passes": []}, "picture": view["picture"][:8]}
        for view in record["views"]
    ]
    return {**record, "views": views, "needs": {}}


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "invoke.yaml").write_text(SETTINGS, encoding="utf-8")
        shutil.copytree(HERE, root / "dist", ignore=shutil.ignore_patterns("*.py", "*.json", "__pycache__"))
        project = open_project(root)
        subject = scan.subject(root / "dist", source=root, base="/")
        subject = replace(subject, environment="local", versions=versions(project))
        records = [plain(dict(one)) for one in visit(project, subject).records()]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in records)
    (HERE / "visits.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    sys.stdout.write(f"{len(records)} pages\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
