"""One run of a client against a fresh mock server, with everything that it sent.

The record is taken in front of the server, not from its journal: a journal leaves out keys and pixels on
purpose, and to judge a client both are needed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from visionspec_conformance.broken import Answer, Call, Wrapped, serve
from visionspec_conformance.judge import Untestable
from visionspec_conformance.report import Exchange, Message
from visionspec_conformance.target import show_body
from visionspec_mockserver import create_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from visionspec_conformance.broken import Server

MAX_KEPT_BYTES = 256 * 1024 * 1024
"""Bodies beyond this, all together, are kept as their length only."""

_OUTPUT_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Sent:
    """A request of the client, what it was answered, and when it came, in seconds after the start."""

    call: Call
    answer: Answer
    at_s: float
    size_bytes: int

    def exchange(self) -> Exchange:
        """As a report shows it."""
        line = f"{self.call.method} {self.call.path}" + (f"?{self.call.query}" if self.call.query else "")
        request = Message(
            line=line, headers=_shown(self.call), body=show_body(self.call.body), body_bytes=self.size_bytes
        )
        body = self.answer.body
        response = Message(
            line=str(self.answer.status), headers=[], body=show_body(body), body_bytes=len(body)
        )
        return Exchange(request=request, response=response)


def _shown(call: Call) -> list[tuple[str, str]]:
    secret = {"x-goog-api-key", "authorization"}
    return [(name, "..." if name in secret else value) for name, value in call.headers.items()]


@dataclass
class Log:
    """What a client sent, in order.

    Attributes:
        sent: the requests.
        exit_code: of the command; None if it had to be ended.
        output: the end of what it printed.
        faulty: whether replies were lost on purpose.
    """

    sent: list[Sent] = field(default_factory=list)
    exit_code: int | None = None
    output: str = ""
    faulty: bool = False

    def uploads(self) -> dict[str, list[Sent]]:
        """The resumable uploads by the id that the server gave them, each with its start first."""
        found: dict[str, list[Sent]] = {}
        for one in self.sent:
            if not one.call.path.startswith("/upload/"):
                continue
            upload_id = one.call.upload_id
            if not upload_id:
                url = one.answer.headers.get("x-goog-upload-url", "")
                upload_id = Call("POST", "", url.partition("?")[2], {}).upload_id
            if upload_id:
                found.setdefault(upload_id, []).append(one)
        return found

    def shows(self, sent: Iterable[Sent]) -> list[Exchange]:
        """Exchanges for a report."""
        return [one.exchange() for one in sent]


@dataclass
class _Recorder:
    """A break that breaks nothing but what it was asked to, and remembers everything."""

    faults: bool
    log: Log = field(default_factory=Log)
    started: float = field(default_factory=time.monotonic)
    kept_bytes: int = 0
    failed: set[tuple[str, int]] = field(default_factory=set)

    async def __call__(self, call: Call, server: Server) -> Answer:
        at_s, size_bytes = time.monotonic() - self.started, len(call.body)
        answer = await server(call)
        if self.faults:
            answer = self._lose(call, answer)
        if self.kept_bytes + size_bytes > MAX_KEPT_BYTES:
            call = dataclasses.replace(call, body=b"")
        self.kept_bytes += len(call.body)
        self.log.sent.append(Sent(call, answer, at_s, size_bytes))
        return answer

    def _lose(self, call: Call, answer: Answer) -> Answer:
        """Take the bytes of a chunk and say 503: to the client, it is not known whether they arrived."""
        chunk = (call.upload_id, call.offset)
        if (
            call.command.startswith("upload")
            and call.body
            and chunk not in self.failed
            and answer.status == 200
        ):
            self.failed.add(chunk)
            return Answer(503, {"content-type": "text/plain", "retry-after": "0"}, b"Service Unavailable")
        return answer


def run_client(command: Sequence[str], *, timeout_s: float, faults: bool) -> Log:
    """Run a client against a fresh server, with the environment that sends the official SDKs there.

    Raises:
        Untestable: if it cannot be started, or sends nothing.
    """
    recorder = _Recorder(faults=faults)
    recorder.log.faulty = faults
    with serve(Wrapped(create_app(), recorder)) as url:
        _run(command, {**os.environ, **environment(url)}, timeout_s, recorder.log)
    if not recorder.log.sent:
        raise Untestable(
            f"{shlex.join(command)} sent nothing to GOOGLE_GEMINI_BASE_URL "
            f"(exit code {recorder.log.exit_code}): {recorder.log.output[-400:].strip()}"
        )
    return recorder.log


def environment(url: str) -> dict[str, str]:
    """What the official SDKs, ours, and a shell script read to find the server."""
    return {
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_API_KEY": "conformance",
        "GOOGLE_API_KEY": "",  # it would win over the other one
        "GOOGLE_GENAI_USE_VERTEXAI": "",
        "VISIONSPEC_BASE_URL": url,
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _run(command: Sequence[str], env: dict[str, str], timeout_s: float, log: Log) -> None:
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise Untestable(f"cannot start {shlex.join(command)}: {error}") from error
    try:
        output, _ = process.communicate(timeout=timeout_s)
        log.exit_code = process.returncode
    except subprocess.TimeoutExpired:
        with contextlib.suppress(OSError, AttributeError):  # AttributeError: Windows has no process groups
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        output, _ = process.communicate()
        log.exit_code = None
    log.output = output.decode("utf-8", errors="replace")[-_OUTPUT_CHARS:]
