"""Headers of image files, read from their bytes: nothing is decoded, nothing outside the bytes is touched.

Each reader takes a whole file, or a prefix of one, and walks it from length field to length field. Every step
moves forward and there are at most `MAX_PARTS` of them, so hostile lengths cost neither time nor memory.
What the bytes say decides the error: corrupt, if they contradict the format; truncated, if they agree with it
and end before the size of the image is known. An end after that is no error but `Header.missing`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from visionspec.errors import CorruptMedia, TruncatedMedia

MAX_PARTS = 300_000
"""Chunks, segments or boxes of one file. A PNG of 2 GB in chunks of 8 kB, libpng's size, has 262,144."""


class Header(NamedTuple):
    """What a container says about its image.

    Attributes:
        width_px: as stored, before the orientation is applied.
        height_px: as stored.
        orientation: 1..8, with the meaning of the EXIF tag.
        missing: what is cut off at the end of the file; None if nothing is.
    """

    width_px: int
    height_px: int
    orientation: int
    missing: str | None = None


def corrupt(what: str) -> CorruptMedia:
    """Build the error for bytes that contradict their own format."""
    return CorruptMedia(f"corrupt image: {what}", rule="media.corrupt")


def truncated(what: str) -> TruncatedMedia:
    """Build the error for bytes that agree with their format and end too early."""
    return TruncatedMedia(f"truncated image: {what}", rule="media.truncated")


def check_sides(width_px: int, height_px: int, where: str) -> None:
    """Refuse an image without pixels.

    Raises:
        CorruptMedia: if a side is 0.
    """
    if not (width_px and height_px):
        raise corrupt(f"{where} says {width_px}x{height_px} px; no side of an image is 0")


def number(data: bytes, start: int, size: int, order: Literal["big", "little"] = "big") -> int:
    """Read ``size`` bytes at ``start`` as an unsigned integer; bytes past the end are simply not there."""
    return int.from_bytes(data[start : start + size], order)
