"""How a client uploads: offsets, sizes, and what it does when a reply is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from visionspec_conformance.judge import Broken, broken, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from visionspec_conformance.client.session import Log, Sent


def _each_upload(log: Log, judge: Callable[[list[Sent]], None]) -> None:
    uploads = [sent for sent in log.uploads().values() if len(sent) > 1]
    if not uploads:
        pytest.skip("the client uploaded nothing")
    for sent in uploads:
        try:
            judge(sent)
        except Broken as failure:
            failure.exchanges = log.shows(sent)
            raise


@pytest.mark.rule("upload.client-offsets")
def test_chunks_follow_each_other_to_the_declared_size(log: Log) -> None:
    def judge(sent: list[Sent]) -> None:
        start, *commands = sent
        received = 0
        chunks = [one for one in commands if one.call.command.startswith("upload")]
        for one in chunks:
            offset, size_bytes = one.call.offset, one.size_bytes
            if one.call.headers.get("x-goog-upload-offset") is None:
                broken("a chunk with X-Goog-Upload-Offset", "none")
            if offset > received:
                broken(f"the next chunk at offset {received}", f"a gap: offset {offset}")
            received = max(received, offset + size_bytes)
        declared = start.call.headers.get("x-goog-upload-header-content-length")
        if declared is not None:
            expect(received, int(declared), "bytes sent of the declared ones")
        early = [one.call.offset for one in chunks if "finalize" in one.call.command and _end(one) < received]
        if early:
            broken("finalize with the last chunk alone", f"finalize with the chunk at offset {early[0]}")

    _each_upload(log, judge)


@pytest.mark.rule("upload.client-resumes")
def test_a_lost_reply_does_not_lose_the_file(log: Log) -> None:
    if not log.faulty:
        pytest.skip("no reply was lost: run with --faults")

    def judge(sent: list[Sent]) -> None:
        states = [one.answer.headers.get("x-goog-upload-status") for one in sent]
        if "final" not in states:
            lost = [index for index, one in enumerate(sent) if one.answer.status == 503]
            after = len(sent) - 1 - lost[-1] if lost else 0
            broken(
                "the chunk again, or a query, after a 503 without X-Goog-Upload-Status, up to the end",
                f"{after} requests after the last 503, and the upload is not final",
            )

    _each_upload(log, judge)


@pytest.mark.rule("upload.file-name")
def test_a_file_name_in_a_header_is_ascii(log: Log) -> None:
    def judge(sent: list[Sent]) -> None:
        name = sent[0].call.headers.get("x-goog-upload-file-name", "")
        if not name.isascii():
            broken("an ASCII file name, or none", name)

    _each_upload(log, judge)


def _end(one: Sent) -> int:
    return one.call.offset + one.size_bytes
