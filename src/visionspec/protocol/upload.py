"""The resumable upload as one table, sans I/O, for both ends.

Theory of operation
===================

An upload is a session: a state, the number of bytes received and, where the start declared it, the size that
the file shall have. ``start`` opens a session and is answered with its URL; every later command is a POST to
that URL with ``X-Goog-Upload-Command``. Whoever knows the URL may use it: no key is asked for.

The file only grows at its end. A chunk names the offset of its first byte, and because the byte at an offset
never changes, a chunk may overlap what was received: what is already there is skipped, the rest is appended.
So every command is safe to repeat, and that is all a client needs after a lost request, a lost reply, a
duplicate or a broken body: it asks (``query``) how much is there and goes on from that number, never from
what it hoped. A chunk that would leave a gap is refused; a body that breaks off leaves the bytes that came.

This is the whole table. The first line whose condition holds decides. "kept": the file keeps the bytes of the
body. "file": the reply's body is the finished file::

    state      command           if                     then       reply  body
    new        start             declares too much      new        400
    new        start                                    active     200
    new        any other                                new        404
    active     upload            leaves a gap           active     409
    active     upload            ends too late          active     400
    active     upload            breaks off             active     400    kept
    active     upload            ragged                 active     400
    active     upload                                   active     200    kept
    active     upload, finalize  leaves a gap           active     409
    active     upload, finalize  ends too late          active     400
    active     upload, finalize  breaks off             active     400    kept
    active     upload, finalize  ends too early         active     400    kept
    active     upload, finalize                         final      200    kept, file
    active     finalize          offset is not the end  active     409
    active     finalize          ends too early         active     400
    active     finalize                                 final      200    file
    active     query                                    active     200
    active     cancel                                   cancelled  200
    active     start                                    active     400
    final      upload            all received           final      200    file
    final      upload, finalize  all received           final      200    file
    final      finalize                                 final      200    file
    final      query                                    final      200    file
    final      any other                                final      400
    cancelled  cancel                                   cancelled  200
    cancelled  any other                                cancelled  410

leaves a gap
    the offset is greater than the number of bytes received
ends too late
    the last byte lies beyond the declared size, or beyond what the server stores for one file
ends too early
    the file would be final before its declared size; without one, before the end of what was received
ragged
    the length is no multiple of the granularity, and the chunk does not end at the declared size
all received
    nothing in the body is new

A refusal carries ``X-Goog-Upload-Status`` only if the session is over (final, cancelled): SDKs take a reply
with status ``active`` for "this chunk is in", whatever its HTTP status, and would leave the chunk out.

A server keeps a `Session` per upload and handles a request in three moves::

    command = parse_request(headers)  # raises UploadError: answer it
    plan = before_body(session, command)  # raises UploadError: answer it, the body need not be read
    ...  # drop plan.skip_bytes of the body, write at most plan.room_bytes at plan.write_at
    session, reply = step(session, command, arrived_bytes=n)

where n counts every byte of the body, the dropped ones too; of bytes beyond ``skip_bytes + room_bytes`` one
is enough to know. Only ``session.received_bytes`` says how long the file is: what a body wrote beyond it and
was refused in the end is overwritten later. Two bodies of one session may be under way at once (a client that
lost its connection does not wait until the server notices): each move is atomic, the byte at an offset is the
same in both, and ``step`` looks at the session as it is then.

A client builds its headers here (`start_headers`, `chunk_headers`), reads replies here (`parse_response`) and
runs the same `step` to know where a command that was not refused must have led.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from visionspec._registry import rule
from visionspec.errors import UploadError, show
from visionspec.rules.limits import MAX_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

State: TypeAlias = Literal["new", "active", "final", "cancelled"]
Verb: TypeAlias = Literal["start", "upload", "upload, finalize", "finalize", "query", "cancel"]

# 262144 in one observation, 8388608 in another. A multiple of the larger is one of the smaller: a client does
# well to send 8 MiB chunks, and a server to ask for no more than 256 KiB.
GRANULARITY_BYTES = 256 * 1024
CHUNK_BYTES = 8 * 1024 * 1024

_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Session:
    """One upload as both ends see it. ``limit_bytes`` is the most that this server stores for one file."""

    state: State = "new"
    received_bytes: int = 0
    declared_bytes: int | None = None
    granularity_bytes: int = GRANULARITY_BYTES
    limit_bytes: int = MAX_FILE_BYTES


@dataclass(frozen=True, slots=True)
class Command:
    """What one request asks for.

    ``length_bytes`` is the length of its body, None where that is known only when it has come (chunked
    transfer coding). ``declared_bytes``, ``mime_type`` and ``file_name`` are the file's, given by ``start``.
    """

    verb: Verb
    offset_bytes: int | None = None
    length_bytes: int | None = 0
    declared_bytes: int | None = None
    mime_type: str | None = None
    file_name: str | None = None

    @property
    def uploads(self) -> bool:
        """Whether the body is a piece of the file."""
        return self.verb in ("upload", "upload, finalize")


class Plan(NamedTuple):
    """What to do with the body of an accepted command, as it comes."""

    skip_bytes: int
    write_at: int
    room_bytes: int


class Reply(NamedTuple):
    """What a server answers: the body is ``{"file": {...}}`` if ``with_file``, ``error`` if it refuses."""

    status: int
    headers: dict[str, str]
    with_file: bool
    error: UploadError | None


class Said(NamedTuple):
    """The ``X-Goog-Upload-*`` headers of a reply; None where one is absent or makes no sense."""

    state: State | None
    received_bytes: int | None
    granularity_bytes: int | None
    url: str | None


class _View(NamedTuple):
    """What a condition may look at: the session, the command, and the body as it came."""

    session: Session
    command: Command
    length_bytes: int
    whole: bool

    @property
    def offset(self) -> int:
        return self.command.offset_bytes or 0

    @property
    def end(self) -> int:
        return self.offset + self.length_bytes

    @property
    def due(self) -> int:
        declared = self.session.declared_bytes
        return self.session.received_bytes if declared is None else declared

    @property
    def most(self) -> int:
        declared = self.session.declared_bytes
        return self.session.limit_bytes if declared is None else declared


def _ragged(view: _View) -> bool:
    return view.length_bytes % view.session.granularity_bytes != 0 and view.end != view.session.declared_bytes


def _short(view: _View) -> bool:
    return (view.end if view.command.uploads else view.session.received_bytes) < view.due


_CONDITIONS: dict[str, Callable[[_View], bool]] = {
    "": lambda _: True,
    "declares too much": lambda view: (view.command.declared_bytes or 0) > view.session.limit_bytes,
    "leaves a gap": lambda view: view.offset > view.session.received_bytes,
    "offset is not the end": lambda view: (
        view.command.offset_bytes not in (None, view.session.received_bytes)
    ),
    "ends too late": lambda view: view.end > view.most,
    "breaks off": lambda view: not view.whole,
    "ragged": _ragged,
    "ends too early": _short,
    "all received": lambda view: view.end <= view.session.received_bytes,
}


class Row(NamedTuple):
    """One line of the table."""

    state: State
    verb: Verb | Literal["any other"]
    condition: str
    then: State
    status: int
    body: Literal["", "kept", "file", "kept, file"]
    rule: str
    says: str = ""


_GAP = "Invalid offset: expected {received}, got {offset}"  # the words of Google's own showcase server
_LATE = "the chunk ends at byte {end}, the file at {most}"
_BROKEN = "the body broke off after {length} bytes"

TABLE: tuple[Row, ...] = (
    Row("new", "start", "declares too much", "new", 400, "", "limits.file-size",
        "{declared} bytes are declared, a file has at most {limit}"),
    Row("new", "start", "", "active", 200, "", "upload.start"),
    Row("new", "any other", "", "new", 404, "", "upload.unknown-session", "no upload has this URL"),
    Row("active", "upload", "leaves a gap", "active", 409, "", "upload.offset-mismatch", _GAP),
    Row("active", "upload", "ends too late", "active", 400, "", "upload.declared-size", _LATE),
    Row("active", "upload", "breaks off", "active", 400, "kept", "upload.broken-body", _BROKEN),
    Row("active", "upload", "ragged", "active", 400, "", "upload.granularity",
        "only the last chunk may be {length} bytes, others are multiples of {granularity}"),
    Row("active", "upload", "", "active", 200, "kept", "upload.chunk"),
    Row("active", "upload, finalize", "leaves a gap", "active", 409, "", "upload.offset-mismatch", _GAP),
    Row("active", "upload, finalize", "ends too late", "active", 400, "", "upload.declared-size", _LATE),
    Row("active", "upload, finalize", "breaks off", "active", 400, "kept", "upload.broken-body", _BROKEN),
    Row("active", "upload, finalize", "ends too early", "active", 400, "kept", "upload.declared-size",
        "finalized at byte {end}, the file ends at {due}"),
    Row("active", "upload, finalize", "", "final", 200, "kept, file", "upload.finalize"),
    Row("active", "finalize", "offset is not the end", "active", 409, "", "upload.offset-mismatch", _GAP),
    Row("active", "finalize", "ends too early", "active", 400, "", "upload.declared-size",
        "finalized at byte {received}, the file ends at {due}"),
    Row("active", "finalize", "", "final", 200, "file", "upload.finalize"),
    Row("active", "query", "", "active", 200, "", "upload.query"),
    Row("active", "cancel", "", "cancelled", 200, "", "upload.cancel"),
    Row("active", "start", "", "active", 400, "", "upload.start", "this upload has started"),
    Row("final", "upload", "all received", "final", 200, "file", "upload.repeat-after-final"),
    Row("final", "upload, finalize", "all received", "final", 200, "file", "upload.repeat-after-final"),
    Row("final", "finalize", "", "final", 200, "file", "upload.repeat-after-final"),
    Row("final", "query", "", "final", 200, "file", "upload.query"),
    Row("final", "any other", "", "final", 400, "", "upload.final-closed", "final with {received} bytes"),
    Row("cancelled", "cancel", "", "cancelled", 200, "", "upload.cancel"),
    Row("cancelled", "any other", "", "cancelled", 410, "", "upload.cancelled-gone", "it was cancelled"),
)  # fmt: skip


@rule(*sorted({row.rule for row in TABLE}), "upload.repeated-chunk", "upload.error-without-status")
def step(
    session: Session, command: Command, *, arrived_bytes: int | None = None, whole: bool = True
) -> tuple[Session, Reply]:
    """Move ``session`` by one command whose body has come, as the table says. Never raises.

    ``arrived_bytes`` counts the body from its first byte, skipped ones too; None: exactly as announced.
    ``whole`` is False where the connection broke before the body ended; a body shorter than announced is
    never whole.
    """
    announced = command.length_bytes
    length = arrived_bytes if arrived_bytes is not None else announced or 0
    view = _View(session, command, length, whole and (announced is None or length >= announced))
    row = _find(view)
    after = replace(session, state=row.then)
    if "kept" in row.body:
        after = replace(after, received_bytes=max(session.received_bytes, view.end))
    if session.state == "new" and row.then == "active":
        after = replace(after, declared_bytes=command.declared_bytes)
    error = _refusal(row, view)
    headers = error_headers(after) if error else response_headers(after)
    return after, Reply(row.status, headers, "file" in row.body, error)


@rule("upload.repeated-chunk", "upload.broken-body")
def before_body(session: Session, command: Command) -> Plan:
    """What to do with the body of ``command``, known before a byte of it is read.

    Raises:
        UploadError: if the command is refused whatever its body holds; the same that `step` would reply.
    """
    view = _View(session, command, command.length_bytes or 0, whole=True)
    row = _find(view)
    error = _refusal(row, view)
    if error and "kept" not in row.body:
        raise error
    if not command.uploads:
        return Plan(0, session.received_bytes, 0)
    room_bytes = view.most - session.received_bytes if session.state == "active" else 0
    return Plan(session.received_bytes - view.offset, session.received_bytes, room_bytes)


def _find(view: _View) -> Row:
    return next(
        row
        for row in TABLE
        if row.state == view.session.state
        and row.verb in (view.command.verb, "any other")
        and _CONDITIONS[row.condition](view)
    )


def _refusal(row: Row, view: _View) -> UploadError | None:
    if row.status < 400:
        return None
    message = row.says.format(
        received=view.session.received_bytes,
        granularity=view.session.granularity_bytes,
        limit=view.session.limit_bytes,
        declared=view.session.declared_bytes if view.command.verb != "start" else view.command.declared_bytes,
        offset=view.command.offset_bytes,
        length=view.length_bytes,
        end=view.end,
        most=view.most,
        due=view.due,
    )
    return UploadError(message, rule=row.rule, status=row.status)


@rule("upload.command", "upload.malformed-offset", "upload.header-length")
def parse_request(headers: Mapping[str, str]) -> Command:
    """Read the command of a request from its headers (names in any case).

    Raises:
        UploadError: 400, if there is no such command, or a number is none.
    """
    given = {name.lower(): value.strip() for name, value in headers.items()}
    words = [word.strip() for word in given.get("x-goog-upload-command", "").lower().split(",")]
    verb = next((verb for verb in get_args(Verb) if verb.split(", ") == words), None)
    if verb is None:
        said = given.get("x-goog-upload-command")
        raise UploadError(f"no upload command: {show(said)}", rule="upload.command", status=400)
    length = _number(given, "content-length", "upload.command")
    if length is None and "transfer-encoding" not in given:
        length = 0
    if verb == "start":
        return Command(
            verb,
            length_bytes=length,
            declared_bytes=_number(given, "x-goog-upload-header-content-length", "upload.header-length"),
            mime_type=given.get("x-goog-upload-header-content-type"),
            file_name=given.get("x-goog-upload-file-name"),
        )
    command = Command(verb, _number(given, "x-goog-upload-offset", "upload.malformed-offset"), length)
    if command.uploads and command.offset_bytes is None:
        raise UploadError("a chunk without X-Goog-Upload-Offset", rule="upload.malformed-offset", status=400)
    if length and not command.uploads:
        raise UploadError(f"{verb} takes no body, got {length} bytes", rule="upload.command", status=400)
    return command


def _number(given: Mapping[str, str], name: str, rule_id: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise UploadError(f"{name} is no number of bytes: {show(value)}", rule=rule_id, status=400)
    return int(value)


@rule("upload.start", "upload.header-length", "upload.file-name")
def start_headers(*, size_bytes: int, mime_type: str, file_name: str | None = None) -> dict[str, str]:
    """What a client sends with ``start``. A name that no header can carry is left out: it is metadata."""
    headers = {
        "X-Goog-Upload-Protocol": "resumable",
        "X-Goog-Upload-Command": "start",
        "X-Goog-Upload-Header-Content-Length": str(size_bytes),
        "X-Goog-Upload-Header-Content-Type": mime_type,
    }
    if file_name and file_name.isascii() and file_name.isprintable():
        headers["X-Goog-Upload-File-Name"] = file_name
    return headers


@rule("upload.command")
def chunk_headers(verb: Verb, *, offset_bytes: int | None = None) -> dict[str, str]:
    """What a client sends with every command after ``start``; the offset with a body and ``finalize``."""
    headers: dict[str, str] = {"X-Goog-Upload-Command": verb}
    if offset_bytes is not None:
        headers["X-Goog-Upload-Offset"] = str(offset_bytes)
    return headers


@rule("upload.status-header", "upload.url-header")
def response_headers(session: Session, *, url: str | None = None) -> dict[str, str]:
    """What a server sends with a reply that is no refusal; ``url``, absolute, in the reply to ``start``."""
    headers: dict[str, str] = {
        "X-Goog-Upload-Status": session.state,
        "X-Goog-Upload-Size-Received": str(session.received_bytes),
    }
    if url is not None:
        headers["X-Goog-Upload-URL"] = url
        headers["X-Goog-Upload-Control-URL"] = url
        headers["X-Goog-Upload-Chunk-Granularity"] = str(session.granularity_bytes)
    return headers


@rule("upload.error-without-status")
def error_headers(session: Session) -> dict[str, str]:
    """What a server sends with a refusal, or with any failure of its own in the middle of an upload."""
    return {"X-Goog-Upload-Status": session.state} if session.state in ("final", "cancelled") else {}


@rule("upload.status-header", "upload.url-header")
def parse_response(headers: Mapping[str, str]) -> Said:
    """Read what a server said; a status is compared as it is, lower case, as SDKs do."""
    given = {name.lower(): value.strip() for name, value in headers.items()}
    status = given.get("x-goog-upload-status")
    return Said(
        state=next((state for state in get_args(State) if state == status), None),
        received_bytes=_said_number(given.get("x-goog-upload-size-received")),
        granularity_bytes=_said_number(given.get("x-goog-upload-chunk-granularity")) or None,
        url=given.get("x-goog-upload-url"),
    )


def _said_number(value: str | None) -> int | None:
    return int(value) if value and _NUMBER.fullmatch(value) else None


def table() -> str:
    """The table as text, as it stands at the head of this module."""
    lines = [("state", "command", "if", "then", "reply", "body")]
    lines += [(row.state, row.verb, row.condition, row.then, str(row.status), row.body) for row in TABLE]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
