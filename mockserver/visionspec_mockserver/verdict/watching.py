"""What shows only in several requests: images sent again, retries, uploads that go on blindly."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from visionspec.rules.conduct import least_wait_s
from visionspec.rules.requests import detect_dialect, turns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from visionspec_mockserver.journal.record import Record

_KEPT = 10_000
_EARLY = 0.95  # timers end a little early, and a server sees the end of an answer a little late

V = TypeVar("V")

Noticed = tuple[str, str, str]  # rule, message, where


class Recent(OrderedDict[Any, V]):
    """The last `_KEPT` of something."""

    def put(self, key: object, value: V) -> None:
        """Enter it as the newest; the oldest makes room."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > _KEPT:
            self.popitem(last=False)


class _Failed(NamedTuple):
    times: int
    end_s: float
    told_s: float | None
    crc: int | None


class Retries:
    """Whether a client waits before it sends again what has failed."""

    def __init__(self) -> None:
        self._failed: Recent[_Failed] = Recent()

    def saw(self, record: Record) -> Iterator[Noticed]:
        """A request that has ended."""
        before = self._failed.get(record.key)
        if before and None not in (before.crc, record.crc) and before.crc != record.crc:
            before = None  # as long, and something else
        times, told_s = (before.times, before.told_s) if before else (0, None)
        waited_s = record.start_s - before.end_s if before else -1
        if waited_s >= 0:
            least_s = least_wait_s(times, told_s=told_s)
            if waited_s < least_s * _EARLY:
                why = "was told to wait" if told_s is not None else "backing off is to wait at least"
                failed = "it failed" if times == 1 else f"it failed {times} times in a row"
                yield (
                    "errors.back-off",
                    f"sent again {waited_s:.2f} s after {failed}; {why} {least_s:g} s",
                    "request",
                )
        if record.failed:
            self._failed.put(
                record.key, _Failed(times + 1, record.end_s or record.start_s, record.told_s, record.crc)
            )
        elif before:
            del self._failed[record.key]


class Upload:
    """One upload: whether a client asks how far it got before it goes on after a failure."""

    def __init__(self) -> None:
        self._failed = False

    def saw(self, verb: str, *, failed: bool) -> str | None:
        """A command that was answered, or not; what is to be said about it."""
        if verb == "query":
            self._failed = self._failed and failed
            return None
        if "upload" not in verb and "finalize" not in verb:
            return None
        blind, self._failed = self._failed, failed
        if not blind:
            return None
        return "went on after a failure without asking (query) how many bytes had been received"


class Files:
    """Which files there are, by what is in them."""

    def __init__(self) -> None:
        self._files: Recent[tuple[str, datetime]] = Recent()

    def made(self, name: str, content: object, *, now: datetime, until: datetime) -> str | None:
        """A file was uploaded; the name of another one with the same content, if there is one already."""
        before, expires = self._files.get(content, (name, now))
        if before != name and expires > now:
            return before
        self._files.put(content, (name, until))
        return None

    def deleted(self, name: str) -> None:
        """It may well be uploaded again."""
        for content in [content for content, (one, _) in self._files.items() if one == name]:
            del self._files[content]


class Uploads:
    """All of them, and the files that they made."""

    def __init__(self) -> None:
        self._under_way: Recent[Upload] = Recent()
        self._files = Files()

    def saw(self, record: Record) -> Iterator[Noticed]:
        """A request that has ended."""
        if record.chunk is not None:
            upload_id, verb, offset = record.chunk
            upload = self._under_way.get(upload_id) or Upload()
            self._under_way.put(upload_id, upload)
            if said := upload.saw(verb, failed=record.failed):
                yield "upload.client-asks", said, f"{verb} at offset {offset or 'none'}"
            if record.status == 409:
                yield "upload.client-offsets", f"a chunk at offset {offset} leaves a gap", "request"
        elif record.operation == "files.delete" and record.status == 200:
            self._files.deleted(f"files/{record.path.rpartition('/')[2]}")
        if (file := record.file) is not None and record.status == 200:
            name, content = f"files/{file.id}", (file.sha256, file.mime_type)
            before = self._files.made(name, content, now=file.create_time, until=file.expiration_time)
            if before:
                message = f"the same {file.size_bytes} bytes are already in {before}: refer to it by its uri"
                yield "advice.upload-once", message, name


class Inline:
    """Whether the same image is sent inline in one request after the other."""

    def __init__(self) -> None:
        self._first_in: Recent[int] = Recent()

    def saw(self, record: Record, body: dict[str, Any]) -> Iterator[Noticed]:
        """A request that has ended; one that was refused may well be sent again."""
        for turn in turns(body, detect_dialect(body)):
            for part in turn.parts:
                if part.kind != "image" or part.data is None:
                    continue
                first = self._first_in.get(hash(part.data))
                if first is not None and first != record.n:
                    message = f"the same image was sent inline in request {first}: upload it once with the"
                    yield "advice.files-api", f"{message} Files API and refer to it", part.where
                elif record.status == 200:
                    self._first_in.put(hash(part.data), record.n)
