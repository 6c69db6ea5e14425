"""JPEG: the frame header (any SOF), EXIF orientation, whether an EOI ends the file (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from visionspec.rules.containers import MAX_PARTS, Header, check_sides, corrupt, exif, number, truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

# A marker is FF and a code. FF 00 is an FF of the pixels, FF FF is fill, and RSTn, SOI and TEM stand alone.
# Everything between two segments is skipped, as libjpeg does: pixels and garbage alike.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")
_EOI, _SOS, _APP1 = 0xD9, 0xDA, 0xE1
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # DHT, JPG and DAC lie in the same range


def read(data: bytes) -> Header:
    """Read size and orientation (first APP1 with EXIF before the first scan) of a JPEG.

    Raises:
        TruncatedMedia: if the data ends before the frame header does.
        CorruptMedia: if it contradicts the format.
    """
    size: tuple[int, int] | None = None
    block, scans = b"", 0
    for code, start, end in _segments(data):
        if code in _SOF and size is None:
            size = _size(data[start:end], code)
        elif code == _APP1 and not (scans or block) and data.startswith(exif.PREFIX, start, end):
            block = data[start:end]
        elif code in (_SOS, _EOI) and size is None:
            raise corrupt(f"JPEG has no frame header before its marker FF{code:02X} at byte {start - 4}")
        elif code == _SOS:
            scans += 1
        elif code == _EOI:
            if not scans:
                raise corrupt("JPEG has no scan before its EOI marker, so no pixels")
            return Header(*_known(size), exif.orientation(block))
    missing = f"{'the end of' if scans else 'all of'} its pixels and the EOI marker"
    return Header(*_known(size), exif.orientation(block), missing)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield code, start and end of every whole segment, up to EOI or the end of the data."""
    position = 2
    for _ in range(MAX_PARTS):
        found = _MARKER.search(data, position)
        if found is None:
            return
        code, start = data[found.end() - 1], found.end() + 2
        if code == _EOI:
            yield code, start, start
            return
        if code < 0xC0:
            raise corrupt(f"JPEG has the reserved marker FF{code:02X} at byte {found.start()}")
        if len(data) < start:
            return
        length = number(data, found.end(), 2)
        if length < 2:
            raise corrupt(f"JPEG segment FF{code:02X} at byte {found.start()} has a length of {length}")
        position = found.end() + length
        if len(data) < position:
            return
        yield code, start, position
    raise corrupt(f"JPEG has more than {MAX_PARTS} segments")


def _known(size: tuple[int, int] | None) -> tuple[int, int]:
    if size is None:
        raise truncated("JPEG ends before its frame header, which holds its size")
    return size


def _size(body: bytes, code: int) -> tuple[int, int]:
    components = body[5] if len(body) > 5 else 0
    if len(body) != 6 + 3 * components or not components:
        raise corrupt(f"JPEG's frame header FF{code:02X} has {len(body)} bytes for {components} components")
    height_px, width_px = number(body, 1, 2), number(body, 3, 2)
    check_sides(width_px, height_px, f"JPEG's frame header FF{code:02X}")
    return width_px, height_px
