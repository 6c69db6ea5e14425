"""The name of a silhouette: circle, square, triangle, hexagon, star, cross, line ... or just shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from .parts import filled, padded, thickness

if TYPE_CHECKING:
    from .arrays import Bits, Labels

_CORNERS = {4: "diamond", 5: "pentagon", 6: "hexagon", 8: "octagon"}
_SMALL_PX = 1000  # below it a disc of pixels has corners as well
_SQUARE = 1.09  # sides that differ less than this factor are equal


def name_shape(mask: Bits) -> str:
    """Name a silhouette by the simplest figure that covers it well; holes do not count."""
    whole = filled(mask)
    outline = contour(whole)
    area = float(whole.sum())
    (_, (a, b), _) = cv2.minAreaRect(outline)
    a, b = sorted((a + 1, b + 1))
    if b > 10 * a or b > 12 * max(thickness(whole), 1):
        return "line"
    if area > 0.93 * a * b or (area > 0.86 * a * b and min(mask.shape) < 8):
        return "square" if b < _SQUARE * a else "rectangle"
    cornered = _by_corners(outline, area)
    if cornered in _CORNERS.values() and area > _SMALL_PX:  # six corners cover most of an ellipse too
        return cornered
    if _like_ellipse(whole, area):
        return "circle" if b < _SQUARE * a else "ellipse"
    return cornered


def name_open_shape(mask: Bits) -> str:
    """Name a hollow silhouette by what its outside looks like."""
    return {"circle": "ring", "ellipse": "ring", "square": "frame", "rectangle": "frame"}.get(
        name_shape(mask), "outline"
    )


def contour(mask: Bits) -> Labels:
    """The outermost outline of the largest piece of a mask, as pixel coordinates ``(n, 1, 2)``."""
    found, _ = cv2.findContours(padded(mask).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cast("Labels", max(found, key=cv2.contourArea) - 1)


def _like_ellipse(whole: Bits, area: float) -> bool:
    ys, xs = np.nonzero(whole)
    centre = xs.mean(), ys.mean()
    spread = np.cov(np.stack([xs, ys])) + np.eye(2) / 12
    dx, dy = xs - centre[0], ys - centre[1]
    inverse = np.linalg.inv(spread)
    reach = inverse[0, 0] * dx * dx + 2 * inverse[0, 1] * dx * dy + inverse[1, 1] * dy * dy
    full = 4 * np.pi * float(np.sqrt(np.linalg.det(spread)))
    within = float((reach <= 4).sum())
    return within > 0.95 * area and within > 0.95 * full


def _by_corners(outline: Labels, area: float) -> str:
    hull = cv2.convexHull(outline)
    solid = area / max(float(cv2.contourArea(hull)) + 0.5 * cv2.arcLength(hull, closed=True), 1)
    if solid > 0.9:
        triangle = float(cv2.minEnclosingTriangle(hull)[0] or 0)
        corners = cv2.approxPolyDP(hull, 0.03 * cv2.arcLength(hull, closed=True), closed=True)
        if triangle and area > 0.84 * triangle and len(corners) <= 4:
            return "triangle"
        sides = cv2.arcLength(corners, closed=True) / 2
        exact = abs(float(cv2.contourArea(corners)) + sides - area) < 0.06 * area
        if not exact or len(corners) not in _CORNERS:
            return "shape"
        edges = np.linalg.norm(corners - np.roll(corners, 1, 0), axis=-1)
        return _CORNERS[len(corners)] if edges.max() < 2.2 * edges.min() else "shape"
    tips = _tips(outline)
    if 0.4 < solid < 0.85 and tips >= 5:
        return "star"
    if tips == 4 and 0.4 < solid < 0.85:
        return "cross"
    return "shape"


def _tips(outline: Labels) -> int:
    """How many times the outline, seen from its centre, comes out and goes back in."""
    points = outline[:, 0, :].astype(np.float64)
    moments = cv2.moments(outline)
    centre = np.array([moments["m10"], moments["m01"]]) / max(moments["m00"], 1)
    radius = np.hypot(*(points - centre).T)
    high = radius > (radius.max() + radius.min()) / 2
    return int((high & ~np.roll(high, 1)).sum())
