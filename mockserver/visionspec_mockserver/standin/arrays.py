"""The few array types and colour distances that all of the looking shares.

Colours are CIE Lab as float32 (L 0..100), so that a distance of 1 is about what an eye can just tell apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Bits = NDArray[np.bool_]

_SUM = np.ones((1, 3), np.float32)


def to_lab(rgb: Pixels) -> Floats:
    return cast("Floats", cv2.cvtColor(rgb.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab))


def squared(a: Floats, b: Floats) -> Floats:
    """Squared distance of two colour images of one shape ``(h, w, 3)``."""
    d = cv2.subtract(a, b)
    return cast("Floats", cv2.transform(cv2.multiply(d, d), _SUM))


def distance(a: Floats, b: Floats) -> Floats:
    """Distance of two colour images of one shape ``(h, w, 3)``."""
    return cast("Floats", cv2.sqrt(squared(a, b)))


def lengths(vectors: Floats) -> Floats:
    """Length of each of ``(n, 3)`` vectors."""
    return cast("Floats", np.sqrt(np.einsum("ij,ij->i", vectors, vectors)))


def square(side_px: int) -> Pixels:
    """A square structuring element."""
    return np.ones((side_px, side_px), np.uint8)


def counts(labels: Labels, size: int) -> NDArray[np.int64]:
    """How many pixels carry each label."""
    return np.bincount(labels.ravel(), minlength=size)


def shares(labels: Labels, where: Bits, size: int) -> NDArray[np.float64]:
    """Of the pixels of each label, the share where ``where`` holds."""
    return np.bincount(labels.ravel(), weights=where.ravel(), minlength=size) / np.maximum(
        counts(labels, size), 1
    )


def relabel(labels: Labels, table: Iterable[int]) -> Labels:
    """Replace every label by its entry in a table."""
    return np.asarray(table, np.int32)[labels]
