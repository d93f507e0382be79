"""The JavaScript of a text as Node makes it by taking the types away: the proof where no TypeScript can be loaded."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.core.errors import Code, Stop
from pipeline.typescript.scripts import Script
from pipeline.typescript.texts import characters, units

# The one form of a difference that nothing here can tell apart; see proof.FORMS.
UNPROVEN = "not provable"
_SCRIPT = Path(__file__).with_name("worker") / "strip.mjs"
_SUFFIXES = {".ts": ".js", ".mts": ".mjs", ".cts": ".cjs"}
_SECONDS = 60.0
_REMEMBERED = 500


def strippable(file: str) -> bool:
    """Whether Node strips files of this kind: no JSX, no components."""
    return Path(file).suffix in _SUFFIXES


class Stripper:
    """Emits and compares as `proof` needs it. What Node cannot strip is its own text, so any repair of it differs.

    Types that come out as code (decorator metadata) make nothing provable.
    """

    def __init__(self, node: Path, options: Mapping[str, object]) -> None:
        self._node = node
        self._typed = not options.get("emitDecoratorMetadata")
        self._process: subprocess.Popen[bytes] | None = None
        self._known: dict[tuple[str, str], Script] = {}

    def emit(self, texts: Mapping[str, str]) -> dict[str, tuple[Script, ...]]:
        """Return the one script of each text, types and comments stripped."""
        missing = [(file, text) for file, text in texts.items() if (file, text) not in self._known]
        if len(self._known) > _REMEMBERED:
            self._known.clear()
            missing = list(texts.items())
        plain = [one for one in missing if self._typed and strippable(one[0])]
        stripped = dict(zip(plain, self._strip([text for _, text in plain]), strict=True))
        for file, text in missing:
            code = stripped.get((file, text))
            extension = _SUFFIXES[Path(file).suffix] if code is not None else ""
            self._known[file, text] = Script("", extension, text if code is None else code)
        return {file: (self._known[file, text],) for file, text in texts.items()}

    def _strip(self, sources: Sequence[str]) -> list[str | None]:
        if not sources:
            return []
        process = self._process or self._start()
        late = threading.Timer(_SECONDS, process.kill)
        late.start()
        line = b""
        with contextlib.suppress(OSError):
            if process.stdin and process.stdout:
                # JSON has no line feed of its own.
                process.stdin.write(json.dumps([characters(one) for one in sources]).encode() + b"\n")
                process.stdin.flush()
                line = process.stdout.readline()
        late.cancel()
        if not line.endswith(b"\n"):
            self.close()
            raise Stop(
                "node could not strip the types of a text",
                "invoke doctor (Node 22.13 or newer has module.stripTypeScriptTypes)",
                Code.SERVICE,
            )
        return [None if one is None else units(one) for one in json.loads(line)]

    def _start(self) -> subprocess.Popen[bytes]:
        # Node says that this is an experiment; without the flag on standard error each time.
        self._process = subprocess.Popen(  # noqa: S603 - our own script under the node that was found
            [str(self._node), "--no-warnings", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._process

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if stream:
                        stream.close()

    @staticmethod
    def compare(pairs: Sequence[tuple[str, str, str]]) -> list[list[dict[str, str]]]:
        """Return for each (before, after, extension) the lines that differ, as one form: nothing here parses them."""
        return [[different(before, after)] if before != after else [] for before, after, _ in pairs]


def different(before: str, after: str) -> dict[str, str]:
    """Return the lines between the first and the last difference of two texts."""
    old, new = before.split("\n"), after.split("\n")
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return {"form": UNPROVEN, "before": "\n".join(old), "after": "\n".join(new)}
