"""Offers to go on in HTTP/2, which are declined by saying nothing (RFC 9110, 7.8).

Java's ``java.net.http`` makes one with the first request of every connection without TLS. The parser would take
what follows the headers for HTTP/2 already, and the request would lose its body.
"""

from __future__ import annotations

import re
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD_BYTES: Final = 8192
_OFFER = re.compile(rb"\r\nUpgrade:[ \t]*h2c[ \t]*(?=\r\n)", re.IGNORECASE)


class Http1(HttpToolsProtocol):
    """uvicorn's protocol, which sees no offer."""

    def data_received(self, data: bytes) -> None:
        """Parse ``data``; if a request begins in it, what its head offers is left out."""
        if (self.cycle is None or self.cycle.response_complete) and data.find(b"h2c", 0, _HEAD_BYTES) >= 0:
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _OFFER.sub(b"", head + end) + rest
        super().data_received(data)
