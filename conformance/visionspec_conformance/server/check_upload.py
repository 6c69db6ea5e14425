"""Starting an upload, and what every one of its replies looks like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionspec_conformance.judge import expect, expect_that
from visionspec_conformance.server import talk

if TYPE_CHECKING:
    from visionspec_conformance.target import Reply, Target

DATA = talk.DOT
SIZES = st.sampled_from([0, 1, 2, 70, 255, 256, 4097])


def status_of(reply: Reply) -> str | None:
    """The state that a reply says."""
    return reply.headers.get("x-goog-upload-status") or None


@pytest.mark.schema
@pytest.mark.rule("upload.start")
@given(st.sampled_from(["image/png", "image/jpeg", "image/webp", "image/heic"]), st.integers(1, 10**6))
def test_a_start_opens_an_upload(target: Target, mime_type: str, size_bytes: int) -> None:
    reply = talk.try_start(target, size_bytes=size_bytes, mime_type=mime_type)
    expect(reply.status, 200, "status")
    expect(status_of(reply), "active", "X-Goog-Upload-Status")


@pytest.mark.rule("upload.start")
def test_an_upload_starts_once(target: Target) -> None:
    upload = talk.start(target, size_bytes=len(DATA))
    reply = upload.command("start", headers={"x-goog-upload-protocol": "resumable"})
    expect(reply.status, 400, "status of a start at the URL of an upload")


@pytest.mark.schema
@pytest.mark.rule("upload.url-header")
def test_the_url_is_absolute_and_of_the_host_that_was_asked(target: Target) -> None:
    reply = talk.start_reply(target, size_bytes=len(DATA))
    url = reply.headers.get("x-goog-upload-url", "")
    expect_that(url, "a header X-Goog-Upload-URL", dict(reply.headers))
    expect_that(" " not in url, "a URL without a space", url)
    asked, given_ = urlsplit(target.url), urlsplit(url)
    expect((given_.scheme, given_.netloc), (asked.scheme, asked.netloc), "scheme and host of the URL")


@pytest.mark.schema
@pytest.mark.rule("upload.status-header")
def test_every_reply_says_the_state_in_lower_case(target: Target) -> None:
    session = talk.start(target, size_bytes=None)
    chunk = session.command("upload", offset=0, data=b"\0" * session.granularity_bytes)
    end = session.command("finalize")
    other = talk.start(target, size_bytes=len(DATA))
    cancelled = other.command("cancel")
    for name, reply, state in (
        ("chunk", chunk, "active"),
        ("end", end, "final"),
        ("cancel", cancelled, "cancelled"),
    ):
        if reply.status == 200:
            expect(status_of(reply), state, f"X-Goog-Upload-Status of the {name}")


@pytest.mark.schema
@pytest.mark.rule("upload.exactly-200")
def test_what_succeeds_is_answered_200(target: Target) -> None:
    session = talk.start(target, size_bytes=None)
    replies = {
        "chunk": session.command("upload", offset=0, data=b"\0" * session.granularity_bytes),
        "query": session.command("query"),
        "end": session.command("finalize"),
        "cancel": talk.start(target, size_bytes=len(DATA)).command("cancel"),
    }
    for name, reply in replies.items():
        if reply.status < 300:
            expect(reply.status, 200, f"status of the {name}")


@pytest.mark.schema
@pytest.mark.rule("upload.final-body")
def test_the_last_reply_holds_the_file(target: Target) -> None:
    reply = talk.start(target, size_bytes=len(DATA)).command("upload, finalize", offset=0, data=DATA)
    if reply.status != 200:
        talk.unmet("the upload did not end", reply)
    file = talk.dig(reply.object(), "file")
    expect_that(isinstance(file, dict) and "name" in file, 'a body {"file": {"name": ...}}', reply.text)


@pytest.mark.rule("upload.versions")
@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_every_version_takes_uploads(target: Target, version: str) -> None:
    reply = target.send(
        "POST",
        f"/upload/{version}/files",
        json={"file": {}},
        headers={**talk.PROTOCOL, "x-goog-upload-header-content-length": "1"},
    )
    expect(reply.status, 200, f"status of a start below /upload/{version}")


@pytest.mark.rule("upload.start-body")
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "display_name": st.just("either spelling"),
            "mime_type": st.just("image/png"),
            "size_bytes": st.sampled_from([len(DATA), str(len(DATA))]),
        },
    ),
    st.booleans(),
)
def test_the_body_of_a_start_is_read_in_either_spelling(
    target: Target,
    file: dict[str, object],
    camel: bool,  # noqa: FBT001 - drawn by Hypothesis
) -> None:
    spelled = {_camel(name) if camel else name: value for name, value in file.items()}
    # MIME type and size also stand in the headers: what is asked here is whether the body is taken
    reply = talk.start_reply(target, size_bytes=len(DATA), file=spelled)
    expect(reply.status, 200, f"status of a start with {json.dumps({'file': spelled})}")
    end = target.send(
        "POST",
        reply.headers.get("x-goog-upload-url", ""),
        content=DATA,
        headers={"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"},
    )
    if "display_name" in file:
        expect(
            talk.dig(end.object(), "file").get("displayName"), "either spelling", "displayName of the file"
        )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@pytest.mark.rule("upload.start-body-quotes")
def test_the_single_quotes_of_the_samples_are_read(target: Target) -> None:
    headers = {
        **talk.PROTOCOL,
        "content-type": "application/json",
        "x-goog-upload-header-content-length": str(len(DATA)),
        "x-goog-upload-header-content-type": "image/png",
    }
    reply = target.send(
        "POST", "/upload/{v}/files", content=b"{'file': {'display_name': 'IMAGE'}}", headers=headers
    )
    expect(
        talk.there(reply).status, 200, "status of a start with the body {'file': {'display_name': 'IMAGE'}}"
    )


@pytest.mark.rule("upload.header-length")
def test_the_headers_declare_type_and_size(target: Target) -> None:
    session = talk.start(target, size_bytes=len(DATA), mime_type="audio/flac")
    reply = session.command("upload, finalize", offset=0, data=DATA)
    if reply.status != 200:
        talk.unmet("the upload did not end", reply)
    expect(talk.dig(reply.object(), "file", "mimeType"), "audio/flac", "mimeType of the file")


@pytest.mark.rule("upload.header-length")
@given(st.sampled_from(["", "x", "-1", "1.5", "0x10", "1 2", "99999999999999999999999999"]))
def test_a_length_that_is_no_number_is_refused(target: Target, length: str) -> None:
    reply = talk.start_reply(target, size_bytes=length)
    expect(reply.status, 400, f"status of a start with X-Goog-Upload-Header-Content-Length: {length!r}")


@pytest.mark.rule("upload.file-name")
@given(st.sampled_from([None, "picture.png", "two words.jpg", "a'b\"c.png", "../up.png"]))
def test_a_file_name_may_come_along(target: Target, name: str | None) -> None:
    headers = {"x-goog-upload-file-name": name} if name else {}
    reply = talk.start_reply(target, size_bytes=len(DATA), headers=headers)
    expect(reply.status, 200, f"status of a start with the file name {name!r}")


@pytest.mark.rule("upload.url-is-capability")
def test_the_url_is_permission_enough(target: Target) -> None:
    session = talk.start(target, size_bytes=len(DATA))
    reply = session.command("upload, finalize", offset=0, data=DATA)
    expect(reply.status, 200, "status of a chunk without an API key")


@pytest.mark.rule("upload.any-content-type")
@given(
    st.sampled_from(
        ["application/json", "application/x-www-form-urlencoded", "image/png", "multipart/form-data", ""]
    ),
    st.sampled_from([b"{", b"a=b&c=%zz", b"\xff\xfe\0", DATA]),
)
def test_the_body_of_a_chunk_is_bytes_whatever_its_type_says(target: Target, kind: str, data: bytes) -> None:
    session = talk.start(target, size_bytes=len(data), mime_type="application/octet-stream")
    reply = session.command("upload, finalize", offset=0, data=data, headers={"content-type": kind})
    expect(reply.status, 200, f"status of a chunk with Content-Type: {kind}")
    expect(talk.dig(reply.object(), "file").get("sizeBytes"), str(len(data)), "sizeBytes of the file")


@pytest.mark.rule("upload.expect-continue")
def test_a_chunk_may_be_announced(target: Target) -> None:
    session = talk.start(target, size_bytes=len(DATA))
    reply = session.command("upload, finalize", offset=0, data=DATA, headers={"expect": "100-continue"})
    expect(reply.status, 200, "status of a chunk with Expect: 100-continue")


@pytest.mark.rule("upload.command")
@given(st.sampled_from(["upload, finalize", "upload,finalize", "UPLOAD, FINALIZE", "Upload , Finalize"]))
def test_a_command_is_read_in_any_case_and_spacing(target: Target, command: str) -> None:
    reply = talk.start(target, size_bytes=len(DATA)).command(command, offset=0, data=DATA)
    expect(reply.status, 200, f"status of the command {command!r}")


@pytest.mark.rule("upload.command")
@given(
    st.sampled_from(
        ["", "uplaod", "finalize, upload", "upload finalize", "delete", "upload, finalize, query"]
    )
)
def test_what_is_no_command_is_refused(target: Target, command: str) -> None:
    reply = talk.start(target, size_bytes=len(DATA)).command(command, offset=0, data=DATA)
    expect(reply.status, 400, f"status of the command {command!r}")


@pytest.mark.rule("upload.command")
@given(st.sampled_from(["query", "cancel", "finalize"]))
def test_only_chunks_have_a_body(target: Target, command: str) -> None:
    reply = talk.start(target, size_bytes=len(DATA)).command(command, data=DATA)
    expect(reply.status, 400, f"status of {command} with a body")


@pytest.mark.rule("upload.refused-type")
def test_a_type_that_is_none_is_refused_at_the_end(target: Target) -> None:
    session = talk.start(target, size_bytes=len(DATA), mime_type="bad/mime_type")
    reply = session.command("upload, finalize", offset=0, data=DATA)
    expect(reply.status, 400, "status")
    expect(talk.dig(reply.object(), "error", "status"), "INVALID_ARGUMENT", "error.status")
    expect(
        talk.dig(reply.object(), "error", "message"), "Unsupported MIME type: bad/mime_type", "error.message"
    )
    expect(status_of(reply), "final", "X-Goog-Upload-Status")


@pytest.mark.rule("upload.multipart")
@given(st.booleans(), st.sampled_from([DATA, b"", b"--not-the-boundary\r\n\r\n", b"\r\n"]))
def test_a_file_comes_in_one_request(target: Target, by_query: bool, data: bytes) -> None:  # noqa: FBT001 - drawn
    boundary = "visionspec-7f3a"
    body = (
        (
            f"--{boundary}\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
            f'{{"file": {{"displayName": "one request"}}}}\r\n--{boundary}\r\nContent-Type: image/png\r\n\r\n'
        ).encode()
        + data
        + f"\r\n--{boundary}--\r\n".encode()
    )
    headers = {"content-type": f"multipart/related; boundary={boundary}"}
    if by_query:
        path = "/upload/{v}/files?uploadType=multipart"
    else:
        path, headers = "/upload/{v}/files", {**headers, "x-goog-upload-protocol": "multipart"}
    reply = target.send("POST", path, content=body, headers=headers)
    expect(reply.status, 200, "status")
    file = talk.dig(reply.object(), "file")
    expect(file.get("displayName"), "one request", "displayName of the file")
    if data or "sizeBytes" in file:  # a zero may be left out
        expect(file.get("sizeBytes"), str(len(data)), "sizeBytes of the file")


@pytest.mark.rule("upload.empty-file")
def test_a_file_may_be_empty(target: Target) -> None:
    reply = talk.start(target, size_bytes=0).command("upload, finalize", offset=0, data=b"")
    expect(reply.status, 200, "status")
    expect_that(
        talk.dig(reply.object(), "file").get("sizeBytes") in {"0", None}, "a file of 0 bytes", reply.text
    )


@pytest.mark.rule("upload.unknown-session")
@pytest.mark.parametrize("command", ["upload, finalize", "query", "finalize"])
def test_a_url_of_no_upload_is_not_found(target: Target, command: str) -> None:
    url = talk.start(target, size_bytes=len(DATA)).url
    head, _, tail = url.rpartition("upload_id=")
    if not head:
        pytest.skip("the URL of an upload shows no upload_id that could be replaced")
    _, ampersand, rest = tail.partition("&")
    unknown = talk.Upload(target, f"{head}upload_id=visionspec-none{ampersand}{rest}", 1)
    data = DATA if command.startswith("upload") else b""
    reply = unknown.command(command, offset=0 if data else None, data=data)
    expect(reply.status, 404, f"status of {command}")
