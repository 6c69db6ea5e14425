"""WEBP: RIFF with VP8 (lossy), VP8L (lossless) or VP8X (extended) first (RFC 9649)."""

from __future__ import annotations

from visionspec.rules.containers import MAX_PARTS, Header, check_sides, corrupt, exif, number, truncated

_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_EXIF_FLAG = 0x08
_FIRST = 20  # bytes up to the payload of the first chunk


def read(data: bytes) -> Header:
    """Read size (of the canvas) and orientation (EXIF chunk, where VP8X announces one) of a WEBP.

    Raises:
        TruncatedMedia: if the data ends inside the first chunk's header.
        CorruptMedia: if it contradicts the format.
    """
    if len(data) < _FIRST:
        raise truncated(f"WEBP ends after {len(data)} of the {_FIRST} bytes before its first payload")
    file_end = 8 + number(data, 4, 4, "little")
    width_px, height_px = _SIZE_OF_FIRST.get(data[12:16], _no_first)(data)
    check_sides(width_px, height_px, f"WEBP's {data[12:16].decode('latin-1')} chunk")
    has_exif = data[12:16] == b"VP8X" and bool(data[_FIRST] & _EXIF_FLAG)
    position, orientation, pixels = 12, 1, False
    for _ in range(MAX_PARTS):
        if position + 8 > min(file_end, len(data)):
            break
        length, kind = number(data, position + 4, 4, "little"), data[position : position + 4]
        body, end = position + 8, position + 8 + length
        if end > file_end:
            raise corrupt(
                f"WEBP chunk {kind.decode('latin-1')!r} of {length} bytes is larger than the file says"
            )
        if end > len(data):
            break
        if kind == b"EXIF" and has_exif:
            orientation = exif.orientation(data[body:end])
        pixels = pixels or kind in _PIXELS
        position = end + length % 2
    else:
        raise corrupt(f"WEBP has more than {MAX_PARTS} chunks")
    if file_end > len(data):
        return Header(width_px, height_px, orientation, f"{file_end - len(data)} bytes that RIFF announces")
    if not pixels:
        raise corrupt("WEBP has no VP8, VP8L or ANMF chunk, so no pixels")
    return Header(width_px, height_px, orientation)


def _no_first(data: bytes) -> tuple[int, int]:
    raise corrupt(f"WEBP begins with the chunk {data[12:16].decode('latin-1')!r}; VP8, VP8L or VP8X is due")


def _lossy(data: bytes) -> tuple[int, int]:
    _need(data, 10)
    if data[_FIRST] & 1 or data[_FIRST + 3 : _FIRST + 6] != b"\x9d\x01\x2a":
        raise corrupt("WEBP's VP8 chunk does not begin with a key frame")
    return number(data, _FIRST + 6, 2, "little") & 0x3FFF, number(data, _FIRST + 8, 2, "little") & 0x3FFF


def _lossless(data: bytes) -> tuple[int, int]:
    _need(data, 5)
    bits = number(data, _FIRST + 1, 4, "little")
    if data[_FIRST] != 0x2F or bits >> 29:
        raise corrupt("WEBP's VP8L chunk does not begin with its signature and version 0")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _extended(data: bytes) -> tuple[int, int]:
    _need(data, 10)
    width_px, height_px = (number(data, _FIRST + 4 + 3 * axis, 3, "little") + 1 for axis in (0, 1))
    if width_px * height_px > 0xFFFF_FFFF:
        raise corrupt(f"WEBP's canvas of {width_px}x{height_px} px has more pixels than the format allows")
    return width_px, height_px


def _need(data: bytes, payload: int) -> None:
    if number(data, 16, 4, "little") < payload:
        raise corrupt(f"WEBP's first chunk is too short for its own header of {payload} bytes")
    if len(data) < _FIRST + payload:
        raise truncated(f"WEBP ends after {len(data)} of the {_FIRST + payload} bytes that hold its size")


_SIZE_OF_FIRST = {b"VP8 ": _lossy, b"VP8L": _lossless, b"VP8X": _extended}
