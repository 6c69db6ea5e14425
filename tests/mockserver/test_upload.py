"""Uploads over real sockets, as the SDKs, curl and hand-written clients send them."""

from __future__ import annotations

import errno
import functools
import hashlib
import http.client
import importlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from visionspec.errors import InvalidInput
from visionspec_mockserver.routes.multipart import Splitter, boundary_of
from visionspec_mockserver.settings import Settings
from visionspec_mockserver.sources import ManualClock
from visionspec_mockserver.store.base import FileRecord
from visionspec_mockserver.store.blobs import Body
from visionspec_mockserver.threaded import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNIT = 262144  # the granularity that one observer saw
SDK_CHUNK = 8388608  # what the SDKs send at once
GIB = 1024**3
KEY = {"x-goog-api-key": "k"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


@functools.cache
def stranger() -> httpx.Client:
    """Somebody without a key. One for all, threads too: to make one takes longer than to answer it."""
    return httpx.Client(timeout=60)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server
    stranger().close()
    stranger.cache_clear()


@pytest.fixture(scope="module")
def one_client(server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers=KEY, timeout=60) as client:
        yield client


@pytest.fixture
def api(server: MockServer, one_client: httpx.Client) -> httpx.Client:
    anyio.run(server.app.state.mock.store.reset)
    return one_client


def noise(size: int, seed: int = 0) -> bytes:
    return hashlib.shake_128(seed.to_bytes(8, "big")).digest(size)


def start(
    api: httpx.Client,
    size: int | None = None,
    mime_type: str | None = "image/jpeg",
    *,
    version: str = "v1beta",
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    sent = {"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start", **(headers or {})}
    if size is not None:
        sent["X-Goog-Upload-Header-Content-Length"] = str(size)
    if mime_type is not None:
        sent["X-Goog-Upload-Header-Content-Type"] = mime_type
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return api.post(f"/upload/{version}/files", headers=sent, content=content)


def begin(
    api: httpx.Client, size: int | None = None, mime_type: str | None = "image/jpeg", **kwargs: Any
) -> str:
    answer = start(api, size, mime_type, **kwargs)
    assert answer.status_code == 200, answer.text
    return answer.headers["X-Goog-Upload-URL"]


def send(url: str, verb: str, offset: object = None, data: Any = b"", **headers: str) -> httpx.Response:
    """One command as Python's SDK sends it: without a key, and with a Content-Type that is none."""
    sent = {"X-Goog-Upload-Command": verb, "Content-Type": "application/json", **headers}
    if offset is not None:
        sent["X-Goog-Upload-Offset"] = str(offset)
    return stranger().post(url, headers=sent, content=data)


def state(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.headers.get("x-goog-upload-status")


def received(url: str) -> int:
    return int(send(url, "query").headers["x-goog-upload-size-received"])


def stored(server: MockServer, answer: httpx.Response) -> bytes | None:
    """What the server keeps of the file that ``answer`` shows."""
    file_id = answer.json()["file"]["name"].removeprefix("files/")
    blob: bytes | None = anyio.run(server.app.state.mock.store.read_blob, file_id)
    return blob


class TestStart:
    @pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
    def test_answers_with_a_url_and_nothing_else(self, api: httpx.Client, version: str) -> None:
        answer = start(api, 1004, version=version)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["x-goog-upload-status"] == "active"
        assert answer.headers["x-goog-upload-chunk-granularity"] == str(UNIT)
        url = urlsplit(answer.headers["x-goog-upload-url"])
        assert (url.scheme, url.netloc) == ("http", str(api.base_url.netloc, "ascii"))
        assert url.path == f"/upload/{version}/files"
        query = parse_qs(url.query)
        assert sorted(query) == ["upload_id", "upload_protocol"]
        assert query["upload_protocol"] == ["resumable"]

    def test_the_url_is_on_the_host_that_was_asked(self, api: httpx.Client) -> None:
        """A front end with TLS is asked for the real host; Python's SDK follows the URL as it stands."""
        url = begin(api, 3, headers={"Host": "generativelanguage.googleapis.com"})
        assert url.startswith("http://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=")

    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ({"Proto": "https", "Host": "mock.example"}, "https://mock.example/"),
            ({"Host": "mock.example:8443, inner"}, "http://mock.example:8443/"),
            ({"Proto": "https, http", "Host": "[::1]:9"}, "https://[::1]:9/"),
            ({"Proto": "ftp", "Host": "a b/c"}, "http://here:1/"),
        ],
    )
    def test_the_url_is_on_the_host_that_a_proxy_was_asked(
        self, api: httpx.Client, said: dict[str, str], expected: str
    ) -> None:
        headers = {"Host": "here:1", **{f"X-Forwarded-{name}": value for name, value in said.items()}}
        assert begin(api, 3, headers=headers).startswith(f"{expected}upload/v1beta/files?upload_id=")

    def test_the_url_gives_no_key_away(self, server: MockServer) -> None:
        with httpx.Client(base_url=server.url, params={"key": "secret"}) as client:
            assert "secret" not in begin(client, 3)

    def test_curl_reads_the_url_with_grep_and_cut(self, server: MockServer) -> None:
        with socket.create_connection(urlsplit(server.url).netloc.split(":")) as raw:  # type: ignore[arg-type] # a pair
            raw.sendall(
                b"POST /upload/v1beta/files HTTP/1.1\r\nHost: h\r\nx-goog-api-key: k\r\nConnection: close\r\n"
                b"X-Goog-Upload-Command: start\r\nContent-Length: 0\r\n\r\n"
            )
            head = b"".join(iter(lambda: raw.recv(65536), b"")).decode()
        (line,) = [line for line in head.split("\r\n") if line.lower().startswith("x-goog-upload-url: ")]
        assert line.split(" ")[1].startswith("http://h/upload/v1beta/files?")
        assert len(line.split(" ")) == 2

    @pytest.mark.parametrize(
        "body",
        [
            {"file": {"display_name": "Café", "mime_type": "image/jpeg", "size_bytes": 3}},
            {"file": {"displayName": "Café", "mimeType": "image/jpeg", "sizeBytes": "3"}},
            "{'file': {'display_name': 'Café'}}".encode(),
            "{'file': {'display_name': 'Café',},}".encode(),
        ],
        ids=["python", "javascript", "curl", "trailing commas"],
    )
    def test_bodies_that_clients_send(self, api: httpx.Client, body: Any) -> None:
        file = send(begin(api, 3, body=body), "upload, finalize", 0, b"abc").json()["file"]
        assert (file["displayName"], file["mimeType"], file["sizeBytes"]) == ("Café", "image/jpeg", "3")

    def test_the_body_may_be_empty(self, api: httpx.Client) -> None:
        file = send(begin(api, 3, body=b""), "upload, finalize", 0, b"abc").json()["file"]
        assert "displayName" not in file

    def test_half_a_character(self, api: httpx.Client) -> None:
        assert start(api, 3, body=b'{"file": {"display_name": "\\ud800"}}').status_code == 400

    def test_an_unknown_field_is_named(self, api: httpx.Client) -> None:
        answer = start(api, 3, body={"file": {"colour": "red"}})
        assert answer.status_code == 400
        assert "Unknown name \"colour\" at 'file'" in answer.json()["error"]["message"]

    def test_asks_for_a_key(self, server: MockServer) -> None:
        with httpx.Client(base_url=server.url) as stranger:
            answer = start(stranger, 3)
        assert (answer.status_code, answer.json()["error"]["status"]) == (403, "PERMISSION_DENIED")

    @pytest.mark.parametrize("command", ["", "begin", "upload", "start, upload"])
    def test_no_other_command_opens_an_upload(self, api: httpx.Client, command: str) -> None:
        answer = api.post("/upload/v1/files", headers={"X-Goog-Upload-Command": command})
        assert answer.status_code in (400, 404)
        assert "x-goog-upload-url" not in answer.headers

    def test_without_any_header(self, api: httpx.Client) -> None:
        answer = api.post("/upload/v1/files", content=b"bytes")
        assert answer.status_code == 400
        assert "no upload command: None" in answer.json()["error"]["message"]

    @pytest.mark.parametrize("size", ["x", "-1", "1.5", "9" * 30])
    def test_a_size_that_is_no_number(self, api: httpx.Client, size: str) -> None:
        answer = start(api, headers={"X-Goog-Upload-Header-Content-Length": size})
        assert answer.status_code == 400

    def test_at_most_two_gigabytes(self, api: httpx.Client) -> None:
        assert start(api, 2 * GIB).status_code == 200
        answer = start(api, 2 * GIB + 1)
        assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
        assert "2147483649" in answer.json()["error"]["message"]

    def test_the_size_may_stand_in_the_body_alone(self, api: httpx.Client) -> None:
        assert start(api, body={"file": {"sizeBytes": str(2 * GIB + 1)}}).status_code == 400
        assert start(api, body={"file": {"size_bytes": -5}}).status_code == 400
        url = begin(api, body={"file": {"size_bytes": 3}})
        assert state(send(url, "upload, finalize", 0, b"ab")) == (400, None)

    @pytest.mark.parametrize(
        "name",
        [
            "abc",
            "files/",
            "files/A",
            "files/-a",
            "files/a-",
            "files/a_b",
            "files/" + "a" * 41,
            "files/../x",
            "x/y",
        ],
    )
    def test_names_that_are_none(self, api: httpx.Client, name: str) -> None:
        answer = start(api, 3, body={"file": {"name": name}})
        assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")

    @pytest.mark.parametrize("name", ["files/a", "files/my-file", "files/" + "a-1" * 13 + "z"])
    def test_a_name_of_ones_own(self, api: httpx.Client, name: str) -> None:
        file = send(begin(api, 3, body={"file": {"name": name}}), "upload, finalize", 0, b"abc").json()[
            "file"
        ]
        assert file["name"] == name
        assert file["uri"] == f"https://generativelanguage.googleapis.com/v1beta/{name}"

    def test_a_name_in_use(self, api: httpx.Client) -> None:
        body = {"file": {"name": "files/mine"}}
        late = begin(api, 3, body=body)
        send(begin(api, 3, body=body), "upload, finalize", 0, b"abc")
        answer = start(api, 3, body=body)
        assert (answer.status_code, answer.json()["error"]["status"]) == (409, "ALREADY_EXISTS")
        for _ in range(2):  # it was free when this one started
            answer = send(late, "upload, finalize", 0, b"def")
            assert (state(answer), answer.json()["error"]["code"]) == ((409, "final"), 409)
        assert len(api.get("/v1/files").json()["files"]) == 1

    def test_a_display_name_of_512_characters(self, api: httpx.Client) -> None:
        assert start(api, 3, body={"file": {"display_name": "ü" * 512}}).status_code == 200
        answer = start(api, 3, body={"file": {"display_name": "ü" * 513}})
        assert answer.status_code == 400
        assert "limits.display-name" in answer.json()["error"]["message"]


class TestChunks:
    def test_as_python_sends_them(self, server: MockServer, api: httpx.Client) -> None:
        """20,971,524 bytes: 8 MiB, 8 MiB, and the rest with the end."""
        data = noise(20971524)
        url = begin(api, len(data), "image/png")
        for offset in (0, SDK_CHUNK):
            answer = send(url, "upload", offset, data[offset : offset + SDK_CHUNK])
            assert (state(answer), answer.content) == ((200, "active"), b"")
        answer = send(url, "upload, finalize", 2 * SDK_CHUNK, data[2 * SDK_CHUNK :])
        assert state(answer) == (200, "final")
        file = answer.json()["file"]
        assert answer.headers["content-type"].startswith("application/json")
        assert (file["sizeBytes"], file["state"], file["source"]) == ("20971524", "ACTIVE", "UPLOADED")
        assert stored(server, answer) == data

    def test_all_at_once_and_exactly_a_chunk(self, server: MockServer, api: httpx.Client) -> None:
        data = noise(SDK_CHUNK)
        answer = send(begin(api, len(data)), "upload, finalize", 0, data)
        assert state(answer) == (200, "final")
        assert stored(server, answer) == data

    def test_an_empty_file(self, api: httpx.Client) -> None:
        answer = send(begin(api, 0), "upload, finalize", 0, b"")
        assert state(answer) == (200, "final")
        assert answer.json()["file"]["sizeBytes"] == "0"

    def test_finalize_on_its_own(self, server: MockServer, api: httpx.Client) -> None:
        url = begin(api)
        send(url, "upload", 0, noise(UNIT))
        answer = send(url, "finalize")
        assert state(answer) == (200, "final")
        assert stored(server, answer) == noise(UNIT)

    def test_without_a_length(self, server: MockServer, api: httpx.Client) -> None:
        """Chunked transfer coding, as a client sends what it does not know the end of."""
        data = noise(3 * UNIT)
        url = begin(api)
        assert state(send(url, "upload", 0, iter([data[:UNIT], data[UNIT : 2 * UNIT]]))) == (200, "active")
        answer = send(url, "upload, finalize", 2 * UNIT, iter([data[2 * UNIT :]]))
        assert stored(server, answer) == data

    def test_put_is_as_good_as_post(self, api: httpx.Client) -> None:
        answer = httpx.put(
            begin(api, 1),
            headers={"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"},
            content=b"x",
        )
        assert state(answer) == (200, "final")

    @pytest.mark.parametrize(
        "content_type", ["application/x-www-form-urlencoded", "multipart/form-data", "x"]
    )
    def test_the_content_type_means_nothing(
        self, server: MockServer, api: httpx.Client, content_type: str
    ) -> None:
        answer = send(begin(api, 5), "upload, finalize", 0, b"a=1&b", **{"Content-Type": content_type})
        assert stored(server, answer) == b"a=1&b"

    def test_the_type_of_the_file_is_that_of_the_start(self, api: httpx.Client) -> None:
        file = send(begin(api, 3, "Image/PNG; q=1"), "upload, finalize", 0, b"abc").json()["file"]
        assert file["mimeType"] == "image/png"
        url = begin(api, 3, None, body={"file": {"mime_type": "image/webp"}})
        assert send(url, "upload, finalize", 0, b"abc").json()["file"]["mimeType"] == "image/webp"

    def test_a_type_that_nobody_told(self, api: httpx.Client) -> None:
        answer = send(begin(api, len(PNG), None), "upload, finalize", 0, PNG)
        assert answer.json()["file"]["mimeType"] == "image/png"
        answer = send(begin(api, 3, None), "upload, finalize", 0, b"abc")
        assert answer.json()["file"]["mimeType"] == "application/octet-stream"

    @pytest.mark.parametrize("mime_type", ["bad/mime_type", "png", "image/", "/png"])
    def test_a_type_that_is_none_ends_the_upload(self, api: httpx.Client, mime_type: str) -> None:
        url = begin(api, 3, mime_type)
        for _ in range(2):  # the answer may get lost
            answer = send(url, "upload, finalize", 0, b"abc")
            assert state(answer) == (400, "final")
            assert answer.json()["error"] == {
                "code": 400,
                "message": f"Unsupported MIME type: {mime_type}",
                "status": "INVALID_ARGUMENT",
            }
        assert api.get("/v1/files").json() == {}


class TestRepeats:
    def test_the_same_chunk_again(self, server: MockServer, api: httpx.Client) -> None:
        data = noise(2 * UNIT)
        url = begin(api, len(data))
        for _ in range(3):
            assert state(send(url, "upload", 0, data[:UNIT])) == (200, "active")
        assert received(url) == UNIT
        answers = [send(url, "upload, finalize", UNIT, data[UNIT:]) for _ in range(3)]
        assert [state(answer) for answer in answers] == [(200, "final")] * 3
        assert answers[0].json() == answers[1].json() == answers[2].json()
        assert stored(server, answers[0]) == data
        assert len(api.get("/v1/files").json()["files"]) == 1

    def test_a_longer_chunk_from_the_same_offset(self, server: MockServer, api: httpx.Client) -> None:
        data = noise(3 * UNIT)
        url = begin(api, len(data))
        send(url, "upload", 0, data[:UNIT])
        assert stored(server, send(url, "upload, finalize", 0, data)) == data

    def test_a_repeat_after_the_file_was_deleted(self, api: httpx.Client) -> None:
        url = begin(api, 1)
        name = send(url, "upload, finalize", 0, b"x").json()["file"]["name"]
        api.delete(f"/v1/{name}")
        assert send(url, "upload, finalize", 0, b"x").status_code == 403

    def test_a_gap(self, api: httpx.Client) -> None:
        """No status: the SDKs would take `active` for "this chunk is in" and go on to the next one."""
        url = begin(api, 3 * UNIT)
        answer = send(url, "upload", UNIT, noise(UNIT))
        assert state(answer) == (409, None)
        assert "Invalid offset: expected 0, got 262144" in answer.json()["error"]["message"]
        assert received(url) == 0

    def test_chunks_have_a_granularity(self, api: httpx.Client) -> None:
        url = begin(api, 2 * UNIT)
        assert state(send(url, "upload", 0, noise(UNIT + 1))) == (400, None)
        assert state(send(url, "upload", 0, iter([noise(UNIT + 1)]))) == (400, None)  # known only at its end
        assert received(url) == 0

    @pytest.mark.parametrize("size", [2, 4])
    def test_not_the_size_that_was_declared(self, api: httpx.Client, size: int) -> None:
        url = begin(api, 3)
        assert state(send(url, "upload, finalize", 0, noise(size))) == (400, None)
        assert state(send(url, "upload, finalize", 0, noise(3))) == (200, "final")

    def test_query(self, api: httpx.Client) -> None:
        url = begin(api, UNIT + 1)
        answer = send(url, "query")
        assert (state(answer), answer.headers["x-goog-upload-size-received"]) == ((200, "active"), "0")
        send(url, "upload", 0, noise(UNIT))
        assert received(url) == UNIT
        file = send(url, "upload, finalize", UNIT, b"x").json()
        answer = send(url, "query")
        assert (state(answer), answer.json()) == ((200, "final"), file)
        assert answer.headers["x-goog-upload-size-received"] == str(UNIT + 1)

    def test_cancel(self, api: httpx.Client) -> None:
        url = begin(api, UNIT)
        send(url, "upload", 0, noise(UNIT))
        for _ in range(2):
            assert state(send(url, "cancel")) == (200, "cancelled")
        for verb, offset, data in (
            ("upload", 0, noise(UNIT)),
            ("upload, finalize", 0, b""),
            ("query", None, b""),
        ):
            assert state(send(url, verb, offset, data)) == (410, "cancelled")
        assert api.get("/v1/files").json() == {}

    def test_final_is_final(self, api: httpx.Client) -> None:
        url = begin(api, 1)
        send(url, "upload, finalize", 0, b"x")
        assert state(send(url, "cancel")) == (400, "final")
        assert state(send(url, "upload", 1, b"y")) == (400, "final")

    @pytest.mark.parametrize("verb", ["upload", "upload, finalize", "finalize", "query", "cancel", "start"])
    def test_an_upload_of_nobody(self, server: MockServer, verb: str) -> None:
        answer = send(f"{server.url}/upload/v1/files?upload_id=../../etc/passwd", verb, 0)
        assert state(answer) == (404, None)

    @pytest.mark.parametrize("offset", ["", "x", "-1", "0x1", "1.0", "9" * 19])
    def test_an_offset_that_is_no_number(self, api: httpx.Client, offset: str) -> None:
        assert state(send(begin(api, 1), "upload", offset, b"x")) == (400, None)

    def test_a_chunk_without_an_offset(self, api: httpx.Client) -> None:
        assert state(send(begin(api, 1), "upload, finalize", None, b"x")) == (400, None)

    def test_start_again_at_the_url(self, api: httpx.Client) -> None:
        assert state(send(begin(api, 1), "start")) == (400, None)


class TestQuota:
    def fill(self, server: MockServer, size: int) -> None:
        now = datetime.now(UTC)
        record = FileRecord("big", "video/mp4", now, now, now + timedelta(hours=48), "u", size_bytes=size)
        assert anyio.run(server.app.state.mock.store.put_file, record)

    def test_twenty_gigabytes_are_all_there_is(self, server: MockServer, api: httpx.Client) -> None:
        self.fill(server, 20 * GIB - 10)
        assert start(api, 10).status_code == 200
        answer = start(api, 11)
        assert answer.status_code == 429
        error = answer.json()["error"]
        assert error["status"] == "RESOURCE_EXHAUSTED"
        assert error["message"].endswith(
            "metric: generativelanguage.googleapis.com/file_storage_bytes, limit: 21474836480"
        )
        assert error["details"][0]["violations"][0]["quotaId"] == "FileStorageBytesPerProject"

    def test_counted_again_at_the_end(self, server: MockServer, api: httpx.Client) -> None:
        self.fill(server, 20 * GIB - 10)
        assert state(send(begin(api), "upload, finalize", 0, noise(11))) == (429, "final")
        assert state(send(begin(api), "upload, finalize", 0, noise(10))) == (200, "final")

    def test_what_is_half_done_counts(self, server: MockServer, api: httpx.Client) -> None:
        self.fill(server, 20 * GIB - UNIT)
        url = begin(api)
        send(url, "upload", 0, noise(UNIT))
        assert start(api, 1).status_code == 429
        send(url, "cancel")
        assert start(api, 1).status_code == 200

    def test_room_again_when_files_expire(self) -> None:
        clock = ManualClock(datetime.now(UTC))
        with MockServer(clock=clock) as server, httpx.Client(base_url=server.url, headers=KEY) as api:
            self.fill(server, 20 * GIB)
            assert start(api, 1).status_code == 429
            clock.advance(48 * 3600 + 60)
            assert start(api, 1).status_code == 200


def talk(url: str, head: str, body: bytes) -> socket.socket:
    """Open a connection, say that much, and keep it open."""
    parts = urlsplit(url)
    raw = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20)
    raw.sendall(
        f"POST {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n{head}\r\n".encode() + body
    )
    return raw


def chunk_head(verb: str, offset: int, length: int) -> str:
    return f"X-Goog-Upload-Command: {verb}\r\nX-Goog-Upload-Offset: {offset}\r\nContent-Length: {length}\r\n"


def settled(url: str) -> int:
    """How much a broken body left, once the server has noticed."""
    last, since = -1, time.monotonic()
    while time.monotonic() - since < 0.1:
        now = received(url)
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.01)
    return last


class TestBroken:
    def test_what_came_is_kept(self, server: MockServer, api: httpx.Client) -> None:
        data = noise(5 * UNIT)
        url = begin(api, len(data))
        raw = talk(url, chunk_head("upload, finalize", 0, len(data)), data[:400_001])
        time.sleep(0.3)  # it is read, and waits for more
        raw.close()
        until = time.monotonic() + 10
        while received(url) != 400_001 and time.monotonic() < until:
            time.sleep(0.01)
        assert received(url) == 400_001
        answer = send(url, "upload, finalize", 400_001, data[400_001:])
        assert stored(server, answer) == data

    @pytest.mark.prop
    @examples(max_examples=15)
    @given(cuts=st.lists(st.integers(0, 3 * UNIT), max_size=3), linger=st.booleans())
    def test_a_body_may_break_off_at_any_byte(
        self,
        server: MockServer,
        cuts: list[int],
        linger: bool,  # noqa: FBT001 - given by name
    ) -> None:
        """What a broken body left is a prefix of what was sent; going on from there completes the file."""
        data = noise(3 * UNIT)
        with httpx.Client(base_url=server.url, headers=KEY) as api:
            url = begin(api, len(data))
        have = most = 0
        for cut in cuts:
            raw = talk(url, chunk_head("upload, finalize", have, len(data) - have), data[have:][:cut])
            if linger:
                time.sleep(0.01)
            raw.close()
            most = max(most, have + cut)
            now = settled(url)
            assert have <= now <= most
            have = now
        if have < len(data):
            assert state(send(url, "upload, finalize", have, data[have:])) == (200, "final")
        answer = send(url, "query")
        assert state(answer) == (200, "final")
        assert stored(server, answer) == data

    def test_a_connection_that_hangs_stops_nobody(self, server: MockServer, api: httpx.Client) -> None:
        data = noise(2 * UNIT)
        url = begin(api, len(data))
        hanging = talk(url, chunk_head("upload, finalize", 0, len(data)), data[: UNIT + 7])
        time.sleep(0.1)
        assert received(url) == 0
        assert state(send(url, "upload", 0, data[:UNIT])) == (200, "active")
        answer = send(url, "upload, finalize", UNIT, data[UNIT:])
        assert state(answer) == (200, "final")
        hanging.sendall(data[UNIT + 7 :])
        reply = http.client.HTTPResponse(hanging)
        reply.begin()
        assert (reply.status, json.loads(reply.read())) == (200, answer.json())
        hanging.close()
        assert stored(server, answer) == data

    def test_a_full_disk_costs_one_chunk(
        self, server: MockServer, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A failure of the server has no status either: the client sends the chunk again."""
        url = begin(api, 2 * UNIT)
        send(url, "upload", 0, noise(UNIT))

        def full(_: Body) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(Body, "_write_out", full)
            answer = send(url, "upload, finalize", UNIT, noise(2 * UNIT)[UNIT:])
        assert state(answer) == (500, None)
        assert "No space left on device" in answer.json()["error"]["message"]
        assert received(url) == UNIT
        answer = send(url, "upload, finalize", UNIT, noise(2 * UNIT)[UNIT:])
        assert stored(server, answer) == noise(2 * UNIT)

    def test_one_of_two_files_wins(self, server: MockServer, api: httpx.Client) -> None:
        """Two clients with one URL and different files: whatever happens, no mixture."""
        files = [noise(UNIT * 4, seed) for seed in range(4)]
        for _ in range(5):
            url = begin(api, UNIT * 4)
            with ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(functools.partial(send, url, "upload, finalize", 0), files))
            assert {answer.text for answer in answers} == {answers[0].text}
            assert stored(server, answers[0]) in files

    def test_expect_100_continue(self, api: httpx.Client) -> None:
        """As curl does with bodies of more than a megabyte."""
        url = begin(api, 3)
        with talk(url, "Expect: 100-continue\r\n" + chunk_head("upload, finalize", 0, 3), b"") as raw:
            assert raw.recv(1000).startswith(b"HTTP/1.1 100")
            raw.sendall(b"abc")
            assert raw.recv(1000).startswith(b"HTTP/1.1 200")

    def test_a_refusal_does_not_wait_for_the_body(self, api: httpx.Client) -> None:
        url = begin(api, 3 * SDK_CHUNK)
        head = "Expect: 100-continue\r\n" + chunk_head("upload", SDK_CHUNK, SDK_CHUNK)
        with talk(url, head, b"") as raw:
            assert raw.recv(1000).startswith(b"HTTP/1.1 409")

    def test_a_connection_lives_on_after_a_refusal(self, api: httpx.Client) -> None:
        url = begin(api, 3 * SDK_CHUNK)
        headers = {"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": str(SDK_CHUNK)}
        assert api.post(url, headers=headers, content=noise(SDK_CHUNK)).status_code == 409
        headers["X-Goog-Upload-Offset"] = "0"
        assert api.post(url, headers=headers, content=noise(SDK_CHUNK)).status_code == 200


def related(*parts: tuple[str, bytes], boundary: str = "b0") -> bytes:
    body = b"".join(
        f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + data + b"\r\n" for kind, data in parts
    )
    return body + f"--{boundary}--\r\n".encode()


class TestMultipart:
    def post(self, api: httpx.Client, body: bytes, boundary: str = "b0", **headers: str) -> httpx.Response:
        sent = {
            "X-Goog-Upload-Protocol": "multipart",
            "Content-Type": f"multipart/related; boundary={boundary}",
            **headers,
        }
        return api.post("/upload/v1beta/files", content=body, headers=sent)

    def test_description_and_bytes(self, server: MockServer, api: httpx.Client) -> None:
        data = b"\r\n--b\r\n\r\n--b1\r\n" + noise(3 * 1024 * 1024) + b"\r\n"
        said = b"{'file': {'displayName': 'Caf\xc3\xa9', 'name': 'files/mine'}}"
        answer = self.post(api, related(("application/json; charset=utf-8", said), ("image/png", data)))
        assert state(answer) == (200, "final")
        file = answer.json()["file"]
        assert (file["name"], file["displayName"], file["mimeType"]) == ("files/mine", "Café", "image/png")
        assert file["sizeBytes"] == str(len(data))
        assert stored(server, answer) == data

    def test_as_the_discovery_clients_spell_it(self, api: httpx.Client) -> None:
        answer = api.post(
            "/upload/v1beta/files",
            params={"uploadType": "multipart"},
            content=related(("application/json", b"{}"), ("text/plain", b"hello"), boundary="=a b"),
            headers={"Content-Type": 'multipart/related; boundary="=a b"'},
        )
        assert answer.json()["file"]["sizeBytes"] == "5"

    def test_form_data(self, server: MockServer, api: httpx.Client) -> None:
        answer = api.post(
            "/upload/v1beta/files",
            headers={"X-Goog-Upload-Protocol": "multipart"},
            files={
                "metadata": (None, '{"file": {"display_name": "x"}}', "application/json"),
                "file": ("x.png", PNG, "image/png"),
            },
        )
        assert (answer.json()["file"]["displayName"], stored(server, answer)) == ("x", PNG)

    def test_without_a_description(self, api: httpx.Client) -> None:
        assert self.post(api, related(("image/png", PNG))).json()["file"]["mimeType"] == "image/png"

    def test_asks_for_a_key(self, server: MockServer) -> None:
        with httpx.Client(base_url=server.url) as stranger:
            assert self.post(stranger, related(("image/png", PNG))).status_code == 403

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (b"", "without the part"),
            (b"no boundary at all", "without the part"),
            (related(("application/json", b"{}")), "without the part"),
            (related(("application/json", b"{}"), ("image/png", PNG))[:-20], "broke off"),
            (related(("application/json", b'{"file": {"name": "files/A"}}'), ("image/png", PNG)), "file id"),
            (related(("application/json", b'{"colour": 1}'), ("image/png", PNG)), "colour"),
            (related(("application/json", b"{"), ("image/png", PNG)), "JSON"),
            (related(("application/json", b"{}"), ("bad/mime_type", PNG)), "Unsupported MIME type"),
            (related(("application/json", b" " * 1024 * 1024 + b"{}"), ("image/png", PNG)), "1048576 bytes"),
            (b"--b0\r\nno header\r\n\r\nx\r\n--b0--", "headers"),
            (b"--b0\r\nX: " + b"y" * 20_000, "headers"),
        ],
    )
    def test_bodies_that_are_none(
        self, server: MockServer, api: httpx.Client, body: bytes, says: str
    ) -> None:
        answer = self.post(api, body)
        assert answer.status_code == 400
        assert says in answer.json()["error"]["message"]
        assert api.get("/v1/files").json() == {}
        assert anyio.run(server.app.state.mock.store.used_bytes) == 0

    def test_a_content_type_that_is_none(self, api: httpx.Client) -> None:
        answer = self.post(api, b"x", **{"Content-Type": "image/png"})
        assert answer.status_code == 400
        assert "image/png" in answer.json()["error"]["message"]

    def test_a_description_is_not_as_long_as_the_request(self, server: MockServer) -> None:
        """Longer than any JSON body may be, and still to be read."""
        head = "x-goog-api-key: k\r\nX-Goog-Upload-Protocol: multipart\r\nContent-Length: 1000000000\r\n"
        head += "Content-Type: multipart/related; boundary=b0\r\n"
        body = related(("application/json", b"{}"), ("image/png", PNG))[:-20]
        with talk(f"{server.url}/upload/v1/files", head, body) as raw:
            raw.settimeout(0.3)
            with pytest.raises(TimeoutError):  # it waits for the rest of the bytes
                raw.recv(1)

    @pytest.mark.usefixtures("api")  # which begins with an empty store
    def test_a_broken_one_leaves_nothing(self, server: MockServer) -> None:
        head = "x-goog-api-key: k\r\nX-Goog-Upload-Protocol: multipart\r\nContent-Length: 900000\r\n"
        head += "Content-Type: multipart/related; boundary=b0\r\n"
        body = related(("application/json", b"{}"), ("image/png", noise(500_000)))[:400_000]
        raw = talk(f"{server.url}/upload/v1/files", head, body)
        time.sleep(0.1)
        raw.close()
        until = time.monotonic() + 10
        store = server.app.state.mock.store
        while (any(store._blobs._directory.iterdir())) and time.monotonic() < until:
            time.sleep(0.01)
        assert not any(store._blobs._directory.iterdir())
        assert anyio.run(store.used_bytes) == 0

    @pytest.mark.parametrize(
        ("content_type", "boundary"),
        [
            ("multipart/related; boundary=abc", b"abc"),
            ('Multipart/Form-Data; charset=x; Boundary="a b;c"; q=1', b"a b;c"),
            ("multipart/related;boundary=a=b;x=y", b"a=b"),
        ],
    )
    def test_boundary(self, content_type: str, boundary: bytes) -> None:
        assert boundary_of(content_type) == boundary

    @pytest.mark.parametrize(
        "content_type", ["", "multipart/related", "multipart/related; boundary=", "text/plain; boundary=abc"]
    )
    def test_no_boundary(self, content_type: str) -> None:
        with pytest.raises(InvalidInput, match=r"upload\.multipart"):
            boundary_of(content_type)


@pytest.mark.prop
class TestSplitter:
    """However a multipart body is cut on its way, the same parts come out of it."""

    @given(
        parts=st.lists(
            st.tuples(
                st.dictionaries(
                    st.sampled_from(["a", "content-type"]), st.text("xyz/ ", min_size=1, max_size=4)
                ),
                st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"--", b"b", b"--b", b"x" * 50])).map(
                    b"".join
                ),
            ),
            max_size=4,
        ),
        data=st.data(),
    )
    def test_any_cut(self, parts: list[tuple[dict[str, str], bytes]], data: st.DataObject) -> None:
        boundary = b"bound"
        body = b"preamble"
        for headers, content in parts:
            lines = b"".join(f"{name.upper()}:{value}\r\n".encode() for name, value in headers.items())
            body += b"\r\n--bound \r\n" + lines + b"\r\n" + content
        body += b"\r\n--bound--epilogue\r\n--bound\r\n\r\nno part"
        cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
        splitter, found = Splitter(boundary), []
        for begin_, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
            for event in splitter.feed(body[begin_:end]):
                if isinstance(event, dict):
                    found.append((event, b""))
                else:
                    found[-1] = (found[-1][0], found[-1][1] + event)
        expected = [
            ({name: value.strip() for name, value in head.items()}, content) for head, content in parts
        ]
        assert found == expected
        assert splitter.closed


SERVE = """
import sys, time
from pathlib import Path
from visionspec_mockserver.settings import Settings
from visionspec_mockserver.threaded import MockServer

with MockServer(Settings(store=Path(sys.argv[1]))) as server:
    print(server.url, flush=True)
    time.sleep(600)
"""


class TestTwoServers:
    def test_an_upload_may_meet_another_process_each_time(self, tmp_path: Path) -> None:
        data = noise(2 * UNIT)
        settings = Settings(store=tmp_path)
        with (
            MockServer(settings) as one,
            MockServer(settings) as two,
            httpx.Client(base_url=one.url, headers=KEY) as api,
        ):
            here = begin(api, len(data))
            there = here.replace(one.url, two.url)
            assert state(send(here, "upload", 0, data[:UNIT])) == (200, "active")
            assert received(there) == UNIT
            answer = send(there, "upload, finalize", UNIT, data[UNIT:])
            assert api.get(f"/v1/{answer.json()['file']['name']}").json() == answer.json()["file"]
            assert stored(one, answer) == data


class TestKilledServer:
    def serve(self, path: Path) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        return process, process.stdout.readline().strip()

    def test_an_upload_goes_on_where_it_was_acknowledged(self, tmp_path: Path) -> None:
        data = noise(4 * UNIT)
        process, base = self.serve(tmp_path)
        with process, httpx.Client(base_url=base, headers=KEY) as api:
            done = send(begin(api, UNIT), "upload, finalize", 0, data[:UNIT]).json()["file"]
            url = begin(api, len(data))
            assert state(send(url, "upload", 0, data[:UNIT])) == (200, "active")
            hanging = talk(url, chunk_head("upload", UNIT, 2 * UNIT), data[UNIT : UNIT + 1000])
            process.kill()
            hanging.close()
        process, base = self.serve(tmp_path)
        with process, httpx.Client(base_url=base, headers=KEY) as api:
            url = f"{base}/upload/v1beta/files?{urlsplit(url).query}"
            have = received(url)
            assert have in (UNIT, UNIT + 1000)
            file = send(url, "upload, finalize", have, data[have:]).json()["file"]
            assert file["sizeBytes"] == str(len(data))
            names = [file["name"] for file in api.get("/v1/files").json()["files"]]
            assert names == [file["name"], done["name"]]
            process.kill()


def with_curl(server: MockServer, image: Path, script: str) -> str:
    done = subprocess.run(
        ["bash", "-euc", script],
        env={"BASE": server.url, "IMAGE": str(image), "PATH": "/usr/bin:/bin"},
        cwd=image.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl on this machine")
class TestCurl:
    TWO_STEPS = r"""
        size=$(wc -c < "$IMAGE")
        curl -sS "$BASE/upload/v1beta/files" -D head.tmp -o start.json \
          -H "x-goog-api-key: k" \
          -H "X-Goog-Upload-Protocol: resumable" -H "X-Goog-Upload-Command: start" \
          -H "X-Goog-Upload-Header-Content-Length: ${size}" \
          -H "X-Goog-Upload-Header-Content-Type: image/jpeg" \
          -H "Content-Type: application/json" -d "{'file': {'display_name': 'PICTURE'}}"
        url=$(grep -i "x-goog-upload-url: " head.tmp | cut -d" " -f2 | tr -d "\r")
        curl -sS "${url}" -H "Content-Length: ${size}" -H "X-Goog-Upload-Offset: 0" \
          -H "X-Goog-Upload-Command: upload, finalize" --data-binary "@$IMAGE"
    """

    @pytest.mark.parametrize("size", [1004, 3_000_000])  # from a megabyte on curl asks for 100 Continue
    def test_the_documents_two_steps(
        self, server: MockServer, tmp_path: Path, size: int, api: httpx.Client
    ) -> None:
        image = tmp_path / "a picture.jpg"
        image.write_bytes(noise(size))
        file = json.loads(with_curl(server, image, self.TWO_STEPS))["file"]
        assert (file["displayName"], file["sizeBytes"]) == ("PICTURE", str(size))
        assert api.get(f"/v1beta/{file['name']}").json() == file
        assert (tmp_path / "start.json").read_bytes() == b""


@pytest.mark.sdk
class TestSdk:
    @pytest.fixture
    def client(self, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        genai = importlib.import_module("google.genai")
        for name, value in server.env().items():
            monkeypatch.setenv(name, value)
        with genai.Client() as client:
            yield client

    @pytest.mark.parametrize("size", [0, 1004, SDK_CHUNK, SDK_CHUNK + 1])
    def test_a_path(self, server: MockServer, client: Any, tmp_path: Path, size: int) -> None:
        path = tmp_path / "picture.png"
        path.write_bytes(noise(size))
        began = time.monotonic()
        file = client.files.upload(file=path)
        assert time.monotonic() - began < 5  # a chunk without a status would be sent again after 1, 2 and 4 s
        assert (file.mime_type, file.size_bytes, file.state.name) == ("image/png", size, "ACTIVE")
        assert anyio.run(server.app.state.mock.store.read_blob, file.name.removeprefix("files/")) == noise(
            size
        )

    def test_a_stream_with_a_name(self, client: Any, tmp_path: Path) -> None:
        path = tmp_path / "x.jpg"
        path.write_bytes(PNG)
        with path.open("rb") as stream:
            config = {"name": "my-file", "display_name": "Café", "mime_type": "image/jpeg"}
            file = client.files.upload(file=stream, config=config)
        assert (file.name, file.display_name, file.mime_type) == ("files/my-file", "Café", "image/jpeg")
        client.files.delete(name=file.name)

    def test_asynchronously(self, server: MockServer, client: Any, tmp_path: Path) -> None:
        path = tmp_path / "x.webp"
        path.write_bytes(noise(2 * SDK_CHUNK + 3))

        async def upload() -> Any:
            async with client.aio as aio:
                return await aio.files.upload(file=path)

        file = anyio.run(upload)
        assert file.size_bytes == 2 * SDK_CHUNK + 3
        blob = anyio.run(server.app.state.mock.store.read_blob, file.name.removeprefix("files/"))
        assert blob == path.read_bytes()

    def test_a_type_that_is_none(self, client: Any, tmp_path: Path) -> None:
        errors = importlib.import_module("google.genai.errors")
        path = tmp_path / "x.jpg"
        path.write_bytes(PNG)
        with pytest.raises(errors.ClientError, match="Unsupported MIME type: bad/mime_type"):
            client.files.upload(file=path, config={"mime_type": "bad/mime_type"})

    def test_many_at_once(self, server: MockServer, client: Any, tmp_path: Path) -> None:
        def upload(seed: int) -> bool:
            path = tmp_path / f"{seed}.png"
            path.write_bytes(noise(SDK_CHUNK + 1, seed))
            file = client.files.upload(file=path)
            blob = anyio.run(server.app.state.mock.store.read_blob, file.name.removeprefix("files/"))
            return bool(blob == noise(SDK_CHUNK + 1, seed))

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(upload, range(4)))
        assert threading.active_count() < 60
