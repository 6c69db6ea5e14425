"""Clients that break one rule: ``python -m visionspec_conformance.breaks.clients NAME``, or ``honest``."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import httpx

from visionspec_conformance.breaks.questions import QUESTIONS, SHARP, Question, image
from visionspec_conformance.broken import program_control

SIZE_BYTES = 600_000
UNIT_BYTES = 256 * 1024
TRIES = 4

program_control(
    "client", "upload.client-offsets", "skips", "test_chunks_follow_each_other_to_the_declared_size"
)
program_control(
    "client", "upload.client-resumes", "gives-up", "test_an_upload_survives_a_failure", faults=True
)
program_control(
    "client", "upload.client-asks", "never-asks", "test_a_client_asks_how_far_an_upload_got", faults=True
)
program_control("client", "advice.upload-once", "uploads-again", "test_a_file_is_uploaded_once")
program_control("client", "upload.file-name", "names-in-utf-8", "test_a_file_name_in_a_header_is_ascii")
program_control("client", "files.not-active", "hurries", "test_no_question_breaks_it", faults=True)
program_control(
    "client", "errors.back-off", "hammers", "test_a_client_waits_before_it_sends_again", faults=True
)
program_control(
    "client", "errors.valid-request", "asks-in-its-own-words", "test_no_request_is_refused_for_its_form"
)


def main(fault: str) -> int:
    """Upload a file, wait until it can be used, ask about it and about an image; with the one fault."""
    key = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
    with httpx.Client(
        base_url=os.environ["GOOGLE_GEMINI_BASE_URL"], headers=key, trust_env=False, timeout=60
    ) as client:
        content = SHARP + os.urandom(SIZE_BYTES - len(SHARP))
        file = _upload(client, content, fault)
        if fault == "uploads-again":
            file = _upload(client, content, fault)
        if file is None:
            return 1
        wait = fault != "hurries"
        while wait and client.get(f"/v1beta/{file['name']}").json()["state"] == "PROCESSING":
            time.sleep(0.1)
        by_uri = {"fileData": {"mimeType": file["mimeType"], "fileUri": file["uri"]}}
        questions = [Question(by_uri), *QUESTIONS.get(fault, _honest)(file["uri"])]
        return max([_ask(client, one, fault) for one in questions])


def _honest(_: str) -> list[Question]:
    return [Question(image(SHARP))]


def _ask(client: httpx.Client, question: Question, fault: str) -> int:
    path = f"/v1beta/models/{question.model}:generateContent"
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": question.parts}]}
    if fault == "asks-in-its-own-words":
        body["prompt"] = "What is in the image?"
    wait_s = 0.5
    for _ in range(TRIES):
        told_s = 0.0
        try:
            reply = client.post(path, json=body)
            if not _passes(reply.status_code):
                return 0 if reply.status_code == httpx.codes.OK else 1
            told_s = float(reply.headers.get("retry-after", 0))
        except httpx.TransportError:
            pass
        if fault != "hammers":
            time.sleep(max(wait_s, told_s))
        wait_s *= 2
    return 1


def _passes(status: int) -> bool:
    return status == httpx.codes.TOO_MANY_REQUESTS or httpx.codes.is_server_error(status)


def _upload(client: httpx.Client, content: bytes, fault: str) -> dict[str, Any] | None:
    url = _start(client, fault)
    offset, wait_s = 0, 0.5
    while True:
        end = min(offset + UNIT_BYTES, SIZE_BYTES)
        reply = _chunk(client, url, content, offset, end)
        if reply is not None and reply.headers["x-goog-upload-status"] == "final":
            return dict(reply.json()["file"])
        if reply is None:
            if fault == "gives-up":
                return None
            time.sleep(max(wait_s, 1.0))  # as long as any plan says
            wait_s *= 2
            if fault == "never-asks":
                continue
        if fault == "skips" and offset == UNIT_BYTES:
            _chunk(client, url, content, end + UNIT_BYTES, end + 2 * UNIT_BYTES)
        known = client.post(url, headers={"x-goog-upload-command": "query"})
        if known.headers["x-goog-upload-status"] == "final":
            return dict(known.json()["file"])
        offset = int(known.headers["x-goog-upload-size-received"])


def _start(client: httpx.Client, fault: str) -> str:
    name = "é.png" if fault == "names-in-utf-8" else "e.png"
    headers = [
        (b"x-goog-upload-protocol", b"resumable"),
        (b"x-goog-upload-command", b"start"),
        (b"x-goog-upload-header-content-length", str(SIZE_BYTES).encode()),
        (b"x-goog-upload-header-content-type", b"image/png"),
        (b"x-goog-upload-file-name", name.encode()),
    ]
    reply = client.post("/upload/v1beta/files", headers=headers, json={"file": {}})
    return reply.headers["x-goog-upload-url"]


def _chunk(client: httpx.Client, url: str, content: bytes, start: int, end: int) -> httpx.Response | None:
    """The answer to a chunk; None if there was none, or none that says how the upload stands."""
    command = "upload, finalize" if end == SIZE_BYTES else "upload"
    headers = {"x-goog-upload-command": command, "x-goog-upload-offset": str(start)}
    body = content[start:end] or bytes(UNIT_BYTES)
    try:
        reply = client.post(url, headers=headers, content=body)
    except httpx.TransportError:
        return None
    return reply if reply.status_code == httpx.codes.OK else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
