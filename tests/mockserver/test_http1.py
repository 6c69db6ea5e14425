"""What goes over the wire when: raw sockets, because every HTTP library hides it."""

from __future__ import annotations

import gc
import socket
import struct
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from visionspec_mockserver import MockServer

PATH = "/v1beta/models/gemini-2.5-flash"
HELLO = b'{"contents":[{"parts":[{"text":"Hello"}]}]}'
REQUESTS = 50
DATA_SEGS_IN = 152  # where Linux' tcp_info has it


def head(line: str, *more: str) -> bytes:
    """The head of a request."""
    lines = (f"{line} HTTP/1.1", "Host: localhost", "x-goog-api-key: any", *more)
    return "".join(f"{one}\r\n" for one in (*lines, "")).encode()


def post(method: str) -> bytes:
    """A whole request."""
    return head(f"POST {PATH}:{method}", f"Content-Length: {len(HELLO)}") + HELLO


@pytest.fixture
def connection(server: MockServer, api: httpx.Client) -> Iterator[socket.socket]:
    """One to a server that has forgotten everything."""
    del api
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=30) as made:
        yield made


def received(connection: socket.socket, end: bytes) -> bytes:
    """All up to ``end``."""
    got = b""
    while not got.endswith(end):
        piece = connection.recv(65536)
        assert piece, got
        got += piece
    return got


class TestAnAnswer:
    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the segments of a connection")
    def test_comes_in_one_piece(self, connection: socket.socket) -> None:
        for _ in range(REQUESTS):
            connection.sendall(post("generateContent"))
            assert received(connection, b"}").startswith(b"HTTP/1.1 200 OK\r\n")
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, DATA_SEGS_IN + 4)
        assert struct.unpack_from("=I", told, DATA_SEGS_IN) == (REQUESTS,)

    def test_to_head_is_its_head(self, connection: socket.socket) -> None:
        for _ in range(2):
            connection.sendall(head("HEAD /_mock/health"))
            got = received(connection, b"\r\n\r\n")
            assert got.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\ncontent-length: 15\r\n" in got  # {"status":"ok"}

    def test_in_events_begins_before_the_first(self, connection: socket.socket, server: MockServer) -> None:
        server.scripts.add(answer={"chunks": [{"text": "late", "delay_s": 0.3}]})
        connection.sendall(post("streamGenerateContent?alt=sse"))
        piece = connection.recv(65536)
        assert (piece[:17], piece[-4:]) == (b"HTTP/1.1 200 OK\r\n", b"\r\n\r\n")
        assert b"late" in received(connection, b"\r\n0\r\n\r\n")

    def test_that_ends_the_connection_comes_first(self, connection: socket.socket) -> None:
        connection.sendall(head("GET /_mock/health", "Connection: close"))
        assert received(connection, b"}").startswith(b"HTTP/1.1 200 OK\r\n")
        assert connection.recv(1) == b""

    def test_to_what_is_no_http_comes_too(self, connection: socket.socket) -> None:
        connection.sendall(b"no such thing\r\n\r\n")
        assert received(connection, b"received.").startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_who_waits_for_leave_to_send_gets_it(connection: socket.socket) -> None:
    whole = post("generateContent")
    connection.sendall(whole.removesuffix(HELLO).replace(b"Host:", b"Expect: 100-continue\r\nHost:"))
    assert received(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(HELLO)
    assert received(connection, b"}").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_request_leaves_no_garbage(connection: socket.socket) -> None:
    # What stands in a circle stays until a collection, which takes longer than to answer the request.
    gc.collect()
    gc.disable()
    try:
        for _ in range(REQUESTS):
            connection.sendall(post("generateContent"))
            connection.recv(65536)
        assert gc.collect() < REQUESTS
    finally:
        gc.enable()
