"""Boxes, masks and points in pixels, written as the model writes them: 0..1000, y before x, masks in their box."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from visionspec.rules import _polygon
from visionspec.rules.boxes import PixelBox, PixelPoint, to_norm, to_pixels
from visionspec_mockserver.scripts.arrays import png_of_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from visionspec_mockserver.scripts.models import Item

    Bits = NDArray[np.bool_]
    Size = tuple[int, int]

MAX_FRAME_PX = 1 << 28


def entry(item: Item, size: Size, *, polygons: bool) -> dict[str, Any]:
    """``item`` in a frame of ``size`` (width, height) as an entry of the model's list.

    Raises:
        ValueError: if it does not lie in the frame, or its mask is none of the frame.
    """
    if size[0] * size[1] > MAX_FRAME_PX:
        raise ValueError(f"{size[0]}x{size[1]} px are more than {MAX_FRAME_PX:,}")
    found: dict[str, Any] = {}
    rings, mask = _ring(item, size), _frame(item, size)
    box = _box(item, rings, mask)
    if item.point is not None:
        _check(item, *item.point, size)
        y, x = _norm((*item.point, *item.point), size)[:2]
        found["point"] = [y, x]
    if box is not None:
        _check(item, box.x1, box.y1, size)
        ymin, xmin, ymax, xmax = _norm(box, size)
        norm = [min(ymin, ymax - 1), min(xmin, xmax - 1), ymax, xmax]
        found["box_2d"] = norm
        if rings or mask is not None:
            found["mask"] = (
                _polygon_of(rings, mask, box, size) if polygons else _png_of(rings, mask, norm, size)
            )
    return {**found, "label": item.label, **item.more}


def _norm(box: Sequence[float], size: Size) -> tuple[int, int, int, int]:
    ymin, xmin, ymax, xmax = (int(value) for value in to_norm(box, width_px=size[0], height_px=size[1]))
    return ymin, xmin, ymax, xmax


def _check(item: Item, x: int, y: int, size: Size) -> None:
    if not (0 <= x <= size[0] and 0 <= y <= size[1]):
        raise ValueError(f"item {item.label!r} reaches to ({x}, {y}), out of {size[0]}x{size[1]} px")


def _ring(item: Item, size: Size) -> tuple[PixelPoint, ...]:
    corners = tuple(PixelPoint(round(x), round(y)) for x, y in item.polygon or ())
    for corner in corners:
        _check(item, *corner, size)
    return corners


def _frame(item: Item, size: Size) -> Bits | None:
    if item.mask is None:
        return None
    with Image.open(io.BytesIO(item.mask.content), formats=("PNG",)) as image:
        if image.size != size:
            raise ValueError(
                f"the mask of item {item.label!r} has {image.size[0]}x{image.size[1]} px, "
                f"its image {size[0]}x{size[1]}"
            )
        bits: Bits = np.asarray(image.convert("L")) > 0
    if not bits.any():
        raise ValueError(f"the mask of item {item.label!r} is black all over")
    return bits


def _box(item: Item, ring: tuple[PixelPoint, ...], mask: Bits | None) -> PixelBox | None:
    if item.box is not None:
        return PixelBox(*item.box)
    if mask is not None:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        return PixelBox(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    if ring:
        across, down = [corner.x for corner in ring], [corner.y for corner in ring]
        if min(across) == max(across) or min(down) == max(down):
            raise ValueError(f"the polygon of item {item.label!r} has no area")
        return PixelBox(min(across), min(down), max(across), max(down))
    return None


def _png_of(ring: tuple[PixelPoint, ...], mask: Bits | None, norm: list[int], size: Size) -> str:
    """The map of the box that a reader will make of ``norm``, so that it comes back pixel for pixel."""
    box = to_pixels(norm, width_px=size[0], height_px=size[1])
    crop = _polygon.fill(ring, box) if mask is None else mask[box.y0 : box.y1, box.x0 : box.x1]
    return "data:image/png;base64," + base64.b64encode(png_of_array(crop)).decode("ascii")


def _polygon_of(
    ring: tuple[PixelPoint, ...], mask: Bits | None, box: PixelBox, size: Size
) -> list[list[int]]:
    """One closed line of ``[x, y]``, as the model gives it: of a mask the outline of its largest piece."""
    if mask is None:
        return _scaled(ring, size)
    from visionspec_mockserver.standin.outlines import polygon  # noqa: PLC0415 - loads OpenCV

    crop = mask[box.y0 : box.y1, box.x0 : box.x1]
    return _scaled((polygon(crop) + np.array([box.x0, box.y0])).tolist(), size)


def _scaled(ring: Sequence[Sequence[float]], size: Size) -> list[list[int]]:
    corners = []
    for x, y in ring:
        down, across, _, _ = _norm((x, y, x, y), size)
        corners.append([across, down])
    return corners
