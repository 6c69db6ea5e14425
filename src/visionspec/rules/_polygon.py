"""Fill polygons so that the area is right: a pixel belongs to a polygon if its centre does.

A square from 100 to 300 therefore has 200 x 200 pixels. Rasterisers that draw the border on top (cv2,
Pillow) count 201 x 201. It is all integer arithmetic: corners lie on the grid between pixels, centres half
a pixel off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from visionspec.rules.boxes import PixelBox, PixelPoint

    Bits = npt.NDArray[np.bool_]
    Integers = npt.NDArray[np.int64]

MAX_CORNER_PX = 1 << 29
"""Corners further out would overflow the 64-bit products below."""

_BAND_CROSSINGS = 1 << 18  # bounds the temporaries


def crossings(ring: Sequence[PixelPoint], box: PixelBox) -> int:
    """How often the ring crosses a row of the box: what it costs to fill, beside the pixels."""
    _, top, _, bottom = _edges(ring, box)
    rows = np.minimum(bottom, box.height_px) - np.maximum(top, 0)
    return int(np.maximum(rows, 0).sum())


def fill(ring: Sequence[PixelPoint], box: PixelBox) -> Bits:
    """The pixels of ``box`` whose centres lie inside the closed ring, even-odd (bool, height x width)."""
    width, height = box.width_px, box.height_px
    edges = np.stack(_edges(ring, box))
    out = np.empty(width * height, np.bool_)
    rows = max(1, _BAND_CROSSINGS // max(1, edges.shape[1]))
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        # Each row is crossed an even number of times, so sorted crossings alternate between out and in.
        ends = np.sort(_cross(edges, start, stop, width))
        ends = np.concatenate(([0], ends, [(stop - start) * width]))
        inside = np.zeros(ends.size - 1, np.bool_)
        inside[1::2] = True
        out[start * width : stop * width] = np.repeat(inside, np.diff(ends))
    return out.reshape(height, width)


def _edges(ring: Sequence[PixelPoint], box: PixelBox) -> tuple[Integers, Integers, Integers, Integers]:
    """Upper end (x, y) and lower end (x, y) of every edge that is not level, seen from the box."""
    corners = np.array(ring, np.int64) - (box.x0, box.y0)
    ends = np.roll(corners, -1, axis=0)
    steep = corners[:, 1] != ends[:, 1]
    a, b = corners[steep], ends[steep]
    down = (a[:, 1] < b[:, 1])[:, None]
    upper, lower = np.where(down, a, b), np.where(down, b, a)
    return upper[:, 0], upper[:, 1], lower[:, 0], lower[:, 1]


def _cross(edges: Integers, start: int, stop: int, width: int) -> Integers:
    """The first pixel right of every crossing of an edge with a row, counted from row ``start`` on."""
    first, last = np.maximum(edges[1], start), np.minimum(edges[3], stop)
    hit = first < last
    (x0, y0, x1, y1), first, counts = edges[:, hit], first[hit], (last - first)[hit]
    before = np.cumsum(counts) - counts
    row = np.arange(int(counts.sum())) + np.repeat(first - before, counts)
    x0, y0, dx, dy = (np.repeat(values, counts) for values in (x0, y0, x1 - x0, y1 - y0))
    # The centre of pixel c is right of the edge where c + 1/2 >= x0 + (row + 1/2 - y0) * dx / dy.
    numerator = (2 * row + 1 - 2 * y0) * dx - dy
    column = x0 - (-numerator) // (2 * dy)
    crossed: Integers = (row - start) * width + np.clip(column, 0, width)
    return crossed
