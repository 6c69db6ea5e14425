"""What libraries send that nobody planned for: captured from them, written down to the byte.

Java's own HTTP client, Google's API client libraries for Python and Go (under ``google-generativeai`` and
``generative-ai-go``), Apache's HTTP client, and whatever calls a method that only the service has.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import socket
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import anyio
import pytest

from visionspec_mockserver import MockServer
from visionspec_mockserver.https import Front, tunnel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent"
HELLO = b'{"contents":[{"parts":[{"text":"Hello"}]}]}'
# java.net.http.HttpClient of JDK 17, to a URL without TLS; the settings are those of HTTP/2 in base64
JAVA_NET_HTTP = (
    "Connection: Upgrade, HTTP2-Settings\r\nContent-Length: {length}\r\nHost: {host}\r\n"
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\n"
    "User-Agent: Java-http-client/17.0.15\r\ncontent-type: application/json\r\nx-goog-api-key: any\r\n"
)
# googleapiclient 2 by way of httplib2; every request of an upload has these
PYTHON = (
    "Host: {host}\r\nContent-Length: {length}\r\naccept-encoding: gzip, deflate\r\nuser-agent: genai-py\r\n"
)
START = (
    PYTHON + "X-Upload-Content-Type: image/png\r\nX-Upload-Content-Length: {size}\r\n"
    "content-type: application/json\r\n"
)
KIB_256 = 256 * 1024

Send: TypeAlias = "Callable[..., Said]"


class Said:
    """An answer: status, headers, the body as JSON if it is some."""

    def __init__(self, response: HTTPResponse) -> None:
        data = response.read()
        self.status, self.headers = response.status, response.headers
        self.json: Any = json.loads(data) if data else None


def sha256_of(data: bytes) -> str:
    """As the service shows it: the hexadecimal digits, in base64."""
    return base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode()


@pytest.fixture
def send(server: MockServer, api: httpx.Client) -> Iterator[Send]:
    """Send a request as these very bytes; all by one connection."""
    del api  # it has made the server forget
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=30) as connection:

        def sent(line: str, headers: str, body: bytes = b"", **more: object) -> Said:
            path = line.replace(server.url, "")
            head = f"{path} HTTP/1.1\r\n{headers}\r\n"
            head = head.format(host=where.netloc, length=len(body), **more)
            connection.sendall(head.encode() + body)
            response = HTTPResponse(connection)
            response.begin()
            return Said(response)

        yield sent


class TestOfferOfHttp2:
    def test_the_body_is_read(self, send: Send) -> None:
        for _ in range(2):
            said = send(f"POST {GENERATE}", JAVA_NET_HTTP, HELLO)
            assert (said.status, said.json["usageMetadata"]["promptTokenCount"]) == (200, 2)

    def test_what_a_file_holds_is_none(self, send: Send) -> None:
        data = b"\r\nUpgrade: h2c\r\n\r\n"
        begun = send("POST /upload/v1/files?uploadType=resumable", JAVA_NET_HTTP, b"{}")
        ended = send(f"PUT {begun.headers['Location']}", JAVA_NET_HTTP, data)
        assert ended.json["file"]["sha256Hash"] == sha256_of(data)


class TestUploadByRanges:
    def start(self, send: Send, size: int, *, headers: str = START) -> str:
        body = json.dumps({"file": {"displayName": "Scène"}}).encode()
        query = "key=any&alt=json&uploadType=resumable"
        said = send(f"POST /resumable/upload/v1beta/files?{query}", headers, body, size=size)
        assert (said.status, said.json) == (200, None)
        return str(said.headers["Location"])

    def put(self, send: Send, url: str, told: str, body: bytes = b"", *, more: str = "") -> Said:
        return send(f"PUT {url}", f"{PYTHON}Content-Range: {told}\r\n{more}", body)

    def test_python(self, send: Send, server: MockServer, draw: Callable[..., bytes]) -> None:
        data = draw()
        url = self.start(send, len(data))
        assert url.startswith(f"{server.url}/upload/v1beta/files?")
        ended = self.put(send, url, f"bytes 0-{len(data) - 1}/{len(data)}", data)
        file = ended.json["file"]
        assert (ended.status, file["displayName"], file["mimeType"]) == (200, "Scène", "image/png")
        assert file["sha256Hash"] == sha256_of(data)

    def test_in_pieces(self, send: Send) -> None:
        data = bytes(range(256)) * 1024 + b"and the rest"
        url = self.start(send, len(data))
        assert self.put(send, url, f"bytes */{len(data)}").headers["Range"] is None
        begun = self.put(send, url, f"bytes 0-{KIB_256 - 1}/{len(data)}", data[:KIB_256])
        assert (begun.status, begun.headers["Range"]) == (308, f"bytes=0-{KIB_256 - 1}")
        asked = self.put(send, url, f"bytes */{len(data)}")
        assert (asked.status, asked.headers["Range"]) == (308, f"bytes=0-{KIB_256 - 1}")
        ended = self.put(send, url, f"bytes {KIB_256}-{len(data) - 1}/{len(data)}", data[KIB_256:])
        assert ended.json["file"]["sha256Hash"] == sha256_of(data)

    def test_go_is_told_otherwise(self, send: Send) -> None:
        # net/http would follow a 308; gensupport asks for this instead
        url = self.start(send, KIB_256 + 1)
        more = "X-GUploader-No-308: yes\r\n"
        told = self.put(send, url, f"bytes 0-{KIB_256 - 1}/*", bytes(KIB_256), more=more)
        assert (told.status, told.headers["X-Http-Status-Code-Override"]) == (200, "308")
        ended = self.put(send, url, f"bytes {KIB_256}-{KIB_256}/{KIB_256 + 1}", b"x", more=more)
        assert (ended.status, ended.headers["X-Http-Status-Code-Override"]) == (200, None)
        assert ended.json["file"]["sizeBytes"] == str(KIB_256 + 1)

    def test_without_a_range_the_whole_file_comes(self, send: Send) -> None:
        for data in (b"all of it", b""):
            url = self.start(send, len(data))
            assert send(f"PUT {url}", PYTHON, data).json["file"]["sizeBytes"] == str(len(data))

    @pytest.mark.parametrize(
        ("told", "status"),
        [
            ("bytes 5-8/9", 409),  # leaves a gap
            ("bytes 0-8/9", 400),  # the body has four bytes
            ("bytes 3-0/9", 400),
            ("bytes 0-3", 400),
            ("lines 0-3/9", 400),
        ],
    )
    def test_a_wrong_range(self, send: Send, told: str, status: int) -> None:
        said = self.put(send, self.start(send, 9), told, b"four")
        assert said.status == status
        assert said.headers["Range"] is None

    def test_other_errors(self, send: Send) -> None:
        gone = self.put(send, "/upload/v1beta/files?upload_id=none&uploadType=resumable", "bytes 0-0/1", b"x")
        assert (gone.status, gone.json["error"]["status"]) == (404, "NOT_FOUND")
        no_size = send("POST /upload/v1beta/files?key=any&uploadType=resumable", START, b"{}", size="many")
        assert no_size.status == 400
        no_key = send("POST /upload/v1beta/files?uploadType=resumable", START, b"{}", size=1)
        assert no_key.status == 403


def test_multipart_with_bare_line_feeds(send: Send, draw: Callable[..., bytes]) -> None:
    # googleapiclient writes it with Python's email package
    data = draw()
    body = (
        b'--===============1==\nContent-Type: application/json\nMIME-Version: 1.0\n\n{"file": {}}\n'
        b"--===============1==\nContent-Type: image/png\nMIME-Version: 1.0\nContent-Transfer-Encoding: binary\n\n"
        + data
        + b"\n--===============1==--"
    )
    headers = PYTHON + 'content-type: multipart/related; boundary="===============1=="\r\n'
    said = send("POST /upload/v1beta/files?key=any&alt=json&uploadType=multipart", headers, body)
    file = said.json["file"]
    assert (said.status, file["mimeType"]) == (200, "image/png")
    assert file["sha256Hash"] == sha256_of(data)


class TestPackedBody:
    HEADERS = "Host: {host}\r\nContent-Length: {length}\r\nContent-Encoding: gzip\r\nx-goog-api-key: any\r\n"

    def test_is_unpacked(self, send: Send) -> None:
        said = send(f"POST {GENERATE}", self.HEADERS, gzip.compress(HELLO))
        assert (said.status, said.json["usageMetadata"]["promptTokenCount"]) == (200, 2)

    def test_may_not_be_called_packed(self, send: Send) -> None:
        assert send(f"POST {GENERATE}", self.HEADERS, HELLO).status == 200

    @pytest.mark.parametrize(
        "body", [gzip.compress(HELLO)[:-9], b"\x1f\x8bno more than a beginning"], ids=["cut off", "begun"]
    )
    def test_broken(self, send: Send, body: bytes) -> None:
        said = send(f"POST {GENERATE}", self.HEADERS, body)
        assert (said.status, said.json["error"]["status"]) == (400, "INVALID_ARGUMENT")

    def test_is_no_larger_than_others(self) -> None:
        with MockServer(max_body_bytes=1000) as server:
            where = urlsplit(server.url)
            for size, status in ((900, 200), (1000, 400), (10_000_000, 400)):
                body = gzip.compress(HELLO.replace(b"Hello", b"x" * size))
                head = f"POST {GENERATE} HTTP/1.1\r\n{self.HEADERS}\r\n".format(host="h", length=len(body))
                with socket.create_connection((where.hostname or "", where.port or 0), timeout=30) as peer:
                    peer.sendall(head.encode() + body)
                    response = HTTPResponse(peer)
                    response.begin()
                    assert response.status == status


class TestDiscovery:
    @pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
    def test_says_where_uploads_go(self, api: httpx.Client, version: str) -> None:
        told = api.get(f"/$discovery/rest?version={version}&key=any").json()
        assert told["rootUrl"] == f"{api.base_url}/"
        method = told["resources"]["media"]["methods"]["upload"]
        assert (method["httpMethod"], method["path"]) == ("POST", f"{version}/files")
        ways = method["mediaUpload"]["protocols"]
        assert ways["resumable"]["path"] == f"/resumable/upload/{version}/files"
        assert ways["simple"]["path"] == f"/upload/{version}/files"

    def test_every_path_of_it_is_served(self, api: httpx.Client) -> None:
        told = api.get("/$discovery/rest").json()
        for resource in told["resources"].values():
            for method in resource["methods"].values():
                path = (
                    method["path"]
                    .replace("{+model}", "models/gemini-2.5-flash")
                    .replace("{+name}", "files/x")
                )
                answer = api.request(method["httpMethod"], f"/{path}")
                assert "Method not found" not in answer.text, path

    def test_is_on_the_host_that_a_proxy_was_asked(self, api: httpx.Client) -> None:
        said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "mock.example"}
        assert api.get("/$discovery/rest", headers=said).json()["rootUrl"] == "https://mock.example/"

    def test_of_no_version(self, api: httpx.Client) -> None:
        answer = api.get("/$discovery/rest?version=v9")
        assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")


class TestNotServed:
    """What the service has and the mock has not says so, and is no 500, no hang, no bare "not found"."""

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/v1beta/models/gemini-embedding-001:embedContent", "embedContent"),
            ("/v1/models/gemini-embedding-001:batchEmbedContents", "batchEmbedContents"),
            ("/v1beta/models/gemini-2.5-flash:batchGenerateContent", "batchGenerateContent"),
            ("/v1beta/models/imagen-4.0-generate-001:predict", "predict"),
            ("/v1beta/cachedContents", "cachedContents"),
            ("/v1beta/cachedContents/x", "cachedContents"),
            ("/v1beta/tunedModels", "tunedModels"),
            ("/v1beta/fileSearchStores/x:importFile", "fileSearchStores"),
            ("/v1beta/openai/chat/completions", "openai"),
            ("/v1beta/openai/embeddings", "openai"),
        ],
    )
    def test_is_named(self, api: httpx.Client, path: str, name: str) -> None:
        answer = api.post(path, json={"anything": [1]})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["status"]) == (404, 404, "NOT_FOUND")
        assert error["message"].startswith(f"Method not found. visionspec has no {name}: ")

    @pytest.mark.parametrize(
        "path", ["/v1beta/nothing", "/nothing", "/v1beta/models/x:nothing", "/openai", "/"]
    )
    def test_what_the_service_has_not_either_is_not(self, api: httpx.Client, path: str) -> None:
        assert api.post(path, json={}).json()["error"]["message"] == "Method not found."


class TestRun:
    def test_names_its_authority_to_httplib2_and_php(self, server: MockServer, tmp_path: Path) -> None:
        with Front(server, passing=lambda _: None) as front:
            env = front.env({"PHP_INI_SCAN_DIR": str(tmp_path)})
            assert env["HTTPLIB2_CA_CERTS"] == env["SSL_CERT_FILE"]
            users, ours = env["PHP_INI_SCAN_DIR"].split(":")
            assert users == str(tmp_path)
            with open(f"{ours}/php.ini", encoding="utf-8") as file:  # noqa: PTH123 - a path of the environment
                assert set(file.read().split("\n")[:2]) == {
                    f'curl.cainfo = "{env["SSL_CERT_FILE"]}"',
                    f'openssl.cafile = "{env["SSL_CERT_FILE"]}"',
                }
            assert front.env({})["PHP_INI_SCAN_DIR"] == f":{ours}"  # PHP's own place, then ours

    def test_an_end_that_left_is_no_failure(self) -> None:
        # uvloop says so by RuntimeError, asyncio's own loop by OSError
        class Gone:
            def write(self, _: bytes) -> None:
                raise RuntimeError("the handler is closed")

            def can_write_eof(self) -> bool:
                return True

            def write_eof(self) -> None:
                raise RuntimeError("the handler is closed")

        class Sends:
            async def read(self, _: int) -> bytes:
                return b"more"

        async def poured() -> None:
            await tunnel._pour(Sends(), Gone())  # type: ignore[arg-type]  # no more of the two is used

        anyio.run(poured)
