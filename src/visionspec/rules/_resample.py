"""Resize a map bilinearly and binarise it, for a window of the result, exactly as Pillow would.

Pillow is the reference, pixel for pixel: ``image.resize(size, BILINEAR)``, then cropped, then compared. It
is not asked for the window alone, because its ``box`` is a float32 and moves pixels.

Where both axes grow, which is what masks do, the same is computed here, in integers: weights with 22
fractional bits, a horizontal pass rounded to 8 bits, then a vertical one. No weight is negative, and their
rounding errors are too small to carry a sum past a whole number, so a result lies between the least and the
greatest of the four pixels around it: where these agree about the threshold, nothing is interpolated. Only
mixed cells are.

Where an axis shrinks, Pillow does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from visionspec._registry import rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Indices = npt.NDArray[np.intp]
    Weights = npt.NDArray[np.int32]
    Map = npt.NDArray[np.uint8]
    Bits = npt.NDArray[np.bool_]

_BITS = 22  # Pillow's PRECISION_BITS: 32 - 8 - 2
_HALF = 1 << (_BITS - 1)
_BAND_PX = 1 << 18  # results computed at a time: bounds the temporaries, and they stay in the cache
_WHOLE_PX = 1 << 22  # what Pillow may be asked for beyond the window


class Span(NamedTuple):
    """A stretch of one axis: of ``size`` results, ``start..stop`` are wanted."""

    size: int
    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many results are wanted."""
        return self.stop - self.start


@rule("masks.resize", "masks.threshold")
def binarise(values: Map, *, x: Span, y: Span, threshold: int) -> Bits:
    """Resize ``values`` (height x width, 8 bits) to ``y.size`` x ``x.size``; compare with ``> threshold``.

    Returns:
        The window ``y.start:y.stop, x.start:x.stop`` of the result. However large the whole would be, no more
        than the window, the map and some constant is allocated.
    """
    height, width = values.shape
    if (width, height) == (x.size, y.size):
        return values[y.start : y.stop, x.start : x.stop] > threshold
    if width <= x.size and height <= y.size:
        return _growing(values, x, y, threshold)
    if x.size * y.size <= max(_WHOLE_PX, x.length * y.length):
        whole = _resize(values, x.size, y.size)
        return whole[y.start : y.stop, x.start : x.stop] > threshold
    # One axis shrinks and the other grows far beyond the frame: Pillow (from 13 on) also shrinks first.
    if x.size < width:
        values = _resize(values, x.size, height)[:, x.start : x.stop]
        x = Span(x.length, 0, x.length)
    else:
        values = _resize(values, width, y.size)[y.start : y.stop]
        y = Span(y.length, 0, y.length)
    return _growing(np.ascontiguousarray(values), x, y, threshold)


def _resize(values: Map, width: int, height: int) -> Map:
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR))


def _growing(values: Map, x: Span, y: Span, threshold: int) -> Bits:
    height, width = values.shape
    left, *x_weights = _taps(width, x)
    top, *y_weights = _taps(height, y)
    starts = top * width
    flat = values.ravel()
    counts = _above(values, threshold).take(left, axis=1)
    result = np.empty((y.length, x.length), np.bool_)
    rows = max(1, _BAND_PX // x.length)
    for start in range(0, y.length, rows):
        band = slice(start, start + rows)
        cells = counts.take(top[band], axis=0)
        out = np.right_shift(cells, 2, out=result[band].view(np.uint8)).ravel()
        mixed = np.flatnonzero((cells & 3) > 0)
        if mixed.size:
            row, column = np.divmod(mixed, x.length)
            row += start
            first = starts.take(row)
            first += left.take(column)
            weights = [weight.take(column) for weight in x_weights]
            upper = _weigh(_pixels(flat, first), _pixels(flat, first + 1), weights)
            first += width
            lower = _weigh(_pixels(flat, first), _pixels(flat, first + 1), weights)
            out[mixed] = _weigh(upper, lower, [weight.take(row) for weight in y_weights]) > threshold
    return result


def _above(values: Map, threshold: int) -> Map:
    """How many of the four pixels from (row, column) on are above; past an edge, the edge stands twice."""
    above = (values > threshold).view(np.uint8)
    pairs = np.empty_like(above)
    np.add(above[:-1], above[1:], out=pairs[:-1])
    np.add(above[-1], above[-1], out=pairs[-1])
    np.add(pairs[:, :-1], pairs[:, 1:], out=above[:, :-1])
    np.add(pairs[:, -1], pairs[:, -1], out=above[:, -1])
    return above


def _pixels(flat: Map, indices: Indices) -> Map:
    return flat.take(indices, mode="clip")  # a neighbour past the edge weighs nothing: any pixel will do


def _weigh(
    a: npt.NDArray[np.integer], b: npt.NDArray[np.integer], weights: Sequence[Weights]
) -> npt.NDArray[np.int32]:
    total: npt.NDArray[np.int32] = a * weights[0]
    total += b * weights[1]
    total += _HALF
    total >>= _BITS
    return total


def _taps(size: int, span: Span) -> tuple[Indices, Weights, Weights]:
    """For every result of a growing axis: its first pixel, the weights of that and of the next one."""
    centre = np.arange(span.length) + (span.start + 0.5)
    centre *= size / span.size
    centre -= 0.5
    first = centre.astype(np.intp)
    share = centre
    share -= first
    share[first == size - 1] = 0.0
    np.maximum(share, 0.0, out=share)
    share *= 1 << _BITS
    return first, ((1 << _BITS) + 0.5 - share).astype(np.int32), (share + 0.5).astype(np.int32)
