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

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from visionspec._registry import rule

if TYPE_CHECKING:
    import numpy.typing as npt

    Indices = npt.NDArray[np.intp]
    Weights = npt.NDArray[np.int32]
    Map = npt.NDArray[np.uint8]
    Bits = npt.NDArray[np.bool_]
    Values = npt.NDArray[np.uint8] | npt.NDArray[np.int32]

_BITS = 22  # Pillow's PRECISION_BITS: 32 - 8 - 2
_HALF = 1 << (_BITS - 1)
_BAND_PX = 1 << 18  # results computed at a time: bounds the temporaries, and they stay in the cache
_WHOLE_PX = 1 << 22  # what Pillow may be asked for beyond the window
_REMEMBERED_PX = 1 << 12
_AGREED = 3  # of four pixels all are above, see _votes


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
    """Judge every pixel by the four around it; calculate those that these four disagree about."""
    height, width = values.shape
    across, down = _taps(width, x), _taps(height, y)
    votes = _votes(values, threshold).take(across.first, axis=1)
    flat = values.ravel()
    corners = np.array([[[0], [width]], [[1], [width + 1]]])
    result = np.empty((y.length, x.length), np.bool_)
    rows = max(1, _BAND_PX // x.length)
    for start in range(0, y.length, rows):
        out = result[start : start + rows]
        cells = votes.take(down.first[start : start + rows], axis=0)
        np.equal(cells, _AGREED, out=out)
        doubtful = np.flatnonzero(cells < _AGREED)
        if doubtful.size:
            row = doubtful // x.length  # sooner than np.divmod
            column = doubtful - row * x.length
            row += start
            first = down.first.take(row)
            first *= width
            first += across.first.take(column)
            # One past an edge weighs nothing: any other will do for it.
            around = flat.take(first + corners, mode="clip")
            pairs = _weigh(around, across.weights.take(column, axis=1))
            out.ravel()[doubtful] = _weigh(pairs, down.weights.take(row, axis=1)) > threshold
    return result


def _votes(values: Map, threshold: int) -> Map:
    """Of the four pixels from (row, column) on, how many are above, less one: if none is, that is 255.

    Past the last row none is, past the last column the next row begins: too many opinions make some pixels
    there doubtful that need not be, and no more.
    """
    height, width = values.shape
    size = height * width
    above = np.zeros((height + 2, width), np.uint8)
    np.greater(values, threshold, out=above[:height].view(np.bool_))
    flat = above.ravel()
    pairs = flat[:-1] + flat[1:]
    votes: Map = pairs[:size] + pairs[width : width + size]
    votes -= 1
    return votes.reshape(height, width)


def _weigh(values: Values, weights: Weights) -> Weights:
    total: Weights = values[0] * weights[0]
    total += values[1] * weights[1]
    total += _HALF
    total >>= _BITS
    return total


class _Taps(NamedTuple):
    """For every result of a growing axis its first pixel; the weights of that and the next one (2 x n)."""

    first: Indices
    weights: Weights


def _taps(size: int, span: Span) -> _Taps:
    return (_remembered_taps if span.length <= _REMEMBERED_PX else _new_taps)(size, span)


def _new_taps(size: int, span: Span) -> _Taps:
    centre = np.arange(span.length) + (span.start + 0.5)
    centre *= size / span.size
    centre -= 0.5
    first = centre.astype(np.intp)
    share = centre
    share -= first
    share[first == size - 1] = 0.0
    np.maximum(share, 0.0, out=share)
    share *= 1 << _BITS
    weights = np.empty((2, span.length), np.int32)
    weights[0] = (1 << _BITS) + 0.5 - share
    weights[1] = share + 0.5
    return _Taps(first, weights)


_remembered_taps = functools.lru_cache(maxsize=512)(_new_taps)  # at most 32 MB; boxes have similar sides
