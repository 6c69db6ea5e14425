"""Masks as arrays, which scripts in Python may give."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def png_of_array(values: Any) -> bytes:
    """A mask as a PNG: white where the array is not 0.

    Raises:
        ValueError: if it is no array of height x width.
    """
    array = np.asarray(values)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"a mask has the shape (height, width), not {array.shape}")
    out = io.BytesIO()
    Image.fromarray(np.where(array != 0, 255, 0).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()
