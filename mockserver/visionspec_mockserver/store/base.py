"""What the routes ask of a store, and the records that it holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from visionspec.protocol.upload import Command, Plan, Reply, Session
    from visionspec_mockserver.store.blobs import Body


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file. ``state``, ``update_time`` and a visible ``error`` depend on the hour: see `as_of`.

    ``size_bytes`` and ``sha256`` (lower-case hex) are None for a registered object whose bytes are not here.
    ``ready_time`` ends the processing; with an ``error`` (a ``google.rpc.Status``) it ends in ``FAILED``.
    """

    id: str
    mime_type: str
    create_time: datetime
    ready_time: datetime
    expiration_time: datetime
    uri: str
    display_name: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    download_uri: str | None = None
    source: Literal["UPLOADED", "GENERATED", "REGISTERED"] = "UPLOADED"
    error: dict[str, Any] | None = None
    state: Literal["PROCESSING", "ACTIVE", "FAILED"] = "PROCESSING"
    update_time: datetime | None = None

    @property
    def name(self) -> str:
        """The resource name: ``files/ID``."""
        return f"files/{self.id}"


def as_of(record: FileRecord, now: datetime) -> FileRecord:
    """``record`` as it is to be seen at ``now``: PROCESSING until ``ready_time``, then ACTIVE or FAILED."""
    if now < record.ready_time:
        return replace(record, state="PROCESSING", update_time=record.create_time, error=None)
    return replace(record, state="FAILED" if record.error else "ACTIVE", update_time=record.ready_time)


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """A resumable upload: its session, and what its start said of the file.

    ``file_id`` is None until the end where the client left the name to us; ``error`` (a
    ``google.rpc.Status``) is set where the upload ended, but in no file.
    """

    id: str
    session: Session
    create_time: datetime
    file_id: str | None = None
    mime_type: str | None = None
    display_name: str | None = None
    error: dict[str, Any] | None = None


class Content(NamedTuple):
    """What came of an upload, for the one who judges it. ``head`` are its first 64 KiB at most.

    ``used_bytes`` (files and half-done uploads without this one) and ``taken`` (whether a file has this id)
    are of the moment in which the file will be entered.
    """

    size_bytes: int
    sha256: str
    head: bytes
    used_bytes: int
    taken: Callable[[str], bool]


Finish: TypeAlias = "Callable[[UploadRecord, Content], FileRecord | dict[str, Any]]"


class Store(Protocol):
    """Files, uploads and interactions. Safe to call from any task; what it answered for is kept."""

    async def start_upload(self, upload: UploadRecord) -> bool:
        """Enter a new upload; False where its id is in use."""
        ...

    async def upload(self, upload_id: str) -> UploadRecord | None:
        """The upload, or None where there is none, or no longer."""
        ...

    def body(self, plan: Plan) -> AbstractAsyncContextManager[Body]:
        """A place for the bytes of one request; what is not committed is gone when the block ends."""
        ...

    async def commit(
        self,
        upload_id: str,
        command: Command,
        *,
        finish: Finish,
        body: Body | None = None,
        whole: bool = True,
    ) -> tuple[UploadRecord | None, Reply]:
        """Apply ``command`` with the bytes that came, all or nothing, as the table of uploads says.

        ``finish`` judges an upload that ends: a record to enter, or the ``google.rpc.Status`` that it ends
        in. It runs in a thread and must not block.
        """
        ...

    async def put_file(self, record: FileRecord, data: bytes = b"") -> bool:
        """Enter a file that was not uploaded; False where its id is in use.

        Without a ``sha256`` it is one whose bytes are not here.
        """
        ...

    async def file(self, file_id: str) -> FileRecord | None:
        """The file as it is now, or None where it is missing or has expired."""
        ...

    async def list_files(
        self, page_size: int, page_token: str | None = None
    ) -> tuple[list[FileRecord], str | None]:
        """A page of files, newest first, and the token of the next page.

        Raises:
            InvalidInput: if ``page_token`` is none that this store gave.
        """
        ...

    async def delete_file(self, file_id: str) -> bool:
        """Delete a file; False where there is none."""
        ...

    async def read_blob(self, file_id: str) -> bytes | None:
        """All bytes of a file, or None where they are not here."""
        ...

    def open_blob(self, file_id: str) -> AsyncIterator[bytes]:
        """The bytes of a file in pieces of at most 1 MiB; none at all where they are not here."""
        ...

    async def used_bytes(self) -> int:
        """The bytes of all files and half-done uploads."""
        ...

    async def add_interaction(self, interaction_id: str, doc: dict[str, Any]) -> bool:
        """Enter a new interaction; False where its id is in use."""
        ...

    async def replace_interaction(self, interaction_id: str, doc: dict[str, Any]) -> bool:
        """Replace an interaction; False where there is none, so that one that was deleted stays so."""
        ...

    async def get_interaction(self, interaction_id: str) -> dict[str, Any] | None:
        """The interaction, or None where there is none."""
        ...

    async def delete_interaction(self, interaction_id: str) -> bool:
        """Delete an interaction; False where there is none."""
        ...

    async def reset(self) -> None:
        """Forget everything."""
        ...

    async def close(self) -> None:
        """Let go of everything; nothing may be asked of it any more."""
        ...
