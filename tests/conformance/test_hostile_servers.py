"""Servers that hang, never end, send too much or something else: a clear outcome in bounded time."""

from __future__ import annotations

import contextlib
import gzip
import json
import socketserver
import threading
import time
from typing import TYPE_CHECKING

import pytest

from visionspec_conformance import target as targets
from visionspec_conformance.run import run_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from socket import socket

    from visionspec_conformance.run import Run

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def html(connection: socket) -> None:
    page = b"<!doctype html><title>It works</title>"
    connection.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page))


def silent(connection: socket) -> None:
    connection.recv(1)  # until the client has had enough


def no_http(connection: socket) -> None:
    connection.sendall(b"220 smtp.example.test ready\r\n" * 10)


def hangs_up(connection: socket) -> None:
    connection.sendall(b"")


def endless(connection: socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b".")
        time.sleep(0.01)


def endless_head(connection: socket) -> None:
    while True:
        connection.sendall(HEAD + b"X: y\r\n" * 1000)


def huge(connection: socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(bytes(1024 * 1024))


def bomb(connection: socket) -> None:
    body = gzip.compress(bytes(16 * 1024 * 1024), compresslevel=1)  # while somebody waits
    head = HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n"
    connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def not_packed(connection: socket) -> None:
    connection.sendall(
        HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
    )


def broken_off(connection: socket) -> None:
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")


@contextlib.contextmanager
def serving(behave: Callable[[socket], None]) -> Iterator[str]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self.request.settimeout(5)
                while b"\r\n\r\n" not in self.request.recv(65536):
                    pass
                behave(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(autouse=True)
def _seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # put back when the test ends


def checked(behave: Callable[[socket], None]) -> Run:
    with serving(behave) as url:
        options = ["--effort=quick", "--target-timeout=0.5", "--only-area=upload"]
        return run_checks("server", [f"--target-url={url}", *options])


def moved(connection: socket) -> None:
    head = b"HTTP/1.1 301 Moved\r\nLocation: https://example.test/\r\nConnection: close\r\n"
    connection.sendall(head + b"Content-Length: 0\r\n\r\n")


def answering(status: int, body: Mapping[str, object]) -> Callable[[socket], None]:
    def behave(connection: socket) -> None:
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
        connection.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)

    return behave


WRONG_KEY = {"error": {"code": 400, "message": "no", "details": [{"reason": "API_KEY_INVALID"}]}}
LATER = {"error": {"code": 429, "message": "later", "details": [{"retryDelay": "0.01s"}]}}
TOMORROW = {"error": {"code": 429, "message": "later", "details": [{"retryDelay": "86400s"}]}}


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (html, "this is not the API, is --url right? GET /v1beta/models is answered 200 text/html"),
        (moved, "GET /v1beta/models redirects to https://example.test/: give --url what it leads to"),
        (answering(401, {}), "the key is refused, give another with --api-key"),
        (answering(403, {"error": {}}), "the key is refused, give another with --api-key"),
        (answering(400, WRONG_KEY), "the key is refused, give another with --api-key"),
        (answering(429, LATER), "too busy, 4 times in a row: 429"),
        (answering(429, TOMORROW), "the server asks to wait 86400 s before the next request: 429"),
    ],
)
def test_what_is_not_to_be_judged_is_said_once_and_is_no_failure_of_every_rule(
    behave: Callable[[socket], None], said: str
) -> None:
    done = checked(behave)
    assert (done.exit_code, {one.outcome for one in done.results}) == (1, {"untestable"})
    assert {one.reason.partition(said)[:2] for one in done.results} == {("", said)}
    assert sum(one.requests for one in done.results) < 10


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (silent, "ReadTimeout"),
        (no_http, "RemoteProtocolError"),
        (hangs_up, "Server disconnected"),
        (endless, "a body that has not ended after"),
        (endless_head, "RemoteProtocolError"),
        (huge, "a body of more than 4194304 bytes"),
        (bomb, "a body of more than 4194304 bytes"),
        (not_packed, "DecodingError"),
        (broken_off, "peer closed connection"),
    ],
)
def test_no_complete_answer_is_said_once_and_soon(
    behave: Callable[[socket], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "MAX_BODY_BYTES", 4 * 1024 * 1024)
    started = time.monotonic()
    done = checked(behave)
    assert time.monotonic() - started < 30
    assert done.exit_code == 1
    assert {result.outcome for result in done.results} <= {"failed", "warned", "untestable"}
    assert said in done.results[0].reason
    assert done.results[-1].outcome == "untestable"
    assert "no answer from" in done.results[-1].reason or "3 checks in a row" in done.results[-1].reason


def test_nobody_there_is_untestable() -> None:
    done = run_checks("server", ["--target-url=http://127.0.0.1:9", "--only-rule=upload.start"])
    assert (done.exit_code, {one.outcome for one in done.results}) == (1, {"untestable"})
    assert "no answer from http://127.0.0.1:9" in done.results[0].reason
