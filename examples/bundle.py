"""Pack the built example site into `site-dist.zip`, the same bytes for the same files."""

# ruff: noqa: INP001 (a script beside data, no package)
from __future__ import annotations

import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The earliest time that a zip entry can carry: the archive must not depend on when it was made.
EPOCH = (1980, 1, 1, 0, 0, 0)


def files(root: Path) -> list[tuple[str, bytes]]:
    """Every file under `root` as (posix name, content), sorted by name."""
    found = [
        (path.relative_to(root).as_posix(), path.read_bytes()) for path in root.rglob("*") if path.is_file()
    ]
    return sorted(found)


def pack(entries: list[tuple[str, bytes]], target: Path) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            info.create_system = 3
            archive.writestr(info, content, compresslevel=9)


def main() -> int:
    dist = HERE / "site" / "dist"
    if not (dist / "index.html").is_file():
        sys.stderr.write(f"{dist} has no index.html; build the site first: npm run build\n")
        return 2
    target = HERE / "site-dist.zip"
    entries = files(dist)
    pack(entries, target)
    sys.stdout.write(f"{target.name}: {len(entries)} files, {target.stat().st_size / 1000:.0f} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
