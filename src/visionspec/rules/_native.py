"""The same pixels sooner, where opencv is installed; nothing here changes a result.

PNG is lossless, so whose decoder it is cannot matter; what opencv does not decode is left to Pillow, which
says what is wrong with it. Enlarging is another matter: opencv calculates with 11 bits. It is only asked
which pixels are nowhere near the threshold, and it is measured against Pillow before it is trusted with
that.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt

    Map = npt.NDArray[np.uint8]

SLACK = 2
"""Levels that an enlarged pixel may lie beside Pillow's: each of the two is at most about one level off the
true value, opencv by truncating, Pillow by rounding twice. Measured was a difference of 1.
"""


def decode_grey(data: bytes) -> Map | None:
    """The pixels of an 8-bit grey image; None if opencv is not there or does not decode it."""
    cv2 = _cv2()
    values: Map | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if cv2 else None
    return values


def enlarge(values: Map, width: int, height: int) -> Map | None:
    """``values`` resized bilinearly to within `SLACK` of Pillow's result; None if that is not to be had."""
    cv2 = _cv2()
    enlarged: Map | None = (
        cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR) if cv2 else None
    )
    return enlarged


@functools.cache
def _cv2() -> Any:
    """opencv, if it is installed and enlarges as it should: builds may replace parts of its code."""
    try:
        import cv2  # noqa: PLC0415 - 15 ms, not before the first mask
    except ImportError:
        return None
    values = np.random.default_rng(0).integers(0, 256, (61, 53), np.uint8)
    for size in ((53, 61), (60, 70), (106, 122), (300, 400), (997, 63)):
        theirs = cv2.resize(values, size, interpolation=cv2.INTER_LINEAR).astype(np.int16)
        if (
            np.abs(theirs - np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))).max()
            >= SLACK
        ):
            return None
    return cv2
