# LEAD, 13:14 (remove these lines when done): measured cost per request of record+verdict+journal: text 45 -> 89 us, inline image 129 -> 212 us;
# that breaks issue 4 (text >= 0.6x, inline >= 0.8x of a trivial handler, RSS after 10,000 images <= 150 MB: now 184). Keep ONE recorder:
# per request append only a tuple/slotted object of what is at hand (scope, times, status, reference to parsed body, sizes); build entries,
# redaction, findings, images, HAR only when somebody reads. Verdict.saw must start no thread and judge nothing until asked (findings, /_mock/log,
# metrics, --verdict); past its bound it drops the oldest body and says so. Default journal bound in RAM small enough that RSS <= 150 MB after
# 10,000 images (16 MB of bodies, or keep bodies on disk/compressed up to 64 MB). Target: <= 8 us text, <= 12 us inline over no record.
"""One request as the server saw it, from its first byte to the end of the answer."""

from __future__ import annotations

import json
import time
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Message, Receive, Scope

    from visionspec_mockserver.store.base import FileRecord

SEEN = "visionspec.seen"
_DRAINED_BYTES = 1024 * 1024
_TIMED_OUT, _TOO_MANY, _SERVER = 408, 429, 500
_END_BYTES = (
    4096  # one body is told from another by these and its length: a checksum of all would take longer
)


class Chunk(NamedTuple):
    """What was sent to the URL of an upload."""

    upload_id: str
    verb: str
    offset: str


class Seen:
    """A request, filled in while it is answered.

    Attributes:
        n: its number in the log.
        method: of HTTP.
        path: of the URL.
        operation: what it asked for; None if that is nothing of the service's.
        key: the same for the same request, as far as that shows without its body.
        crc: of both ends of its body; None if that did not come as a whole.
        status: None where no answer was begun.
        body: of a JSON request, parsed.
        file: the file that it has made.
        refused: the rule for which it was refused, and the sentence that said so.
        told_s: how long to wait before it is sent again, as the answer says it.
    """

    __slots__ = (
        "_head",
        "_receive",
        "_scope",
        "_tail",
        "_then",
        "body",
        "chunk",
        "crc",
        "end_s",
        "file",
        "key",
        "method",
        "n",
        "operation",
        "path",
        "refused",
        "size_bytes",
        "start_s",
        "status",
        "told_s",
    )

    def __init__(self, scope: Scope, receive: Receive, then: Callable[[Seen], object]) -> None:
        self._scope: Scope | None = scope
        self._receive = receive
        self._then = then
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.operation = _operation(scope)
        self.key: object = None
        self.crc: int | None = None
        self._head = self._tail = b""
        self.size_bytes = self.n = 0
        self.start_s = self.end_s = time.monotonic()
        self.status: int | None = None
        self.body: Any = None
        self.file: FileRecord | None = None
        self.refused: tuple[str, str] | None = None
        self.told_s: float | None = None
        self.chunk = _chunk(scope)
        scope[SEEN] = self

    async def receive(self) -> Message:
        """The next piece of the body; what it is made of is remembered, not kept."""
        message = await self._receive()
        if piece := message.get("body"):
            self.size_bytes += len(piece)
            if self.chunk is None:  # a chunk is known by its offset
                self._head += piece[: _END_BYTES - len(self._head)]
                self._tail = (piece if len(piece) >= _END_BYTES else self._tail + piece)[-_END_BYTES:]
        if self.crc is None and message["type"] == "http.request" and not message.get("more_body"):
            self.crc = zlib.crc32(self._tail, zlib.crc32(self._head))
            self._head = self._tail = b""
        return message

    async def drain(self) -> None:
        """Read what nobody has read, if it is little: a retry is known by its body."""
        length = self._header(b"content-length")
        if self.crc is None and self.chunk is None and length.isdigit() and int(length) <= _DRAINED_BYTES:
            while self.crc is None and (await self.receive())["type"] == "http.request":
                pass

    def answered(self, message: Message) -> None:
        """Take from the answer what it says about coming again."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.failed:
                self.told_s = _told_in_headers(dict(message["headers"]))
        elif self.failed and self.told_s is None and self.status is not None:
            self.told_s = _told_in_body(message.get("body", b""))

    @property
    def failed(self) -> bool:
        """Whether it may go better the next time."""
        status = self.status
        return status is None or status in (_TIMED_OUT, _TOO_MANY) or status >= _SERVER

    def end(self) -> None:
        """It is over, as far as the client can see."""
        scope = self._scope
        if scope is None:
            return
        self.end_s = time.monotonic()
        self.path = scope["path"]
        length = self._header(b"content-length")
        self.key = (self.method, self.path, scope["query_string"], length, self.chunk)
        self._scope = None  # nothing that is kept from here on holds a connection
        self._receive = _over
        self._then(self)

    def _header(self, name: bytes) -> bytes:
        headers = self._scope["headers"] if self._scope else ()
        return next((value for key, value in headers if key == name), b"")


async def _over() -> Message:
    return {"type": "http.disconnect"}


def tell(scope: Mapping[str, Any], **facts: Any) -> None:
    """Add what a route knows."""
    seen = scope.get(SEEN)
    if seen is not None:
        for name, value in facts.items():
            setattr(seen, name, value)


def ended(scope: Mapping[str, Any]) -> None:
    """The client sees the end of this request now, whatever is still done about it."""
    seen = scope.get(SEEN)
    if seen is not None:
        seen.end()


def _operation(scope: Scope) -> str | None:
    from visionspec_mockserver.faults.operations import operation  # noqa: PLC0415 - it needs http, http needs this

    return operation(scope)


def _chunk(scope: Scope) -> Chunk | None:
    if b"upload_id=" not in scope["query_string"]:
        return None
    ids = parse_qs(scope["query_string"].decode("latin-1")).get("upload_id", [""])
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    verb = headers.get(b"x-goog-upload-command", "").lower()
    return Chunk(ids[0], verb, headers.get(b"x-goog-upload-offset", ""))


def _told_in_headers(headers: Mapping[bytes, bytes]) -> float | None:
    lower = {name.lower(): value for name, value in headers.items()}
    for name, per_s in ((b"retry-after-ms", 1000), (b"retry-after", 1)):
        if name in lower:
            return _number(lower[name].decode("latin-1"), per_s)
    return None


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
