"""The bytes of blobs, in files whose names are made here: nothing of a request is ever part of a path."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from visionspec.protocol.upload import Plan

BLOCK_BYTES: Final = 1024 * 1024
HEAD_BYTES: Final = 64 * 1024
# Longer than any body takes to come: nobody still writes to a file of this age that no row names.
_ORPHAN_AGE_S: Final = 2 * 24 * 3600


class Segment(NamedTuple):
    """A stretch of a blob: the ``length`` bytes that stand from ``skip`` on in the file ``path``."""

    path: str
    skip: int
    length: int


class Digest(NamedTuple):
    """What a blob holds; ``head`` are its first `HEAD_BYTES`."""

    size_bytes: int
    sha256: str
    head: bytes


class Body:
    """One body on its way to a file of its own, through a buffer of one block.

    Attributes:
        arrived_bytes: all that came, from the body's first byte, also what was skipped or had no room.
        kept: set when the file became part of a blob, so that it stays when the body is closed.
    """

    def __init__(self, plan: Plan, file: IO[bytes], *, durable: bool) -> None:
        self.arrived_bytes = 0
        self.plan = plan
        self.path = Path(file.name)
        self.kept = False
        self._file = file
        self._durable = durable
        self._buffer = bytearray()

    async def write(self, data: bytes) -> bool:
        """Take the next bytes; False once more came than there is room for: the rest need not be read."""
        first = self.plan.skip_bytes - self.arrived_bytes
        last = first + self.plan.room_bytes
        self.arrived_bytes += len(data)
        self._buffer += memoryview(data)[max(first, 0) : max(last, 0)]
        if len(self._buffer) >= BLOCK_BYTES:
            await to_thread.run_sync(self._write_out)
        return last >= len(data)

    def _write_out(self) -> None:
        self._file.write(self._buffer)
        self._buffer.clear()

    def settle(self) -> None:
        """Bring what came to the disk, so that it may be acknowledged."""
        self._write_out()
        self._file.flush()
        if self._durable:
            os.fsync(self._file.fileno())
            _sync_directory(self.path.parent)

    def close(self) -> None:
        """Close the file, and remove it unless it is `kept`."""
        self._file.close()
        if not self.kept:
            self.path.unlink(missing_ok=True)


class Blobs:
    """The directory; nothing is forced to the disk unless it is ``durable``."""

    def __init__(self, directory: Path, *, durable: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._durable = durable

    def open(self, plan: Plan) -> Body:
        """A new file for the body that ``plan`` expects."""
        file = tempfile.NamedTemporaryFile(dir=self._directory, prefix="", delete=False)  # noqa: SIM115 - the body closes it
        return Body(plan, file, durable=self._durable)

    def read(self, segments: Iterable[Segment]) -> Iterator[bytes]:
        """The bytes of a blob, in pieces of at most `BLOCK_BYTES`."""
        for path, skip, length in segments:
            with (self._directory / path).open("rb") as file:
                file.seek(skip)
                left = length
                while left:
                    piece = file.read(min(left, BLOCK_BYTES))
                    if not piece:
                        raise EOFError(f"{file.name} is shorter than what was acknowledged")
                    left -= len(piece)
                    yield piece

    def digest(self, segments: Iterable[Segment]) -> Digest:
        """Size, hash and head of a blob, in one pass."""
        sha256, size_bytes, head = hashlib.sha256(), 0, b""
        for piece in self.read(segments):
            sha256.update(piece)
            size_bytes += len(piece)
            head += piece[: HEAD_BYTES - len(head)]
        return Digest(size_bytes, sha256.hexdigest(), head)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; a reader that has one open keeps it, one that comes later finds nothing."""
        for name in names:
            (self._directory / name).unlink(missing_ok=True)

    def old_names(self) -> list[str]:
        """Files that nobody can still be writing to."""
        return [entry.name for entry in os.scandir(self._directory) if _age_s(entry) > _ORPHAN_AGE_S]


def _age_s(entry: os.DirEntry[str]) -> float:
    try:
        return time.time() - entry.stat().st_mtime
    except FileNotFoundError:  # another process tidies up as well
        return 0


def _sync_directory(path: Path) -> None:
    """Bring a new file's name to the disk; there is no such call, and no need for one, outside POSIX."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
