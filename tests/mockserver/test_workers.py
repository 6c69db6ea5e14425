"""Several processes on one store, as a user starts them, and what is left when they are killed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from visionspec.rules.limits import MAX_PROJECT_BYTES
from visionspec_mockserver.sources import SystemClock
from visionspec_mockserver.store.base import FileRecord
from visionspec_mockserver.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNIT = 256 * 1024
MODEL = "gemini-3-flash-preview"
KILL_ROUNDS = 5


@contextlib.contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """``visionspec serve`` in a process of its own."""
    command = [sys.executable, "-m", "visionspec.cli", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().removeprefix("listening on ").strip()
        try:
            with httpx.Client(base_url=url, headers={"x-goog-api-key": "any"}, timeout=60) as api:
                yield process, api
        finally:
            process.terminate()
            process.communicate(timeout=60)


def noise(size: int, seed: int = 0) -> bytes:
    return hashlib.shake_128(seed.to_bytes(8, "big")).digest(size)


def begin(api: httpx.Client, size: int | None = None, **fields: Any) -> str:
    """The query that names a new upload, at whichever server."""
    headers = {"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start"}
    if size is not None:
        headers["X-Goog-Upload-Header-Content-Length"] = str(size)
    answer = api.post(
        "/upload/v1/files", headers=headers, json={"file": {"mime_type": "image/png", **fields}}
    )
    answer.raise_for_status()
    return answer.headers["X-Goog-Upload-URL"].partition("?")[2]


def send(api: httpx.Client, query: str, command: str, offset: int = 0, data: bytes = b"") -> httpx.Response:
    headers = {"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": str(offset)}
    return api.post(f"/upload/v1/files?{query}", headers=headers, content=data)


def ask(api: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = api.post("/v1/interactions", json={"model": MODEL, "input": "hi", **fields})
    answer.raise_for_status()
    return answer.json()


Both = tuple[httpx.Client, httpx.Client]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def both(store: Path) -> Iterator[Both]:
    with serving("--store", str(store)) as (_, one), serving("--store", str(store)) as (_, other):
        yield one, other


class TestTwoServers:
    def test_one_upload(self, both: Both) -> None:
        one, other = both
        data = noise(2 * UNIT)
        query = begin(one, len(data))
        assert send(other, query, "upload", 0, data[:UNIT]).headers["X-Goog-Upload-Status"] == "active"
        assert send(one, query, "query").headers["X-Goog-Upload-Size-Received"] == str(UNIT)
        file = send(one, query, "upload, finalize", UNIT, data[UNIT:]).json()["file"]
        assert other.get(f"/v1/{file['name']}").json() == file
        assert other.get("/v1/files").json()["files"] == [file]
        assert file["sha256Hash"] == base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode()
        assert one.delete(f"/v1/{file['name']}").status_code == 200
        assert other.get(f"/v1/{file['name']}").status_code == 403  # as observed of the service: not 404
        assert other.get("/v1/files").json() == {}

    def test_a_conversation(self, both: Both, png: str) -> None:
        one, other = both
        image = {"type": "image", "data": png, "mime_type": "image/png"}
        first = ask(one, input=[{"type": "text", "text": "Caption this image."}, image])
        second = ask(other, previous_interaction_id=first["id"])
        tokens = [said["usage"]["input_tokens_by_modality"] for said in (first, second)]
        images = [count["tokens"] for counts in tokens for count in counts if count["modality"] == "image"]
        assert images[0] == images[1] > 0
        assert one.get(f"/v1/interactions/{second['id']}").json() == second
        assert other.delete(f"/v1/interactions/{first['id']}").status_code == 200
        assert one.get(f"/v1/interactions/{first['id']}").status_code == 404

    def test_background(self, both: Both) -> None:
        one, other = both
        begun = ask(one, background=True)
        assert begun["status"] == "in_progress"
        cancelled = other.post(f"/v1/interactions/{begun['id']}/cancel").json()
        assert cancelled["status"] == "cancelled"
        assert one.get(f"/v1/interactions/{begun['id']}").json() == cancelled
        begun = ask(one, background=True)
        for api in both:  # half a second by the server's clock is over
            api.post("/_mock/clock", json={"advance_s": 60}).raise_for_status()
        assert other.get(f"/v1/interactions/{begun['id']}").json()["status"] == "completed"

    def test_a_quota(self, both: Both, store: Path) -> None:
        """What is half done at one server is not free at the other, and is counted once."""
        one, other = both
        now = datetime.now(UTC)
        size = MAX_PROJECT_BYTES - UNIT - 10
        big = FileRecord("big", "video/mp4", now, now, now + timedelta(hours=1), "u", size_bytes=size)
        anyio.run(SqliteStore(store, clock=SystemClock()).put_file, big)
        query = begin(one)
        send(one, query, "upload", 0, noise(UNIT)).raise_for_status()
        small = begin(other)
        assert send(other, small, "upload, finalize", 0, noise(11)).status_code == 429
        assert send(other, begin(other), "upload, finalize", 0, noise(10)).status_code == 200
        assert send(other, query, "upload, finalize", UNIT).status_code == 200
        assert send(one, begin(one), "upload, finalize", 0, noise(1)).status_code == 429
        assert other.delete("/v1/files/big").status_code == 200
        assert send(one, begin(one), "upload, finalize", 0, noise(1)).status_code == 200


def workers_of(pid: int) -> list[int]:
    """The processes that the server ``pid`` started."""
    command = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(line.split()[0]) for line in listed if "spawn_main" in line]


class TestWorkers:
    def test_those_that_are_killed_are_replaced(self, tmp_path: Path) -> None:
        with serving("--store", str(tmp_path), "--workers", "2") as (process, api):
            made = [ask(api)["id"] for _ in range(8)]
            killed = workers_of(process.pid)
            assert len(killed) == 2
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            for one in made:  # by new connections, which wait for whoever comes
                url = f"{api.base_url}/v1/interactions/{one}"
                answer = httpx.get(url, headers=api.headers, timeout=60)
                assert answer.json()["id"] == one
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{api.base_url}/_mock/health")

    def test_they_end_with_the_process_that_started_them(self, tmp_path: Path) -> None:
        with serving("--store", str(tmp_path), "--workers", "2") as (process, api):
            workers = workers_of(process.pid)
            process.kill()
            process.wait(60)
            until, gone = time.monotonic() + 30, False
            while not gone and time.monotonic() < until:
                try:
                    httpx.get(f"{api.base_url}/_mock/health", timeout=5)
                except httpx.TransportError:  # the last of them has let go of the socket
                    gone = True
            for pid in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert gone

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (["--workers", "2"], "--workers needs --store"),
            (["--workers", "2", "--store", "kept", "--seed", "1"], "--seed needs one worker"),
            (["--workers", "0", "--store", "kept"], "0 is not in the range"),
            (["--workers", "2", "--store", "a-file/kept"], "no store can be kept in a-file"),
        ],
    )
    def test_wrong_usage(self, tmp_path: Path, options: list[str], says: str) -> None:
        (tmp_path / "a-file").write_text("")
        command = [sys.executable, "-m", "visionspec.cli", "serve", "--port", "0", *options]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
        assert ran.returncode == 2
        assert says in ran.stderr
        assert "Traceback" not in ran.stderr


class TestKilled:
    """Whatever was acknowledged before ``kill -9`` is there afterwards, and what was half done goes on."""

    def test_at_any_moment(self, tmp_path: Path) -> None:
        data = noise(200 * UNIT)
        query, acknowledged, said, files = "", 0, [], []
        for round_ in range(KILL_ROUNDS):
            with serving("--store", str(tmp_path)) as (process, api):
                query = query or begin(api, len(data))
                received = int(send(api, query, "query").headers["X-Goog-Upload-Size-Received"])
                assert received >= acknowledged
                acknowledged = received
                end = threading.Timer(0.02 + 0.13 * round_, process.kill)
                end.start()
                with contextlib.suppress(httpx.TransportError):
                    while acknowledged + UNIT < len(data):
                        piece = data[acknowledged : acknowledged + UNIT]
                        send(api, query, "upload", acknowledged, piece).raise_for_status()
                        acknowledged += UNIT
                        said.append(ask(api, input=f"number {acknowledged}"))
                        small = begin(api, 10)
                        files.append(send(api, small, "upload, finalize", 0, piece[:10]).json()["file"])
                end.join()
        assert acknowledged > UNIT
        assert said
        assert files
        with serving("--store", str(tmp_path)) as (_, api):
            received = int(send(api, query, "query").headers["X-Goog-Upload-Size-Received"])
            assert received >= acknowledged
            whole = send(api, query, "upload, finalize", received, data[received:]).json()["file"]
            digest = hashlib.sha256(data).hexdigest().encode()
            assert whole["sha256Hash"] == base64.b64encode(digest).decode()
            for one in said:
                assert api.get(f"/v1/interactions/{one['id']}").json() == one
            for file in files:
                assert api.get(f"/v1/{file['name']}").json() == file


class TestSeed:
    def talk(self, png: str, *options: str) -> list[bytes]:
        """The bodies of a conversation about everything that has an id or a time."""
        image = {"type": "image", "data": png, "mime_type": "image/png"}
        question = [{"type": "text", "text": "Caption this image."}, image]
        with serving(*options) as (_, api):
            query = begin(api, 10)
            found = [query.encode(), send(api, query, "upload, finalize", 0, noise(10)).content]
            found.append(api.get("/v1/files").content)
            calls: list[tuple[str, dict[str, Any]]] = [
                ("/v1/interactions", {"model": MODEL, "input": question}),
                ("/v1/interactions", {"model": MODEL, "input": question, "stream": True}),
                ("/v1/interactions", {"model": MODEL, "input": "hi", "background": True, "stream": True}),
                ("/v1/interactions", {"model": MODEL, "input": "hi", "background": True}),
                ("/v1/models/gemini-2.5-flash:generateContent", {"contents": [{"parts": [{"text": "hi"}]}]}),
                (
                    "/v1/models/gemini-2.5-flash:streamGenerateContent",
                    {"contents": [{"parts": [{"text": "hi"}]}]},
                ),
                ("/v1/models/gemini-2.5-flash:generateContent", {"nonsense": 1}),
            ]
            found += [api.post(path, json=body).content for path, body in calls]
            (last,) = re.findall(rb'"id":"(v1_[^"]+)"', found[6])
            while True:
                found.append(api.get(f"/v1/interactions/{last.decode()}").content)
                if b'"completed"' in found[-1]:
                    return found

    def test_two_runs_are_alike_to_the_byte(self, png: str, tmp_path: Path) -> None:
        first = self.talk(png, "--seed", "7")
        assert self.talk(png, "--seed", "7", "--store", str(tmp_path)) == first
        assert self.talk(png, "--seed", "8") != first
