"""Servers that hang, never end, send too much or something else: a clear outcome in bounded time."""

from __future__ import annotations

import contextlib
import socketserver
import threading
import time
from typing import TYPE_CHECKING

import pytest

from visionspec_conformance import target as targets
from visionspec_conformance.run import run_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


def test_a_page_is_no_api() -> None:
    done = checked(html)
    assert done.exit_code == 1
    assert "error" not in {result.outcome for result in done.results}
    (start,) = [one for one in done.results if one.check.endswith("::test_a_start_opens_an_upload")]
    assert start.outcome == "failed"
    response = start.exchanges[-1].response
    assert response is not None
    assert "It works" in response.body


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (silent, "ReadTimeout"),
        (no_http, "RemoteProtocolError"),
        (hangs_up, "Server disconnected"),
        (endless, "a body that has not ended after"),
        (endless_head, "RemoteProtocolError"),
        (huge, "a body of more than 4194304 bytes"),
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
