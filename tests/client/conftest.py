"""A fake service over a real socket: canned answers, uploads by the table, faults; and two clients in one."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from visionspec.client import AsyncClient, Client, flows
from visionspec.errors import UploadError
from visionspec.protocol.upload import (
    Session,
    before_body,
    error_headers,
    parse_request,
    response_headers,
    step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# To load the certificate authorities takes longer than a test, and nothing here speaks TLS.
QUICK: dict[str, Any] = {"verify": False}

KEY = "AIza-secret-key"


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """A canned answer. ``body`` that is neither bytes nor text is sent as JSON."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False  # hang up before the announced end of the body
    hang_up: bool = False  # read the request and hang up

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass
class Upload:
    """An upload in the fake: its bytes only as a length and a digest, so that a large one costs nothing."""

    session: Session
    digest: Any = field(default_factory=hashlib.sha256)


class Fake:
    """Answers from `answers`, one after the other; what goes to an upload URL is answered by the table.

    ``faults`` harm the commands of uploads, one after the other: "ok", "lose request", "lose reply", "503",
    ("break", bytes of the body that arrive).
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.seen: list[Seen] = []
        self.uploads: dict[str, Upload] = {}
        self.faults: list[Any] = []
        self.granularity_bytes = 4
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def targets(self) -> list[str]:
        return [f"{seen.method} {seen.target}" for seen in self.seen]

    @property
    def commands(self) -> list[str]:
        """The commands of uploads that came, each with its offset."""
        names = ("x-goog-upload-command", "x-goog-upload-offset")
        return [" ".join(seen.headers[n] for n in names if n in seen.headers) for seen in self.seen]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                if "x-goog-upload-command" in headers:
                    fake._upload(self, headers)
                else:
                    fake._canned(self, headers)

            do_GET = do_DELETE = do_POST  # noqa: N815 - http.server's own names

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _canned(self, request: BaseHTTPRequestHandler, headers: dict[str, str]) -> None:
        body = request.rfile.read(int(headers.get("content-length", 0)))
        self.seen.append(Seen(request.command, request.path, headers, body))
        answer = self.answers.pop(0) if self.answers else Answer(500, "the fake has no answer left")
        if answer.hang_up:
            hang_up(request)
            return
        send(request, answer)

    def _upload(self, request: BaseHTTPRequestHandler, headers: dict[str, str]) -> None:
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "lose request":
            self.seen.append(Seen(request.command, request.path, headers, b""))
            hang_up(request)
            return
        arrives = fault[1] if isinstance(fault, tuple) else None
        length = int(headers.get("content-length", 0))
        body = request.rfile.read(length if arrives is None else arrives)
        self.seen.append(Seen(request.command, request.path, headers, body if length < 1000 else b""))
        if fault == "503":
            send(request, Answer(503, {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}))
            return
        answer = self._take(request, headers, body, whole=arrives is None)
        if fault == "lose reply" or arrives is not None:
            hang_up(request)
        else:
            send(request, answer)

    def _take(
        self, request: BaseHTTPRequestHandler, headers: dict[str, str], body: bytes, *, whole: bool
    ) -> Answer:
        try:
            command = parse_request(headers)
            if command.verb == "start":
                session, _ = step(Session(granularity_bytes=self.granularity_bytes), command)
                target = f"/upload/v1beta/files?upload_id={len(self.uploads)}"
                self.uploads[target] = Upload(session)
                return Answer(headers=response_headers(session, url=f"http://{headers['host']}{target}"))
            upload = self.uploads.get(request.path, Upload(Session()))
            plan = before_body(upload.session, command)
        except UploadError as error:
            state = self.uploads[request.path].session if request.path in self.uploads else Session()
            return Answer(error.status, {"error": {"message": str(error)}}, error_headers(state))
        upload.digest.update(body[plan.skip_bytes :])
        upload.session, reply = step(upload.session, command, arrived_bytes=len(body), whole=whole)
        file = {"name": "files/abc", "sizeBytes": str(upload.session.received_bytes), "state": "ACTIVE"}
        return Answer(reply.status, {"file": file} if reply.with_file else b"", reply.headers)


def send(request: BaseHTTPRequestHandler, answer: Answer) -> None:
    request.send_response_only(answer.status)  # without a Date of its own
    kind = {} if isinstance(answer.body, str | bytes) else {"Content-Type": "application/json"}
    length = {"Content-Length": str(len(answer.content) + (10 if answer.cut else 0))}
    for name, value in {**kind, **length, **answer.headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(answer.content)
    if answer.cut:
        request.close_connection = True


def hang_up(request: BaseHTTPRequestHandler) -> None:
    """Reset the connection, whatever is still under way on it."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.close_connection = True


class Both:
    """`Client`, or `AsyncClient` made to look like it: what gives an iterator gives a list here."""

    def __init__(self, kind: str, options: dict[str, Any]) -> None:
        self._kind = kind
        self._options = options

    def with_options(self, **options: Any) -> Both:
        return Both(self._kind, {**self._options, **options})

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = self._call_async if self._kind == "async" else self._call

        def called(*arguments: Any, **options: Any) -> Any:
            outcome = call(name, arguments, options)
            return asyncio.run(outcome) if inspect.iscoroutine(outcome) else outcome

        return called

    def _call(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        with httpx.Client(**QUICK) as given, Client(**self._options, http_client=given) as client:
            outcome = getattr(client, name)(*arguments, **options)
            return list(outcome) if inspect.isgenerator(outcome) else outcome

    async def _call_async(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        async with (
            httpx.AsyncClient(**QUICK) as given,
            AsyncClient(**self._options, http_client=given) as client,
        ):
            outcome = getattr(client, name)(*arguments, **options)
            return [item async for item in outcome] if inspect.isasyncgen(outcome) else await outcome


@pytest.fixture
def fake() -> Iterator[Fake]:
    running = Fake()
    yield running
    running.close()


@pytest.fixture(params=["sync", "async"])
def client(request: pytest.FixtureRequest, fake: Fake) -> Both:
    return Both(request.param, {"base_url": fake.url, "api_key": KEY})


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
def key() -> str:
    return KEY


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_GEMINI_BASE_URL", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that the client made, none of which was waited for."""
    made: list[float] = []
    sleep = flows.Sleep

    def record(seconds: float) -> flows.Sleep:
        made.append(seconds)
        return sleep(0)

    monkeypatch.setattr("visionspec.client.flows.Sleep", record)
    monkeypatch.setattr("visionspec.client.uploads.Sleep", record)
    return made
