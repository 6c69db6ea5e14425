"""``multipart/*`` bodies (RFC 2046), part by part as they come: a part may be larger than the memory."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from visionspec.errors import InvalidInput, show

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    Part = dict[str, str]

MAX_HEADER_BYTES: Final = 16 * 1024
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s";,]{1,70}))', re.IGNORECASE)


def boundary_of(content_type: str) -> bytes:
    """The boundary that a ``Content-Type`` names.

    Raises:
        InvalidInput: if it is not of ``multipart/*``, or names none.
    """
    match = _BOUNDARY.search(content_type) if content_type.lower().startswith("multipart/") else None
    if match is None:
        raise InvalidInput(
            f"no multipart body with a boundary: Content-Type is {show(content_type)}",
            rule="upload.multipart",
            given=content_type,
        )
    return (match[1] or match[2]).encode("latin-1")


class Splitter:
    """Bytes in, parts out: the headers of a part, then its bytes in pieces. Keeps no more than it must.

    Lines end as the first one does: Google's client library for Python ends them with a bare line feed.
    """

    def __init__(self, boundary: bytes) -> None:
        self._dashes = b"--" + boundary
        self._delimiter = b"\n" + self._dashes
        self._line_end = b""
        self._buffer = bytearray(b"\n")  # so that a delimiter at the very start is one like any other
        self._in_head = False
        self._in_part = False
        self.closed = False

    def feed(self, data: bytes) -> Iterator[Part | bytes]:
        """What ``data`` completes.

        Raises:
            InvalidInput: if a part has no proper head.
        """
        self._buffer += data
        while not self.closed:
            if self._in_head:
                part = self._head()
                if part is None:
                    return
                yield part
                continue
            at = self._buffer.find(self._delimiter)
            end = at if at >= 0 else max(len(self._buffer) - len(self._delimiter) + 1, 0)
            piece = bytes(self._buffer[:end])
            del self._buffer[:end]
            if self._in_part and piece:
                yield piece
            if at < 0:
                return
            del self._buffer[: len(self._delimiter)]
            self._in_head = True

    def _head(self) -> Part | None:
        if self._buffer.startswith(b"--"):
            self.closed = True
            return None
        first, line_feed, _ = self._buffer.partition(b"\n")
        if line_feed and not self._line_end:
            self._line_end = b"\r\n" if first.endswith(b"\r") else b"\n"
            self._delimiter = self._line_end + self._dashes
        empty_line = self._line_end * 2
        end = self._buffer.find(empty_line) if empty_line else -1
        if end < 0:
            if len(self._buffer) > MAX_HEADER_BYTES:
                raise InvalidInput("a part's headers do not end", rule="upload.multipart")
            return None
        padding, *lines = self._buffer[:end].decode("latin-1").split(self._line_end.decode())
        headers = [line.partition(":") for line in lines]
        if padding.strip() or not all(colon for _, colon, _ in headers):
            raise InvalidInput(
                f"a part without proper headers: {show(lines or padding)}", rule="upload.multipart"
            )
        del self._buffer[: end + len(empty_line)]
        self._in_head, self._in_part = False, True
        return {name.strip().lower(): value.strip() for name, _, value in headers}


class Parts:
    """The parts of a stream, one after the other."""

    def __init__(self, stream: AsyncIterator[bytes], boundary: bytes) -> None:
        self._stream = stream
        self._splitter = Splitter(boundary)
        self._events: deque[Part | bytes] = deque()

    async def next(self) -> Part | None:
        """Skip to the headers of the next part (names in lower case); None if there is none."""
        while await self._more():
            event = self._events.popleft()
            if isinstance(event, dict):
                return event
        return None

    async def data(self) -> AsyncIterator[bytes]:
        """The bytes of the part that `next` came to, as far as they have not been read.

        Raises:
            InvalidInput: if the body ends within the part.
        """
        while await self._more():
            event = self._events[0]
            if isinstance(event, dict):
                return
            self._events.popleft()
            yield event
        if not self._splitter.closed:
            raise InvalidInput("the body ends within a part", rule="upload.multipart")

    async def _more(self) -> bool:
        while not self._events and not self._splitter.closed:
            data = await anext(self._stream, None)
            if data is None:
                return False
            self._events.extend(self._splitter.feed(data))
        return bool(self._events)
