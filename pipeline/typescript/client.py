"""One language server over pygls: started, asked in order, its own questions answered, ended with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.core.secrets import redact

if TYPE_CHECKING:
    from cattrs import Converter
    from lsprotocol.types import Diagnostic, InitializeResult, PublishDiagnosticsParams
    from pygls.lsp.client import LanguageClient

_Answer = TypeVar("_Answer")
_SAID_LINES = 40
_SAID_CHARACTERS = 500
# After the last word of a server that pushes: nothing more is to come; and how long it may be silent while it works.
_QUIET_SECONDS = 0.6
_SILENT_SECONDS = 15.0


class Gone(Exception):
    """The server ended, or did not answer in time."""


class Failed(Exception):
    """The server answered with an error."""


class Client:
    """A running server. Its methods block; not safe for several threads.

    `settings` answer its questions for a configuration; `seconds` limit each answer.
    """

    def __init__(
        self,
        argv: Sequence[str],
        root: Path,
        *,
        settings: Mapping[str, Any],
        variables: Mapping[str, str],
        seconds: float,
    ) -> None:
        self.said: list[str] = []
        self._seconds = seconds
        self._settings = settings
        self._pushed: dict[str, tuple[int, Sequence[Diagnostic]]] = {}
        self._pushes = 0
        self._moment = time.monotonic()
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = self._made()
        self._listening: Future[None] | None = None
        try:
            self._run(
                self._client.start_io(
                    *argv, cwd=root, env={**os.environ, **variables}, start_new_session=True
                )
            )
        except OSError as error:
            self.close()
            raise Gone(f"could not be started: {error}") from error
        self._listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)

    def _made(self) -> LanguageClient:
        from lsprotocol import types
        from pygls.lsp.client import LanguageClient

        # What it logs about a server that ended is told by Gone.
        logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
        broken = self._broken

        class Reporting(LanguageClient):
            def report_server_error(self, error: Exception, _source: object) -> None:
                broken(error)

        client = Reporting("pages-pipeline", "1", converter_factory=_converter)

        def configuration(params: types.ConfigurationParams) -> list[Any]:
            return [section_of(self._settings, one.section or "") for one in params.items]

        for asked in (
            types.CLIENT_REGISTER_CAPABILITY,
            types.CLIENT_UNREGISTER_CAPABILITY,
            types.WINDOW_WORK_DONE_PROGRESS_CREATE,
            types.WINDOW_SHOW_MESSAGE_REQUEST,
            types.WORKSPACE_DIAGNOSTIC_REFRESH,
            types.WORKSPACE_SEMANTIC_TOKENS_REFRESH,
            types.WORKSPACE_INLAY_HINT_REFRESH,
            types.WORKSPACE_CODE_LENS_REFRESH,
        ):
            client.feature(asked)(_agreement())

        def publish(params: types.PublishDiagnosticsParams) -> None:
            self._publish(params)

        def said(params: types.LogMessageParams) -> None:
            if params.type == types.MessageType.Error:
                self._say(params.message)

        client.feature(types.WINDOW_LOG_MESSAGE)(said)
        client.feature(types.WORKSPACE_CONFIGURATION)(configuration)
        client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(publish)
        return client

    def initialize(self, root: Path, options: Mapping[str, Any]) -> InitializeResult:
        """Open a folder; returns what the server can do. Positions are in UTF-16 units."""
        from lsprotocol import types

        text = types.TextDocumentClientCapabilities(
            synchronization=types.TextDocumentSyncClientCapabilities(did_save=False),
            publish_diagnostics=types.PublishDiagnosticsClientCapabilities(
                related_information=True, version_support=True, data_support=True
            ),
            diagnostic=types.DiagnosticClientCapabilities(related_document_support=False),
            code_action=types.CodeActionClientCapabilities(
                code_action_literal_support=types.ClientCodeActionLiteralOptions(
                    code_action_kind=types.ClientCodeActionKindOptions(value_set=["", "quickfix"])
                ),
                data_support=True,
                resolve_support=types.ClientCodeActionResolveOptions(properties=["edit"]),
            ),
        )
        done: InitializeResult = self.ask(
            types.INITIALIZE,
            types.InitializeParams(
                process_id=os.getpid(),
                root_uri=root.as_uri(),
                workspace_folders=[types.WorkspaceFolder(uri=root.as_uri(), name=root.name)],
                initialization_options=dict(options),
                capabilities=types.ClientCapabilities(
                    general=types.GeneralClientCapabilities(
                        position_encodings=[types.PositionEncodingKind.Utf16]
                    ),
                    text_document=text,
                    workspace=types.WorkspaceClientCapabilities(
                        configuration=True,
                        workspace_folders=True,
                        workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
                    ),
                    window=types.WindowClientCapabilities(work_done_progress=True),
                ),
            ),
        )
        self.tell(types.INITIALIZED, types.InitializedParams())
        self.tell(
            types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            types.DidChangeConfigurationParams(settings=dict(self._settings)),
        )
        return done

    def ask(self, method: str, parameters: object) -> Any:  # noqa: ANN401 - by method
        """Return the answer to a request; raises Gone or Failed."""
        from pygls.exceptions import JsonRpcException

        async def asked() -> Any:  # noqa: ANN401 - by method
            # Here, in the loop's own thread: between this and the answer the end is noticed.
            if self._client.stopped:
                raise Gone("ended")
            return await self._client.protocol.send_request_async(method, parameters)

        try:
            return self._run(asked())
        except JsonRpcException as error:
            raise Failed(str(error)) from error
        except RuntimeError as error:  # pygls' word for a process that ended
            raise Gone(str(error)) from error

    def tell(self, method: str, parameters: object) -> None:
        """Send a notification; raises Gone."""

        async def told() -> None:
            if self._client.stopped:
                raise Gone("ended")
            self._client.protocol.notify(method, parameters)

        self._run(told())

    def pushed(self, uris: Iterable[str], since: int) -> dict[str, Sequence[Diagnostic]]:
        """Return what the server said by itself of documents since its message number `since`, once it is quiet.

        It is quiet when it has spoken of each and then said no more for a while, or said nothing at all for long.
        Raises Gone when it ends meanwhile or goes on until the time is up.
        """
        wanted, start = set(uris), time.monotonic()
        with self._news:
            self._moment = start
            while True:
                fresh = {uri for uri in wanted if uri in self._pushed and self._pushed[uri][0] > since}
                still = time.monotonic() - self._moment
                if still > (_QUIET_SECONDS if fresh == wanted else _SILENT_SECONDS):
                    break
                if self._client.stopped:
                    raise Gone("ended")
                if time.monotonic() - start > self._seconds:
                    raise Gone(f"did not come to rest within {self._seconds:g} s")
                self._news.wait(0.1)
            return {uri: self._pushed[uri][1] for uri in wanted if uri in self._pushed}

    @property
    def pushes(self) -> int:
        """The number of the last message about errors that came by itself."""
        with self._news:
            return self._pushes

    @property
    def process(self) -> int | None:
        """The number of the server's process, None when it never started."""
        server = self._client._server  # noqa: SLF001 - pygls tells it nowhere else
        return server.pid if server else None

    def close(self) -> None:
        """End the server and whatever it started."""
        if self._loop.is_closed():
            return
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process, signal.SIGKILL)
            with contextlib.suppress(Exception):  # the broken pipes of what was killed just now
                asyncio.run_coroutine_threadsafe(_stopped(self._client), self._loop).result(5.0)
            if self._listening:
                with contextlib.suppress(Exception):
                    self._listening.result(5.0)
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(5.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, _Answer]) -> _Answer:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(self._seconds)
        except TimeoutError:
            future.cancel()
            raise Gone(f"did not answer within {self._seconds:g} s") from None

    async def _listen(self) -> None:
        server = self._client._server  # noqa: SLF001 - its standard error is read by nobody else
        while server and server.stderr and (line := await server.stderr.readline()):
            self._say(line.decode("utf-8", "replace").rstrip())

    def _say(self, line: str) -> None:
        self.said.append(redact(line)[:_SAID_CHARACTERS])
        del self.said[:-_SAID_LINES]

    def _publish(self, params: PublishDiagnosticsParams) -> None:
        with self._news:
            self._pushes += 1
            self._moment = time.monotonic()
            self._pushed[params.uri] = (self._pushes, params.diagnostics)
            self._news.notify_all()

    def _broken(self, error: Exception) -> None:
        self._say(f"{type(error).__name__}: {error}")
        # An answer that is no LSP was taken up and could not be read: nothing else would end the wait for it.
        protocol = self._client.protocol
        for number, future in protocol._request_futures.items():  # noqa: SLF001 - see _made
            if number not in protocol._result_types and not future.done():  # noqa: SLF001 - pygls tells it nowhere else
                future.set_exception(RuntimeError(str(error)))


async def _stopped(client: LanguageClient) -> None:
    await client.stop()  # type: ignore[no-untyped-call]


def _agreement() -> Callable[[Any], None]:
    # pygls writes the name of what it answers onto the function: each needs its own.
    def agreed(_params: Any) -> None:  # noqa: ANN401 - by method
        return None

    return agreed


def _converter() -> Converter:
    """Return pygls' converter, which takes a code action that also has a command for a bare command, mended."""
    from lsprotocol import types
    from pygls.protocol import default_converter

    made: Converter = default_converter()  # type: ignore[no-untyped-call]

    def action(one: Any, _type: object) -> types.Command | types.CodeAction:  # noqa: ANN401 - JSON
        if isinstance(one.get("command"), str):
            return made.structure(one, types.Command)
        return made.structure(one, types.CodeAction)

    made.register_structure_hook(types.Command | types.CodeAction, action)
    return made


def section_of(settings: Mapping[str, Any], section: str) -> Any:  # noqa: ANN401 - JSON
    """Return the settings below a dotted name, all of them for an empty one, None where there are none."""
    found: Any = settings
    for name in section.split(".") if section else ():
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
