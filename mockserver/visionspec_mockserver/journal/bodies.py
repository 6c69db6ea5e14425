"""What a body says, without the pixels in it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pydantic_core

from visionspec_mockserver.journal.record import HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from visionspec_mockserver.journal.record import Record

_SHORT_BYTES = 64 * 1024
_MAX_TEXT_CHARS = HEAD_BYTES
_HEAD_CHARS = 1000  # of a text that is too long
_LEAST_DATA_CHARS = 64
_DATA = ("data", "bytesBase64Encoded", "imageBytes", "image_bytes")
_UNPACKED_BYTES = 8 * 1024 * 1024


class Body(NamedTuple):
    """A body as it is shown.

    ``kind`` is json (``value`` is what it says), text (``value`` is a string), binary (None), or none, where
    there was no body; ``whole`` is False where something is missing at its end.
    """

    kind: str
    value: Any = None
    whole: bool = True


def shortened(value: Any) -> Any:
    """JSON values without images, and with the head of what else is long."""
    if isinstance(value, dict):
        return {
            name: _data(one) if name in _DATA and isinstance(one, str) else shortened(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [shortened(one) for one in value]
    if isinstance(value, str) and len(value) > _MAX_TEXT_CHARS:
        return f"{value[:_HEAD_CHARS]}... ({len(value)} characters)"
    return value


def _data(text: str) -> str:
    if len(text) <= _LEAST_DATA_CHARS:
        return text
    return f"<{len(text)} characters of base64>"


def short_json(value: Any) -> bytes:
    """`shortened` as JSON, of which the end is missing if it is still too long."""
    return pydantic_core.to_json(shortened(value))[:_SHORT_BYTES]


def asked(record: Record) -> Body:
    """The body of the request."""
    if not record.asked_bytes:
        return Body("none")
    if record.body is not None or record.short is not None:
        data = record.short if record.body is None else short_json(record.body)
        return _told(data or b"", textual=True, whole=len(data or b"") < _SHORT_BYTES)
    data = record.asked
    told = _told(data, textual=_is_text(headers_of(record.headers)), whole=len(data) == record.asked_bytes)
    return told._replace(value=shortened(told.value)) if told.kind == "json" else told


def answered(record: Record) -> Body:
    """The body of the answer, unpacked."""
    if not record.answered_bytes:
        return Body("none")
    headers = headers_of(record.answer_headers)
    data = record.answered
    whole = len(data) == record.answered_bytes
    if headers.get("content-encoding") == "gzip":
        unpacker = zlib.decompressobj(wbits=31)
        try:
            data = unpacker.decompress(data, _UNPACKED_BYTES)
        except zlib.error:
            return Body("binary", whole=whole)
        whole = whole and unpacker.eof
    return _told(data, textual=_is_text(headers), whole=whole)


def headers_of(fields: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Header fields by their names in lower case; of several the last."""
    return {name.lower(): value for name, value in fields}


def _is_text(headers: Mapping[str, str]) -> bool:
    kind = headers.get("content-type", "")
    return kind.startswith("text/") or "json" in kind


def _told(data: bytes, *, textual: bool, whole: bool) -> Body:
    if whole and data.lstrip()[:1] in (b"{", b"["):  # curl calls JSON a form
        try:
            return Body("json", pydantic_core.from_json(data))
        except ValueError:
            pass
    if not textual:
        return Body("binary", whole=whole)
    return Body("text", data.decode("utf-8", "ignore" if not whole else "replace"), whole=whole)
