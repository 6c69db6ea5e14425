"""HEIF: brands (ISO/IEC 14496-12, ftyp) and the size of the primary item (ISO/IEC 23008-12, meta box)."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from visionspec.rules.containers import MAX_PARTS, Header, check_sides, corrupt, number, truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEVC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AV1 = frozenset({b"avif", b"avis"})
_GENERIC = frozenset({b"mif1", b"mif2", b"msf1"})
_OTHERS = {
    "image/avci": (b"avci", b"avcs"),
    "image/x-canon-cr3": (b"crx ",),
    "video/quicktime": (b"qt  ",),
    "video/mp4": (b"isom", b"iso2", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V ", b"MSNV"),
    "video/3gpp": (b"3gp4", b"3gp5", b"3gp6"),
}
_TYPE_OF_BRAND = {brand: mime_type for mime_type, brands in _OTHERS.items() for brand in brands}


def mime_type(data: bytes) -> str | None:
    """Tell what an ISO base media file is, by its brands; None if no brand is known.

    The major brand decides. The generic ``mif1`` and ``msf1`` say only that it is HEIF, so those files are
    image/heif, even when ``heic`` is among the compatible brands; but image/avif if only AV1 is.
    """
    major = data[8:12]
    end = min(number(data, 0, 4), len(data), 16 + 4 * 64)
    compatible = [data[start : start + 4] for start in range(16, end - 3, 4)]
    for brand in (major, *compatible):
        if brand in _HEVC:
            return "image/heic"
        if brand in _AV1:
            return "image/avif"
        if brand in _GENERIC:
            only_av1 = not _AV1.isdisjoint(compatible) and _HEVC.isdisjoint(compatible)
            return "image/avif" if only_av1 else "image/heif"
        if brand in _TYPE_OF_BRAND:
            return _TYPE_OF_BRAND[brand]
    return None


def read(data: bytes) -> Header:
    """Read the size and orientation of the primary item from its ispe, clap, irot and imir properties.

    An EXIF block in the file is not looked at: HEIF's own properties say how the image is displayed.

    Raises:
        TruncatedMedia: if the data ends inside the meta box, or before it.
        CorruptMedia: if it contradicts the format.
    """
    header: Header | None = None
    pixels, position = False, 0
    for _ in range(MAX_PARTS):
        if position >= len(data):
            break
        kind, body, end = _box(data, position, len(data))
        if end > len(data):
            if header is None:
                raise truncated(f"HEIF ends inside its {kind!r} box, before the size of the image")
            if kind == "mdat" or not pixels:
                return header._replace(missing=f"{end - len(data)} bytes of the {kind!r} box and more")
            break  # whatever stands behind the pixels, the image is whole
        if kind == "meta" and header is None:
            parts = {inner: (start, stop) for inner, start, stop in _boxes(data, body + 4, end)}
            header, pixels = _primary(data, parts), pixels or "idat" in parts
        pixels = pixels or kind == "mdat"
        position = end
    if header is None:
        if pixels:
            raise corrupt("HEIF has no meta box, so no still image")
        raise truncated("HEIF ends before its meta box, which holds the size of the image")
    return header if pixels else header._replace(missing="the mdat box, which holds the pixels")


def _box(data: bytes, position: int, limit: int) -> tuple[str, int, int]:
    """Kind, start of the body, end. The end lies past ``limit`` if the box, or its header, does not fit."""
    size, kind, body = (
        number(data, position, 4),
        data[position + 4 : position + 8].decode("latin-1"),
        position + 8,
    )
    if size == 1:
        size, body = number(data, position + 8, 8), position + 16
    elif size == 0 and limit == len(data):  # "to the end of the file"
        size = limit - position
    if body > limit:
        return kind, body, body
    if position + size < body:
        raise corrupt(f"HEIF box {kind!r} at byte {position} has a size of {size}")
    return kind, body, position + size


def _boxes(data: bytes, position: int, limit: int) -> Iterator[tuple[str, int, int]]:
    for _ in range(MAX_PARTS):
        if position >= limit:
            return
        kind, body, end = _box(data, position, limit)
        if end > limit:
            raise corrupt(f"HEIF box {kind!r} at byte {position} is larger than the box around it")
        yield kind, body, end
        position = end
    raise corrupt(f"HEIF has more than {MAX_PARTS} boxes in one")


# How a pixel at (x, y), y down, moves: the rows of a matrix. EXIF's eight orientations are the whole group.
_Matrix = tuple[int, int, int, int]
_ORIENTATION_OF: dict[_Matrix, int] = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, -1, 1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, 1, -1, 0): 8,
}
_QUARTER: _Matrix = (0, 1, -1, 0)  # irot counts quarter turns anti-clockwise
_MIRRORS: tuple[_Matrix, _Matrix] = (
    (1, 0, 0, -1),
    (-1, 0, 0, 1),
)  # imir: 0 swaps top and bottom, 1 left and right


def _then(first: _Matrix, second: _Matrix) -> _Matrix:
    a, b, c, d = first
    e, f, g, h = second
    return e * a + f * c, e * b + f * d, g * a + h * c, g * b + h * d


def _primary(data: bytes, parts: dict[str, tuple[int, int]]) -> Header:
    if "pitm" not in parts or "iprp" not in parts:
        raise corrupt("HEIF has no primary item with properties (pitm and iprp boxes)")
    start = parts["pitm"][0]
    item = number(data, start + 4, 4 if number(data, start, 1) else 2)
    size: tuple[int, int] | None = None
    turn = (1, 0, 0, 1)
    for kind, body in islice(_properties(data, parts["iprp"], item), MAX_PARTS):
        swapped = _ORIENTATION_OF[turn] > 4
        if kind == "ispe" and size is None:
            size = number(data, body + 4, 4), number(data, body + 8, 4)
        elif kind == "clap":
            width, height = (
                number(data, body + at, 4) // max(number(data, body + at + 4, 4), 1) for at in (0, 8)
            )
            size = (height, width) if swapped else (width, height)
        elif kind == "irot":
            for _ in range(number(data, body, 1) & 3):
                turn = _then(turn, _QUARTER)
        elif kind == "imir":
            turn = _then(turn, _MIRRORS[number(data, body, 1) & 1])
    if size is None:
        raise corrupt(f"HEIF's primary item {item} has no size (ispe property)")
    check_sides(*size, "HEIF's ispe or clap property")
    return Header(*size, _ORIENTATION_OF[turn])


def _properties(data: bytes, iprp: tuple[int, int], item: int) -> Iterator[tuple[str, int]]:
    """Kind and start of the properties of ``item``, in the order in which they are applied (ipma box)."""
    known: list[tuple[str, int]] = []
    for kind, body, end in _boxes(data, *iprp):
        if kind == "ipco":
            known = [(inner, start) for inner, start, _ in _boxes(data, body, end)]
        elif kind == "ipma":
            for index in _associated(data, body, end, item):
                if index > len(known):
                    raise corrupt(f"HEIF's item {item} has property {index} of {len(known)}")
                if index:
                    yield known[index - 1]


def _associated(data: bytes, body: int, end: int, item: int) -> Iterator[int]:
    id_size = 4 if number(data, body, 1) else 2
    index_size = 2 if number(data, body + 3, 1) & 1 else 1
    entries, position = number(data, body + 4, 4), body + 8
    for _ in range(min(entries, MAX_PARTS)):
        count = number(data, position + id_size, 1)
        first = position + id_size + 1
        if first + count * index_size > end:
            raise corrupt("HEIF's ipma box is shorter than its own counts")
        if number(data, position, id_size) == item:
            for at in range(first, first + count * index_size, index_size):
                yield number(data, at, index_size) & (0x7FFF if index_size == 2 else 0x7F)
            return  # an item has one entry
        position = first + count * index_size
