"""The same pixels sooner, where kornia-rs is installed.

PNG is lossless, so whose decoder it is cannot matter. What this one refuses is left to Pillow, which says what
is wrong with it. It overlooks one thing: the last checksum inside the compressed data, where the CRC around
it is right.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Map = npt.NDArray[np.uint8]


def decode_grey(png: bytes, *, width_px: int, height_px: int) -> Map | None:
    """The pixels of an 8-bit grey PNG; None if kornia-rs is not there or does not decode it to that size."""
    decode = _decoder()
    if decode is None:
        return None
    try:
        pixels: Map = decode(png, (height_px, width_px), "mono")
    except Exception:  # noqa: BLE001 - it raises no class of its own
        return None
    return pixels[:, :, 0]


@functools.cache
def _decoder() -> Any:
    try:
        # 5 ms, so not before the first mask; it is written in Rust
        from kornia_rs.io import decode_image_png_u8  # noqa: PLC0415  # pyright: ignore[reportMissingModuleSource]
    except ImportError:
        return None
    return decode_image_png_u8
