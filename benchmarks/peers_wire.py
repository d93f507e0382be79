"""Stands in for ssh: runs the remote's command here and counts what is sent to it.

As GIT_SSH_COMMAND it sees the same bytes that a network would; one line for each connection goes to the file
that is the first argument: the command, all bytes, and the bytes of the pack among them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the command and return its exit code."""
    command = sys.argv[-1]
    process = subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE)
    sent, pack = pump(process)
    code = process.wait()
    with Path(sys.argv[1]).open("a", encoding="utf-8") as report:
        report.write(f"{command.split()[0]} {sent} {pack}\n")
    return code


def pump(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Pass our input on and return its length, and the length from the pack's signature on."""
    sent, pack, tail = 0, 0, b""
    with process.stdin as pipe:  # type: ignore[union-attr]
        while chunk := os.read(0, 1 << 16):
            if pack:
                pack += len(chunk)
            elif (at := (tail + chunk).find(b"PACK\0\0\0")) >= 0:
                pack = len(tail) + len(chunk) - at
            tail = chunk[-8:]
            sent += len(chunk)
            pipe.write(chunk)
            pipe.flush()
    return sent, pack


if __name__ == "__main__":
    sys.exit(main())
