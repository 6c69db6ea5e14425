"""Both stores, asked the same questions."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import sys
import time
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import from_thread, to_thread
from hypothesis import given
from hypothesis import strategies as st

from visionspec.errors import InvalidInput, UploadError
from visionspec.protocol.upload import Command, Session, before_body
from visionspec_mockserver.sources import ManualClock
from visionspec_mockserver.store.base import Content, FileRecord, UploadRecord
from visionspec_mockserver.store.memory import MemoryStore
from visionspec_mockserver.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

START = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
UNIT = 256 * 1024  # "intermediate chunks must be multiples of granularity", 262144 in one observation
KILL_ROUNDS = 6

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(params=["memory", "sqlite"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[SqliteStore]:
    in_memory = request.param == "memory"
    made = MemoryStore(clock=clock) if in_memory else SqliteStore(tmp_path / "kept", clock=clock)
    yield made
    await made.close()


def record(file_id: str = "abc", **changes: Any) -> FileRecord:
    plain = FileRecord(
        id=file_id,
        mime_type="image/png",
        create_time=START,
        ready_time=START,
        expiration_time=START + timedelta(hours=48),
        uri=f"https://generativelanguage.googleapis.com/v1beta/files/{file_id}",
    )
    return replace(plain, **changes)


def finish(upload: UploadRecord, content: Content) -> FileRecord | dict[str, Any]:
    return record(upload.file_id or "made", size_bytes=content.size_bytes, sha256=content.sha256)


def refuse(_: UploadRecord, content: Content) -> dict[str, Any]:
    return {"code": 400, "message": f"no {content.size_bytes} bytes", "status": "INVALID_ARGUMENT"}


async def begin(
    store: SqliteStore, upload_id: str = "u1", declared: int | None = None, **fields: Any
) -> None:
    session = Session("active", declared_bytes=declared)
    assert await store.start_upload(UploadRecord(upload_id, session, START, **fields))


async def send(
    store: SqliteStore,
    offset: int,
    data: bytes,
    *,
    verb: Any = "upload",
    upload_id: str = "u1",
    whole: bool = True,
    finish: Any = finish,
) -> tuple[int, str, int]:
    """(status, state, received) of one chunk, as a route would send it."""
    upload = await store.upload(upload_id)
    assert upload
    command = Command(verb, offset_bytes=offset, length_bytes=len(data) if whole else None)
    try:
        plan = before_body(upload.session, command)
    except UploadError as error:
        return error.status, upload.session.state, upload.session.received_bytes
    async with store.body(plan) as body:
        for at in range(0, len(data), 70_000):
            await body.write(data[at : at + 70_000])
        upload, reply = await store.commit(upload_id, command, finish=finish, body=body, whole=whole)
    assert upload
    return reply.status, upload.session.state, upload.session.received_bytes


def noise(size: int, seed: int = 0) -> bytes:
    return hashlib.shake_128(seed.to_bytes(8, "big")).digest(size)


class TestFiles:
    async def test_is_there_as_it_was_put(self, store: SqliteStore) -> None:
        put = record(
            display_name="Café ☕", size_bytes=3, sha256="ab", download_uri="https://x", source="GENERATED"
        )
        assert await store.put_file(put, b"\0\xff\n")
        assert await store.file("abc") == replace(put, state="ACTIVE", update_time=START)
        assert await store.read_blob("abc") == b"\0\xff\n"

    async def test_unknown(self, store: SqliteStore) -> None:
        assert await store.file("abc") is None
        assert await store.read_blob("abc") is None
        assert [piece async for piece in store.open_blob("abc")] == []
        assert await store.delete_file("abc") is False

    async def test_an_id_in_use_is_not_given_twice(self, store: SqliteStore) -> None:
        assert await store.put_file(record(size_bytes=1, sha256="aa"), b"1")
        assert await store.put_file(record(size_bytes=1, sha256="bb"), b"2") is False
        assert await store.read_blob("abc") == b"1"

    async def test_expires_to_the_second(self, store: SqliteStore, clock: ManualClock) -> None:
        await store.put_file(record(size_bytes=1, sha256="aa"), b"1")
        clock.advance(48 * 3600 - 1)
        assert await store.file("abc")
        clock.advance(1)
        assert await store.file("abc") is None
        assert await store.read_blob("abc") is None
        assert await store.list_files(10) == ([], None)
        assert await store.delete_file("abc") is False
        assert await store.put_file(record())  # its id is free again

    async def test_processing_then_active(self, store: SqliteStore, clock: ManualClock) -> None:
        await store.put_file(record(ready_time=START + timedelta(seconds=2)))
        seen = []
        for _ in range(3):
            file = await store.file("abc")
            assert file
            seen.append((file.state, file.update_time, file.error))
            clock.advance(1)
        ready = START + timedelta(seconds=2)
        assert seen == [("PROCESSING", START, None), ("PROCESSING", START, None), ("ACTIVE", ready, None)]

    async def test_failed_only_once_processed(self, store: SqliteStore, clock: ManualClock) -> None:
        error = {"code": 3, "message": "no"}
        await store.put_file(record(ready_time=START + timedelta(seconds=1), error=error))
        file = await store.file("abc")
        assert file
        assert (file.state, file.error) == ("PROCESSING", None)
        clock.advance(1)
        (file,), _ = await store.list_files(1)
        assert (file.state, file.error) == ("FAILED", error)

    async def test_bytes_that_are_not_here(self, store: SqliteStore) -> None:
        await store.put_file(record(source="REGISTERED"))
        assert await store.read_blob("abc") is None
        await store.put_file(record("empty", size_bytes=0, sha256=hashlib.sha256(b"").hexdigest()))
        assert await store.read_blob("empty") == b""

    async def test_deleted_while_it_is_read(self, store: SqliteStore) -> None:
        await store.put_file(record(size_bytes=1, sha256="aa"), b"1")
        (blob,) = store._blobs._directory.iterdir()
        blob.unlink()
        assert await store.read_blob("abc") is None

    async def test_delete(self, store: SqliteStore) -> None:
        await store.put_file(record(size_bytes=1, sha256="aa"), b"1")
        assert await store.delete_file("abc") is True
        assert await store.delete_file("abc") is False
        assert await store.read_blob("abc") is None
        assert await store.used_bytes() == 0


class TestPages:
    async def put(self, store: SqliteStore, count: int) -> None:
        for n in range(count):
            await store.put_file(record(f"f{n}"))

    async def walk(self, store: SqliteStore, size: int) -> list[list[str]]:
        pages, token = [], None
        while True:
            files, token = await store.list_files(size, token)
            pages.append([file.id for file in files])
            if token is None:
                return pages

    async def test_newest_first_and_none_twice(self, store: SqliteStore) -> None:
        await self.put(store, 5)
        assert await self.walk(store, 2) == [["f4", "f3"], ["f2", "f1"], ["f0"]]

    async def test_no_token_after_a_full_last_page(self, store: SqliteStore) -> None:
        await self.put(store, 4)
        assert await self.walk(store, 2) == [["f3", "f2"], ["f1", "f0"]]

    async def test_a_page_holds_its_place(self, store: SqliteStore) -> None:
        await self.put(store, 4)
        _, token = await store.list_files(2)
        await store.delete_file("f2")
        await store.put_file(record("late"))
        files, _ = await store.list_files(2, token)
        assert [file.id for file in files] == ["f1", "f0"]

    @pytest.mark.parametrize(
        "token",
        ["x", "====", "é", "2", base64.urlsafe_b64encode(b"before:x").decode(), "YmVmb3JlOjE=", "A" * 9000],
    )
    async def test_a_token_of_nobody(self, store: SqliteStore, token: str) -> None:
        with pytest.raises(InvalidInput, match=r"files\.list-paging"):
            await store.list_files(10, token)


class TestInteractions:
    async def test_add_get_replace_delete(self, store: SqliteStore) -> None:
        doc = {"id": "v1_a", "steps": [{"text": "ünïcödé\u2028"}], "usage": {"total": 1}, "none": None}
        assert await store.get_interaction("v1_a") is None
        assert await store.replace_interaction("v1_a", doc) is False
        assert await store.add_interaction("v1_a", doc) is True
        assert await store.add_interaction("v1_a", {}) is False
        assert await store.get_interaction("v1_a") == doc
        assert await store.replace_interaction("v1_a", {"id": "v1_a", "status": "completed"}) is True
        assert await store.get_interaction("v1_a") == {"id": "v1_a", "status": "completed"}
        assert await store.delete_interaction("v1_a") is True
        assert await store.delete_interaction("v1_a") is False
        assert await store.replace_interaction("v1_a", doc) is False
        assert await store.get_interaction("v1_a") is None

    async def test_a_document_is_a_copy(self, store: SqliteStore) -> None:
        doc: dict[str, Any] = {"steps": []}
        await store.add_interaction("a", doc)
        doc["steps"].append(1)
        assert await store.get_interaction("a") == {"steps": []}


class TestUploads:
    async def test_in_chunks(self, store: SqliteStore) -> None:
        data = noise(3 * UNIT + 5)
        await begin(store, declared=len(data), file_id="mine")
        assert await send(store, 0, data[:UNIT]) == (200, "active", UNIT)
        assert await send(store, UNIT, data[UNIT : 3 * UNIT]) == (200, "active", 3 * UNIT)
        last = await send(store, 3 * UNIT, data[3 * UNIT :], verb="upload, finalize")
        assert last == (200, "final", len(data))
        file = await store.file("mine")
        assert file
        assert (file.size_bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert await store.read_blob("mine") == data
        assert b"".join([piece async for piece in store.open_blob("mine")]) == data

    async def test_pieces_are_bounded(self, store: SqliteStore) -> None:
        data = noise(2 * 1024 * 1024 + 1)
        await begin(store)
        await send(store, 0, data, verb="upload, finalize")
        assert [len(piece) async for piece in store.open_blob("made")] == [1024 * 1024, 1024 * 1024, 1]

    async def test_empty(self, store: SqliteStore) -> None:
        await begin(store, declared=0)
        assert await send(store, 0, b"", verb="upload, finalize") == (200, "final", 0)
        assert await store.read_blob("made") == b""

    async def test_an_id_in_use_is_not_given_twice(self, store: SqliteStore) -> None:
        await begin(store)
        await send(store, 0, noise(UNIT))
        assert await store.start_upload(UploadRecord("u1", Session("active"), START)) is False
        upload = await store.upload("u1")
        assert upload
        assert upload.session.received_bytes == UNIT

    async def test_the_judge_sees_what_came(self, store: SqliteStore) -> None:
        seen: list[tuple[UploadRecord, Content]] = []

        def judge(upload: UploadRecord, content: Content) -> FileRecord | dict[str, Any]:
            seen.append((upload, content))
            return finish(upload, content)

        data = noise(UNIT)
        await store.put_file(record("other", size_bytes=1000))
        await begin(store, mime_type="image/png", display_name="d")
        await send(store, 0, data, verb="upload, finalize", finish=judge)
        ((upload, content),) = seen
        assert (upload.mime_type, upload.display_name, upload.file_id) == ("image/png", "d", None)
        assert (content.size_bytes, content.head, content.used_bytes) == (UNIT, data[: 64 * 1024], 1000)

    async def test_the_judge_knows_which_names_are_taken(self, store: SqliteStore) -> None:
        answers: list[bool] = []

        def judge(upload: UploadRecord, content: Content) -> FileRecord | dict[str, Any]:
            answers.extend([content.taken("abc"), content.taken("abd")])
            return finish(upload, content)

        await store.put_file(record("abc"))
        await begin(store)
        await send(store, 0, b"x", verb="upload, finalize", finish=judge)
        assert answers == [True, False]

    async def test_an_upload_that_ends_in_an_error(self, store: SqliteStore) -> None:
        await begin(store)
        assert await send(store, 0, b"xy", verb="upload, finalize", finish=refuse) == (200, "final", 2)
        upload = await store.upload("u1")
        assert upload
        assert upload.error == {"code": 400, "message": "no 2 bytes", "status": "INVALID_ARGUMENT"}
        assert await store.list_files(10) == ([], None)
        assert (await store.used_bytes(), blobs(store)) == (0, [])
        # a repeat is not judged again
        assert await send(store, 0, b"xy", verb="upload, finalize") == (200, "final", 2)
        assert await store.list_files(10) == ([], None)

    async def test_a_broken_body_leaves_what_came(self, store: SqliteStore) -> None:
        data = noise(UNIT)
        await begin(store, declared=UNIT)
        assert await send(store, 0, data[:1234], whole=False) == (400, "active", 1234)
        assert await send(store, 0, data, verb="upload, finalize") == (200, "final", UNIT)
        assert await store.read_blob("made") == data

    async def test_bytes_beyond_the_declared_size_are_not_taken(self, store: SqliteStore) -> None:
        await begin(store, declared=10)
        upload = await store.upload("u1")
        assert upload
        command = Command("upload, finalize", offset_bytes=0, length_bytes=None)
        async with store.body(before_body(upload.session, command)) as body:
            assert await body.write(b"0123456789") is True
            assert await body.write(b"x" * 1000) is False
            upload, reply = await store.commit("u1", command, finish=finish, body=body)
            assert body.path.stat().st_size == 10  # nor do they fill the disk
        assert (reply.status, upload and upload.session) == (400, Session("active", declared_bytes=10))

    async def test_cancel_lets_go_of_the_bytes(self, store: SqliteStore) -> None:
        await begin(store)
        await send(store, 0, noise(UNIT))
        assert await store.used_bytes() == UNIT
        upload, reply = await store.commit("u1", Command("cancel"), finish=finish)
        assert (reply.status, upload and upload.session.state) == (200, "cancelled")
        assert await store.used_bytes() == 0
        assert blobs(store) == []

    async def test_what_is_not_committed_is_gone(self, store: SqliteStore) -> None:
        await begin(store)
        upload = await store.upload("u1")
        assert upload
        async with store.body(before_body(upload.session, Command("upload", 0, None))) as body:
            await body.write(noise(3 * 1024 * 1024))
            assert len(blobs(store)) == 1
        assert blobs(store) == []
        upload = await store.upload("u1")
        assert upload
        assert upload.session.received_bytes == 0

    async def test_two_bodies_at_once(self, store: SqliteStore) -> None:
        """The client gave up on a connection and began anew; then both arrive."""
        data = noise(2 * UNIT)
        await begin(store, declared=2 * UNIT)
        upload = await store.upload("u1")
        assert upload
        command = Command("upload", offset_bytes=0, length_bytes=UNIT)
        last = Command("upload, finalize", offset_bytes=0, length_bytes=2 * UNIT)
        async with AsyncExitStack() as stack:
            one = await stack.enter_async_context(store.body(before_body(upload.session, command)))
            two = await stack.enter_async_context(store.body(before_body(upload.session, last)))
            await one.write(data[: UNIT // 2])
            await two.write(data[:UNIT])
            await one.write(data[UNIT // 2 : UNIT])
            assert (await store.commit("u1", command, finish=finish, body=one))[1].status == 200
            await two.write(data[UNIT:])
            assert (await store.commit("u1", last, finish=finish, body=two))[1].status == 200
        assert await store.read_blob("made") == data

    async def test_many_finish_at_once_and_one_file_comes_of_it(self, store: SqliteStore) -> None:
        data = noise(UNIT)
        await begin(store, declared=UNIT)
        answers: list[tuple[int, str, int]] = []

        async def finalize() -> None:
            answers.append(await send(store, 0, data, verb="upload, finalize"))

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(finalize)
        assert answers == [(200, "final", UNIT)] * 8
        files, _ = await store.list_files(10)
        assert len(files) == 1
        assert await store.read_blob("made") == data
        assert len(blobs(store)) == 1

    async def test_more_comes_while_the_end_is_hashed(
        self, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = noise(2 * UNIT)
        await begin(store)
        await send(store, 0, data[:UNIT])

        async def more() -> None:
            await send(store, UNIT, data[UNIT:])

        self.meanwhile(store, monkeypatch, more)
        _, reply = await store.commit("u1", Command("finalize"), finish=finish)
        assert reply.status == 200
        file = await store.file("made")
        assert file
        assert (file.size_bytes, file.sha256) == (2 * UNIT, hashlib.sha256(data).hexdigest())
        assert await store.read_blob("made") == data

    async def test_cancelled_while_the_end_is_hashed(
        self, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await begin(store)

        async def cancel() -> None:
            await store.commit("u1", Command("cancel"), finish=finish)

        self.meanwhile(store, monkeypatch, cancel)
        assert await send(store, 0, noise(UNIT), verb="upload, finalize") == (410, "cancelled", UNIT)
        assert await store.list_files(10) == ([], None)
        assert blobs(store) == []

    def meanwhile(self, store: SqliteStore, monkeypatch: pytest.MonkeyPatch, do: Any) -> None:
        """Let something happen between the first look at a blob and its hash."""
        real, todo = store._blobs.digest, [do]

        def digest(segments: Any) -> Any:
            if todo:
                from_thread.run(todo.pop())
            return real(segments)

        monkeypatch.setattr(store._blobs, "digest", digest)

    async def test_a_judge_that_fails_leaves_the_upload_as_it_was(self, store: SqliteStore) -> None:
        def fail(*_: Any) -> FileRecord:
            raise ZeroDivisionError

        await begin(store)
        with pytest.raises(ZeroDivisionError):
            await send(store, 0, b"xy", verb="upload, finalize", finish=fail)
        upload = await store.upload("u1")
        assert upload
        assert (upload.session.state, upload.session.received_bytes) == ("active", 2)
        assert await send(store, 0, b"xy", verb="upload, finalize") == (200, "final", 2)

    async def test_lives_for_a_week(self, store: SqliteStore, clock: ManualClock) -> None:
        await begin(store)
        await send(store, 0, noise(UNIT))
        clock.advance(7 * 24 * 3600 - 1)
        assert await store.upload("u1")
        clock.advance(1)
        assert await store.upload("u1") is None
        _, reply = await store.commit("u1", Command("query"), finish=finish)
        assert reply.status == 404
        assert await store.used_bytes() == 0
        assert blobs(store) == []

    async def test_a_file_outlives_its_upload(self, store: SqliteStore, clock: ManualClock) -> None:
        def keep_long(_: UploadRecord, content: Content) -> FileRecord:
            return record("made", sha256=content.sha256, expiration_time=START + timedelta(days=30))

        await begin(store)
        await send(store, 0, b"x", verb="upload, finalize", finish=keep_long)
        clock.advance(8 * 24 * 3600)
        assert await store.used_bytes() == 0
        assert await store.upload("u1") is None
        assert await store.read_blob("made") == b"x"

    async def test_reset(self, store: SqliteStore) -> None:
        await begin(store)
        await send(store, 0, noise(UNIT))
        await store.put_file(record(size_bytes=1, sha256="aa"), b"1")
        await store.add_interaction("a", {})
        await store.reset()
        assert await store.upload("u1") is None
        assert await store.file("abc") is None
        assert await store.get_interaction("a") is None
        assert (await store.used_bytes(), blobs(store)) == (0, [])
        await store.put_file(record("one"))
        await store.put_file(record("two"))
        _, token = await store.list_files(1)
        assert token == base64.urlsafe_b64encode(b"before:2").decode().rstrip("=")  # counted from 1 again


def blobs(store: SqliteStore) -> list[str]:
    return [path.name for path in store._blobs._directory.iterdir()]


@pytest.mark.prop
class TestAnySchedule:
    """Whatever is lost, cut, repeated or sent at a wrong offset: what is stored stays a prefix of the file.

    Once the upload is final, it is the file.
    """

    chunks = st.lists(
        st.tuples(
            st.sampled_from([0, 0, 0, -1, 1, -UNIT]),  # where from, beside what was received
            st.integers(0, 3),  # units
            st.none() | st.integers(0, 3 * UNIT),  # cut after so many bytes
        ),
        max_size=8,
    )

    @given(chunks=chunks, size=st.integers(0, 4 * UNIT), declared=st.booleans())
    async def test_prefix(self, chunks: list[tuple[int, int, int | None]], size: int, declared: bool) -> None:  # noqa: FBT001 - given by name
        data = noise(size)
        store = MemoryStore(clock=ManualClock(START))
        try:
            await begin(store, declared=size if declared else None)
            received = 0
            for shift, units, cut in chunks:
                offset = max(received + shift, 0)
                piece = data[offset : offset + units * UNIT]
                kept = piece if cut is None else piece[:cut]
                status, state, now = await send(store, offset, kept, whole=cut is None)
                assert state == "active"
                assert now in (received, offset + len(kept))
                if status == 200 or (cut is not None and status == 400 and offset <= received):
                    assert now == max(received, offset + len(kept))
                received = now
            last = await send(store, received, data[received:], verb="upload, finalize")
            assert last == (200, "final", size)
            assert await store.read_blob("made") == data
        finally:
            await store.close()


class TestMemory:
    async def test_close_leaves_nothing(self, clock: ManualClock) -> None:
        store = MemoryStore(clock=clock)
        directory = store._blobs._directory.parent
        await store.put_file(record(sha256="aa"), noise(100))
        assert directory.exists()
        await store.close()
        assert not directory.exists()

    async def test_two_do_not_meet(self, clock: ManualClock) -> None:
        one, two = MemoryStore(clock=clock), MemoryStore(clock=clock)
        await one.put_file(record())
        assert await two.file("abc") is None
        await one.close()
        await two.close()


class TestDisk:
    async def test_everything_is_there_after_a_restart(self, tmp_path: Path, clock: ManualClock) -> None:
        data = noise(2 * UNIT)
        store = SqliteStore(tmp_path, clock=clock)
        await begin(store, "done")
        await send(store, 0, data, verb="upload, finalize", upload_id="done")
        said = {"file_id": "later", "mime_type": "image/webp", "display_name": "n"}
        await begin(store, "half", declared=2 * UNIT, **said)
        await send(store, 0, data[:UNIT], upload_id="half")
        await store.add_interaction("v1_a", {"n": 1})
        await store.close()

        store = SqliteStore(tmp_path, clock=clock)
        assert await store.read_blob("made") == data
        assert await store.get_interaction("v1_a") == {"n": 1}
        upload = await store.upload("half")
        assert upload == UploadRecord(
            "half", Session("active", UNIT, 2 * UNIT), START, "later", "image/webp", "n"
        )
        last = await send(store, UNIT, data[UNIT:], verb="upload, finalize", upload_id="half")
        assert last == (200, "final", 2 * UNIT)
        assert await store.read_blob("later") == data
        await store.close()

    async def test_two_processes_see_one_store(self, tmp_path: Path, clock: ManualClock) -> None:
        """Two stores on one directory are two processes, as far as SQLite and the files are concerned."""
        data = noise(2 * UNIT)
        one, two = SqliteStore(tmp_path, clock=clock), SqliteStore(tmp_path, clock=clock)
        await begin(one, declared=2 * UNIT)
        await send(one, 0, data[:UNIT])
        assert await send(two, UNIT, data[UNIT:], verb="upload, finalize") == (200, "final", 2 * UNIT)
        assert await one.read_blob("made") == data
        await two.delete_file("made")
        assert await one.file("made") is None
        await one.close()
        await two.close()

    async def test_two_processes_write_one_upload_at_once(self, tmp_path: Path, clock: ManualClock) -> None:
        data = noise(8 * UNIT)
        one, two = SqliteStore(tmp_path, clock=clock), SqliteStore(tmp_path, clock=clock)
        await begin(one, declared=len(data))

        async def push(store: SqliteStore) -> None:
            while True:
                upload = await store.upload("u1")
                assert upload
                if upload.session.state == "final":
                    return
                at = upload.session.received_bytes
                verb = "upload, finalize" if at + UNIT >= len(data) else "upload"
                await send(store, at, data[at : at + UNIT], verb=verb)

        async with anyio.create_task_group() as group:
            for store in (one, two, one, two):
                group.start_soon(push, store)
        assert await one.read_blob("made") == data
        await one.close()
        await two.close()

    async def test_what_nobody_finished_is_removed_later(self, tmp_path: Path, clock: ManualClock) -> None:
        store = SqliteStore(tmp_path, clock=clock)
        await store.put_file(record(sha256="aa"), b"1")
        (kept,) = (tmp_path / "blobs").iterdir()
        old, young = tmp_path / "blobs" / "old", tmp_path / "blobs" / "young"
        for path in (old, young):
            path.write_bytes(b"x")
        long_ago = time.time() - 3 * 24 * 3600
        os.utime(old, (long_ago, long_ago))
        os.utime(kept, (long_ago, long_ago))
        await store.close()
        store = SqliteStore(tmp_path, clock=clock)
        assert set((tmp_path / "blobs").iterdir()) == {kept, young}
        assert await store.read_blob("abc") == b"1"
        await store.close()

    async def test_a_path_that_cannot_be_a_store(self, tmp_path: Path, clock: ManualClock) -> None:
        path = tmp_path / "file"
        path.write_text("no database")
        with pytest.raises(InvalidInput, match=r"no store can be kept in .*file"):
            SqliteStore(path, clock=clock)
        (tmp_path / "store.sqlite3").write_bytes(b"no database either" * 1000)
        with pytest.raises(InvalidInput, match="not a database"):
            SqliteStore(tmp_path, clock=clock)


WRITER = """
import hashlib, sys
from pathlib import Path
import anyio
from visionspec.protocol.upload import Command, Session, before_body
from visionspec_mockserver.sources import SystemClock
from visionspec_mockserver.store.base import UploadRecord
from visionspec_mockserver.store.sqlite import SqliteStore

async def main(path, name):
    clock = SystemClock()
    store = SqliteStore(Path(path), clock=clock)
    upload = await store.upload(name)
    if upload is None:
        upload = UploadRecord(name, Session("active", granularity_bytes=1), clock.now())
        await store.start_upload(upload)
    print("at", upload.session.received_bytes, flush=True)
    n = 0
    while True:
        at = upload.session.received_bytes
        command = Command("upload", offset_bytes=at, length_bytes=3000)
        piece = hashlib.shake_128(str(at // 3000).encode()).digest(3000)
        async with store.body(before_body(upload.session, command)) as body:
            await body.write(piece)
            upload, reply = await store.commit(name, command, finish=None, body=body)
        assert reply.status == 200
        print("at", upload.session.received_bytes, flush=True)
        n += 1
        assert await store.add_interaction(f"{name}-{at}", {"at": at})
        print("put", f"{name}-{at}", flush=True)

anyio.run(main, *sys.argv[1:])
"""


OPENER = """
import sys
from pathlib import Path
from visionspec_mockserver.sources import SystemClock
from visionspec_mockserver.store.sqlite import SqliteStore

for line in sys.stdin:
    store = SqliteStore(Path(line.strip()), clock=SystemClock())
    print("open", flush=True)
"""


def written(index: int) -> bytes:
    return hashlib.shake_128(str(index).encode()).digest(3000)


def write_and_die(directory: Path, names: list[str], life_s: float) -> dict[str, list[str]]:
    """What each of several processes had said when it was killed, all of them in the middle of their work."""
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, str(directory), name],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for name in names
        }
        for writer in writers.values():
            assert writer.stdout
            writer.stdout.readline()  # it is under way
        time.sleep(life_s)
        for writer in writers.values():
            writer.send_signal(signal.SIGKILL)
        said = {}
        for name, writer in writers.items():
            out, errors = writer.communicate()
            assert errors == ""
            said[name] = [line.strip() for line in out.splitlines(keepends=True) if line.endswith("\n")]
        return said


class TestKill:
    async def test_what_was_acknowledged_survives_kill_9(self, tmp_path: Path) -> None:
        acknowledged = {"a": 0, "b": 0}
        put: list[str] = []
        for round_ in range(KILL_ROUNDS):
            said = await to_thread.run_sync(write_and_die, tmp_path, list(acknowledged), 0.03 * round_)
            for name, lines in said.items():
                for line in lines:
                    word, _, value = line.partition(" ")
                    if word == "at":
                        acknowledged[name] = int(value)
                    else:
                        put.append(value)
        assert all(acknowledged.values())
        assert put
        store = SqliteStore(tmp_path, clock=ManualClock(datetime.now(UTC)))
        for name, at in acknowledged.items():
            upload = await store.upload(name)
            assert upload
            received = upload.session.received_bytes
            assert received >= at
            assert received % 3000 == 0
            last = await send(store, received, b"", verb="upload, finalize", upload_id=name)
            assert last == (200, "final", received)
            assert await store.read_blob("made") == b"".join(map(written, range(received // 3000)))
            await store.delete_file("made")
        for name in put:
            assert await store.get_interaction(name)
        await store.close()

    def test_many_open_a_new_store_at_once(self, tmp_path: Path) -> None:
        """SQLite refuses whoever changes the journal's mode while another process looks at it."""
        with ExitStack() as stack:
            openers = [
                stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, "-c", OPENER],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                        bufsize=1,
                    )
                )
                for _ in range(4)
            ]
            for round_ in range(60):
                for opener in openers:
                    assert opener.stdin
                    opener.stdin.write(f"{tmp_path / str(round_)}\n")
                assert [opener.stdout and opener.stdout.readline() for opener in openers] == ["open\n"] * 4
