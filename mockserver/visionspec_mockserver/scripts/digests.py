"""How an image looks, in 64 bits: the difference hash, bit for bit that of the library ImageHash."""

from __future__ import annotations

from PIL import Image

from visionspec_mockserver.standin.pixels import decode

_SIDE = 8


def dhash(data: bytes) -> int:
    """Whether each of 8x8 places is darker than the one on its right, row after row, the first the highest bit.

    Raises:
        InvalidMedia: if the image cannot be decoded.
    """
    grey = Image.fromarray(decode(data).rgb).convert("L")
    small = grey.resize((_SIDE + 1, _SIDE), Image.Resampling.LANCZOS).tobytes()
    bits = 0
    for row in range(_SIDE):
        for column in range(_SIDE):
            at = row * (_SIDE + 1) + column
            bits = bits << 1 | (small[at + 1] > small[at])
    return bits


def distance(one: int, other: int) -> int:
    """In how many of 64 bits two hashes differ."""
    return (one ^ other).bit_count()
