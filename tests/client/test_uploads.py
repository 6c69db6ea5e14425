"""Uploads over a real socket: what the requests look like, and what becomes of faults."""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, Any

import pytest

from visionspec.client import UploadInterrupted, UploadToken
from visionspec.errors import APIError, InvalidInput, TransportError

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(56))  # 64 bytes


def the_upload(fake: Any) -> Any:
    (upload,) = fake.uploads.values()
    return upload


def assert_uploaded(fake: Any, data: bytes) -> None:
    upload = the_upload(fake)
    assert upload.session.state == "final"
    assert upload.session.received_bytes == len(data)
    assert upload.digest.hexdigest() == hashlib.sha256(data).hexdigest()


def test_a_small_file_is_two_requests(client: Any, fake: Any, key: str) -> None:
    file = client.upload(PNG, display_name="Café", name="my-file")
    assert (file.name, file.size_bytes) == ("files/abc", 64)
    assert_uploaded(fake, PNG)
    start, chunk = fake.seen
    assert f"{start.method} {start.target}" == "POST /upload/v1beta/files"
    assert {name: start.headers[name] for name in start.headers if name.startswith("x-goog")} == {
        "x-goog-api-key": key,
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": "64",
        "x-goog-upload-header-content-type": "image/png",
    }
    assert start.json == {"file": {"name": "files/my-file", "displayName": "Café", "mimeType": "image/png"}}
    assert {
        name: chunk.headers[name] for name in chunk.headers if name.startswith(("x-goog", "content"))
    } == {
        "x-goog-upload-command": "upload, finalize",  # and no key: the URL is the permission
        "x-goog-upload-offset": "0",
        "content-length": "64",
    }
    assert chunk.body == PNG


def test_a_large_file_goes_in_chunks_of_the_granularity(client: Any, fake: Any) -> None:
    seen: list[tuple[int, int]] = []
    client.upload(PNG, chunk_bytes=30, progress=lambda sent, total: seen.append((sent, total)))
    assert fake.commands == ["start", "upload 0", "upload 28", "upload, finalize 56"]
    assert seen == [(28, 64), (56, 64), (64, 64)]
    assert_uploaded(fake, PNG)


def test_a_chunk_is_never_smaller_than_the_granularity(client: Any, fake: Any) -> None:
    fake.granularity_bytes = 40
    client.upload(PNG, chunk_bytes=1)
    assert fake.commands == ["start", "upload 0", "upload, finalize 40"]


def test_an_empty_file(client: Any, fake: Any) -> None:
    client.upload(b"", mime_type="text/plain", name="files/empty")
    assert fake.seen[0].json["file"]["name"] == "files/empty"
    assert fake.commands == ["start", "upload, finalize 0"]
    assert_uploaded(fake, b"")


@pytest.mark.parametrize("size", [8 * 2**20, 8 * 2**20 + 1], ids=["8 MiB", "a byte more"])
def test_chunks_are_8_mib(client: Any, fake: Any, size: int) -> None:
    client.upload(bytes(size), mime_type="image/png")
    more = [] if size == 8 * 2**20 else ["upload 0"]
    assert fake.commands == ["start", *more, f"upload, finalize {len(more) * 8 * 2**20}"]
    assert_uploaded(fake, bytes(size))


class TestSources:
    def test_a_path(self, client: Any, fake: Any, tmp_path: Path) -> None:
        (tmp_path / "photo.jpg").write_bytes(PNG)
        client.upload(tmp_path / "photo.jpg")
        assert fake.seen[0].headers["x-goog-upload-file-name"] == "photo.jpg"
        assert fake.seen[0].json["file"] == {"mimeType": "image/png"}  # what the bytes say, not the name
        client.upload(str(tmp_path / "photo.jpg"))
        assert fake.commands == ["start", "upload, finalize 0"] * 2

    def test_a_name_that_is_not_ascii(self, client: Any, fake: Any, tmp_path: Path) -> None:
        (tmp_path / "Straße.png").write_bytes(PNG)
        client.upload(tmp_path / "Straße.png")
        assert "x-goog-upload-file-name" not in fake.seen[0].headers
        assert_uploaded(fake, PNG)

    def test_a_type_that_only_the_name_tells(self, client: Any, fake: Any, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_bytes(b"words")
        client.upload(tmp_path / "notes.txt")
        assert fake.seen[0].headers["x-goog-upload-header-content-type"] == "text/plain"

    def test_a_type_that_nothing_tells(self, client: Any, fake: Any) -> None:
        with pytest.raises(InvalidInput, match="mime_type is needed: the source begins with b'words'"):
            client.upload(b"words")
        assert fake.seen == []

    @pytest.mark.parametrize("mime_type", ["", "png", "image/", "image/png\r\nX-Evil: 1", "imäge/png"])
    def test_what_is_no_type(self, client: Any, fake: Any, mime_type: str) -> None:
        with pytest.raises(InvalidInput, match="no MIME type"):
            client.upload(PNG, mime_type=mime_type)
        assert fake.seen == []

    def test_a_type_with_a_parameter(self, client: Any, fake: Any) -> None:
        client.upload(PNG, mime_type="text/plain; charset=utf-8")
        assert fake.seen[0].headers["x-goog-upload-header-content-type"] == "text/plain; charset=utf-8"

    def test_a_file_object_from_its_first_byte(self, client: Any, fake: Any) -> None:
        source = io.BytesIO(PNG)
        source.seek(10)
        client.upload(source)
        assert_uploaded(fake, PNG)

    def test_no_more_than_a_chunk_is_read_at_once(self, client: Any, fake: Any) -> None:
        sizes: list[int] = []

        class Watched(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                sizes.append(-1 if size is None else size)
                return super().read(size)

        client.upload(Watched(PNG), chunk_bytes=16, mime_type="image/png")
        assert_uploaded(fake, PNG)
        assert min(sizes) >= 0
        assert max(sizes) == 16

    @pytest.mark.parametrize(
        "given", [io.StringIO("text"), 7, None, ["a"]], ids=["text", "number", "nothing", "list"]
    )
    def test_what_cannot_be_read(self, client: Any, fake: Any, given: Any) -> None:
        with pytest.raises(InvalidInput, match="no path, bytes or seekable binary file"):
            client.upload(given)
        assert fake.seen == []

    def test_no_such_file(self, client: Any, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=re.escape("no such file: ") + ".*gone.png"):
            client.upload(tmp_path / "gone.png")

    def test_a_file_that_shrinks(self, client: Any, tmp_path: Path) -> None:
        path = tmp_path / "photo.png"
        path.write_bytes(PNG)
        with pytest.raises(InvalidInput, match=r"photo\.png had 64 bytes, now it ends at 20"):
            client.upload(path, chunk_bytes=16, progress=lambda *_: path.write_bytes(PNG[:20]))

    def test_a_file_that_vanishes(self, client: Any, tmp_path: Path) -> None:
        path = tmp_path / "photo.png"
        path.write_bytes(PNG)
        with pytest.raises(InvalidInput, match=r"cannot read photo\.png: .*No such file"):
            client.upload(path, chunk_bytes=16, progress=lambda *_: path.unlink())


class TestFaults:
    """After a fault the client asks, and goes on at what the server says, never at what it hoped."""

    @pytest.mark.parametrize(
        ("fault", "then"),
        [
            ("lose request", "upload 16"),
            ("503", "upload 16"),
            ("lose reply", "upload 32"),
            (("break", 10), "upload 26"),
            (("break", 0), "upload 16"),
            (("break", 16), "upload 32"),
        ],
    )
    def test_in_the_middle(self, client: Any, fake: Any, waits: list[float], fault: Any, then: Any) -> None:
        fake.faults = ["ok", "ok", fault]
        file = client.upload(PNG, chunk_bytes=16)
        assert file.size_bytes == 64
        assert fake.commands[:5] == ["start", "upload 0", "upload 16", "query", then]
        assert waits == [0.5]
        assert_uploaded(fake, PNG)

    @pytest.mark.parametrize(
        ("fault", "then"),
        [
            ("lose request", ["query", "upload, finalize 0"]),
            ("lose reply", ["query"]),
            (("break", 63), ["query", "upload, finalize 63"]),
            (("break", 64), ["query", "upload, finalize 64"]),
        ],
    )
    @pytest.mark.usefixtures("waits")
    def test_at_the_end(self, client: Any, fake: Any, fault: Any, then: Any) -> None:
        fake.faults = ["ok", fault]
        assert client.upload(PNG).name == "files/abc"
        assert fake.commands == ["start", "upload, finalize 0", *then]
        assert_uploaded(fake, PNG)

    @pytest.mark.usefixtures("waits")
    def test_an_offset_that_the_server_does_not_expect(
        self, client: Any, fake: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take, odd = fake._take, [answer(409, "Invalid offset: expected 0, got 16")]

        def once(request: Any, given: dict[str, str], data: bytes, *, whole: bool) -> Any:
            wrong = given.get("x-goog-upload-offset") == "16" and odd
            return odd.pop() if wrong else take(request, given, data, whole=whole)

        monkeypatch.setattr(fake, "_take", once)
        client.upload(PNG, chunk_bytes=16)
        assert fake.commands[1:5] == ["upload 0", "upload 16", "query", "upload 16"]
        assert_uploaded(fake, PNG)

    def test_of_the_query(self, client: Any, fake: Any, waits: list[float]) -> None:
        fake.faults = ["ok", "lose reply", "lose request", "503", "lose reply"]
        client.upload(PNG)
        assert fake.commands == ["start", "upload, finalize 0", "query", "query", "query", "query"]
        assert waits == [0.5, 1.0, 2.0, 4.0]

    @pytest.mark.usefixtures("waits")
    def test_of_the_start(self, client: Any, fake: Any) -> None:
        fake.faults = ["lose reply", "lose request"]
        client.upload(PNG)
        assert fake.commands == ["start", "start", "start", "upload, finalize 0"]
        assert [upload.session.state for upload in fake.uploads.values()] == ["active", "final"]

    def test_progress_gives_new_patience(self, client: Any, fake: Any, waits: list[float]) -> None:
        fake.faults = ["ok", *[("break", 4), "ok"] * 12]
        client.with_options(retries=1).upload(PNG)
        assert waits == [0.5] * 12
        assert_uploaded(fake, PNG)

    def test_too_many_in_a_row_leave_a_token_to_resume(
        self, client: Any, fake: Any, waits: list[float]
    ) -> None:
        fake.faults = ["ok", "ok", *["lose request"] * 5]
        with pytest.raises(UploadInterrupted, match="the upload broke off: http://127") as broken:
            client.upload(PNG, chunk_bytes=16)
        assert isinstance(broken.value, TransportError)
        assert waits == [0.5, 1.0, 2.0, 4.0]
        seen: list[tuple[int, int]] = []
        file = client.resume_upload(
            broken.value.token, PNG, chunk_bytes=32, progress=lambda sent, total: seen.append((sent, total))
        )
        assert file.name == "files/abc"
        assert fake.commands[-3:] == ["query", "upload 16", "upload, finalize 48"]
        assert seen == [(16, 64), (48, 64), (64, 64)]
        assert_uploaded(fake, PNG)

    @pytest.mark.usefixtures("waits")
    def test_a_token_can_be_kept_and_made_again(self, client: Any, fake: Any) -> None:
        fake.faults = ["ok", *["503"] * 5]
        with pytest.raises(UploadInterrupted) as broken:
            client.upload(PNG)
        token = broken.value.token
        client.resume_upload(
            UploadToken(token.url, token.size_bytes, token.granularity_bytes), io.BytesIO(PNG)
        )
        assert_uploaded(fake, PNG)

    def test_resuming_what_is_final_answers_the_file(self, client: Any, fake: Any) -> None:
        client.upload(PNG)
        token = UploadToken(fake.url + next(iter(fake.uploads)), 64, 4)
        assert client.resume_upload(token, PNG).name == "files/abc"
        assert fake.commands[-1] == "query"

    def test_resuming_with_another_source(self, client: Any, fake: Any) -> None:
        with pytest.raises(InvalidInput, match="the upload has 64 bytes, the source 5"):
            client.resume_upload(UploadToken(f"{fake.url}/x", 64, 4), b"other")
        assert fake.seen == []


@pytest.mark.usefixtures("waits")
class TestCancel:
    def token(self, client: Any, fake: Any) -> UploadToken:
        fake.faults = ["ok", "ok", *["503"] * 5]
        with pytest.raises(UploadInterrupted) as broken:
            client.upload(PNG, chunk_bytes=16)
        return broken.value.token

    def test_cancel(self, client: Any, fake: Any) -> None:
        client.cancel_upload(self.token(client, fake))
        assert the_upload(fake).session.state == "cancelled"
        assert fake.commands[-1] == "cancel"

    def test_cancel_whose_reply_is_lost(self, client: Any, fake: Any) -> None:
        token = self.token(client, fake)
        fake.faults = ["lose reply"]
        client.cancel_upload(token)
        assert fake.commands[-2:] == ["cancel", "cancel"]

    def test_a_server_that_says_gone(
        self, client: Any, fake: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fake, "_take", lambda *_, **__: answer(410))
        client.cancel_upload(UploadToken(f"{fake.url}/x", 64, 4))
        assert fake.commands == ["cancel"]

    def test_going_on_after_a_cancel(self, client: Any, fake: Any) -> None:
        token = self.token(client, fake)
        client.cancel_upload(token)
        with pytest.raises(APIError) as caught:
            client.resume_upload(token, PNG)
        assert caught.value.status == 410

    def test_cancelling_what_is_final(self, client: Any, fake: Any) -> None:
        client.upload(PNG)
        with pytest.raises(APIError) as caught:
            client.cancel_upload(UploadToken(fake.url + next(iter(fake.uploads)), 64, 4))
        assert caught.value.status == 400

    def test_cancelling_what_is_not_there(self, client: Any, fake: Any) -> None:
        with pytest.raises(APIError) as caught:
            client.cancel_upload(UploadToken(f"{fake.url}/nothing", 64, 4))
        assert caught.value.status == 404


def test_a_start_without_a_url(client: Any, fake: Any, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "_take", lambda *_, **__: answer(headers={"X-Goog-Upload-Status": "active"}))
    with pytest.raises(TransportError, match="without a usable X-Goog-Upload-URL: None"):
        client.upload(PNG)


@pytest.mark.parametrize(("seconds", "waited"), [("3", [3.0] * 4), ("3600", [])])
def test_a_chunk_waits_as_long_as_the_server_asks_unless_it_is_too_long(
    client: Any,
    fake: Any,
    answer: Any,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    *,
    seconds: str,
    waited: list[float],
) -> None:
    monkeypatch.setattr(fake, "_take", lambda *_, **__: answer(503, headers={"Retry-After": seconds}))
    with pytest.raises(UploadInterrupted):
        client.resume_upload(UploadToken(f"{fake.url}/x", 64, 4), PNG)
    assert waits == waited


def test_a_token_whose_url_is_none_is_not_tried_again(client: Any, waits: list[float]) -> None:
    for url in ("nowhere", "http://[::"):
        with pytest.raises(TransportError):
            client.resume_upload(UploadToken(url, 64, 4), PNG)
    assert waits == []


@pytest.mark.parametrize("url", ["/upload/x", "ftp://127.0.0.1/x", "upload"])
def test_a_url_that_cannot_be_used(
    client: Any, fake: Any, answer: Any, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(fake, "_take", lambda *_, **__: answer(headers={"X-Goog-Upload-URL": url}))
    with pytest.raises(TransportError, match="without a usable X-Goog-Upload-URL"):
        client.upload(PNG)


SESSION = {"X-Goog-Upload-Status": "active", "X-Goog-Upload-Size-Received": "0"}
FINAL = {"X-Goog-Upload-Status": "final"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "error"),
    [
        (
            400,
            FINAL,
            {"error": {"code": 400, "message": "Unsupported MIME type: a/b", "status": "X"}},
            APIError,
        ),
        (413, {}, "<html><title>Too large</title>", APIError),
        (200, FINAL, b"", TransportError),
        (200, FINAL, {"name": "files/abc"}, TransportError),
        (200, FINAL, {"file": {"name": "files/abc", "sizeBytes": "63"}}, TransportError),
        (200, {"X-Goog-Upload-Status": "cancelled"}, b"", UploadInterrupted),
        (200, SESSION, b"", UploadInterrupted),
        (200, {"X-Goog-Upload-Status": "FINAL"}, {"file": {}}, UploadInterrupted),
        (200, {}, {"file": {"name": "files/abc"}}, UploadInterrupted),
        (201, FINAL, {"file": {"name": "files/abc"}}, APIError),
    ],
)
@pytest.mark.usefixtures("waits")
def test_replies_that_the_table_does_not_foresee(
    client: Any,
    fake: Any,
    answer: Any,
    *,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    headers: dict[str, str],
    body: Any,
    error: type[Exception],
) -> None:
    take = fake._take

    def odd(request: Any, given: dict[str, str], data: bytes, *, whole: bool) -> Any:
        if given["x-goog-upload-command"] == "start":
            return take(request, given, data, whole=whole)
        if given["x-goog-upload-command"] == "query":
            return answer(headers=SESSION)
        return answer(status, body, headers)

    monkeypatch.setattr(fake, "_take", odd)
    with pytest.raises(error) as caught:
        client.upload(PNG)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("headers", "match"),
    [
        ({"X-Goog-Upload-Status": "active", "X-Goog-Upload-Size-Received": "65"}, "65 bytes of 64"),
        ({"X-Goog-Upload-Status": "final", "X-Goog-Upload-Size-Received": "60"}, "final with 60 bytes of 64"),
        ({"X-Goog-Upload-Status": "cancelled"}, "was cancelled"),
        ({"X-Goog-Upload-Status": "active"}, "status active, None bytes"),
    ],
)
@pytest.mark.usefixtures("waits")
def test_answers_to_a_query_that_cannot_be_gone_on_from(
    client: Any,
    fake: Any,
    answer: Any,
    *,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    match: str,
) -> None:
    monkeypatch.setattr(fake, "_take", lambda *_, **__: answer(headers=headers))
    with pytest.raises((TransportError, APIError), match=match):
        client.resume_upload(UploadToken(f"{fake.url}/x", 64, 4), PNG)


@pytest.mark.usefixtures("waits")
def test_a_server_that_lost_bytes_gets_them_again(
    client: Any, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, forgot = fake._take, []

    def forgetful(request: Any, given: dict[str, str], data: bytes, *, whole: bool) -> Any:
        if given["x-goog-upload-command"] == "query" and not forgot:
            forgot.append(True)
            session = the_upload(fake).session
            object.__setattr__(session, "received_bytes", 4)
        return take(request, given, data, whole=whole)

    monkeypatch.setattr(fake, "_take", forgetful)
    fake.faults = ["ok", "ok", "ok", "lose request"]
    client.upload(PNG, chunk_bytes=16)
    assert fake.commands == [
        *["start", "upload 0", "upload 16", "upload 32", "query"],
        *["upload 4", "upload 20", "upload 36", "upload, finalize 52"],
    ]
    assert the_upload(fake).session.received_bytes == 64
