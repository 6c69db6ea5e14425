"""What an error of the protocol says, word for word: a person reads it, and a server sends it on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from visionspec.errors import InvalidInput, TransportError, UploadError
from visionspec.protocol import sse, upload

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "no upload command: None [rule upload.command]"),
        ({"X-Goog-Upload-Command": "pause"}, "no upload command: 'pause' [rule upload.command]"),
        (
            {"X-Goog-Upload-Command": "start", "Content-Length": "1e3"},
            "content-length is no number of bytes: '1e3' [rule upload.command]",
        ),
        (
            {"X-Goog-Upload-Command": "start", "X-Goog-Upload-Header-Content-Length": "-1"},
            "x-goog-upload-header-content-length is no number of bytes: '-1' [rule upload.header-length]",
        ),
        (
            {"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "ten"},
            "x-goog-upload-offset is no number of bytes: 'ten' [rule upload.malformed-offset]",
        ),
        (
            {"X-Goog-Upload-Command": "upload"},
            "a chunk without X-Goog-Upload-Offset [rule upload.malformed-offset]",
        ),
        (
            {"X-Goog-Upload-Command": "query", "Content-Length": "5"},
            "query takes no body, got 5 bytes [rule upload.command]",
        ),
    ],
)
def test_a_request_that_is_no_command(headers: dict[str, str], said: str) -> None:
    with pytest.raises(UploadError) as caught:
        upload.parse_request(headers)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("session", "command", "said"),
    [
        (
            upload.Session(limit_bytes=100),
            upload.Command("start", declared_bytes=101),
            "101 bytes are declared, a file has at most 100 [rule limits.file-size]",
        ),
        (
            upload.Session(),
            upload.Command("query"),
            "no upload has this URL [rule upload.unknown-session]",
        ),
        (
            upload.Session("active", received_bytes=8),
            upload.Command("upload", 9, 5),
            "Invalid offset: expected 8, got 9 [rule upload.offset-mismatch]",
        ),
        (
            upload.Session("active", declared_bytes=10, granularity_bytes=8),
            upload.Command("upload", 0, 16),
            "the chunk ends at byte 16, the file at 10 [rule upload.declared-size]",
        ),
        (
            upload.Session("active", declared_bytes=100, granularity_bytes=8),
            upload.Command("upload", 0, 9),
            "only the last chunk may be 9 bytes, others are multiples of 8 [rule upload.granularity]",
        ),
        (
            upload.Session("active", declared_bytes=10),
            upload.Command("upload, finalize", 0, 9),
            "finalized at byte 9, the file ends at 10 [rule upload.declared-size]",
        ),
        (
            upload.Session("active", received_bytes=3, declared_bytes=10),
            upload.Command("finalize", 3, 0),
            "finalized at byte 3, the file ends at 10 [rule upload.declared-size]",
        ),
        (
            upload.Session("active"),
            upload.Command("start"),
            "this upload has started [rule upload.start]",
        ),
        (
            upload.Session("final", received_bytes=7),
            upload.Command("cancel"),
            "final with 7 bytes [rule upload.final-closed]",
        ),
        (
            upload.Session("cancelled"),
            upload.Command("query"),
            "it was cancelled [rule upload.cancelled-gone]",
        ),
    ],
)
def test_a_command_that_is_refused(session: upload.Session, command: upload.Command, said: str) -> None:
    _, reply = upload.step(session, command)
    assert str(reply.error) == said


def test_a_body_that_breaks_off() -> None:
    _, reply = upload.step(
        upload.Session("active", declared_bytes=10), upload.Command("upload", 0, 10), arrived_bytes=4
    )
    assert str(reply.error) == "the body broke off after 4 bytes [rule upload.broken-body]"


def test_an_unannounced_body_that_never_came_is_empty() -> None:
    after, reply = upload.step(upload.Session("active"), upload.Command("upload, finalize", 0, None))
    assert (after.received_bytes, reply.status) == (0, 200)


def endless() -> None:
    sse.Decoder(max_event_bytes=8).feed(b"data: 9 bytes")


@pytest.mark.parametrize(
    ("call", "error", "said", "given"),
    [
        (
            lambda: sse.encode("x", event="a\nb"),
            InvalidInput,
            r"the event of an event is one line: 'a\nb'",
            "a\nb",
        ),
        (
            lambda: sse.encode("x", event_id="a\0b"),
            InvalidInput,
            r"the id of an event is one line: 'a\x00b'",
            "a\0b",
        ),
        (endless, TransportError, "a server-sent event of more than 8 bytes", None),
    ],
)
def test_an_event_that_is_none(
    call: Callable[[], object], error: type[Exception], said: str, given: Any
) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == said
    assert getattr(caught.value, "given", None) == given


def test_header_names_are_spelt_as_the_documents_spell_them() -> None:
    """No server may mind, but a reader who compares a capture with the documents does."""
    assert upload.chunk_headers("upload", offset_bytes=5) == {
        "X-Goog-Upload-Command": "upload",
        "X-Goog-Upload-Offset": "5",
    }


def test_the_table_as_text_has_straight_columns() -> None:
    lines = upload.table().splitlines()
    starts = {line.index(word) for line, word in zip(lines, ("command", "start"), strict=False)}
    assert len(starts) == 1
    assert all(line == line.rstrip() for line in lines)
    assert lines[0].split() == ["state", "command", "if", "then", "reply", "body"]


@pytest.mark.parametrize("field", [b"event", b"id"])
def test_a_name_that_is_no_utf8_is_replaced_too(field: bytes) -> None:
    (event,) = sse.decode(field + b": \xff\ndata: x\n\n")
    assert {"event": event.event, "id": event.id}[field.decode()] == "\ufffd"


def test_a_line_feed_at_the_very_beginning_is_a_blank_line() -> None:
    """It is not the second half of a CR LF that nobody sent; the byte order mark after it is no first line."""
    assert sse.decode(b"\n\xef\xbb\xbfdata: x\n\n") == []
