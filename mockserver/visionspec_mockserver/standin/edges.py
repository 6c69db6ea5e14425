"""The box of a thing to the pixel, though the thing was found in a smaller copy of the picture.

On each side, the rows (or columns) in which the thing reaches furthest are read again in the full picture,
and the edge is where the colour is halfway from what lies outside to what lies inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .arrays import lengths

if TYPE_CHECKING:
    from .arrays import Bits, Pixels

_MOST_ROWS = 96


def exact_box(
    full: Pixels, work: Pixels, mask: Bits, at: tuple[int, int], *, noisy: bool
) -> tuple[float, float, float, float]:
    """Find ``(x0, y0, x1, y1)`` in pixels of ``full``.

    Args:
        full: the picture.
        work: the smaller copy.
        mask: the thing, in pixels of ``work``.
        at: ``(x, y)`` of the mask in ``work``.
        noisy: whether single pixels of ``full`` are not to be trusted.
    """
    x, y = at
    height, width = mask.shape
    y_scale, x_scale = full.shape[0] / work.shape[0], full.shape[1] / work.shape[1]
    right, bottom = work.shape[1] - x - width, work.shape[0] - y - height
    turned, small, tall = full.transpose(1, 0, 2), work.transpose(1, 0, 2), mask.T
    across, down = (y_scale, x_scale), (x_scale, y_scale)
    return (
        _edge(full, work, mask, (x, y), across, noisy=noisy),
        _edge(turned, small, tall, (y, x), down, noisy=noisy),
        full.shape[1] - _edge(full[:, ::-1], work[:, ::-1], mask[:, ::-1], (right, y), across, noisy=noisy),
        full.shape[0] - _edge(turned[:, ::-1], small[:, ::-1], tall[:, ::-1], (bottom, x), down, noisy=noisy),
    )


def _edge(
    full: Pixels, work: Pixels, mask: Bits, at: tuple[int, int], scales: tuple[float, float], *, noisy: bool
) -> float:
    """The left edge."""
    left, top = at
    y_scale, x_scale = scales
    if left == 0:
        return 0.0
    rows = np.nonzero(mask[:, :2].any(1))[0]
    rows = rows[:: -(-len(rows) // _MOST_ROWS)]
    start = left + mask[rows].argmax(1)
    line = work[top + rows].astype(np.float32)
    each = np.arange(len(rows))
    outside = line[each, np.maximum(start - 2, 0)]
    here, next_ = line[each, start], line[each, np.minimum(start + 1, work.shape[1] - 1)]
    inside = np.where((lengths(here - outside) > lengths(next_ - outside))[:, None], here, next_)
    way = inside - outside
    length = np.einsum("ij,ij->i", way, way)
    guess = left * x_scale
    clear = length > 60
    if not clear.any():
        return guess
    ys = ((top + rows)[:, None] * y_scale + np.arange(int(np.ceil(y_scale)))[None]).astype(int)
    ys = ys.clip(0, full.shape[0] - 1)
    x0, x1 = max(0, int((left - 2) * x_scale)), min(full.shape[1], int(np.ceil((left + 3) * x_scale)))
    seen = full[ys[..., None], np.arange(x0, x1)].astype(np.float32) - outside[:, None, None]
    share = np.einsum("ijkc,ic->ijk", seen, way) / np.maximum(length, 1)[:, None, None]
    if noisy:
        share = share.mean(1, keepdims=True)
    inner = share > 0.5
    inner[..., :-1] &= inner[..., 1:]
    inner &= clear[:, None, None]
    if not inner.any():
        return guess
    first = int(np.nonzero(inner.any((0, 1)))[0][0])
    edge = float(x0 + first)
    if first:
        row = inner[..., first]
        before, after = share[..., first - 1][row], share[..., first][row]
        part = (0.5 - before) / np.maximum(after - before, 1e-3)
        edge += float(np.median(part.clip(0, 1))) - 0.5
    return edge if abs(edge - guess) <= 2 * x_scale else guess
