"""One request: what is kept of it while it is answered, which is next to nothing but references."""

from __future__ import annotations

import functools
import json
import marshal
import operator
import time
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import parse_qs

from visionspec_mockserver.faults.operations import operation
from visionspec_mockserver.journal import HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Message, Receive, Scope, Send

    from visionspec_mockserver.store.base import FileRecord

HEAD_BYTES = 16 * 1024  # of a body: what is longer is kept only if it is text that can be made short
ANSWER_BYTES = 1024 * 1024  # of an answer in text: masks in base64 are long
_PIECE_BYTES = 64  # of a container, for every piece of a body, about
_RECORD_BYTES = 2500  # of the rest, about
_FIELD_BYTES = 130  # of a header, beside its characters
_DRAINED_BYTES = 1024 * 1024
_END_BYTES = (
    1024  # one body is told from another by these and its length: a checksum of all would take longer
)
_TIMED_OUT, _TOO_MANY, _SERVER = 408, 429, 500

Fields = list[tuple[bytes, bytes]]


class Chunk(NamedTuple):
    """What was sent to the URL of an upload."""

    upload_id: str
    verb: str
    offset: str


class Keeper(Protocol):
    """Who keeps records: a journal."""

    def enter(self, record: Record) -> None:
        """The body of its answer begins, and more of it is to come."""
        ...

    def ends(self, record: Record) -> None:
        """Its answer has ended, or never will begin."""
        ...


class Record:
    """A request, and the answer to it. What can be worked out from this is worked out by who asks for it.

    Attributes:
        n: its number, from 1 on; 0 before it is entered.
        at_s: when it came, in seconds since 1970.
        start_s: the same by a clock that nobody sets.
        begin_s: when the answer began, by that clock; None where it has not.
        end_s: when it had ended, as far as the client can see.
        status: None where no answer was begun.
        facts: what the routes said of it.
        asked: its body, or the head of it; empty where that is long and there is a `body`, or a `short` one.
        answered: the body of the answer, or the head of it.
        body: of a JSON request, parsed; None once it was let go of.
        let_go: whether it was.
        short: that body without what is long in it, as JSON.
        crc: of both ends of the body; None if that did not come as a whole.
        file: the file that it has made.
        refused: the rule for which it was refused, and the sentence that said so.
        cost_bytes: the memory that it takes, about.
        kept: whether it is still in the journal.
    """

    __slots__ = (
        "_answer_fields",
        "_answer_pieces",
        "_fields",
        "_keeper",
        "_receive",
        "_send",
        "_tail",
        "answered",
        "answered_bytes",
        "asked",
        "asked_bytes",
        "at_s",
        "begin_s",
        "body",
        "cost_bytes",
        "crc",
        "end_s",
        "facts",
        "file",
        "kept",
        "let_go",
        "method",
        "n",
        "path",
        "query",
        "refused",
        "short",
        "start_s",
        "status",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, keeper: Keeper) -> None:
        self._receive = receive
        self._send: Send | None = send
        self._keeper: Keeper | None = keeper
        self.start_s = time.monotonic()
        self.at_s = time.time()
        self.begin_s: float | None = None
        self.end_s: float | None = None
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self._fields: Fields = scope["headers"]
        self._answer_fields: Fields = []
        self.facts: dict[str, Any] = {}
        self.status: int | None = None
        self._answer_pieces: list[bytes] = []
        self._tail = b""
        self.asked = self.answered = b""
        self.n = self.asked_bytes = self.answered_bytes = self.cost_bytes = 0
        self.crc: int | None = None
        self.body: Any = None
        self.short: bytes | None = None
        self.file: FileRecord | None = None
        self.refused: tuple[str, str] | None = None
        self.let_go = self.kept = False

    # While it is answered.

    async def receive(self) -> Message:
        """The next piece of the body."""
        message = await self._receive()
        if message["type"] == "http.request":
            if piece := message.get("body"):
                before = self.asked_bytes
                self.asked_bytes = before + len(piece)
                if before < HEAD_BYTES:
                    self.asked = (self.asked + piece)[:HEAD_BYTES]
                self._tail = (self._tail + piece)[-_END_BYTES:] if before else piece
            if not message.get("more_body") and self.crc is None:
                self.crc = _crc(self.asked[:_END_BYTES], self._tail)
        return message

    async def send(self, message: Message) -> None:
        """The next piece of the answer."""
        send = self._send
        kind = message["type"]
        if kind == "http.response.start":
            self._answer_fields = message["headers"]
            self.status = status = message["status"]
            self.begin_s = time.monotonic()
            if status >= _TIMED_OUT and self.failed:
                await self._drain()
        elif kind == "http.response.body":
            if piece := message.get("body"):
                self._takes(piece)
            if not message.get("more_body"):
                self.end()  # before the client can ask again
            elif not self.n and self._keeper is not None:
                self._keeper.enter(self)
        if send is not None:
            await send(message)

    def _takes(self, piece: bytes) -> None:
        """Keep what is sent, up to the bound for its kind."""
        room = HEAD_BYTES - self.answered_bytes
        size_bytes = len(piece)
        self.answered_bytes += size_bytes
        if size_bytes > room:
            kind = headers_of(self.answer_headers).get("content-type", "")
            room += ANSWER_BYTES - HEAD_BYTES if is_text(kind) else 0
            piece = piece[: max(room, 0)]
        if piece and len(self._answer_pieces) * _PIECE_BYTES < ANSWER_BYTES:
            self._answer_pieces.append(piece)

    async def _drain(self) -> None:
        """Read what nobody has read, if it is little: a retry is known by its body."""
        length = self._length
        if self.crc is None and self.chunk is None and length.isdigit() and int(length) <= _DRAINED_BYTES:
            while self.crc is None and (await self.receive())["type"] == "http.request":
                pass

    def end(self) -> None:
        """It is over, as far as the client can see."""
        keeper = self._keeper
        if keeper is None:
            return
        self.end_s = time.monotonic()
        self._keeper = None
        self._receive = _over
        if self.asked_bytes > HEAD_BYTES and self.body is not None:
            self.asked = b""
        self.answered = b"".join(self._answer_pieces)
        self._answer_pieces = []
        self._tail = b""
        keeper.ends(self)

    def leave(self) -> None:
        """Hold the connection no longer."""
        if self._keeper is not None:
            self.end()
        self._send = None

    @property
    def transport(self) -> Any:
        """The connection, while it is answered: ASGI does not know it, but uvicorn's ``receive`` is of who has it."""
        return getattr(getattr(self._receive, "__self__", None), "transport", None)

    # For who asks, then or later.

    @property
    def operation(self) -> str | None:
        """What it asks for; None if that is nothing of the service's."""
        command = b""
        if self.path.startswith("/upload"):
            command = next((value for name, value in self._fields if name == b"x-goog-upload-command"), b"")
        return _operation(self.method, self.path, command)

    @property
    def began_s(self) -> float | None:
        """Seconds until the answer began."""
        return None if self.begin_s is None else self.begin_s - self.start_s

    @property
    def took_s(self) -> float | None:
        """Seconds until the answer had ended; None as long as it has not."""
        return None if self.end_s is None else self.end_s - self.start_s

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names and values of the request."""
        return _read(self._fields)

    @property
    def answer_headers(self) -> list[tuple[str, str]]:
        """Names and values of the answer."""
        return _read(self._answer_fields)

    @property
    def images(self) -> list[dict[str, Any]]:
        """What is known of its images."""
        return [one if isinstance(one, dict) else one.facts() for one in self.facts.get("images") or ()]

    @property
    def chunk(self) -> Chunk | None:
        """What it sends to the URL of an upload."""
        if b"upload_id=" not in self.query:
            return None
        ids = parse_qs(self.query.decode("latin-1")).get("upload_id", [""])
        headers = dict(self.headers)
        verb = headers.get("x-goog-upload-command", "").lower()
        return Chunk(ids[0], verb, headers.get("x-goog-upload-offset", ""))

    @property
    def key(self) -> object:
        """The same for the same request, as far as that shows without its body."""
        return (self.method, self.path, self.query, self._length, self.chunk)

    @property
    def failed(self) -> bool:
        """Whether it may go better the next time."""
        status = self.status
        return status is None or status in (_TIMED_OUT, _TOO_MANY) or status >= _SERVER

    @property
    def told_s(self) -> float | None:
        """How long to wait before it is sent again, as the answer says it."""
        if not self.failed:
            return None
        headers = headers_of(self.answer_headers)
        for name, per_s in (("retry-after-ms", 1000), ("retry-after", 1)):
            if name in headers:
                return _number(headers[name], per_s)
        return _told_in_body(self.answered)

    def packed(self) -> bytes | None:
        """It in one piece, without its parsed body; None where there is more to it than plain values."""
        if self.file is not None:
            return None
        try:
            return marshal.dumps(_values(self), _VERSION)
        except ValueError:
            return None

    @classmethod
    def unpacked(cls, data: bytes) -> Record:
        """What was packed."""
        record = cls.__new__(cls)  # of what is not set here, nothing is used again
        for name, value in zip(_PACKED, marshal.loads(data), strict=True):  # noqa: S302 - nobody else has had it
            setattr(record, name, value)
        record.let_go = record.kept = True
        record.body = record.file = None
        return record

    @property
    def light_bytes(self) -> int:
        """The memory that it takes without its parsed body, about."""
        fields = [*self._fields, *self._answer_fields]
        return (
            _RECORD_BYTES
            + len(self.path)
            + len(self.query)
            + len(self.facts.get("text") or "")
            + sum([len(name) + len(value) + _FIELD_BYTES for name, value in fields])
            + len(self.asked)
            + len(self.answered)
            + len(self.short or b"")
        )

    @property
    def _length(self) -> bytes:
        return next((value for name, value in self._fields if name == b"content-length"), b"")


_PACKED = (
    "n", "at_s", "start_s", "begin_s", "end_s", "method", "path", "query", "_fields", "_answer_fields", "facts",
    "status", "asked", "answered", "asked_bytes", "answered_bytes", "crc", "short", "refused",
)  # fmt: skip

_VERSION = 2  # of what marshal writes: later ones look for what is there twice, which takes time
_values = operator.attrgetter(*_PACKED)


def headers_of(fields: list[tuple[str, str]]) -> Mapping[str, str]:
    """Header fields by their names in lower case; of several the last."""
    return {name.lower(): value for name, value in fields}


def is_text(content_type: str) -> bool:
    """Whether what has this type can be read by people."""
    return content_type.startswith("text/") or "json" in content_type


async def _over() -> Message:
    return {"type": "http.disconnect"}


def _read(fields: Fields) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]


def _crc(head: bytes, tail: bytes) -> int:
    return zlib.crc32(tail[-_END_BYTES:], zlib.crc32(head))


@functools.lru_cache(maxsize=256)
def _operation(method: str, path: str, command: bytes) -> str | None:
    return operation({"method": method, "path": path, HEADERS: {b"x-goog-upload-command": command}})


def _told_in_body(body: bytes) -> float | None:
    if b"retryDelay" not in body:
        return None
    try:
        found = json.loads(body)
        details = (found[0] if isinstance(found, list) else found)["error"]["details"]
        delay = next(one["retryDelay"] for one in details if "retryDelay" in one)
    except (ValueError, LookupError, TypeError, StopIteration):  # a scripted error may say anything
        return None
    return _number(str(delay).removesuffix("s"), 1)


def _number(text: str, per_s: int) -> float | None:
    try:
        found = float(text) / per_s
    except ValueError:  # a date, for one
        return None
    return found if 0 <= found < float("inf") else None
