"""What is uploaded, read piece by piece: a path, bytes, or a binary file that can seek."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from visionspec.errors import InvalidInput, show


@dataclass(frozen=True, slots=True)
class Source:
    """A file to upload, of which only the piece that is on its way is ever in memory."""

    content: Path | bytes | BinaryIO
    size_bytes: int
    name: str | None = None

    def read(self, offset: int, size: int) -> bytes:
        """``size`` bytes from ``offset`` on.

        Raises:
            InvalidInput: if there are fewer: the source changed while it was read.
        """
        try:
            piece = self._read(offset, size)
        except (OSError, ValueError) as error:
            raise InvalidInput(f"cannot read {self.name or 'the source'}: {error}") from error
        if len(piece) != size:
            end = offset + len(piece)
            raise InvalidInput(
                f"{self.name or 'the source'} had {self.size_bytes} bytes, now it ends at {end}"
            )
        return piece

    def _read(self, offset: int, size: int) -> bytes:
        if isinstance(self.content, bytes):
            return self.content[offset : offset + size]
        if isinstance(self.content, Path):
            with self.content.open("rb") as file:
                return _read(file, offset, size)
        return _read(self.content, offset, size)


def open_source(given: str | os.PathLike[str] | bytes | BinaryIO) -> Source:
    """Look at what is to be uploaded. A file object is uploaded from its first byte, wherever it stands.

    Raises:
        InvalidInput: if it is none of the things that can be read twice.
    """
    if isinstance(given, bytes | bytearray | memoryview):
        return Source(bytes(given), len(given))
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        if not path.is_file():
            raise InvalidInput(f"no such file: {show(str(path))}", given=given)
        return Source(path, path.stat().st_size, path.name)
    with contextlib.suppress(AttributeError, OSError, TypeError, ValueError):
        size_bytes = given.seek(0, os.SEEK_END)
        given.seek(0)
        if isinstance(given.read(0), bytes):
            return Source(given, size_bytes)
    raise InvalidInput(f"no path, bytes or seekable binary file: {show(given)}", given=given)


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    pieces: list[bytes] = []
    while size > 0 and (piece := file.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
