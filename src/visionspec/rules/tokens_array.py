"""`image_tokens` for arrays of sizes. Importing this module imports numpy; nothing light does so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from visionspec.errors import InvalidSize, show
from visionspec.rules.grids import CLAMP_PX, MAX_SIDE_PX, SMALL_SIDE_PX, TILE_TOKENS
from visionspec.rules.tokens import plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from visionspec.rules.tokens import Basis

    Ints: TypeAlias = NDArray[np.integer[Any]]
    Floats: TypeAlias = NDArray[np.float64]

_BLOCK = 8192  # sizes worked on at a time, so that the steps in between stay in the cache


def image_tokens_array(
    widths_px: Ints,
    heights_px: Ints,
    *,
    model: str | None = None,
    resolution: str | None = None,
    basis: Basis | None = None,
) -> NDArray[np.int64]:
    """The tokens of many images, each equal to what `image_tokens` says of it.

    Args:
        widths_px: array of integers of any shape; the two are broadcast against each other.
        heights_px: array of integers.
        model: as for `image_tokens`, for all of them.
        resolution: as for `image_tokens`.
        basis: as for `image_tokens`.

    Raises:
        InvalidSize: if an array is none of integers in 1..2**32 - 1, or the shapes do not fit.
        InvalidModel: if the name is of no known family.
        InvalidResolution: if the family, or the basis, has no such resolution.
    """
    how = plan(model, resolution, basis)
    _check(widths_px, "widths")
    _check(heights_px, "heights")
    try:
        widths, heights = np.broadcast_arrays(widths_px, heights_px)
    except ValueError as error:
        raise InvalidSize(
            f"widths of shape {widths_px.shape} do not fit heights of shape {heights_px.shape}",
            rule="tokens.size",
            given=(widths_px.shape, heights_px.shape),
        ) from error
    counts = np.empty(widths.shape, np.int64)
    if how.reading is None and how.budget is None:
        counts.fill(how.flat)
        return counts
    flat_widths, flat_heights, flat_counts = widths.ravel(), heights.ravel(), counts.ravel()
    for start in range(0, flat_counts.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        width, height = flat_widths[block].astype(np.float64), flat_heights[block].astype(np.float64)
        if how.budget is None:
            flat_counts[block] = _tiles(width, height, clamped=how.reading == "clamp")
        else:
            flat_counts[block] = _patches(width, height, how.budget)
    return counts


def _check(sides: Any, name: str) -> None:
    if not isinstance(sides, np.ndarray) or sides.dtype.kind not in "iu":
        raise InvalidSize(
            f"{name} {show(sides)} are no numpy array of integers", rule="tokens.size", given=sides
        )
    if sides.size and not (sides.min() >= 1 and sides.max() <= MAX_SIDE_PX):
        raise InvalidSize(
            f"{name} hold {sides.min()}..{sides.max()}: a side is in 1..{MAX_SIDE_PX}",
            rule="tokens.size",
            given=sides,
        )


# Every dividend below is an integer under 2**52 and every divisor one under 2**32, so a quotient that is no
# integer stays clear of the next one by more than a float64 rounds, and so does a root: the floors are exact.


def _tiles(width: Floats, height: Floats, *, clamped: bool) -> Floats:
    unit = np.minimum(width, height)
    unit *= 2
    unit /= 3
    np.floor(unit, out=unit)
    np.maximum(unit, 1, out=unit)
    if clamped:
        np.clip(unit, *CLAMP_PX, out=unit)
    small = np.maximum(width, height) <= SMALL_SIDE_PX
    tokens = np.ceil(width / unit)
    tokens *= np.ceil(height / unit)
    tokens[small] = 1
    tokens *= TILE_TOKENS
    return tokens


def _patches(width: Floats, height: Floats, budget: int) -> Floats:
    columns, rows = width * budget / height, height * budget / width
    for cells in (columns, rows):
        np.floor(cells, out=cells)
        np.sqrt(cells, out=cells)
        np.floor(cells, out=cells)
        np.clip(cells, 1, budget, out=cells)
    columns *= rows
    return columns
