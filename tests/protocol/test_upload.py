"""The upload table: every vector, every row, and what it says before a body is read."""

from __future__ import annotations

import pytest

from visionspec import spec
from visionspec.errors import UploadError
from visionspec.protocol import upload
from visionspec.protocol.upload import Command, Session

CASES = spec.vectors()["upload"].cases


def run(case: spec.Case) -> tuple[Session, upload.Reply]:
    session = Session(**case.input["session"])
    command = upload.parse_request(case.input["headers"])
    return upload.step(session, command, arrived_bytes=case.input["arrived_bytes"], whole=case.input["whole"])


@pytest.mark.parametrize("case", [c for c in CASES if c.result != "invalid"], ids=lambda case: case.id)
def test_vector(case: spec.Case) -> None:
    session, reply = run(case)
    got = {
        "status": reply.status,
        "state": session.state,
        "received_bytes": session.received_bytes,
        "declared_bytes": session.declared_bytes,
        "upload_status": reply.headers.get("X-Goog-Upload-Status"),
        "file": reply.with_file,
    }
    assert got == case.expected


@pytest.mark.parametrize("case", [c for c in CASES if c.result != "invalid"], ids=lambda case: case.id)
def test_a_refusal_names_the_rule_of_its_vector(case: spec.Case) -> None:
    _, reply = run(case)
    if reply.error:
        assert reply.error.status == case.expected["status"]
        assert case.rule in (reply.error.rule, "upload.error-without-status")
    else:
        assert case.expected["status"] == 200


@pytest.mark.parametrize("case", [c for c in CASES if c.result == "invalid"], ids=lambda case: case.id)
def test_invalid_vector(case: spec.Case) -> None:
    with pytest.raises(UploadError) as caught:
        upload.parse_request(case.input["headers"])
    assert caught.value.rule == case.rule
    assert caught.value.status == case.expected["status"]


def test_every_row_is_reached_by_a_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = set()
    find = upload._find

    def spy(view: upload._View) -> upload.Row:
        row = find(view)
        reached.add(row)
        return row

    monkeypatch.setattr(upload, "_find", spy)
    for case in CASES:
        if case.result != "invalid":
            run(case)
    unreached = [row for row in upload.TABLE if row not in reached and row.rule != "limits.file-size"]
    assert unreached == []


def test_the_docstring_shows_the_table() -> None:
    lines = [line.strip() for line in (upload.__doc__ or "").splitlines()]
    shown = [line.strip() for line in upload.table().splitlines()]
    start = lines.index(shown[0])
    assert lines[start : start + len(shown)] == shown


@pytest.mark.parametrize(
    ("session", "command", "plan"),
    [
        (Session("active", 0, 100), Command("upload, finalize", 0, 100), (0, 0, 100)),
        (Session("active", 30, 100), Command("upload, finalize", 0, 100), (30, 30, 70)),
        (Session("active", 100, 100), Command("upload, finalize", 0, 100), (100, 100, 0)),
        (Session("active", 30, 100), Command("upload, finalize", 30, None), (0, 30, 70)),
        (Session("active", 30, limit_bytes=50), Command("upload, finalize", 10, None), (20, 30, 20)),
        (Session("active", 30, 100), Command("upload, finalize", 0, 90), (30, 30, 70)),
        (Session("final", 100, 100), Command("upload, finalize", 40, 60), (60, 100, 0)),
        (Session("final", 100), Command("upload, finalize", 40, None), (60, 100, 0)),
        (Session("active", 30, 100), Command("query"), (0, 30, 0)),
        (Session("new"), Command("start", length_bytes=40), (0, 0, 0)),
    ],
)
def test_before_the_body_it_says_what_to_skip_and_where_to_write(
    session: Session, command: Command, plan: tuple[int, int, int]
) -> None:
    assert upload.before_body(session, command) == plan


@pytest.mark.parametrize(
    ("session", "command", "status"),
    [
        (Session("active", 0, 100), Command("upload, finalize", 1, 99), 409),
        (Session("active", 0, 100), Command("upload, finalize", 0, 101), 400),
        (Session("active", 0, 10**6), Command("upload", 0, 5), 400),
        (Session("final", 100, 100), Command("upload, finalize", 0, 101), 400),
        (Session("cancelled"), Command("upload", 0, 262144), 410),
        (Session("new"), Command("upload", 0, 262144), 404),
        (Session("active", 5, 100), Command("finalize"), 400),
    ],
)
def test_what_is_refused_is_refused_before_the_body(session: Session, command: Command, status: int) -> None:
    with pytest.raises(UploadError) as caught:
        upload.before_body(session, command)
    assert caught.value.status == status
    after, reply = upload.step(session, command)
    assert (after, reply.status, str(reply.error)) == (session, status, str(caught.value))


def test_a_file_over_the_limit_is_refused_at_its_start() -> None:
    two_gib = 2 * 1024**3
    assert upload.step(Session(), Command("start", declared_bytes=two_gib))[0].state == "active"
    session, reply = upload.step(Session(), Command("start", declared_bytes=two_gib + 1))
    assert (session.state, reply.status) == ("new", 400)
    assert reply.error is not None
    assert reply.error.rule == "limits.file-size"
    assert str(two_gib + 1) in str(reply.error)


def test_a_file_of_undeclared_size_stops_at_the_limit() -> None:
    session = Session("active", 90, limit_bytes=100)
    assert upload.step(session, Command("upload, finalize", 90, 10))[0].state == "final"
    after, reply = upload.step(session, Command("upload, finalize", 90, None), arrived_bytes=11)
    assert (after, reply.status) == (session, 400)


def test_a_mismatch_says_what_was_expected() -> None:
    _, reply = upload.step(Session("active", 8, 100), Command("upload", 50, 1))
    assert "Invalid offset: expected 8, got 50 [rule upload.offset-mismatch]" in str(reply.error)


@pytest.mark.parametrize("state", ["active", "final"])
def test_a_query_is_told_how_much_was_received(state: upload.State) -> None:
    _, reply = upload.step(Session(state, 3000000, 20971524), Command("query"))
    assert reply.headers == {"X-Goog-Upload-Status": state, "X-Goog-Upload-Size-Received": "3000000"}


def test_headers_of_a_start_are_those_of_the_documents() -> None:
    assert upload.start_headers(size_bytes=1004, mime_type="image/jpeg", file_name="sample.jpg") == {
        "X-Goog-Upload-Protocol": "resumable",
        "X-Goog-Upload-Command": "start",
        "X-Goog-Upload-Header-Content-Length": "1004",
        "X-Goog-Upload-Header-Content-Type": "image/jpeg",
        "X-Goog-Upload-File-Name": "sample.jpg",
    }


@pytest.mark.parametrize("name", [None, "", "Café.jpg", "a\r\nX-Evil: 1", "tab\t.png"])
def test_a_name_that_no_header_can_carry_is_left_out(name: str | None) -> None:
    headers = upload.start_headers(size_bytes=1, mime_type="image/png", file_name=name)
    assert "X-Goog-Upload-File-Name" not in headers


def test_what_the_client_builds_the_server_reads() -> None:
    start = upload.parse_request(
        {
            **upload.start_headers(size_bytes=7, mime_type="image/png", file_name="a.png"),
            "Content-Length": "2",
        }
    )
    assert start == Command("start", None, 2, 7, "image/png", "a.png")
    chunk = {**upload.chunk_headers("upload, finalize", offset_bytes=0), "content-length": "7"}
    assert upload.parse_request(chunk) == Command("upload, finalize", 0, 7)
    assert upload.parse_request(upload.chunk_headers("query")) == Command("query")


def test_a_body_whose_length_nobody_announced_is_of_unknown_length() -> None:
    headers = {**upload.chunk_headers("upload", offset_bytes=0), "Transfer-Encoding": "chunked"}
    assert upload.parse_request(headers) == Command("upload", 0, None)


def test_a_chunk_repeats_the_headers_of_its_start_and_that_means_nothing() -> None:
    headers = {  # captured from google-genai 3.3.0
        "X-Goog-Upload-Protocol": "resumable",
        "X-Goog-Upload-Header-Content-Length": "not looked at",
        "X-Goog-Upload-Header-Content-Type": "image/png",
        "X-Goog-Upload-Command": "upload",
        "X-Goog-Upload-Offset": "8388608",
        "Content-Length": "8388608",
    }
    assert upload.parse_request(headers) == Command("upload", 8388608, 8388608)


def test_the_reply_to_a_start_names_the_url() -> None:
    session, _ = upload.step(Session(), Command("start", declared_bytes=7))
    url = "http://127.0.0.1:8000/upload/v1/files?upload_id=s4&upload_protocol=resumable"
    headers = upload.response_headers(session, url=url)
    assert headers == {
        "X-Goog-Upload-Status": "active",
        "X-Goog-Upload-Size-Received": "0",
        "X-Goog-Upload-URL": url,
        "X-Goog-Upload-Control-URL": url,
        "X-Goog-Upload-Chunk-Granularity": "262144",
    }
    assert upload.parse_response(headers) == ("active", 0, 262144, url)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, (None, None, None, None)),
        ({"x-goog-upload-status": "FINAL"}, (None, None, None, None)),
        ({"X-GOOG-UPLOAD-STATUS": "final"}, ("final", None, None, None)),
        ({"X-Goog-Upload-Size-Received": "-1"}, (None, None, None, None)),
        ({"X-Goog-Upload-Size-Received": "3000000"}, (None, 3000000, None, None)),
        ({"X-Goog-Upload-Chunk-Granularity": "0"}, (None, None, None, None)),
    ],
)
def test_what_makes_no_sense_in_a_reply_is_not_taken_for_something(
    headers: dict[str, str], said: tuple[object, ...]
) -> None:
    assert upload.parse_response(headers) == said


@pytest.mark.parametrize(
    ("state", "headers"),
    [
        ("new", {}),
        ("active", {}),
        ("final", {"X-Goog-Upload-Status": "final"}),
        ("cancelled", {"X-Goog-Upload-Status": "cancelled"}),
    ],
)
def test_an_error_says_a_status_only_if_the_upload_is_over(
    state: upload.State, headers: dict[str, str]
) -> None:
    assert upload.error_headers(Session(state)) == headers
