"""The one EXIF tag that changes what a box refers to: orientation (0x0112) of the first directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from visionspec.rules.containers import number

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = b"Exif\0\0"
_ORDERS: Mapping[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}
_TAG = 0x0112
_SIZE_OF_TYPE = {3: 2, 4: 4}  # SHORT, as the standard says, and LONG


def orientation(block: bytes) -> int:
    """Read the orientation of an EXIF block, with or without its ``Exif\\0\\0`` prefix.

    Returns:
        1..8; 1 if there is no such tag, or the block is damaged: a viewer shows the image as stored then.
    """
    tiff = block.removeprefix(PREFIX)
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return 1
    directory = number(tiff, 4, 4, order)
    first = directory + 2
    last = min(first + 12 * number(tiff, directory, 2, order), len(tiff) - 11)
    for entry in range(first, last, 12):
        if number(tiff, entry, 2, order) == _TAG:
            size = _SIZE_OF_TYPE.get(number(tiff, entry + 2, 2, order), 0)
            value = number(tiff, entry + 8, size, order)
            return value if number(tiff, entry + 4, 4, order) == 1 and 1 <= value <= 8 else 1
    return 1
