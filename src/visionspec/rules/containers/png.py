"""PNG: signature, IHDR, chunks up to IEND (W3C PNG, third edition, sections 5 and 11)."""

from __future__ import annotations

import zlib

from visionspec.rules.containers import MAX_PARTS, Header, check_sides, corrupt, exif, number, truncated

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_START = SIGNATURE + b"\0\0\0\x0dIHDR"
_HEADER_BYTES = 33  # signature, then length, type, 13 bytes of data and the CRC of IHDR
_DEPTHS_OF_COLOUR = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def read(data: bytes) -> Header:
    """Read size and orientation (eXIf chunk) of a PNG.

    Raises:
        TruncatedMedia: if the data ends inside IHDR.
        CorruptMedia: if it contradicts the format.
    """
    width_px, height_px = _header(data)
    position, orientation, pixels = _HEADER_BYTES, 1, False
    for _ in range(MAX_PARTS):
        length, kind = number(data, position, 4), data[position + 4 : position + 8]
        if len(kind) < 4:
            return Header(width_px, height_px, orientation, "everything up to the IEND chunk")
        name = kind.decode("latin-1")
        if length > 0x7FFF_FFFF or not kind.isalpha():
            raise corrupt(f"PNG has a chunk {name!r} of {length} bytes at byte {position}")
        body, position = position + 8, position + 12 + length
        if position > len(data):
            return Header(
                width_px, height_px, orientation, f"{position - len(data)} bytes of the {name} chunk and more"
            )
        if kind == b"IEND":
            if not pixels:
                raise corrupt("PNG has no IDAT chunk, so no pixels")
            return Header(width_px, height_px, orientation)
        if kind == b"eXIf":
            orientation = exif.orientation(data[body : body + length])
        pixels = pixels or kind == b"IDAT"
    raise corrupt(f"PNG has more than {MAX_PARTS} chunks")


def _header(data: bytes) -> tuple[int, int]:
    start = data[: len(_START)]
    if not _START.startswith(start):
        damaged = not start.startswith(SIGNATURE)
        raise corrupt(
            "PNG signature is damaged, as a transfer in text mode leaves it"
            if damaged
            else f"PNG begins with the chunk {start[12:].decode('latin-1')!r} instead of a 13-byte IHDR"
        )
    if len(data) < _HEADER_BYTES:
        raise truncated(f"PNG ends after {len(data)} of the {_HEADER_BYTES} bytes up to the end of IHDR")
    if zlib.crc32(data[12:29]) != number(data, 29, 4):
        raise corrupt("the CRC of PNG's IHDR is wrong, so its width and height cannot be trusted")
    width_px, height_px = number(data, 16, 4), number(data, 20, 4)
    check_sides(width_px, height_px, "PNG's IHDR")
    depth, colour, compression, filtering, interlace = data[24:29]
    if (
        max(width_px, height_px) > 0x7FFF_FFFF
        or depth not in _DEPTHS_OF_COLOUR.get(colour, ())
        or compression
        or filtering
        or interlace > 1
    ):
        raise corrupt(f"PNG's IHDR has values that no PNG has: {data[16:29].hex()}")
    return width_px, height_px
