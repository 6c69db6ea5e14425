"""What a body says, without the pixels in it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pydantic_core

from visionspec_mockserver.journal.record import headers_of, is_text
from visionspec_mockserver.journal.short import SHORT_BYTES, short_json, shortened, without_base64

if TYPE_CHECKING:
    from visionspec_mockserver.journal.record import Record

_UNPACKED_BYTES = 8 * 1024 * 1024


class Body(NamedTuple):
    """A body as it is shown.

    ``kind`` is json (``value`` is what it says), text (``value`` is a string), binary (None), or none, where
    there was no body; ``whole`` is False where something is missing at its end.
    """

    kind: str
    value: Any = None
    whole: bool = True


def asked(record: Record) -> Body:
    """The body of the request."""
    if not record.asked_bytes:
        return Body("none")
    data, body = record.asked, record.body  # in this order: it may be made short meanwhile
    if not data and (body is not None or record.short is not None):
        data = record.short or b"" if body is None else short_json(body)
        return _told(data, textual=True, whole=len(data) < SHORT_BYTES)
    told = _told(
        data,
        textual=is_text(headers_of(record.headers).get("content-type", "")),
        whole=len(data) == record.asked_bytes,
    )
    if told.kind == "text" and not told.whole:
        return told._replace(value=without_base64(told.value))
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
    return _told(data, textual=is_text(headers.get("content-type", "")), whole=whole)


def _told(data: bytes, *, textual: bool, whole: bool) -> Body:
    if whole and data.lstrip()[:1] in (b"{", b"["):  # curl calls JSON a form
        try:
            return Body("json", pydantic_core.from_json(data))
        except ValueError:
            pass
    if not textual:
        return Body("binary", whole=whole)
    return Body("text", data.decode("utf-8", "ignore" if not whole else "replace"), whole=whole)
