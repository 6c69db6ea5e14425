"""Files, uploads and interactions in a directory: one SQLite database, and the bytes in files beside it.

How nothing is lost or mixed
============================

A blob is a list of segments, each a stretch of a file of its own in ``blobs/``. The body of every request
goes to a new file, so that any number of requests and processes may write to one upload at once without a
lock, and none waits for a connection that died. What counts is decided when a body has ended, in one
transaction: the session as it is then takes the part of the body that continues it, and that part becomes a
segment. Before that the file is flushed to the disk, after it the request is answered. So a process that is
killed at any moment has acknowledged nothing that is not there, and what it had not acknowledged is an orphan
that a later start removes.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import weakref
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from anyio import CancelScope, to_thread

from visionspec.errors import InvalidInput
from visionspec.protocol.upload import Command, Plan, Reply, Session, step
from visionspec_mockserver.store import rows
from visionspec_mockserver.store.base import Content, FileRecord, UploadRecord, as_of
from visionspec_mockserver.store.blobs import Blobs, Body, Digest, Segment
from visionspec_mockserver.store.pages import make_page_token, read_page_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from visionspec_mockserver.sources import Clock
    from visionspec_mockserver.store.base import Finish

R = TypeVar("R")

# Finishing starts anew when the upload moved in the meantime; it cannot do so often.
_ATTEMPTS: Final = 5
# How long one process waits for the others to let go of the database.
_BUSY_S: Final = 30


class SqliteStore:
    """A `Store` in the directory ``path``. Several processes may use one directory at once.

    ``durable`` is False where the directory does not outlive the process: nothing is forced to the disk then.

    Raises:
        InvalidInput: if the directory, or the database in it, cannot be used.
    """

    def __init__(self, path: Path, *, clock: Clock, durable: bool = True) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        try:
            self._blobs = Blobs(path / "blobs", durable=durable)
            self._db = sqlite3.connect(
                path / "store.sqlite3", timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            self._finalizer = weakref.finalize(self, self._db.close)
            _prepare(self._db, durable=durable)
        except (OSError, sqlite3.Error) as error:
            raise InvalidInput(f"no store can be kept in {path}: {error}", given=path) from error
        # The listing comes first: what it holds and no row names then was never committed, or is deleted.
        old = self._blobs.old_names()
        self._blobs.remove(set(old) - set(rows.segment_paths(self._db)))

    # uploads

    async def start_upload(self, upload: UploadRecord) -> bool:
        return await to_thread.run_sync(self._start_upload, upload)

    def _start_upload(self, upload: UploadRecord) -> bool:
        with self._transaction() as (db, gone):
            rows.expire(db, self._clock.now(), gone)
            if rows.has_upload(db, upload.id):
                return False
            rows.save_upload(db, upload)
            return True

    async def upload(self, upload_id: str) -> UploadRecord | None:
        return await self._read(lambda db: rows.upload(db, upload_id, self._clock.now()))

    @asynccontextmanager
    async def body(self, plan: Plan) -> AsyncIterator[Body]:
        body = await to_thread.run_sync(self._blobs.open, plan)
        try:
            yield body
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(body.close)

    async def commit(
        self,
        upload_id: str,
        command: Command,
        *,
        finish: Finish,
        body: Body | None = None,
        whole: bool = True,
    ) -> tuple[UploadRecord | None, Reply]:
        return await to_thread.run_sync(
            lambda: self._commit(upload_id, command, finish=finish, body=body, whole=whole)
        )

    def _commit(
        self, upload_id: str, command: Command, *, finish: Finish, body: Body | None, whole: bool
    ) -> tuple[UploadRecord | None, Reply]:
        if body:
            body.settle()
        arrived_bytes = body.arrived_bytes if body else None
        digest = None
        for _ in range(_ATTEMPTS):
            now = self._clock.now()
            with self._transaction() as (db, gone):
                upload = rows.upload(db, upload_id, now)
                if upload is None:
                    return None, step(Session(), command)[1]
                after, reply = step(upload.session, command, arrived_bytes=arrived_bytes, whole=whole)
                if body:
                    _keep(db, upload, after, body)
                if after.state == "cancelled":
                    rows.drop_blob(db, upload_id, gone)
                if after.state != "final" or upload.session.state == "final":
                    upload = replace(upload, session=after)
                    rows.save_upload(db, upload)
                    return upload, reply
                if digest and digest.size_bytes == after.received_bytes:
                    rows.expire(db, now, gone)
                    return _end(db, gone, replace(upload, session=after), digest, finish), reply
                # The bytes are in, the upload is still active: what others see until they are hashed.
                rows.save_upload(db, replace(upload, session=replace(after, state="active")))
                segments = rows.segments(db, upload_id)
            with suppress(FileNotFoundError):  # cancelled or reset just now: the next look tells
                digest = self._blobs.digest(segments)
        raise RuntimeError(f"upload {upload_id} did not hold still")

    # files

    async def put_file(self, record: FileRecord, data: bytes = b"") -> bool:
        async with self.body(Plan(0, 0, len(data))) as body:
            await body.write(data)
            return await to_thread.run_sync(self._put_file, record, body)

    def _put_file(self, record: FileRecord, body: Body) -> bool:
        body.settle()
        blob = f"files/{record.id}"  # no upload has a slash in its id
        with self._transaction() as (db, gone):
            rows.expire(db, self._clock.now(), gone)
            if rows.has_file(db, record.id):
                return False
            rows.save_file(db, record, blob=blob)
            if body.arrived_bytes:
                rows.add_segment(db, blob, 0, Segment(body.path.name, 0, body.arrived_bytes))
                body.kept = True
            return True

    async def file(self, file_id: str) -> FileRecord | None:
        now = self._clock.now()
        record = await self._read(lambda db: rows.file(db, file_id, now))
        return as_of(record, now) if record else None

    async def list_files(
        self, page_size: int, page_token: str | None = None
    ) -> tuple[list[FileRecord], str | None]:
        now, before = self._clock.now(), read_page_token(page_token)
        found = await self._read(lambda db: rows.files(db, now, before=before, limit=page_size + 1))
        token = make_page_token(found[page_size - 1][0]) if len(found) > page_size else None
        return [as_of(record, now) for _, record in found[:page_size]], token

    async def delete_file(self, file_id: str) -> bool:
        return await to_thread.run_sync(self._delete_file, file_id)

    def _delete_file(self, file_id: str) -> bool:
        with self._transaction() as (db, gone):
            rows.expire(db, self._clock.now(), gone)
            return rows.drop_file(db, file_id, gone)

    async def read_blob(self, file_id: str) -> bytes | None:
        segments = await self._file_segments(file_id)
        if segments is None:
            return None
        try:
            pieces = await to_thread.run_sync(lambda: list(self._blobs.read(segments)))
        except FileNotFoundError:  # deleted just now
            return None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def open_blob(self, file_id: str) -> AsyncIterator[bytes]:
        pieces = self._blobs.read(await self._file_segments(file_id) or [])
        while piece := await to_thread.run_sync(next, pieces, b""):
            yield piece

    async def _file_segments(self, file_id: str) -> list[Segment] | None:
        now = self._clock.now()

        def look(db: sqlite3.Connection) -> list[Segment] | None:
            record = rows.file(db, file_id, now)
            return rows.file_segments(db, file_id) if record and record.sha256 else None

        return await self._read(look)

    async def used_bytes(self) -> int:
        return await to_thread.run_sync(self._used_bytes)

    def _used_bytes(self) -> int:
        with self._transaction() as (db, gone):
            rows.expire(db, self._clock.now(), gone)
            return rows.used_bytes(db)

    # interactions

    async def add_interaction(self, interaction_id: str, doc: dict[str, Any]) -> bool:
        return await self._write_interaction(rows.add_interaction, interaction_id, doc)

    async def replace_interaction(self, interaction_id: str, doc: dict[str, Any]) -> bool:
        return await self._write_interaction(rows.replace_interaction, interaction_id, doc)

    async def _write_interaction(
        self, write: Callable[[sqlite3.Connection, str, str], bool], interaction_id: str, doc: dict[str, Any]
    ) -> bool:
        def run() -> bool:
            text = json.dumps(doc, ensure_ascii=False)
            with self._transaction() as (db, _):
                return write(db, interaction_id, text)

        return await to_thread.run_sync(run)

    async def get_interaction(self, interaction_id: str) -> dict[str, Any] | None:
        text = await self._read(lambda db: rows.interaction(db, interaction_id))
        return None if text is None else json.loads(text)

    async def delete_interaction(self, interaction_id: str) -> bool:
        def delete() -> bool:
            with self._transaction() as (db, _):
                return rows.drop_interaction(db, interaction_id)

        return await to_thread.run_sync(delete)

    # all of it

    async def reset(self) -> None:
        def reset() -> None:
            with self._transaction() as (db, gone):
                rows.drop_all(db, gone)

        await to_thread.run_sync(reset)

    async def close(self) -> None:
        await to_thread.run_sync(self._finalizer)

    async def _read(self, query: Callable[[sqlite3.Connection], R]) -> R:
        def read() -> R:
            with self._lock:
                return query(self._db)

        return await to_thread.run_sync(read)

    @contextmanager
    def _transaction(self) -> Iterator[tuple[sqlite3.Connection, list[str]]]:
        """A write transaction, and a list of blob files to remove once it stands."""
        gone: list[str] = []
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db, gone
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        self._blobs.remove(gone)


def _prepare(db: sqlite3.Connection, *, durable: bool) -> None:
    """Set the database up. Who changes the journal's mode is refused, not made to wait, while others look."""
    until = time.monotonic() + _BUSY_S
    while True:
        try:
            db.execute(f"PRAGMA journal_mode={'WAL' if durable else 'MEMORY'}")
            db.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
            db.executescript(rows.SCHEMA)
        except sqlite3.OperationalError as error:
            # The low byte is the error, the rest says more: busy with a recovery, for one.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.005)
        else:
            return


def _keep(db: sqlite3.Connection, upload: UploadRecord, after: Session, body: Body) -> None:
    """Make a segment of that part of ``body`` by which the session grew."""
    start = upload.session.received_bytes
    length = after.received_bytes - start
    if length > 0:
        rows.add_segment(db, upload.id, start, Segment(body.path.name, start - body.plan.write_at, length))
        body.kept = True


def _end(
    db: sqlite3.Connection, gone: list[str], upload: UploadRecord, digest: Digest, finish: Finish
) -> UploadRecord:
    """Make a file of an upload whose bytes are there, or the error that it ends in."""
    used_bytes = rows.used_bytes(db, but=upload.id)
    content = Content(*digest, used_bytes=used_bytes, taken=lambda name: rows.has_file(db, name))
    verdict = finish(upload, content)
    if isinstance(verdict, FileRecord):
        upload = replace(upload, file_id=verdict.id)
        rows.save_file(db, verdict, blob=upload.id)
    else:
        upload = replace(upload, error=verdict)
        rows.drop_blob(db, upload.id, gone)
    rows.save_upload(db, upload)
    return upload
