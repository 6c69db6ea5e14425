"""The tables of the database. Every function here is one step of somebody else's transaction.

``gone`` collects the blob files that nothing refers to any more, to be removed once the transaction stands.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from visionspec.protocol.upload import Session
from visionspec_mockserver.store.base import FileRecord, UploadRecord
from visionspec_mockserver.store.blobs import Segment

if TYPE_CHECKING:
    import sqlite3

# "The upload URL expires after 7 days": Street View's page on this protocol; nothing is said for Gemini.
UPLOAD_LIFETIME: Final = timedelta(days=7)

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, created INTEGER NOT NULL, active INTEGER NOT NULL, received INTEGER NOT NULL,
    doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, expires INTEGER NOT NULL,
    size INTEGER NOT NULL, blob TEXT NOT NULL, doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS segments (
    blob TEXT NOT NULL, start INTEGER NOT NULL, path TEXT NOT NULL, skip INTEGER NOT NULL,
    length INTEGER NOT NULL, PRIMARY KEY (blob, start));
CREATE TABLE IF NOT EXISTS interactions (id TEXT PRIMARY KEY, doc TEXT NOT NULL);
"""


def upload(db: sqlite3.Connection, upload_id: str, now: datetime) -> UploadRecord | None:
    query = "SELECT doc FROM uploads WHERE id = ? AND created > ?"
    row = db.execute(query, (upload_id, _micros(now - UPLOAD_LIFETIME))).fetchone()
    if row is None:
        return None
    fields = json.loads(row[0])
    session = Session(**fields.pop("session"))
    create_time = datetime.fromisoformat(fields.pop("create_time"))
    return UploadRecord(session=session, create_time=create_time, **fields)


def has_upload(db: sqlite3.Connection, upload_id: str) -> bool:
    return db.execute("SELECT 1 FROM uploads WHERE id = ?", (upload_id,)).fetchone() is not None


def save_upload(db: sqlite3.Connection, record: UploadRecord) -> None:
    session = record.session
    active = session.state == "active"
    db.execute(
        "INSERT OR REPLACE INTO uploads (id, created, active, received, doc) VALUES (?, ?, ?, ?, ?)",
        (record.id, _micros(record.create_time), active, session.received_bytes, _dump(record)),
    )


def segments(db: sqlite3.Connection, blob: str) -> list[Segment]:
    query = "SELECT path, skip, length FROM segments WHERE blob = ? ORDER BY start"
    return [Segment(*row) for row in db.execute(query, (blob,))]


def add_segment(db: sqlite3.Connection, blob: str, start: int, segment: Segment) -> None:
    db.execute(
        "INSERT INTO segments (blob, start, path, skip, length) VALUES (?, ?, ?, ?, ?)",
        (blob, start, *segment),
    )


def drop_blob(db: sqlite3.Connection, blob: str, gone: list[str]) -> None:
    gone += [path for (path,) in db.execute("SELECT path FROM segments WHERE blob = ?", (blob,))]
    db.execute("DELETE FROM segments WHERE blob = ?", (blob,))


def segment_paths(db: sqlite3.Connection) -> list[str]:
    return [path for (path,) in db.execute("SELECT path FROM segments")]


def file(db: sqlite3.Connection, file_id: str, now: datetime) -> FileRecord | None:
    query = "SELECT doc FROM files WHERE id = ? AND expires > ?"
    row = db.execute(query, (file_id, _micros(now))).fetchone()
    return _load_file(row[0]) if row else None


def files(
    db: sqlite3.Connection, now: datetime, *, before: int | None, limit: int
) -> list[tuple[int, FileRecord]]:
    """Newest first, each with its number, which is below ``before``."""
    query = (
        "SELECT seq, doc FROM files WHERE expires > ? AND (? IS NULL OR seq < ?) ORDER BY seq DESC LIMIT ?"
    )
    found = db.execute(query, (_micros(now), before, before, limit))
    return [(seq, _load_file(doc)) for seq, doc in found]


def has_file(db: sqlite3.Connection, file_id: str) -> bool:
    return db.execute("SELECT 1 FROM files WHERE id = ?", (file_id,)).fetchone() is not None


def save_file(db: sqlite3.Connection, record: FileRecord, *, blob: str) -> None:
    db.execute(
        "INSERT INTO files (id, expires, size, blob, doc) VALUES (?, ?, ?, ?, ?)",
        (record.id, _micros(record.expiration_time), record.size_bytes or 0, blob, _dump(record)),
    )


def file_segments(db: sqlite3.Connection, file_id: str) -> list[Segment]:
    row = db.execute("SELECT blob FROM files WHERE id = ?", (file_id,)).fetchone()
    return segments(db, row[0]) if row else []


def drop_file(db: sqlite3.Connection, file_id: str, gone: list[str]) -> bool:
    row = db.execute("SELECT blob FROM files WHERE id = ?", (file_id,)).fetchone()
    if row is None:
        return False
    drop_blob(db, row[0], gone)
    db.execute("DELETE FROM files WHERE id = ?", (file_id,))
    return True


def used_bytes(db: sqlite3.Connection, *, but: str = "") -> int:
    """The bytes of all files and half-done uploads, without those of the upload ``but``."""
    query = (
        "SELECT (SELECT coalesce(sum(size), 0) FROM files)"
        " + (SELECT coalesce(sum(received), 0) FROM uploads WHERE active AND id != ?)"
    )
    used: int = db.execute(query, (but,)).fetchone()[0]
    return used


def interaction(db: sqlite3.Connection, interaction_id: str) -> str | None:
    row = db.execute("SELECT doc FROM interactions WHERE id = ?", (interaction_id,)).fetchone()
    return row[0] if row else None


def add_interaction(db: sqlite3.Connection, interaction_id: str, doc: str) -> bool:
    query = "INSERT OR IGNORE INTO interactions (id, doc) VALUES (?, ?)"
    return db.execute(query, (interaction_id, doc)).rowcount > 0


def replace_interaction(db: sqlite3.Connection, interaction_id: str, doc: str) -> bool:
    query = "UPDATE interactions SET doc = ? WHERE id = ?"
    return db.execute(query, (doc, interaction_id)).rowcount > 0


def drop_interaction(db: sqlite3.Connection, interaction_id: str) -> bool:
    return db.execute("DELETE FROM interactions WHERE id = ?", (interaction_id,)).rowcount > 0


def expire(db: sqlite3.Connection, now: datetime, gone: list[str]) -> None:
    """Drop files and uploads whose time is over. A finished upload leaves its blob to its file."""
    for (file_id,) in db.execute("SELECT id FROM files WHERE expires <= ?", (_micros(now),)).fetchall():
        drop_file(db, file_id, gone)
    old = (_micros(now - UPLOAD_LIFETIME),)
    for upload_id, active in db.execute("SELECT id, active FROM uploads WHERE created <= ?", old).fetchall():
        db.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))
        if active:
            drop_blob(db, upload_id, gone)


def drop_all(db: sqlite3.Connection, gone: list[str]) -> None:
    """Empty every table; the next file is the first again."""
    gone += segment_paths(db)
    for table in ("uploads", "files", "segments", "interactions", "sqlite_sequence"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - five words of ours


def _load_file(doc: str) -> FileRecord:
    fields: dict[str, Any] = json.loads(doc)
    for name in ("create_time", "ready_time", "expiration_time"):
        fields[name] = datetime.fromisoformat(fields[name])
    return FileRecord(**fields)


def _dump(record: FileRecord | UploadRecord) -> str:
    return json.dumps(asdict(record), default=datetime.isoformat, ensure_ascii=False)


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
