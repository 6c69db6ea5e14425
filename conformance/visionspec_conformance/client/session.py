"""Runs of a client, each against a fresh mock server of its own, with everything that it sent.

The verdict on single requests is the server's (``visionspec_mockserver.verdict``). What is kept here beside it are
the requests as they came, keys aside: for the checks of uploads, and to be shown where a rule is broken.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from visionspec_conformance.broken import Answer, Call, serve
from visionspec_conformance.client.plans import PLAIN
from visionspec_conformance.judge import Untestable
from visionspec_conformance.report import Exchange
from visionspec_conformance.shown import message
from visionspec_mockserver import Settings, create_app
from visionspec_mockserver.faults.operations import operation
from visionspec_mockserver.journal import RECORD
from visionspec_mockserver.threaded import environment as server_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send
    from starlette.types import Message as Event

    from visionspec_conformance.client.plans import Plan
    from visionspec_mockserver.verdict.judging import Judged

MAX_KEPT_BYTES = 64 * 1024 * 1024
"""Bodies beyond this, all together, are kept as their length only."""

_SHOWN_BYTES = 64 * 1024  # of an answer
_OUTPUT_BYTES = 2000
_PASSING = {408, 429}  # of the client's errors, those that pass
_SERVER = 500


@dataclass
class Sent:
    """A request of the client and what it was answered.

    Attributes:
        call: the request; its body may be missing.
        size_bytes: of the body, as far as it came.
        answer: None if there was none.
        n: its number in the log of the server.
        operation: what it asked for; None if the service has nothing of the kind.
    """

    call: Call
    size_bytes: int = 0
    answer: Answer | None = None
    n: int = 0
    operation: str | None = None

    @property
    def status(self) -> int | None:
        """Of the answer; None if there was none."""
        return self.answer.status if self.answer else None

    @property
    def end(self) -> int:
        """Where a chunk ends, as the client meant it."""
        length = self.call.headers.get("content-length", "")
        return self.call.offset + (int(length) if length.isdecimal() else self.size_bytes)

    @property
    def upload_status(self) -> str | None:
        """What the answer says about the upload."""
        return self.answer.headers.get("x-goog-upload-status") if self.answer else None

    @property
    def failed(self) -> bool:
        """Whether it may go better the next time."""
        return self.status is None or self.status in _PASSING or self.status >= _SERVER

    def exchange(self) -> Exchange:
        """As a report shows it."""
        call, answer = self.call, self.answer
        line = f"{call.method} {call.path}" + (f"?{call.query}" if call.query else "")
        request = message(line, call.headers.items(), call.body, size_bytes=self.size_bytes)
        if answer is None:
            return Exchange(request=request, problem="no answer, as planned")
        response = message(str(answer.status), (), answer.body, size_bytes=len(answer.body))
        return Exchange(request=request, response=response)


@dataclass
class Run:
    """One run of the command.

    Attributes:
        plan: what was done to it.
        sent: its requests, in the order in which they came.
        findings: what the server has to say about them.
        exit_code: of the command; None if it had to be ended.
        output: the end of what it printed.
    """

    plan: Plan
    sent: list[Sent] = field(default_factory=list)
    findings: list[Judged] = field(default_factory=list)
    exit_code: int | None = None
    output: str = ""

    @property
    def ended(self) -> str:
        """How the command ended."""
        return "it did not end in time" if self.exit_code is None else f"exit code {self.exit_code}"

    def uploads(self) -> list[list[Sent]]:
        """The resumable uploads with more than their start, which comes first."""
        found: dict[str, list[Sent]] = {}
        for one in self.sent:
            if not one.call.path.startswith("/upload/"):
                continue
            upload_id = one.call.upload_id
            if not upload_id and one.answer:
                url = one.answer.headers.get("x-goog-upload-url", "")
                upload_id = Call("POST", "", url.partition("?")[2], {}).upload_id
            if upload_id:
                found.setdefault(upload_id, []).append(one)
        return [sent for sent in found.values() if len(sent) > 1]

    def shows(self, numbers: Iterable[int]) -> list[Exchange]:
        """The requests of these numbers, for a report."""
        wanted = set(numbers)
        return [one.exchange() for one in self.sent if one.n in wanted]


@dataclass
class _Tap:
    """Stands before the server and remembers what goes by; a stream stays a stream."""

    app: ASGIApp
    sent: list[Sent] = field(default_factory=list)
    kept_bytes: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_mock"):
            await self.app(scope, receive, send)
            return
        passing = _Passing(self, scope, receive, send)
        self.sent.append(passing.sent)
        try:
            await self.app(scope, passing.receive, passing.send)
        finally:
            passing.end(scope)


class _Passing:
    """One request on its way."""

    def __init__(self, tap: _Tap, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = scope["query_string"].decode("latin-1")
        self.sent = Sent(Call(scope["method"], scope["path"], query, headers))
        self._tap, self._receive, self._send = tap, receive, send
        self._body, self._said = bytearray(), bytearray()

    @property
    def transport(self) -> Any:
        """The connection: a fault that breaks it looks for it where uvicorn has it."""
        return getattr(getattr(self._receive, "__self__", None), "transport", None)

    async def receive(self) -> Event:
        event = await self._receive()
        piece = event.get("body", b"")
        self.sent.size_bytes += len(piece)
        if self._tap.kept_bytes + len(piece) <= MAX_KEPT_BYTES:
            self._tap.kept_bytes += len(piece)
            self._body += piece
        return event

    async def send(self, event: Event) -> None:
        if event["type"] == "http.response.start":
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event["headers"]}
            self.sent.answer = Answer(event["status"], headers)
        elif len(self._said) < _SHOWN_BYTES:
            self._said += event.get("body", b"")
        await self._send(event)

    def end(self, scope: Scope) -> None:
        sent, whole = self.sent, len(self._body) == self.sent.size_bytes
        sent.call = sent.call.but(body=bytes(self._body) if whole else b"")
        sent.answer = sent.answer and sent.answer.but(body=bytes(self._said))
        sent.n, sent.operation = scope[RECORD].n, operation(scope)


def run_client(command: Sequence[str], *, timeout_s: float, plan: Plan = PLAIN) -> Run:
    """Run a client against a fresh server, with the environment that sends the official SDKs there.

    Raises:
        Untestable: if it cannot be started, or sends nothing.
    """
    app = create_app(Settings(faults=plan.faults, processing_s=plan.processing_s))
    app.state.mock.verdict.keep_up()
    tap = _Tap(app)
    run = Run(plan, tap.sent)
    with serve(tap) as url:
        _run(command, {**os.environ, **environment(url)}, timeout_s, run)
    run.findings = app.state.mock.verdict.findings()
    if not run.sent:
        raise Untestable(
            f"{shlex.join(command)} sent nothing to GOOGLE_GEMINI_BASE_URL "
            f"({run.ended}): {run.output[-400:].strip()}"
        )
    return run


def environment(url: str) -> dict[str, str]:
    """What the official SDKs, ours, and a shell script read to find the server."""
    return {
        **server_environment(url, "conformance"),
        "VISIONSPEC_BASE_URL": url,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def run_all(command: Sequence[str], plans: Iterable[Plan], *, timeout_s: float) -> list[Run]:
    """One run for each plan; a client that does not end without a fault is not run with one."""
    runs: list[Run] = []
    for plan in plans:
        runs.append(run_client(command, timeout_s=timeout_s, plan=plan))
        if plan is PLAIN and runs[-1].exit_code is None:
            break
    return runs


def _run(command: Sequence[str], env: dict[str, str], timeout_s: float, run: Run) -> None:
    with tempfile.TemporaryFile() as output:  # whatever it prints, memory holds the end of it
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Untestable(f"cannot start {shlex.join(command)}: {error}") from error
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.exit_code = process.wait(timeout_s)
        with contextlib.suppress(OSError, AttributeError):  # AttributeError: Windows has no process groups
            os.killpg(process.pid, signal.SIGKILL)  # what it has left behind, too
        process.kill()
        process.wait()
        output.seek(max(0, output.tell() - _OUTPUT_BYTES))
        run.output = output.read().decode("utf-8", errors="replace")
