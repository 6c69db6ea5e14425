"""Servers as processes, and what they take: shared by the benchmarks that need one. Linux only: ``/proc``."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

OURS = (sys.executable, "-m", "visionspec.cli", "serve", "--port", "0")

TRIVIAL = (
    sys.executable,
    "-c",
    """
import json, socket
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def answer(request):
    json.loads(await request.body())
    return JSONResponse({"candidates": [{"content": {"role": "model", "parts": [{"text": "A picture."}]}}]})

async def health(request):
    return JSONResponse({"status": "ok"})

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listener.bind(("127.0.0.1", 0))
listener.listen(2048)
print("listening on http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
app = Starlette(routes=[
    Route("/v1/models/{model}:generateContent", answer, methods=["POST"]), Route("/_mock/health", health)
])
uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
""",
)
"""The peer: the least that reads a body as JSON and answers, with the same uvicorn on the same event loop."""


class Process:
    """A server in a process of its own; it is up when it says where it listens."""

    def __init__(self, command: Sequence[str] = OURS) -> None:
        self._popen = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, process_group=0
        )
        assert self._popen.stdout
        self.url = self._popen.stdout.readline().split()[-1]
        self.address = ("127.0.0.1", urlsplit(self.url).port or 0)
        self.pid = self._popen.pid

    def resident_mb(self) -> float:
        """What it has in memory now."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        match = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        assert match
        return int(match[1]) / 1024

    def processor_s(self) -> float:
        """What it has used of the processor."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._popen.send_signal(signal.SIGTERM)
        self._popen.communicate()


class Peak:
    """The most memory that a server had while this was watching."""

    def __init__(self, server: Process) -> None:
        self.before_mb = self.peak_mb = server.resident_mb()
        self._server, self._done = server, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.peak_mb = max(self.peak_mb, self._server.resident_mb())

    @property
    def grown_mb(self) -> float:
        return self.peak_mb - self.before_mb

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


class Connection:
    """HTTP with next to no work on the client's side: what is measured is the server."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def receive(self) -> bytes:
        """The body of the answer, which has to be a 200 with a length."""
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._more()
        assert got.startswith(b"HTTP/1.1 200 "), got[:2000]
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", got)
        assert length
        size = end + 4 + int(length[1])
        while len(got) < size:
            got += self._more()
        return got[end + 4 :]

    def _more(self) -> bytes:
        piece = self._socket.recv(65536)
        assert piece, "the server hung up"
        return piece

    def ask(self, request: bytes) -> bytes:
        self.send(request)
        return self.receive()

    def close(self) -> None:
        self._socket.close()


def get(path: str) -> bytes:
    """A request for ``path``, as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-goog-api-key: k\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """A request with a JSON body, as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-goog-api-key: k\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def generate(body: bytes) -> bytes:
    """A request to generateContent, as it goes over the wire."""
    return post("/v1/models/gemini-2.5-flash:generateContent", body)
