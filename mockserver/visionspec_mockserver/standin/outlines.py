"""The form of a thing within its box: a probability map, a polygon, a point inside.

All of them stretch the thing to its box: the box is known to the pixel of the full picture, the mask only to
that of the copy that was looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from .arrays import square
from .parts import padded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .arrays import Bits, Floats, Pixels

    Points = NDArray[np.int32]

_SIDE = 256  # the longer side of a probability map; more where the thing is thin
_MOST_CORNERS = 96


def probability(mask: Bits, size: tuple[int, int], *, thickness: float) -> Pixels:
    """A map of 0..255 that a bilinear resize to ``size`` (width, height) and a cut at 127 turn into the mask."""
    width, height = size
    thin = 3 / max(
        1.0, thickness * max(size) / max(mask.shape)
    )  # samples per pixel that keep 3 across a stroke
    scale = min(1.0, max(_SIDE / max(size), min(thin, 4 * _SIDE / max(size))))
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    plain = mask.astype(np.float32)
    if target == mask.shape[::-1]:
        soft = cv2.blur(plain, (3, 3), borderType=cv2.BORDER_REPLICATE) * 255
        return cast("Pixels", np.where(mask, soft.clip(140, 255), soft.clip(0, 115)).astype(np.uint8))
    shrinks = target[0] < mask.shape[1]
    if not shrinks:
        plain = cv2.GaussianBlur(plain, (0, 0), 0.6, borderType=cv2.BORDER_REPLICATE)
    soft = cv2.resize(plain, target, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return cast("Pixels", (soft.reshape(target[::-1]) * 255).round().astype(np.uint8))


def polygon(mask: Bits, *, closed_by: int = 0) -> Floats:
    """The outline of the largest piece along the edges of its pixels, ``(n, 2)`` as x, y in 0..width, 0..height.

    Holes are reached by slits, so that one closed line describes a ring.

    Args:
        mask: the thing.
        closed_by: close gaps of this many pixels first, for a line of letters.
    """
    body = padded(mask).astype(np.uint8)
    if closed_by:
        body = cv2.morphologyEx(body, cv2.MORPH_CLOSE, square(2 * closed_by + 1))
    # every corner of every pixel: the outline of these runs along the pixels' edges
    corners = cv2.dilate(body, np.ones((2, 2), np.uint8), anchor=(1, 1))
    found, tree = cv2.findContours(corners, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outer = max((i for i in range(len(found)) if tree[0][i][3] < 0), key=lambda i: cv2.contourArea(found[i]))
    line = _simple(found[outer])
    least = max(4.0, 0.01 * cv2.contourArea(found[outer]))
    for i, hole in enumerate(found):
        if tree[0][i][3] == outer and cv2.contourArea(hole) >= least:
            line = _slit(line, _simple(hole))
    return line.astype(np.float32) - 1


def _simple(line: Points) -> Points:
    """Fewer corners, as long as the form stays."""
    around = cv2.arcLength(line, closed=True)
    slack = float(np.clip(0.004 * around, 0.3, 1.0))
    short = cv2.approxPolyDP(line, slack, closed=True)
    while len(short) > _MOST_CORNERS:
        slack *= 1.5
        short = cv2.approxPolyDP(line, slack, closed=True)
    if len(short) < 3:
        x, y, w, h = cv2.boundingRect(line)
        return np.array([[x, y], [x + w - 1, y], [x + w - 1, y + h - 1], [x, y + h - 1]], np.int32)
    return cast("Points", short[:, 0, :])


def _slit(outer: Points, hole: Points) -> Points:
    """Walk around the outside, cross to the hole at the nearest pair of corners, around it, and back."""
    gaps = np.linalg.norm(outer[:, None].astype(np.float32) - hole[None], axis=-1)
    i, j = np.unravel_index(int(gaps.argmin()), gaps.shape)
    inner = np.concatenate([hole[j:], hole[: j + 1]])
    return np.concatenate([outer[: i + 1], inner, outer[i:]])


def deepest(mask: Bits) -> tuple[float, float]:
    """The centre of the pixel that is furthest from the outline, as x, y."""
    depth = cv2.distanceTransform(padded(mask).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(x) + 0.5, float(y) + 0.5
