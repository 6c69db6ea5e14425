"""Clients that break one rule: ``python -m visionspec_conformance.breaks.clients NAME``, or ``honest``."""

from __future__ import annotations

import os
import sys

import httpx

from visionspec_conformance.broken import client_control

SIZE_BYTES = 600_000
UNIT_BYTES = 256 * 1024

client_control("upload.client-offsets", "skips", "test_chunks_follow_each_other_to_the_declared_size")
client_control(
    "upload.client-resumes",
    "gives-up",
    "test_a_lost_reply_does_not_lose_the_file",
    related=("upload.client-offsets",),
)
client_control("upload.file-name", "names-in-utf-8", "test_a_file_name_in_a_header_is_ascii")


def main(fault: str) -> int:
    """Upload one file in three chunks, with the one fault."""
    content = os.urandom(SIZE_BYTES)
    with httpx.Client(base_url=os.environ["GOOGLE_GEMINI_BASE_URL"], trust_env=False) as client:
        url = _start(client, fault)
        offset = 0
        while offset < SIZE_BYTES:
            end = min(offset + UNIT_BYTES, SIZE_BYTES)
            if not _chunk(client, url, content, offset, end) and fault == "gives-up":
                return 1
            if fault == "skips" and offset == UNIT_BYTES:
                _chunk(client, url, content, end + UNIT_BYTES, end + 2 * UNIT_BYTES)
            offset = _received(client, url)
    return 0


def _start(client: httpx.Client, fault: str) -> str:
    name = "é.png" if fault == "names-in-utf-8" else "e.png"
    headers = [
        (b"x-goog-api-key", os.environ["GEMINI_API_KEY"].encode()),
        (b"x-goog-upload-protocol", b"resumable"),
        (b"x-goog-upload-command", b"start"),
        (b"x-goog-upload-header-content-length", str(SIZE_BYTES).encode()),
        (b"x-goog-upload-header-content-type", b"image/png"),
        (b"x-goog-upload-file-name", name.encode()),
    ]
    return client.post("/upload/v1beta/files", headers=headers, json={"file": {}}).headers[
        "x-goog-upload-url"
    ]


def _chunk(client: httpx.Client, url: str, content: bytes, start: int, end: int) -> bool:
    command = "upload, finalize" if end == SIZE_BYTES else "upload"
    headers = {"x-goog-upload-command": command, "x-goog-upload-offset": str(start)}
    body = content[start:end] or bytes(UNIT_BYTES)
    return client.post(url, headers=headers, content=body).status_code == httpx.codes.OK


def _received(client: httpx.Client, url: str) -> int:
    reply = client.post(url, headers={"x-goog-upload-command": "query"})
    return int(reply.headers["x-goog-upload-size-received"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
