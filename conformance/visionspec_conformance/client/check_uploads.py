"""How a client uploads: offsets, sizes, and what it does when a reply is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from visionspec_conformance.client.findings import demand_none
from visionspec_conformance.judge import Broken, broken, expect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from visionspec_conformance.client.session import Run, Sent


def _each_upload(runs: Sequence[Run], judge: Callable[[list[Sent]], None], *, failed: bool = False) -> None:
    """Judge every upload; or those alone that a fault happened to."""
    uploads = [(run, sent) for run in runs for sent in run.uploads()]
    if not uploads:
        pytest.skip("the client uploaded nothing")
    if failed:
        uploads = [(run, sent) for run, sent in uploads if any(one.failed for one in sent)]
        if not uploads:
            pytest.skip("no request of an upload failed: run with --faults")
    for run, sent in uploads:
        try:
            judge(sent)
        except Broken as failure:
            found = Broken(failure.expected, f"{failure.actual} ({run.plan.name})")
            found.exchanges = run.shows(one.n for one in sent)
            raise found from None


@pytest.mark.rule("upload.client-offsets")
def test_chunks_follow_each_other_to_the_declared_size(runs: Sequence[Run]) -> None:
    def judge(sent: list[Sent]) -> None:
        start, *commands = sent
        chunks = [one for one in commands if one.call.command.startswith("upload")]
        received = 0
        for one in chunks:
            offset = one.call.offset
            if one.call.headers.get("x-goog-upload-offset") is None:
                broken("a chunk with X-Goog-Upload-Offset", "none")
            if offset > received:
                broken(f"the next chunk at offset {received}", f"a gap: offset {offset}")
            received = max(received, offset + one.size_bytes)
        declared = start.call.headers.get("x-goog-upload-header-content-length")
        if declared is not None and any(one.upload_status == "final" for one in commands):
            expect(received, int(declared), "bytes sent of the declared ones")
        end = max((one.end for one in chunks), default=0)
        early = [one.call.offset for one in chunks if "finalize" in one.call.command and one.end < end]
        if early:
            broken("finalize with the last chunk alone", f"finalize with the chunk at offset {early[0]}")

    _each_upload(runs, judge)


@pytest.mark.rule("upload.client-resumes")
def test_an_upload_survives_a_failure(runs: Sequence[Run]) -> None:
    def judge(sent: list[Sent]) -> None:
        if not any(one.upload_status == "final" for one in sent):
            last = max(index for index, one in enumerate(sent) if one.failed)
            said = sent[last].status or "no answer"
            more = len(sent) - 1 - last
            broken(
                "the chunk again, or a query, after a failure, up to the end",
                f"{more} requests after the last failure ({said}), and the upload is not final",
            )

    _each_upload(runs, judge, failed=True)


@pytest.mark.rule("upload.client-asks")
def test_a_client_asks_how_far_an_upload_got(runs: Sequence[Run]) -> None:
    _each_upload(runs, lambda _: None, failed=True)
    demand_none(runs, "upload.client-asks")


@pytest.mark.rule("advice.upload-once")
def test_a_file_is_uploaded_once(runs: Sequence[Run]) -> None:
    _each_upload(runs, lambda _: None)
    demand_none(runs, "advice.upload-once")


@pytest.mark.rule("upload.file-name")
def test_a_file_name_in_a_header_is_ascii(runs: Sequence[Run]) -> None:
    def judge(sent: list[Sent]) -> None:
        name = sent[0].call.headers.get("x-goog-upload-file-name", "")
        if not name.isascii():
            broken("an ASCII file name, or none", name)

    _each_upload(runs, judge)
