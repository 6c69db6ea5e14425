"""The chunks of an upload: their offsets, their sizes, and how it ends."""

from __future__ import annotations

import base64
import functools
import hashlib
import socket
import ssl
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from visionspec_conformance.judge import Untestable, expect, expect_that
from visionspec_conformance.server import talk
from visionspec_conformance.server.machine import Machine, run
from visionspec_conformance.strategies import upload_schedules

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DataObject

    from visionspec_conformance.target import Reply, Target

_MAX_UNIT_BYTES = 1024 * 1024


@functools.cache
def bytes_of(count: int) -> bytes:
    """``count`` bytes, no two stretches of which are alike."""
    block = b"".join(number.to_bytes(4, "big") for number in range(-(-min(count, 1 << 20) // 4)))
    return (block * (count // max(len(block), 1) + 1))[:count]


def unit_of(session: talk.Upload) -> int:
    """The smallest chunk that need not be the last."""
    if session.granularity_bytes > _MAX_UNIT_BYTES:
        pytest.skip(f"a granularity of {session.granularity_bytes} bytes makes this check too heavy")
    return session.granularity_bytes


def started(target: Target, units: float) -> tuple[talk.Upload, bytes, int]:
    """An upload that declares ``units`` times the granularity, its bytes, and the granularity."""
    unit = unit_of(talk.start(target, size_bytes=None))
    data = bytes_of(int(units * unit) or 1)
    return talk.start(target, size_bytes=len(data)), data, unit


def put(session: talk.Upload, verb: str, offset: int, data: bytes) -> Reply:
    """A step on the way: it has to succeed."""
    reply = session.command(verb, offset=offset, data=data)
    if reply.status != 200:
        talk.unmet(f"{verb} at {offset} was refused", reply)
    return reply


def expect_file(reply: Reply, data: bytes) -> None:
    """The reply must hold a file of exactly these bytes, as far as its size and digest tell."""
    file = talk.dig(reply.object(), "file")
    if data or "sizeBytes" in file:
        expect(file.get("sizeBytes"), str(len(data)), "sizeBytes of the file")
    if digest := file.get("sha256Hash"):
        told = base64.b64decode(digest)
        right = hashlib.sha256(data)
        expect_that(
            told in {right.digest(), right.hexdigest().encode()},
            f"the SHA-256 {right.hexdigest()}",
            f"{told!r}",
        )


def expect_state(session: talk.Upload, state: str, received: int | None) -> None:
    """A query must say so; what it says of the size is left out where nobody knows."""
    said = session.status()
    expect(said[0], state, "X-Goog-Upload-Status of a query")
    if received is not None and said[1] is not None:
        expect(said[1], received, "X-Goog-Upload-Size-Received of a query")


@pytest.mark.rule("upload.chunk")
@given(st.data())
def test_chunks_in_order_are_taken(target: Target, data: DataObject) -> None:
    session, content, unit = started(target, data.draw(st.sampled_from([1.5, 2, 3.25])))
    chunks = data.draw(upload_schedules(content, granularity_bytes=unit, repeats=False))
    for chunk in chunks[:-1]:
        reply = session.command("upload", offset=chunk.offset, data=chunk.data)
        expect(reply.status, 200, f"status of the chunk at {chunk.offset}")
        expect(reply.headers.get("x-goog-upload-status"), "active", "X-Goog-Upload-Status")


@pytest.mark.rule("upload.finalize")
@given(st.data(), st.booleans())
def test_an_upload_ends_with_exactly_its_bytes(target: Target, data: DataObject, alone: bool) -> None:  # noqa: FBT001 - drawn
    session, content, unit = started(target, data.draw(st.sampled_from([0.001, 1, 2, 2.5])))
    *chunks, last = data.draw(upload_schedules(content, granularity_bytes=unit, repeats=False))
    for chunk in chunks:
        put(session, "upload", chunk.offset, chunk.data)
    if alone:
        put(session, "upload", last.offset, last.data)
        reply = session.command("finalize")
    else:
        reply = session.command("upload, finalize", offset=last.offset, data=last.data)
    expect(reply.status, 200, "status of the last command")
    expect(reply.headers.get("x-goog-upload-status"), "final", "X-Goog-Upload-Status")
    expect_file(reply, content)


@pytest.mark.rule("upload.chunk-size")
def test_the_chunk_of_the_sdks_is_taken(target: Target) -> None:
    size_bytes = 8 * 1024 * 1024
    session = talk.start(target, size_bytes=size_bytes + 1)
    reply = session.command("upload", offset=0, data=bytes(size_bytes))
    expect(reply.status, 200, f"status of a chunk of {size_bytes} bytes")


@pytest.mark.rule("upload.repeated-chunk")
@given(st.data())
def test_a_chunk_may_come_again(target: Target, data: DataObject) -> None:
    session, content, unit = started(target, 3)
    put(session, "upload", 0, content[: 2 * unit])
    start = data.draw(st.sampled_from([0, unit]))
    end = data.draw(st.sampled_from([2 * unit, 3 * unit]))
    again = session.command("upload", offset=start, data=content[start:end])
    expect(again.status, 200, f"status of bytes {start}..{end} after {2 * unit} were received")
    expect(again.headers.get("x-goog-upload-status"), "active", "X-Goog-Upload-Status")
    expect_file(put(session, "upload, finalize", end, content[end:]), content)


@pytest.mark.rule("upload.offset-mismatch")
@given(st.integers(1, 2**40), st.sampled_from(["upload", "upload, finalize"]))
def test_a_gap_is_refused(target: Target, gap: int, verb: str) -> None:
    session, content, unit = started(target, 2)
    put(session, "upload", 0, content[:unit])
    reply = session.command(verb, offset=unit + gap, data=content[unit:])
    expect(reply.status, 409, f"status of a chunk {gap} bytes after the last one")
    expect_state(session, "active", unit)


@pytest.mark.rule("upload.offset-mismatch")
def test_a_finalize_names_the_end_or_nothing(target: Target) -> None:
    session, content, unit = started(target, 1)
    put(session, "upload", 0, content)
    for offset in (unit - 1, unit + 1):
        reply = session.command("finalize", offset=offset)
        expect(reply.status, 409, f"status of finalize at {offset} with {unit} bytes received")


@pytest.mark.rule("upload.malformed-offset")
@given(st.sampled_from([None, "", "x", "-1", "1.0", "0x0", "+1", "1e3", "9" * 40]))
def test_an_offset_is_a_decimal_number(target: Target, offset: str | None) -> None:
    session = talk.start(target, size_bytes=len(talk.DOT))
    reply = session.command("upload, finalize", offset=offset, data=talk.DOT)
    expect(reply.status, 400, f"status of a chunk with X-Goog-Upload-Offset: {offset!r}")


@pytest.mark.rule("upload.granularity")
def test_a_ragged_chunk_is_refused_unless_it_is_the_last(target: Target) -> None:
    session, content, unit = started(target, 2.5)
    if unit == 1:
        pytest.skip("the server names no X-Goog-Upload-Chunk-Granularity, or 1")
    reply = session.command("upload", offset=0, data=content[: unit - 1])
    expect(reply.status, 400, f"status of a chunk of {unit - 1} bytes with a granularity of {unit}")
    put(session, "upload", 0, content[: 2 * unit])
    last = session.command("upload", offset=2 * unit, data=content[2 * unit :])
    expect(last.status, 200, "status of a shorter chunk that ends at the declared size")


@pytest.mark.rule("upload.declared-size")
@given(st.sampled_from(["upload", "upload, finalize"]), st.integers(1, 5000))
def test_a_chunk_ends_within_the_declared_size(target: Target, verb: str, excess: int) -> None:
    session, content, _ = started(target, 1)
    reply = session.command(verb, offset=0, data=content + bytes(excess))
    expect(reply.status, 400, f"status of a chunk that ends {excess} bytes after the declared size")
    expect_state(session, "active", 0)


@pytest.mark.rule("upload.declared-size")
@given(st.booleans())
def test_an_upload_does_not_end_early(target: Target, alone: bool) -> None:  # noqa: FBT001 - drawn
    session, content, unit = started(target, 2)
    if alone:
        put(session, "upload", 0, content[:unit])
        reply = session.command("finalize")
    else:
        reply = session.command("upload, finalize", offset=0, data=content[:unit])
    expect(reply.status, 400, f"status of finalize after {unit} of {len(content)} bytes")
    expect_state(session, "active", unit)
    expect_file(put(session, "upload, finalize", unit, content[unit:]), content)


@pytest.mark.rule("upload.broken-body")
def test_what_came_before_a_connection_broke_stays(target: Target, note: Callable[[str], None]) -> None:
    session, content, unit = started(target, 2)
    _break_off(session, content, sent=unit + unit // 2 or 1)
    state, received = session.status()
    for _ in range(20):  # the server learns of the broken connection on its own time
        if received:
            break
        time.sleep(0.05)
        state, received = session.status()
    expect(state, "active", "X-Goog-Upload-Status after the body of a chunk broke off")
    if received is None:
        talk.unmet("a query does not say how much was received", session.command("query"))
    expect_that(0 < received <= unit + unit // 2, "some of the bytes that were sent", received)
    if received != unit + unit // 2:
        note("whole multiples of the granularity are kept")
    expect_file(put(session, "upload, finalize", received, content[received:]), content)


def _break_off(session: talk.Upload, content: bytes, *, sent: int) -> None:
    """Announce all of ``content``, send only a part of it, and hang up."""
    url = urlsplit(session.url)
    port = url.port or (443 if url.scheme == "https" else 80)
    head = (
        f"POST {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n"
        "X-Goog-Upload-Command: upload, finalize\r\n"
        f"X-Goog-Upload-Offset: 0\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    try:
        with socket.create_connection((url.hostname or "", port), session.target.timeout_s) as plain:
            context = ssl.create_default_context()
            secure = (
                context.wrap_socket(plain, server_hostname=url.hostname) if url.scheme == "https" else plain
            )
            with secure:
                secure.sendall(head.encode() + content[:sent])
    except OSError as error:
        raise Untestable(f"no connection to {url.netloc}: {error}") from error


@pytest.mark.rule("upload.repeat-after-final")
@given(st.sampled_from(["upload", "upload, finalize", "finalize"]))
def test_the_end_may_come_again(target: Target, verb: str) -> None:
    session, content, _ = started(target, 1)
    first = put(session, "upload, finalize", 0, content)
    chunk = verb.startswith("upload")
    again = session.command(verb, offset=0 if chunk else None, data=content if chunk else b"")
    expect(again.status, 200, f"status of {verb} after the end")
    expect(again.headers.get("x-goog-upload-status"), "final", "X-Goog-Upload-Status")
    expect(
        talk.dig(again.object(), "file", "name"), talk.dig(first.object(), "file", "name"), "name of the file"
    )


@pytest.mark.rule("upload.final-closed")
@pytest.mark.parametrize("verb", ["upload", "cancel", "start"])
def test_after_the_end_nothing_changes(target: Target, verb: str) -> None:
    session, content, unit = started(target, 1)
    put(session, "upload, finalize", 0, content)
    more = verb == "upload"
    reply = session.command(verb, offset=unit if more else None, data=bytes(unit) if more else b"")
    expect(reply.status, 400, f"status of {verb} after the end")
    expect(reply.headers.get("x-goog-upload-status"), "final", "X-Goog-Upload-Status")


@pytest.mark.rule("upload.query")
def test_a_query_says_where_the_upload_is(target: Target) -> None:
    session, content, unit = started(target, 2)
    for received in (0, unit):
        if received:
            put(session, "upload", 0, content[:unit])
        reply = session.command("query")
        expect(reply.status, 200, "status")
        expect(reply.headers.get("x-goog-upload-status"), "active", "X-Goog-Upload-Status")
        expect(reply.headers.get("x-goog-upload-size-received"), str(received), "X-Goog-Upload-Size-Received")
    put(session, "upload, finalize", unit, content[unit:])
    reply = session.command("query")
    expect(reply.headers.get("x-goog-upload-status"), "final", "X-Goog-Upload-Status after the end")
    expect_file(reply, content)


@pytest.mark.rule("upload.cancel")
def test_an_upload_can_be_given_up(target: Target) -> None:
    session, content, unit = started(target, 2)
    put(session, "upload", 0, content[:unit])
    for turn in ("first", "second"):
        reply = session.command("cancel")
        expect(reply.status, 200, f"status of the {turn} cancel")
        expect(reply.headers.get("x-goog-upload-status"), "cancelled", "X-Goog-Upload-Status")


@pytest.mark.rule("upload.cancelled-gone")
@pytest.mark.parametrize("verb", ["upload", "upload, finalize", "finalize", "query"])
def test_what_was_cancelled_is_gone(target: Target, verb: str) -> None:
    session, content, _ = started(target, 1)
    cancelled = session.command("cancel")
    if cancelled.status != 200:
        talk.unmet("the upload was not cancelled", cancelled)
    chunk = verb.startswith("upload")
    reply = session.command(verb, offset=0 if chunk else None, data=content if chunk else b"")
    expect(reply.status, 410, f"status of {verb} after cancel")
    expect(reply.headers.get("x-goog-upload-status"), "cancelled", "X-Goog-Upload-Status")


@pytest.mark.rule("upload.error-without-status")
@given(st.sampled_from(["gap", "offset", "command"]))
def test_a_refusal_does_not_look_like_progress(target: Target, kind: str) -> None:
    session = talk.start(target, size_bytes=len(talk.DOT))
    if kind == "gap":
        reply = session.command("upload, finalize", offset=10**6, data=talk.DOT)
    elif kind == "offset":
        reply = session.command("upload, finalize", offset="x", data=talk.DOT)
    else:
        reply = session.command("no such command", offset=0, data=talk.DOT)
    if reply.status < 400:
        talk.unmet("nothing was refused", reply)
    expect(reply.headers.get("x-goog-upload-status"), None, "X-Goog-Upload-Status of a refusal")


class _Uploads(Machine):
    """Two uploads at once, chunks repeated and out of place, one cancelled; the model is a byte count."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.sessions: list[talk.Upload] = []
        self.states = ["active", "active"]
        self.received = [0, 0]
        self.content = b""
        self.unit = 1

    @initialize()
    def begin(self) -> None:
        """Start two uploads of the same size and different bytes."""
        self.unit = unit_of(talk.start(self.target, size_bytes=None))
        self.content = bytes_of(3 * self.unit)
        self.sessions = [talk.start(self.target, size_bytes=len(self.content)) for _ in range(2)]

    def _bytes(self, which: int) -> bytes:
        return self.content if which == 0 else self.content[::-1]

    @rule(which=st.integers(0, 1), first=st.integers(0, 2), count=st.integers(1, 3))
    def chunk(self, which: int, first: int, count: int) -> None:
        """Send some units from anywhere: new, known, or after a gap."""
        if self.states[which] != "active":
            return
        start, end = first * self.unit, min(first + count, 3) * self.unit
        reply = self.sessions[which].command("upload", offset=start, data=self._bytes(which)[start:end])
        if start > self.received[which]:
            expect(
                reply.status, 409, f"status of a chunk at {start} with {self.received[which]} bytes received"
            )
        else:
            expect(
                reply.status, 200, f"status of a chunk at {start} with {self.received[which]} bytes received"
            )
            self.received[which] = max(self.received[which], end)

    @rule(which=st.integers(0, 1))
    def query(self, which: int) -> None:
        """Ask where an upload is."""
        if self.states[which] == "active":
            expect_state(self.sessions[which], "active", self.received[which])

    @rule(which=st.integers(0, 1))
    def end(self, which: int) -> None:
        """Go on from what the server has, and end."""
        if self.states[which] != "active":
            return
        start = self.received[which]
        reply = self.sessions[which].command(
            "upload, finalize", offset=start, data=self._bytes(which)[start:]
        )
        expect(reply.status, 200, "status of the last chunk")
        expect_file(reply, self._bytes(which))
        self.states[which] = "final"

    @precondition(lambda self: self.states.count("active") == 2)
    @rule(which=st.integers(0, 1))
    def cancel(self, which: int) -> None:
        """Give one of them up; the other goes on."""
        reply = self.sessions[which].command("cancel")
        if reply.status == 200:
            self.states[which] = "cancelled"

    def finish(self) -> None:
        """Whatever happened, an upload that is still active can be brought to its end."""
        for which, state in enumerate(self.states if self.sessions else ()):
            if state == "active":
                self.end(which)


@pytest.mark.rule("upload.repeated-chunk")
def test_any_schedule_ends_with_exactly_the_bytes(target: Target) -> None:
    run(_Uploads, target)
