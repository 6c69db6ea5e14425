"""Flat zones: pixels joined to their neighbours wherever the colour hardly changes.

A zone may wander through a gradient, and a shape one pixel thick is still a zone. Two neighbours are joined
unless the step between them is larger than ``step``, or lies on a ramp that is as a whole too steep: an
edge that was blurred or resampled climbs in small steps. The joints are drawn as pixels between the pixels
of a picture of twice the size, so that one run of connected components finds all zones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from .arrays import squared

if TYPE_CHECKING:
    from .arrays import Bits, Floats, Labels

_RAMP = 2.6  # a ramp over three pixels is an edge above this many steps


def _joints(lab: Floats, step: float) -> Bits:
    """Whether a pixel and its right neighbour belong together."""
    near = squared(lab[:, 1:], lab[:, :-1])
    joined = near < step * step
    if lab.shape[1] > 3:
        far = squared(lab[:, 3:], lab[:, :-3])
        inner = near[:, 1:-1]
        joined[:, 1:-1] &= (far < (_RAMP * step) ** 2) | (inner < 0.0625 * far)
    return joined


def flat_zones(lab: Floats, step: float) -> tuple[Labels, int]:
    """Number the flat zones of a colour image from 0; returns the map and how many there are."""
    height, width = lab.shape[:2]
    lattice = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)
    lattice[::2, ::2] = 1
    if width > 1:
        lattice[::2, 1::2] = _joints(lab, step)
    if height > 1:
        turned = np.ascontiguousarray(lab.transpose(1, 0, 2))
        lattice[1::2, ::2] = _joints(turned, step).T
    count, found = cv2.connectedComponents(lattice, connectivity=4, ltype=cv2.CV_32S)
    return np.ascontiguousarray(found[::2, ::2]) - 1, count - 1


def solid(zones: Labels, size: int) -> Bits:
    """Which zones hold a block of 2 x 2 pixels: the soft rim of a shape does not."""
    corner = zones[:-1, :-1]
    block = (corner == zones[1:, :-1]) & (corner == zones[:-1, 1:]) & (corner == zones[1:, 1:])
    return np.bincount(corner[block], minlength=size) > 0
