"""What a 2 GB upload costs: ``python tests/benchmarks/bench_upload.py [GIB]``. A report, never a test.

A sparse file goes up to a fresh server, with files in a temporary directory and with ``--store``: in one body,
in chunks of 8 MiB as the SDKs send them, as one part of a multipart body, and by Python's official SDK where
it is installed. For each: seconds, MB per second, the processor's seconds in the server, and by how much its
resident memory was larger at the peak than before (the aim is <= 32 MB).
"""

from __future__ import annotations

import sys
import tempfile
import time
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, TypeAlias

import httpx
from servers import OURS, Peak, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIB = 1024 * 1024
CHUNK_BYTES = 8 * MIB
Way: TypeAlias = "Callable[[str, IO[bytes], int], object]"


def pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The next ``size`` bytes, as they are sent."""
    while size:
        piece = file.read(min(size, MIB))
        size -= len(piece)
        yield piece


def client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"x-goog-api-key": "k"}, timeout=600)


def in_chunks(chunk: int) -> Way:
    """The resumable protocol."""

    def upload(url: str, file: IO[bytes], size: int) -> None:
        start = {"X-Goog-Upload-Command": "start", "X-Goog-Upload-Header-Content-Length": str(size)}
        with client(url) as http:
            to = http.post("/upload/v1/files", headers=start).headers["x-goog-upload-url"]
            for offset in range(0, size, chunk):
                length = min(chunk, size - offset)
                headers = {
                    "X-Goog-Upload-Command": "upload, finalize" if offset + length == size else "upload",
                    "X-Goog-Upload-Offset": str(offset),
                    "Content-Length": str(length),
                }
                http.post(to, headers=headers, content=pieces(file, length)).raise_for_status()

    return upload


def multipart(url: str, file: IO[bytes], size: int) -> None:
    """The description and the bytes in one request."""
    before = b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\nContent-Type: image/png\r\n\r\n"
    after = b"\r\n--b--\r\n"

    def body() -> Iterator[bytes]:
        yield before
        yield from pieces(file, size)
        yield after

    headers = {
        "X-Goog-Upload-Protocol": "multipart",
        "Content-Type": "multipart/related; boundary=b",
        "Content-Length": str(len(before) + size + len(after)),
    }
    with client(url) as http:
        http.post("/upload/v1beta/files", headers=headers, content=body()).raise_for_status()


def by_sdk(url: str, file: IO[bytes], size: int) -> None:
    """Python's official SDK, in the chunks of its own choice."""
    from google import genai  # noqa: PLC0415 - it need not be there

    del size
    sdk = genai.Client(api_key="k", http_options={"base_url": url})
    sdk.files.upload(file=file.name, config={"mime_type": "image/png"})


def measure(way: Way, file: IO[bytes], size: int, store: list[str]) -> str:
    """One upload to a fresh server."""
    with Process([*OURS, *store]) as server:
        with client(server.url) as http:
            http.get("/v1/files").raise_for_status()
        file.seek(0)
        used_s = server.processor_s()
        with Peak(server) as peak:
            began = time.perf_counter()
            way(server.url, file, size)
            took_s = time.perf_counter() - began
        used_s = server.processor_s() - used_s
    speed = f"{took_s:7.1f} s {size / MIB / took_s:7.0f} MB/s {used_s:7.1f} s of processor"
    return f"{speed} {peak.grown_mb:+7.1f} MB (from {peak.before_mb:.0f})"


def main() -> None:
    """Print the table."""
    size = int(float(sys.argv[1]) * 1024) * MIB if sys.argv[1:] else 2048 * MIB
    ways: dict[str, Way] = {
        "one body": in_chunks(size),
        "chunks of 8 MiB": in_chunks(CHUNK_BYTES),
        "multipart": multipart,
    }
    if find_spec("google") and find_spec("google.genai"):
        ways["google-genai"] = by_sdk
    with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryDirectory() as directory:
        file.truncate(size)
        for kind, store in (("memory", []), ("--store", ["--store", directory])):
            for name, way in ways.items():
                sys.stdout.write(f"{kind:8}{name:16} {measure(way, file, size, store)}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
