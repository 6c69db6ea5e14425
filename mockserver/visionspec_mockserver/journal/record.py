"""One request: what is kept of it while it is answered."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Message, Receive, Scope

    from visionspec_mockserver.pictures import Picture
    from visionspec_mockserver.verdict.seen import Seen

HEAD_BYTES = 16 * 1024  # of a body: what is longer is kept only if it is text that can be made short
ANSWER_BYTES = 1024 * 1024  # of an answer in text: masks in base64 are long
_PIECE_BYTES = 64  # of a container, for every piece of a body, about
_RECORD_BYTES = 2000  # of the rest, about
_TEXT = re.compile(rb"(?i)^content-type: (?:text/|[^\n]*json)", re.MULTILINE)


class Record:
    """A request, and the answer to it.

    Attributes:
        n: its number, from 1 on; 0 before it is entered.
        at_s: when it came, in seconds since 1970.
        began_s: seconds from then until the answer began.
        took_s: seconds until the answer had ended; None as long as it has not.
        status: None where no answer was begun.
        operation: what it asked for; None if that is nothing of the service's.
        facts: what the routes said of it.
        asked: its body, or the head of it; empty where there is a `body`, or a `short` one.
        answered: the body of the answer, or the head of it.
        body: of a JSON request that is longer than its head, parsed; None once it was made `short`.
        short: that body without what is long in it, as JSON.
        cost_bytes: the memory that it takes, about.
        kept: whether it is still in the journal.
    """

    __slots__ = (
        "_answer_headers",
        "_answer_room",
        "_answered",
        "_asked",
        "_headers",
        "_receive",
        "_room",
        "_start_s",
        "answered",
        "answered_bytes",
        "asked",
        "asked_bytes",
        "at_s",
        "began_s",
        "body",
        "cost_bytes",
        "facts",
        "kept",
        "method",
        "n",
        "operation",
        "path",
        "query",
        "short",
        "status",
        "took_s",
    )

    def __init__(self, scope: Scope, receive: Receive, facts: dict[str, Any]) -> None:
        self._receive: Receive | None = receive
        self._start_s = time.perf_counter()
        self.at_s = time.time()
        self.began_s: float | None = None
        self.took_s: float | None = None
        self.n = 0
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self._headers = _packed(scope["headers"])
        self.operation: str | None = None
        self.facts = facts
        self.status: int | None = None
        self._answer_headers = b""
        self._asked: list[bytes] = []
        self._answered: list[bytes] = []
        self.asked = self.answered = b""
        self.asked_bytes = self.answered_bytes = self.cost_bytes = 0
        self._room = HEAD_BYTES
        self._answer_room = 0
        self.body: Any = None
        self.short: bytes | None = None
        self.kept = False

    async def receive(self) -> Message:
        """The next piece of the body."""
        assert self._receive is not None  # noqa: S101 - nothing is received once it is over
        message = await self._receive()
        if piece := message.get("body"):
            self.asked_bytes += len(piece)
            if self._room > 0:
                self._asked.append(piece[: self._room])
                self._room -= len(piece) + _PIECE_BYTES
        return message

    def sends(self, message: Message) -> None:
        """The next piece of the answer."""
        if message["type"] == "http.response.start":
            self._answer_headers = _packed(message["headers"])
            textual = _TEXT.search(self._answer_headers)
            self._answer_room = ANSWER_BYTES if textual else HEAD_BYTES
        elif piece := message.get("body"):
            self.answered_bytes += len(piece)
            if self._answer_room > 0:
                self._answered.append(piece[: self._answer_room])
                self._answer_room -= len(piece) + _PIECE_BYTES

    def begins(self, status: int | None) -> None:
        """The answer begins, or never will."""
        self.status = status
        self.began_s = time.perf_counter() - self._start_s

    def ends(self, seen: Seen) -> None:
        """It is over, as far as the client can see."""
        self.took_s = time.perf_counter() - self._start_s
        self._receive = None  # nothing that is kept from here on holds a connection
        if self.asked_bytes > HEAD_BYTES and seen.body is not None:
            self.body = seen.body
        else:
            self.asked = b"".join(self._asked)
        self.answered = b"".join(self._answered)
        self._asked = self._answered = []

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names and values of the request."""
        return _unpacked(self._headers)

    @property
    def answer_headers(self) -> list[tuple[str, str]]:
        """Names and values of the answer."""
        return _unpacked(self._answer_headers)

    @property
    def pictures(self) -> list[Picture | dict[str, Any]]:
        """Its images, or what is known of them."""
        found: list[Picture | dict[str, Any]] = self.facts.get("images") or []
        return found

    @property
    def long_bytes(self) -> int:
        """How much of it can be let go of, once it is made short."""
        size_bytes = self.asked_bytes if self.body is not None else 0
        for one in self.pictures:
            size_bytes += 0 if isinstance(one, dict) else len(one.data)
        return size_bytes

    @property
    def light_bytes(self) -> int:
        """The memory that the rest of it takes, about."""
        return (
            _RECORD_BYTES
            + len(self.path)
            + len(self.query)
            + len(self.facts.get("text") or "")
            + len(self._headers)
            + len(self._answer_headers)
            + len(self.asked)
            + len(self.answered)
            + len(self.short or b"")
        )


# One object instead of two dozen: there are thousands of records, and the garbage collector visits what they hold.


def _packed(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"\n".join([b"%b: %b" % field for field in headers])


def _unpacked(headers: bytes) -> list[tuple[str, str]]:
    lines = headers.decode("latin-1").split("\n") if headers else []
    fields = [line.partition(": ") for line in lines]
    return [(name, value) for name, _, value in fields]
