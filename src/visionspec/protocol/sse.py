"""Server-sent events, sans I/O: bytes in any chunking to events, an event to bytes.

A stream is lines; a line ends in LF, CR LF or CR. The ``data:`` lines of one event are joined with LF,
``event:`` names it, ``id:`` stays in force until the next one, a line that begins with a colon is a comment,
a blank line ends the event. A byte order mark may stand at the very start. This is the format of the HTML
standard, with one concession to servers that hang up early: an event that has data when the stream ends
counts, with or without its blank line.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from visionspec._registry import rule
from visionspec.errors import InvalidInput, TransportError, show

MEDIA_TYPE = "text/event-stream"
DONE = "[DONE]"  # the data of the last event of an interactions stream
# Room for an inline image. A server that never ends its event is cut off here.
MAX_EVENT_BYTES = 64 * 1024 * 1024

_LINE_END = re.compile(rb"[\r\n]")
_LINE_ENDS_IN_TEXT = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: ``id`` is the last id seen, so that a broken stream can be resumed after it."""

    data: str
    event: str = "message"
    id: str = ""


@rule("sse.space-after-colon")
def encode(data: str, *, event: str | None = None, event_id: str | None = None) -> bytes:
    """One event as bytes, its blank line included; each line of ``data`` becomes a ``data: `` line.

    Raises:
        InvalidInput: if ``event`` or ``event_id`` holds a line end or NUL, which no reader could take back.
    """
    lines: list[str] = []
    for name, value in (("event", event), ("id", event_id)):
        if value is None:
            continue
        if re.search(r"[\r\n\0]", value):
            raise InvalidInput(f"the {name} of an event is one line: {show(value)}", given=value)
        lines.append(f"{name}: {value}")
    lines += [f"data: {line}" for line in _LINE_ENDS_IN_TEXT.split(data)]
    return ("\n".join(lines) + "\n\n").encode()


@rule(
    "sse.line-ends",
    "sse.data-lines",
    "sse.comments",
    "sse.event-id",
    "sse.byte-order-mark",
    "sse.unended-event",
    "sse.space-after-colon",
)
class Decoder:
    """Takes bytes as they come, gives events as soon as their blank line is there.

    ::

        decoder = Decoder()
        for chunk in body:
            events += decoder.feed(chunk)
        events += decoder.close()
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._line = bytearray()
        self._after_cr = False
        self._first_line = True
        self._data = bytearray()  # every data line with its LF
        self._event = ""
        self._id = ""

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events that ``chunk`` completes.

        Raises:
            TransportError: if an event grows beyond ``max_event_bytes``.
        """
        events: list[ServerEvent] = []
        start = 0
        if self._after_cr and chunk:
            self._after_cr = False
            start = int(chunk.startswith(b"\n"))  # the second half of a CR LF that two chunks share
        while end := _LINE_END.search(chunk, start):
            self._keep(chunk[start : end.start()])
            start = end.end()
            if end.group() == b"\r":
                if start == len(chunk):
                    self._after_cr = True
                elif chunk.startswith(b"\n", start):
                    start += 1
            events += self._end_line()
        self._keep(chunk[start:])
        return events

    def close(self) -> list[ServerEvent]:
        """The event that the stream ended in, if it has data."""
        return [*(self._end_line() if self._line else ()), *self._dispatch()]

    def _keep(self, piece: bytes) -> None:
        self._line += piece
        if len(self._line) + len(self._data) > self._max_event_bytes:
            raise TransportError(f"a server-sent event of more than {self._max_event_bytes} bytes")

    def _end_line(self) -> list[ServerEvent]:
        line = bytes(self._line)
        self._line.clear()
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(codecs.BOM_UTF8)
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data += value + b"\n"
        elif field == b"event":
            self._event = value.decode(errors="replace")
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        # a comment (empty field), "retry" and unknown fields say nothing about events
        return []

    def _dispatch(self) -> list[ServerEvent]:
        events = []
        if self._data:
            data = self._data[:-1].decode(errors="replace")
            events.append(ServerEvent(data, self._event or "message", self._id))
        self._data.clear()
        self._event = ""
        return events


def decode(body: bytes) -> list[ServerEvent]:
    """All events of a whole body."""
    decoder = Decoder()
    return [*decoder.feed(body), *decoder.close()]
