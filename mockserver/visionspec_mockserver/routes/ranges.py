"""The other dialect of resumable uploads, that of Google's API client libraries: ``Content-Range`` and 308.

``google-generativeai`` uploads in it (``uploadType=resumable``), and so do Go programs older than the present
SDK. It says the same as the ``X-Goog-Upload-*`` headers do, so it is put into those commands, and their
replies into its words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from visionspec.errors import InvalidInput, show
from visionspec.protocol.upload import Command

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_RANGE: Final = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(?:(\d{1,18})|\*)")
_NUMBER: Final = re.compile(r"\d{1,18}")
_INCOMPLETE: Final = 308


def spoken(request: Request) -> bool:
    """Whether a request is in this dialect."""
    asks = request.query_params.get("uploadType", "").lower() == "resumable"
    return asks and "x-goog-upload-command" not in request.headers


def command(request: Request) -> Command:
    """What a request asks for.

    Raises:
        InvalidInput: if a size or a range is none.
    """
    headers = request.headers
    length = _number(headers.get("content-length"))
    if "upload_id" not in request.query_params:
        size = _number(headers.get("x-upload-content-length"))
        return Command("start", None, length, size, headers.get("x-upload-content-type"))
    told = headers.get("content-range")
    if told is None:  # the whole file at once; an empty one is sent no other way
        return Command("upload, finalize", 0, length)
    match = _RANGE.fullmatch(told)
    if match is None:
        raise InvalidInput(f"no range of bytes: {show(told)}", rule="upload.malformed-offset", given=told)
    if match[1] is None:
        return Command("query")
    start, end = int(match[1]), int(match[2]) + 1
    if end <= start or length not in (None, end - start):
        message = f"Content-Range {told} with a body of {length} bytes"
        raise InvalidInput(message, rule="upload.malformed-offset", given=told)
    last = match[3] is not None and int(match[3]) == end
    return Command("upload, finalize" if last else "upload", start, end - start)


def _number(value: str | None) -> int | None:
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise InvalidInput(f"no number of bytes: {show(value)}", rule="upload.header-length", given=value)
    return int(value)


def say(request: Request, reply: Response) -> Response:
    """Put ``reply``, which is no refusal, into the words of this dialect."""
    url = reply.headers.get("x-goog-upload-url")
    if url:
        reply.headers["Location"] = url
    elif reply.headers.get("x-goog-upload-status") == "active":
        if received := int(reply.headers["x-goog-upload-size-received"]):
            reply.headers["Range"] = f"bytes=0-{received - 1}"
        if request.headers.get("x-guploader-no-308", "").lower() == "yes":  # Go would follow it elsewhere
            reply.headers["X-HTTP-Status-Code-Override"] = str(_INCOMPLETE)
        else:
            reply.status_code = _INCOMPLETE
    return reply
