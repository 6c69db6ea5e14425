"""What a 2 GB upload costs: ``python tests/benchmarks/bench_upload.py [GIB]``. A report, never a test.

A sparse file goes up in one body and in chunks of 8 MiB, to the memory store and to one on disk. For each:
seconds, MB per second, the processor's seconds in the server, and by how much its resident memory was larger
at the peak than before (the aim is <= 32 MB). Linux only: both are read from ``/proc``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024 * 1024
CHUNK_BYTES = 8 * MIB
SERVE = """
import sys, time
from pathlib import Path
from visionspec_mockserver.settings import Settings
from visionspec_mockserver.threaded import MockServer

store = Path(sys.argv[1]) if sys.argv[1:] else None
with MockServer(Settings(store=store)) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


def resident_mb(pid: int) -> float:
    """What a process has in memory now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    match = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert match
    return int(match[1]) / 1024


def processor_s(pid: int) -> float:
    """What a process has used of the processor."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Peak:
    """The most memory that a process had while this was watching."""

    def __init__(self, pid: int) -> None:
        self.before_mb = self.peak_mb = resident_mb(pid)
        self._pid, self._done = pid, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.peak_mb = max(self.peak_mb, resident_mb(self._pid))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The next ``size`` bytes, as they are sent."""
    while size:
        piece = file.read(min(size, MIB))
        size -= len(piece)
        yield piece


def upload(client: httpx.Client, file: IO[bytes], size: int, chunk: int) -> None:
    """Send a whole file in chunks of ``chunk`` bytes."""
    file.seek(0)
    start = {"X-Goog-Upload-Command": "start", "X-Goog-Upload-Header-Content-Length": str(size)}
    url = client.post("/upload/v1/files", headers=start).headers["x-goog-upload-url"]
    for offset in range(0, size, chunk):
        length = min(chunk, size - offset)
        last = offset + length == size
        headers = {
            "X-Goog-Upload-Command": "upload, finalize" if last else "upload",
            "X-Goog-Upload-Offset": str(offset),
            "Content-Length": str(length),
        }
        client.post(url, headers=headers, content=pieces(file, length)).raise_for_status()


def measure(file: IO[bytes], size: int, chunk: int, store: str | None) -> str:
    """One upload to a fresh server."""
    command = [sys.executable, "-c", SERVE, *([store] if store else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        with httpx.Client(
            base_url=server.stdout.readline().strip(), headers={"x-goog-api-key": "k"}
        ) as client:
            client.timeout = httpx.Timeout(600)
            client.get("/v1/files").raise_for_status()
            with Peak(server.pid) as peak:
                began = time.perf_counter()
                upload(client, file, size, chunk)
                took_s = time.perf_counter() - began
            used_s = processor_s(server.pid)
        server.communicate("")
    grown_mb = peak.peak_mb - peak.before_mb
    speed = f"{took_s:7.1f} s {size / MIB / took_s:7.0f} MB/s {used_s:7.1f} s of processor"
    return f"{speed} {grown_mb:+7.1f} MB (from {peak.before_mb:.0f})"


def main() -> None:
    """Print the table."""
    size = int(float(sys.argv[1]) * 1024) * MIB if sys.argv[1:] else 2048 * MIB
    with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryDirectory() as directory:
        file.truncate(size)
        for store in (None, directory):
            for chunk in (size, CHUNK_BYTES):
                label = f"{'disk' if store else 'memory':7}{chunk // MIB:6} MiB at once"
                print(label, measure(file, size, chunk, store), flush=True)


if __name__ == "__main__":
    main()
