"""What an answer says beside its matter, and how messages are shown."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from visionspec_conformance import manners, shown


def error(**detail: Any) -> bytes:
    return json.dumps({"error": {"details": [{"@type": "type.googleapis.com/x"}, detail]}}).encode()


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "7"}, b"", 7),
        ({"retry-after": "7"}, error(retryDelay="3s"), 7),
        ({}, error(retryDelay="3.5s"), 3.5),
        ({}, error(retryDelay="soon"), None),
        ({"retry-after": "soon"}, error(retryDelay="2s"), 2),
        ({}, error(retryDelay=4), None),
        ({}, b"[" * 100_000, None),
        ({}, b"null", None),
        ({}, b'{"error": "later"}', None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"", 0),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], body: bytes, seconds: float | None) -> None:
    assert manners.asked_to_wait_s(httpx.Response(429, headers=headers), body) == seconds


def test_a_date_to_wait_for() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    asked_s = manners.asked_to_wait_s(httpx.Response(503, headers={"retry-after": date}), b"")
    assert asked_s is not None
    assert 90 < asked_s <= 100


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, {}, b"{}", None),
        (404, {}, b'{"detail": "Not Found"}', None),
        (500, {}, error(reason="OTHER"), None),
        (200, {"x-goog-upload-url": "http://x"}, b"", None),
        (302, {"location": "/in"}, b"{}", "GET /x redirects to /in: give --url what it leads to"),
        (404, {}, b"", "this is not the API, is --url right? GET /x is answered 404  and no body"),
    ],
)
def test_what_is_strange(status: int, headers: dict[str, str], body: bytes, said: str | None) -> None:
    assert manners.strange("GET /x", httpx.Response(status, headers=headers), body) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", ""),
        ("gr\u00fc\u00df\n".encode(), "gr\u00fc\u00df\n"),
        (b"\0\1", "base64:AAE="),
        (b"a" * 4001, "a" * 4000 + "... (4001 bytes)"),
        ("\u753b".encode() * 9000, "\u753b" * 4000 + "... (27000 bytes)"),
        (b"\xff" * 20_000, f"(20000 bytes, sha256 {hashlib.sha256(bytes([255]) * 20_000).hexdigest()})"),
        (bytes(600), f"(600 bytes, sha256 {hashlib.sha256(bytes(600)).hexdigest()})"),
    ],
)
def test_a_body_is_shown_as_what_it_is(body: bytes, said: str) -> None:
    assert shown.show_body(body) == said


def test_no_key_is_shown() -> None:
    headers = [("X-Goog-Api-Key", "secret"), ("Authorization", "Bearer secret"), ("accept", "*/*")]
    message = shown.message("GET /v1/models?key=se%63ret&pageSize=2", headers, b"", size_bytes=0)
    assert message.line == "GET /v1/models?key=...&pageSize=2"
    assert message.headers == [("X-Goog-Api-Key", "..."), ("Authorization", "..."), ("accept", "*/*")]
