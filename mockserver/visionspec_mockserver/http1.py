"""HTTP/1.1 as uvicorn speaks it, but for two things.

Offers to go on in HTTP/2 are declined by saying nothing (RFC 9110, 7.8). Java's ``java.net.http`` makes one with
the first request of every connection without TLS. The parser would take what follows the headers for HTTP/2
already, and the request would lose its body.

The head of an answer is sent together with its body. uvicorn writes it alone, and to call the system and to wake
the client once more takes a tenth of the time in which a text is answered.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

_HEAD_BYTES: Final = 8192
_OFFER = re.compile(rb"\r\nUpgrade:[ \t]*h2c[ \t]*(?=\r\n)", re.IGNORECASE)


class Http1(HttpToolsProtocol):
    """uvicorn's protocol, which sees no offer and writes an answer in one piece."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn narrows it too
        """Begin; whatever is written goes through `_Joining`."""
        self._joining = _Joining(transport)
        super().connection_made(self._joining)  # type: ignore[arg-type] # has all that uvicorn asks of one

    def data_received(self, data: bytes) -> None:
        """Parse ``data``; if a request begins in it, what its head offers is left out."""
        if (self.cycle is None or self.cycle.response_complete) and data.find(b"h2c", 0, _HEAD_BYTES) >= 0:
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _OFFER.sub(b"", head + end) + rest
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Nothing more is written for this request: an answer to HEAD is its head alone."""
        self._joining.flush()
        super().on_response_complete()


class _Joining:
    """A transport that holds the head of an answer until its body comes, where it has one of known length."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._held = b""
        self._transport = transport
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.writelines((held, data))
        elif data.startswith(b"HTTP/1.1 ") and b"\r\ncontent-length: " in data:
            self._held = data
        else:
            self._transport.write(data)

    def flush(self) -> None:
        if self._held:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self.flush()
        self._transport.abort()
