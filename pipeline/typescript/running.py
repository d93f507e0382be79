"""One stock server with the documents that it holds, started again once when it ends or hangs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.core.errors import Code, Stop
from pipeline.typescript.client import Client, Failed, Gone
from pipeline.typescript.edits import Edit
from pipeline.typescript.lines import Lines
from pipeline.typescript.servers import How, Server, folder_of
from pipeline.typescript.session import Diagnostic, QuickFix
from pipeline.typescript.texts import characters, units

if TYPE_CHECKING:
    from lsprotocol import types

_Answer = TypeVar("_Answer")
_ERROR = 1  # of DiagnosticSeverity
_LANGUAGES = {
    ".tsx": "typescriptreact",
    ".jsx": "javascriptreact",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".astro": "astro",
}
# Types are imported as types, so that an import may be proven to do nothing at run time.
_PREFERENCES = {"preferTypeOnlyAutoImports": True, "importModuleSpecifier": "shortest", "quoteStyle": "auto"}
_COMMAND = "typescript.tsserverRequest"


class ServerDied(Stop):
    """A stock server ended or hung twice over the same question."""

    def __init__(self, server: Server, what: str, why: str, said: Sequence[str]) -> None:
        super().__init__(
            f"{server.package} {why} while it was asked for {what}, twice",
            "run the site's own type check to see whether TypeScript itself breaks down on this code",
            Code.SERVICE,
            tuple(said),
        )


@dataclass
class _Open:
    """A document that a server holds: its text in units, its version, what the server said of it last."""

    text: str
    version: int
    lines: Lines
    told: dict[Diagnostic, types.Diagnostic] | None = None


class Running:
    """A server over the documents of one project; not safe for several threads. Raises ServerDied, Stop."""

    def __init__(self, node: Path, root: Path, server: Server, seconds: float, megabytes: int) -> None:
        self.server, self.restarts = server, 0
        self._node, self._root = node, root
        self._seconds, self._megabytes = seconds, megabytes
        self._documents: dict[str, _Open] = {}
        self._client: Client | None = None
        self._how: How = server.how or "push"
        self._since = 0

    def close(self) -> None:
        client, self._client = self._client, None
        if client:
            client.close()

    @property
    def process(self) -> int | None:
        return self._client.process if self._client else None

    def hold(self, file: str, text: str) -> None:
        """Let the server hold a text; nothing is sent when it does already."""
        known = self._documents.get(file)
        if known is None or known.text != text:
            self._tried("a change of its text", lambda: self._send(file, text))

    def check(self, files: Sequence[str]) -> list[Diagnostic]:
        """Return the errors of documents that it holds."""
        return self._tried("errors", lambda: self._errors(files))

    def fixes(self, one: Diagnostic) -> list[QuickFix]:
        """Return the quick fixes that it offers for an error."""
        return self._tried("quick fixes", lambda: list(self._fixes(one)))

    def _tried(self, what: str, ask: Callable[[], _Answer]) -> _Answer:
        try:
            self._started()
            return ask()
        except Gone:
            self._forget()
            self.restarts += 1
        try:
            self._started()
            return ask()
        except Gone as gone:
            told = self._client.said[:] if self._client else []
            self._forget()
            raise ServerDied(self.server, what, str(gone), told) from None
        except Failed as failed:
            raise self._failed(what, failed) from failed

    def _failed(self, what: str, failed: Failed) -> Stop:
        return Stop(
            f"{self.server.package} failed when it was asked for {what}: {failed}",
            "run the site's own type check to see whether TypeScript itself breaks down on this code",
            Code.SERVICE,
            tuple(self._client.said) if self._client else (),
        )

    def _forget(self) -> None:
        self.close()
        for one in self._documents.values():
            one.told = None

    def _started(self) -> Client:
        if self._client:
            return self._client
        package = folder_of(self._root, self.server.package)
        script = str((package or Path()) / self.server.script)
        argv = [str(self._node), f"--max-old-space-size={self._megabytes}", script, *self.server.arguments]
        client = Client(
            argv,
            self._root,
            settings=self._settings(),
            # Go's limit is one that it works hard to keep; Node ends at its own.
            variables={"GOMEMLIMIT": f"{self._megabytes}MiB"} if self.server.native else {},
            seconds=self._seconds,
        )
        self._client = client
        try:
            can = client.initialize(self._root, self._options()).capabilities
        except Failed as failed:
            raise self._failed("its start", failed) from failed
        commands = can.execute_command_provider.commands if can.execute_command_provider else ()
        if self.server.how is None:
            self._how = "pull" if can.diagnostic_provider else "command" if _COMMAND in commands else "push"
        for file, one in list(self._documents.items()):
            del self._documents[file]
            self._send(file, one.text)
        return client

    def _settings(self) -> dict[str, Any]:
        both = {
            "disableAutomaticTypeAcquisition": True,
            "preferences": _PREFERENCES,
            "validate": {"enable": True},
            "suggestionActions": {"enabled": False},
        }
        return {
            "typescript": {**both, "tsserver": {"maxTsServerMemory": self._megabytes}, "tsdk": self._tsdk()},
            "javascript": both,
        }

    def _options(self) -> dict[str, Any]:
        preferences = {
            "preferTypeOnlyAutoImports": True,
            "importModuleSpecifierPreference": "shortest",
            "quotePreference": "auto",
        }
        return {
            "typescript": {"tsdk": self._tsdk()},
            "preferences": preferences,
            "maxTsServerMemory": self._megabytes,
            "tsserver": {"path": f"{self._tsdk()}/tsserver.js"},
            "disableAutomaticTypingAcquisition": True,
        }

    def _tsdk(self) -> str:
        folder = folder_of(self._root, "typescript")
        return str(folder / "lib") if folder else ""

    def _uri(self, file: str) -> str:
        return (self._root / file).as_uri()

    def _send(self, file: str, text: str) -> None:
        from lsprotocol import types

        client = self._started()
        known = self._documents.get(file)
        version = known.version + 1 if known else 1
        if known and known.text == text:
            return
        self._since = client.pushes
        self._documents[file] = _Open(text, version, Lines(text))
        uri, whole = self._uri(file), characters(text)
        if known:
            client.tell(
                types.TEXT_DOCUMENT_DID_CHANGE,
                types.DidChangeTextDocumentParams(
                    types.VersionedTextDocumentIdentifier(version=version, uri=uri),
                    [types.TextDocumentContentChangeWholeDocument(text=whole)],
                ),
            )
        else:
            language = _LANGUAGES.get(PurePosixPath(file).suffix, "typescript")
            client.tell(
                types.TEXT_DOCUMENT_DID_OPEN,
                types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, version, whole)),
            )
        # What other documents say may depend on this one.
        for one in self._documents.values():
            one.told = None

    def _errors(self, files: Sequence[str]) -> list[Diagnostic]:
        missing = [file for file in files if self._documents[file].told is None]
        if missing:
            for file, found in self._asked(missing):
                document = self._documents[file]
                made = [(self._diagnostic(file, document.lines, one), one) for one in found]
                document.told = {each: one for each, one in made if each and each.level == "error"}
        return [one for file in files for one in self._documents[file].told or ()]

    def _asked(self, files: Sequence[str]) -> Iterator[tuple[str, Sequence[types.Diagnostic]]]:
        from lsprotocol import types

        client = self._started()
        if self._how == "push":
            pushed = client.pushed(map(self._uri, files), self._since)
            for file in files:
                yield file, pushed.get(self._uri(file), ())
            return
        for file in files:
            if self._how == "command":
                yield file, self._commanded(client, file)
                continue
            found = client.ask(
                types.TEXT_DOCUMENT_DIAGNOSTIC,
                types.DocumentDiagnosticParams(types.TextDocumentIdentifier(self._uri(file))),
            )
            yield file, getattr(found, "items", None) or ()

    def _commanded(self, client: Client, file: str) -> list[types.Diagnostic]:
        """Ask tsserver itself: an answer that is sure to be about the texts of now."""
        from lsprotocol import types

        found: list[types.Diagnostic] = []
        for command in ("syntacticDiagnosticsSync", "semanticDiagnosticsSync"):
            answer = client.ask(
                types.WORKSPACE_EXECUTE_COMMAND,
                types.ExecuteCommandParams(_COMMAND, [command, {"file": str(self._root / file)}]),
            )
            found += [_of_tsserver(one) for one in plain(answer).get("body") or ()]
        return found

    def _diagnostic(self, file: str, lines: Lines, one: types.Diagnostic) -> Diagnostic | None:
        digits = re.search(r"\d+$", str(one.code))
        if digits is None:
            return None
        start = lines.offset(one.range.start.line, one.range.start.character)
        end = lines.offset(one.range.end.line, one.range.end.character)
        level = "error" if one.severity in (None, _ERROR) else "warning"
        return Diagnostic(file, start, end, int(digits[0]), units(one.message), file, start, end, level)

    def _fixes(self, one: Diagnostic) -> Iterator[QuickFix]:
        from lsprotocol import types

        client, document = self._started(), self._documents[one.file]
        self._errors([one.file])
        raw = (document.told or {}).get(one)
        if raw is None:
            return
        try:
            found = client.ask(
                types.TEXT_DOCUMENT_CODE_ACTION,
                types.CodeActionParams(
                    types.TextDocumentIdentifier(self._uri(one.file)),
                    raw.range,
                    types.CodeActionContext(
                        [raw],
                        only=[types.CodeActionKind.QuickFix],
                        trigger_kind=types.CodeActionTriggerKind.Invoked,
                    ),
                ),
            )
            for action in found or ():
                if not isinstance(action, types.CodeAction) or action.disabled:
                    continue
                edit = action.edit
                if edit is None and action.data is not None:
                    edit = client.ask(types.CODE_ACTION_RESOLVE, action).edit
                edits = self._edits(edit) if edit else None
                if edits:
                    yield QuickFix(_fix_name(action), units(action.title), edits)
        except Failed:
            return  # a server that breaks down over one place offers nothing there

    def _edits(self, edit: types.WorkspaceEdit) -> tuple[Edit, ...] | None:
        """Return the edits, None when they make, move or delete files or change one that is not open."""
        from lsprotocol import types

        changes: list[tuple[str, Any]] = [
            (uri, one) for uri, each in (edit.changes or {}).items() for one in each
        ]
        for document in edit.document_changes or ():
            if not isinstance(document, types.TextDocumentEdit):
                return None
            changes += [(document.text_document.uri, one) for one in document.edits]
        files = {self._uri(file): file for file in self._documents}
        found: dict[tuple[str, int], Edit] = {}
        for uri, one in changes:
            file = files.get(uri)
            if file is None:
                return None
            lines = self._documents[file].lines
            start = lines.offset(one.range.start.line, one.range.start.character)
            end = lines.offset(one.range.end.line, one.range.end.character)
            change = Edit(file, start, end, units(one.new_text))
            known = found.get((file, start))
            joined = together(known, change) if known else change
            if joined is None:
                return None
            found[file, start] = joined
        return tuple(sorted(found.values()))


def together(first: Edit, then: Edit) -> Edit | None:
    """Return two edits at one place as one, as LSP orders them; None where both replace a text."""
    if first.start < first.end and then.start < then.end:
        return None
    return Edit(first.file, first.start, max(first.end, then.end), first.text + then.text)


def plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an answer without a type of its own as dictionaries and lists."""
    if hasattr(value, "_asdict"):
        return {key: plain(one) for key, one in value._asdict().items()}
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _fix_name(action: types.CodeAction) -> str:
    """Return TypeScript's name for a fix: tsserver's clients hand it to themselves; empty where it is not told."""
    for one in plain(action.command.arguments if action.command else None) or ():
        inner = one.get("action", one) if isinstance(one, dict) else None
        if isinstance(inner, dict) and inner.get("fixName"):
            return str(inner["fixName"])
    return ""


def _of_tsserver(one: Mapping[str, Any]) -> types.Diagnostic:
    """Return a diagnostic of tsserver's as LSP has it; its lines and columns count from 1."""
    from lsprotocol import types

    start, end = (types.Position(one[key]["line"] - 1, one[key]["offset"] - 1) for key in ("start", "end"))
    level = _ERROR if one.get("category") == "error" else 2
    return types.Diagnostic(
        types.Range(start, end),
        one["text"],
        severity=types.DiagnosticSeverity(level),
        code=one["code"],
        source="typescript",
    )
