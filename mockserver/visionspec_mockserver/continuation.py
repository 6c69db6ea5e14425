"""The long decode in hops: an answer that is longer than one request may decode ends in a token for the rest.

The answer to a question is the same whenever it is asked, so a token has only to say how much was given.
"""

from __future__ import annotations

import base64
import binascii

from visionspec_mockserver.asked import BYTES_PER_TOKEN
from visionspec_mockserver.http import ApiFault

_PREFIX = "visionspec-continue:"


def cut(text: str, token: str | None, *, limit_tokens: int | None) -> tuple[str, str | None]:
    """The part of ``text`` that this hop gives, and the token of the next one; None if there is no more.

    Raises:
        ApiFault: 400, if ``token`` is none that this server gave.
    """
    data = text.encode()
    start = _start(token) if token is not None else 0
    end = len(data) if limit_tokens is None else min(start + limit_tokens * BYTES_PER_TOKEN, len(data))
    while end < len(data) and data[end] & 0xC0 == 0x80:  # never in the middle of a character
        end += 1
    more = base64.urlsafe_b64encode(f"{_PREFIX}{end}".encode()).decode() if end < len(data) else None
    return data[start:end].decode(errors="ignore"), more


def _start(token: str) -> int:
    try:
        told = base64.b64decode(token, altchars=b"-_", validate=True).decode()
        if told.startswith(_PREFIX):
            return int(told.removeprefix(_PREFIX)[:12])
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise ApiFault(400, "Invalid value for 'continuation_token'.")
