"""Files over a real socket: get, list, delete, download, register, and how they age."""

from __future__ import annotations

import base64
import hashlib
import importlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from visionspec_mockserver.routes.files import fresh_id
from visionspec_mockserver.settings import Settings
from visionspec_mockserver.sources import Ids, ManualClock
from visionspec_mockserver.store.base import FileRecord
from visionspec_mockserver.threaded import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = datetime(2026, 11, 20, 8, 30, 0, 123456, tzinfo=UTC)
KEY = {"x-goog-api-key": "k"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
TIFF = b"II*\0" + bytes(20)
MISSING = "You do not have permission to access the File {} or it may not exist."


@pytest.fixture(scope="module")
def one_clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(scope="module")
def one_server(one_clock: ManualClock) -> Iterator[MockServer]:
    with MockServer(clock=one_clock) as server:
        yield server


@pytest.fixture
def clock(one_clock: ManualClock) -> ManualClock:
    one_clock._now = START
    return one_clock


@pytest.fixture
def server(one_server: MockServer, clock: ManualClock) -> MockServer:
    """The one server, empty, at ``START``."""
    assert clock.now() == START
    anyio.run(one_server.app.state.mock.store.reset)
    return one_server


@pytest.fixture(scope="module")
def one_client(one_server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=one_server.url, headers=KEY) as client:
        yield client


@pytest.fixture
def api(server: MockServer, one_client: httpx.Client) -> httpx.Client:
    assert str(one_client.base_url).startswith(server.url)
    return one_client


def upload(api: httpx.Client, data: bytes = PNG, mime_type: str = "image/png", **file: Any) -> dict[str, Any]:
    headers = {"X-Goog-Upload-Command": "start", "X-Goog-Upload-Header-Content-Type": mime_type}
    begun = api.post("/upload/v1/files", headers=headers, json={"file": file})
    headers = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}
    made: dict[str, Any] = api.post(begun.headers["x-goog-upload-url"], headers=headers, content=data).json()[
        "file"
    ]
    return made


def put(server: MockServer, file_id: str, data: bytes = b"", **changes: Any) -> None:
    """Enter a file as no client can."""
    hours = timedelta(hours=48)
    plain = FileRecord(file_id, "image/png", START, START, START + hours, f"https://x/v1beta/files/{file_id}")
    assert anyio.run(server.app.state.mock.store.put_file, replace(plain, **changes), data)


def fault(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    return error["code"], error["status"], error["message"]


class TestGet:
    @pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
    def test_a_file(self, api: httpx.Client, version: str) -> None:
        file = upload(api, display_name="organ")
        answer = api.get(f"/{version}/{file['name']}", headers={"Content-Type": "application/json"})
        assert answer.status_code == 200
        assert answer.json() == file
        file_id = file["name"].removeprefix("files/")
        assert file == {
            "name": f"files/{file_id}",
            "displayName": "organ",
            "mimeType": "image/png",
            "sizeBytes": "32",  # 64 bits are a string in protobuf's JSON
            "createTime": "2026-11-20T08:30:00.123456Z",
            "updateTime": "2026-11-20T08:30:00.123456Z",
            "expirationTime": "2026-11-22T08:30:00.123456Z",  # 48 hours later
            "sha256Hash": base64.b64encode(hashlib.sha256(PNG).hexdigest().encode()).decode(),
            "uri": f"https://generativelanguage.googleapis.com/v1beta/files/{file_id}",
            "state": "ACTIVE",
            "source": "UPLOADED",
        }

    def test_the_hash_is_that_of_the_hex_digits(self, api: httpx.Client) -> None:
        """Recorded answers have 88 characters here, the base64 of 64 hex digits: those of sha256("hello")."""
        digits = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        hash_ = upload(api, b"hello")["sha256Hash"]
        assert len(hash_) == 88
        assert base64.b64decode(hash_) == digits.encode()

    def test_ids_are_twelve_of_a_to_z_and_0_to_9(self, api: httpx.Client) -> None:
        names = [upload(api)["name"] for _ in range(20)]
        assert len(set(names)) == 20
        for name in names:
            file_id = name.removeprefix("files/")
            assert (len(file_id), file_id.isalnum(), file_id.islower() or file_id.isdigit()) == (
                12,
                True,
                True,
            )

    @pytest.mark.parametrize(
        "path",
        [
            "nope",
            "UPPER",
            "a_b",
            "-a",
            "x" * 41,
            "..%2F..%2Fetc%2Fpasswd",
            "http://127.0.0.1/v1beta/files/a",
            "%00",
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_a_missing_one(self, api: httpx.Client, method: str, path: str) -> None:
        code, status, message = fault(api.request(method, f"/v1/files/{path}"))
        assert (code, status) == (403, "PERMISSION_DENIED")
        if path == "nope":
            assert message == MISSING.format("nope")

    def test_expires_after_48_hours(self, api: httpx.Client, clock: ManualClock) -> None:
        name = upload(api)["name"]
        clock.advance(48 * 3600 - 1)
        assert api.get(f"/v1/{name}").status_code == 200
        clock.advance(1)
        assert fault(api.get(f"/v1/{name}"))[2] == MISSING.format(name.removeprefix("files/"))
        assert api.get("/v1/files").json() == {}

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "files"), ("GET", "files/a"), ("DELETE", "files/a"), ("GET", "files/a:download"),
         ("POST", "files:register"), ("POST", "files")],
    )  # fmt: skip
    def test_asks_for_a_key(self, server: MockServer, method: str, path: str) -> None:
        code, status, message = fault(httpx.request(method, f"{server.url}/v1/{path}"))
        assert (code, status) == (403, "PERMISSION_DENIED")
        assert "Please use API Key" in message

    def test_no_such_method(self, api: httpx.Client) -> None:
        assert api.put("/v1/files/abc").status_code == 404

    def test_created_without_bytes(self, api: httpx.Client) -> None:
        answer = api.post("/v1beta/files", json={"file": {"displayName": "x"}})
        assert fault(answer) == (
            400, "INVALID_ARGUMENT", "A file is created with its bytes, by an upload to /upload/v1beta/files."
        )  # fmt: skip


class TestState:
    @pytest.fixture
    def slow(self, clock: ManualClock) -> Iterator[httpx.Client]:
        with (
            MockServer(clock=clock, processing_s=5) as server,
            httpx.Client(base_url=server.url, headers=KEY) as api,
        ):
            yield api

    def test_processing_then_active(self, slow: httpx.Client, clock: ManualClock) -> None:
        file = upload(slow)
        assert (file["state"], file["updateTime"]) == ("PROCESSING", file["createTime"])
        clock.advance(4.9)
        assert slow.get(f"/v1/{file['name']}").json()["state"] == "PROCESSING"
        clock.advance(0.1)
        file = slow.get(f"/v1/{file['name']}").json()
        assert (file["state"], file["updateTime"]) == ("ACTIVE", "2026-11-20T08:30:05.123456Z")
        assert "error" not in file

    def test_processing_fails_where_an_image_is_none(self, slow: httpx.Client, clock: ManualClock) -> None:
        file = upload(slow, b"just a text", "image/png")
        assert (file["state"], "error" in file) == ("PROCESSING", False)
        clock.advance(5)
        file = slow.get(f"/v1/{file['name']}").json()
        assert (file["state"], file["error"]["code"]) == ("FAILED", 3)  # google.rpc.Code.INVALID_ARGUMENT
        assert "image/png" in file["error"]["message"]

    @pytest.mark.parametrize(
        ("data", "mime_type"), [(PNG, "image/jpeg"), (TIFF, "image/tiff"), (b"text", "text/plain")]
    )
    def test_what_is_processed_without_fault(
        self, slow: httpx.Client, clock: ManualClock, data: bytes, mime_type: str
    ) -> None:
        """PNG bytes as image/jpeg are what the cookbook sends; TIFF was seen to become ACTIVE."""
        name = upload(slow, data, mime_type)["name"]
        clock.advance(5)
        assert slow.get(f"/v1/{name}").json()["state"] == "ACTIVE"

    @pytest.mark.parametrize(("data", "mime_type"), [(b"just a text", "image/png"), (TIFF, "image/tiff")])
    def test_without_processing_nobody_looks(self, api: httpx.Client, data: bytes, mime_type: str) -> None:
        assert upload(api, data, mime_type)["state"] == "ACTIVE"


class TestList:
    def names(self, answer: httpx.Response) -> list[str]:
        assert answer.status_code == 200, answer.text
        return [file["name"] for file in answer.json().get("files", [])]

    def test_none(self, api: httpx.Client) -> None:
        assert api.get("/v1/files").json() == {}

    def test_pages_of_ten(self, server: MockServer, api: httpx.Client) -> None:
        for n in range(12):
            put(server, f"f{n}")
        first = api.get("/v1/files")
        assert self.names(first) == [f"files/f{n}" for n in range(11, 1, -1)]
        token = first.json()["nextPageToken"]
        second = api.get("/v1/files", params={"pageToken": token})
        assert self.names(second) == ["files/f1", "files/f0"]
        assert "nextPageToken" not in second.json()

    @pytest.mark.parametrize(
        ("asked", "given"), [("1", 1), ("100", 100), ("101", 100), ("2147483647", 100), ("0", 10)]
    )
    def test_page_size(self, server: MockServer, api: httpx.Client, asked: str, given: int) -> None:
        for n in range(102):
            put(server, f"f{n}")
        for name in ("pageSize", "page_size"):
            assert len(self.names(api.get("/v1/files", params={name: asked}))) == given

    @pytest.mark.parametrize("size", ["-1", "x", "1.5", "1e3", "²", "99999999999"])
    def test_a_page_size_that_is_none(self, api: httpx.Client, size: str) -> None:
        assert fault(api.get("/v1/files", params={"pageSize": size}))[:2] == (400, "INVALID_ARGUMENT")

    @pytest.mark.parametrize("token", ["x", "1", "YmVmb3JlOjE=", "\0"])
    def test_a_token_of_nobody(self, api: httpx.Client, token: str) -> None:
        assert fault(api.get("/v1/files", params={"pageToken": token}))[:2] == (400, "INVALID_ARGUMENT")


class TestDelete:
    def test_answers_with_an_empty_object(self, api: httpx.Client) -> None:
        """204, or no body at all, breaks the SDKs."""
        name = upload(api)["name"]
        answer = api.request(
            "DELETE", f"/v1/{name}", content=b"{}", headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.content) == (200, b"{}")
        assert answer.headers["content-type"].startswith("application/json")
        assert api.get(f"/v1/{name}").status_code == 403
        assert api.delete(f"/v1/{name}").status_code == 403

    def test_the_name_is_free_again(self, api: httpx.Client) -> None:
        assert upload(api, name="files/mine")["name"] == "files/mine"
        api.delete("/v1/files/mine")
        assert upload(api, b"2", name="files/mine")["sizeBytes"] == "1"


class TestDownload:
    @pytest.mark.parametrize("path", ["/v1/files/made:download", "/download/v1beta/files/made:download"])
    def test_a_generated_file(self, server: MockServer, api: httpx.Client, path: str) -> None:
        data = hashlib.shake_128(b"x").digest(3_000_000)
        put(
            server, "made", data, source="GENERATED", size_bytes=len(data), sha256="aa", mime_type="video/mp4"
        )
        answer = api.get(path, params={"alt": "media"})
        assert (answer.status_code, answer.content) == (200, data)
        assert (answer.headers["content-type"], answer.headers["content-length"]) == ("video/mp4", "3000000")

    def test_an_uploaded_file(self, api: httpx.Client) -> None:
        name = upload(api)["name"]
        code, _, message = fault(api.get(f"/v1/{name}:download?alt=media"))
        assert (code, message) == (
            400, "Only generated files can be downloaded, uploaded files can't be downloaded."
        )  # fmt: skip

    def test_a_missing_file(self, api: httpx.Client) -> None:
        assert fault(api.get("/v1/files/nope:download"))[2] == MISSING.format("nope")


class TestRegister:
    OAUTH = {"Authorization": "Bearer ya29.token"}  # noqa: RUF012 - nobody writes to it

    def register(self, api: httpx.Client, *uris: str, **headers: str) -> httpx.Response:
        return api.post("/v1/files:register", json={"uris": list(uris)}, headers={**self.OAUTH, **headers})

    def test_objects(self, api: httpx.Client) -> None:
        answer = self.register(api, "gs://b/o.png", "gs://bucket/dir/b")
        assert answer.status_code == 200
        one, two = answer.json()["files"]
        assert (one["source"], one["state"], one["mimeType"]) == ("REGISTERED", "ACTIVE", "image/png")
        assert two["mimeType"] == "application/octet-stream"
        assert one["expirationTime"] == "2026-12-20T08:30:00.123456Z"  # "up to 30 days"
        assert "sizeBytes" not in one
        assert api.get(f"/v1/{one['name']}").json() == one
        assert [file["name"] for file in api.get("/v1/files").json()["files"]] == [two["name"], one["name"]]

    def test_an_object_whose_bytes_are_mapped(self, tmp_path: Path, clock: ManualClock) -> None:
        (tmp_path / "o").write_bytes(PNG)
        urls = {
            "gs://bucket/file": tmp_path / "o",
            "gs://bucket/gone": tmp_path / "p",
            "gs://bucket/bytes": PNG,
        }
        with (
            MockServer(clock=clock, url_map=urls) as server,
            httpx.Client(base_url=server.url, headers=KEY) as api,
        ):
            for uri in ("gs://bucket/file", "gs://bucket/bytes"):
                (file,) = self.register(api, uri).json()["files"]
                assert (file["mimeType"], file["sizeBytes"]) == ("image/png", "32")
                blob = anyio.run(server.app.state.mock.store.read_blob, file["name"].removeprefix("files/"))
                assert blob == PNG
            assert fault(self.register(api, "gs://bucket/gone"))[0] == 403

    def test_needs_oauth(self, api: httpx.Client) -> None:
        answer = api.post("/v1/files:register", json={"uris": ["gs://b/o.png"]})
        assert fault(answer)[:2] == (401, "UNAUTHENTICATED")

    @pytest.mark.parametrize(
        "uri",
        [
            "",
            "gs://",
            "gs://b/",
            "gs:///o",
            "https://example.com/a.png",
            "gs://B/o",
            "gs://b/o\n",
            "xgs://b/o",
        ],
    )
    def test_a_uri_that_is_none(self, api: httpx.Client, uri: str) -> None:
        code, status, message = fault(self.register(api, "gs://bucket/fine", uri))
        assert (code, status) == (400, "INVALID_ARGUMENT")
        assert "uris[1]" in message
        assert api.get("/v1/files").json() == {}

    @pytest.mark.parametrize("body", [{}, {"uris": []}, {"uris": "gs://b/o"}, {"uri": ["gs://b/o"]}])
    def test_a_body_that_is_none(self, api: httpx.Client, body: dict[str, Any]) -> None:
        answer = api.post("/v1/files:register", json=body, headers=self.OAUTH)
        assert fault(answer)[:2] == (400, "INVALID_ARGUMENT")


class TestSeed:
    def test_an_id_in_use_is_passed_over(self) -> None:
        class Two(Ids):
            given = iter(["first", "second"])

            def file_id(self) -> str:
                return next(self.given)

        assert fresh_id(Two(), {"first"}.__contains__) == "second"

    def run(self, clock: ManualClock, **options: Any) -> list[dict[str, Any]]:
        with (
            MockServer(clock=clock, seed=7, **options) as server,
            httpx.Client(base_url=server.url, headers=KEY) as api,
        ):
            for n in range(3):
                upload(api, bytes([n]))
            files: list[dict[str, Any]] = api.get("/v1/files").json()["files"]
            return files

    def test_two_runs_are_alike(self, clock: ManualClock) -> None:
        assert self.run(clock) == self.run(clock)

    def test_two_runs_on_one_store_do_not_meet(self, clock: ManualClock, tmp_path: Path) -> None:
        """The second one makes the same ids again, and finds them in use."""
        first = self.run(clock, settings=Settings(store=tmp_path))
        both = self.run(clock, settings=Settings(store=tmp_path))
        assert both[3:] == first
        assert len({file["name"] for file in both}) == 6


@pytest.mark.sdk
class TestSdk:
    @pytest.fixture
    def client(self, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        genai = importlib.import_module("google.genai")
        for name, value in server.env().items():
            monkeypatch.setenv(name, value)
        with genai.Client() as client:
            yield client

    def test_get_by_name_id_and_uri(self, client: Any, api: httpx.Client) -> None:
        file = upload(api)
        for name in (file["name"], file["name"].removeprefix("files/"), file["uri"]):
            got = client.files.get(name=name)
            assert (got.name, got.size_bytes, got.sha256_hash) == (file["name"], 32, file["sha256Hash"])
            assert got.expiration_time - got.create_time == timedelta(hours=48)

    def test_list_walks_all_pages(self, server: MockServer, client: Any) -> None:
        for n in range(25):
            put(server, f"f{n}")
        assert [file.name for file in client.files.list()] == [f"files/f{n}" for n in range(24, -1, -1)]
        assert len(list(client.files.list(config={"page_size": 3}))) == 25

    def test_delete(self, client: Any, api: httpx.Client) -> None:
        file = upload(api)
        client.files.delete(name=file["uri"])
        with pytest.raises(Exception, match="You do not have permission to access the File") as caught:
            client.files.get(name=file["name"])
        assert caught.value.code == 403  # type: ignore[attr-defined] # google.genai.errors.ClientError

    def test_download(self, server: MockServer, client: Any) -> None:
        uri = "https://generativelanguage.googleapis.com/v1beta/files/made:download?alt=media"
        put(server, "made", b"moving", source="GENERATED", size_bytes=6, sha256="aa", download_uri=uri)
        assert client.files.download(file=client.files.get(name="made")) == b"moving"

    def test_register(self, client: Any) -> None:
        oauth: Any = importlib.import_module("google.oauth2.credentials").Credentials("t")
        answer = client.files.register_files(auth=oauth, uris=["gs://bucket/o.png"])
        assert (answer.files[0].source.name, answer.files[0].mime_type) == ("REGISTERED", "image/png")
