"""Requests and answers as a report shows them: text as it is, bytes described, secrets left out."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from visionspec_conformance.report import Message

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN_CHARS = 4000
_SHOWN_BYTES = 512
_READ_BYTES = 4 * _SHOWN_CHARS + 3  # whatever the length of its characters, and one that is cut
_HIDDEN = {"x-goog-api-key", "authorization"}
_KEY = re.compile(r"([?&]key=)[^&\s]*")


def message(line: str, headers: Iterable[tuple[str, str]], body: bytes, *, size_bytes: int) -> Message:
    """One side of an exchange, without the key."""
    shown = [(name, "..." if name.lower() in _HIDDEN else value) for name, value in headers]
    line = _KEY.sub(r"\1...", line)
    return Message(line=line, headers=shown, body=show_body(body), body_bytes=size_bytes)


def show_body(body: bytes) -> str:
    """A body for a reader: text as it is, few bytes as base64, many as length and digest."""
    text = _text(body)
    if text is not None:
        cut = f"... ({len(body)} bytes)" if len(body) > _READ_BYTES or len(text) > _SHOWN_CHARS else ""
        return f"{text[:_SHOWN_CHARS]}{cut}"
    if len(body) <= _SHOWN_BYTES:
        return f"base64:{base64.b64encode(body).decode('ascii')}"
    return f"({len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()})"


def _text(body: bytes) -> str | None:
    """The beginning of a body as text; None if it is none."""
    long = len(body) > _READ_BYTES
    try:
        text = body[:_READ_BYTES].decode("utf-8", errors="ignore" if long else "strict")
    except UnicodeDecodeError:
        return None
    if long and len(text.encode()) < _READ_BYTES - 3:  # more was ignored than a character that is cut
        return None
    return None if any(char < " " and char not in "\r\n\t" for char in text) else text
