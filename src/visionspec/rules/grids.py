"""The two ways in which an image becomes tokens: tiles (families 1.5 to 2.5) and a grid of patches (3 and 4).

Integer arithmetic only: in floats the documents' ``/ 1.5`` and the published ``sqrt`` are right by chance.
"""

from __future__ import annotations

import operator
from math import isqrt
from typing import Any, Literal, NamedTuple, TypeAlias

from visionspec._registry import rule
from visionspec.errors import InvalidInput, InvalidSize, show
from visionspec.rules._check import check_word

# The longest side that a supported format can state (the 32-bit `ispe` box of HEIF; PNG ends at 2**31 - 1).
# Below it every product of this page is under 2**52, so that the form for arrays is exact in float64.
MAX_SIDE_PX = 2**32 - 1

SMALL_SIDE_PX = 384  # "258 tokens if both dimensions are <= 384 pixels"
TILE_PX = 768  # "tiled into 768x768 pixel tiles"
TILE_TOKENS = 258
CLAMP_PX = (256, 768)  # Gemini 1.5: "minimum tile 256 pixels, maximum 768"

TileReading: TypeAlias = Literal["ceil", "round", "floor", "exact", "clamp", "grid-768", "overview"]
TILE_READINGS: tuple[TileReading, ...] = ("ceil", "round", "floor", "exact", "clamp", "grid-768", "overview")


class TileGrid(NamedTuple):
    """The tiles of an image. ``unit_px`` is None where the image is small enough to be one tile as it is."""

    columns: int
    rows: int
    tiles: int
    unit_px: int | None


class PatchGrid(NamedTuple):
    """The patches of an image: each is one token."""

    columns: int
    rows: int

    @property
    def tokens(self) -> int:
        """How many patches there are."""
        return self.columns * self.rows


@rule("tokens.size")
def check_size(width_px: Any, height_px: Any) -> tuple[int, int]:
    """Both sides as plain integers.

    Raises:
        InvalidSize: if a side is no integer (a bool or a float is none) or not in 1..`MAX_SIDE_PX`.
    """
    plain = type(width_px) is int is type(height_px)
    if plain and 0 < width_px <= MAX_SIDE_PX and 0 < height_px <= MAX_SIDE_PX:
        return width_px, height_px
    return _side(width_px, "width"), _side(height_px, "height")


def _side(value: Any, name: str) -> int:
    try:
        side = operator.index(value)
    except TypeError:
        side = 0
    if isinstance(value, bool) or not 1 <= side <= MAX_SIDE_PX:
        raise InvalidSize(
            f"{name} {show(value)} is no whole number of pixels in 1..{MAX_SIDE_PX}",
            rule="tokens.size",
            given=value,
        )
    return side


@rule(
    "tokens.small-image",
    "tokens.crop-unit",
    "tokens.crop-unit-zero",
    "tokens.tile-count",
    "tokens.tile-clamp",
    "tokens.grid-768",
    "tokens.tile-overview",
)
def tile_grid(width_px: int, height_px: int, *, reading: TileReading = "ceil") -> TileGrid:
    """Cut an image into tiles by the documented formula, or by another reading of it.

    Every reading makes an image with both sides <= 384 px one tile. A larger one:

    * ``ceil``: unit = floor(short side / 1.5), at least 1; ceil(side / unit) per axis. The chosen reading.
    * ``round`` (half up), ``floor``: the same unit, another rounding.
    * ``exact``: ceil(side / (short side / 1.5)), without flooring the unit first.
    * ``clamp``: the unit held in 256..768, as stated for Gemini 1.5.
    * ``grid-768``: ceil(side / 768), the documents' other sentence taken alone.
    * ``overview``: the tiles of ``ceil`` and one more that shows the whole, as seen on Vertex with 2.5.

    Raises:
        InvalidSize: if a side is no integer in 1..`MAX_SIDE_PX`.
        InvalidInput: if there is no such reading.
    """
    check_word(reading, TILE_READINGS, "reading", "tokens.tile-count")
    return TileGrid(*tiles_of(*check_size(width_px, height_px), reading))


def tiles_of(width: int, height: int, reading: TileReading) -> tuple[int, int, int, int | None]:
    """`tile_grid` for sides and a reading that are known to be good, as a plain tuple."""
    if width <= SMALL_SIDE_PX and height <= SMALL_SIDE_PX:
        return 1, 1, 1, None
    short = min(width, height)
    unit = short * 2 // 3 or 1
    if reading == "clamp":
        low, high = CLAMP_PX
        unit = min(max(unit, low), high)
    elif reading == "grid-768":
        unit = TILE_PX
    if reading == "exact":
        columns, rows = -(-3 * width // (2 * short)), -(-3 * height // (2 * short))
    elif reading == "round":
        columns, rows = (2 * width + unit) // (2 * unit), (2 * height + unit) // (2 * unit)
    elif reading == "floor":
        columns, rows = width // unit, height // unit
    else:
        columns, rows = -(-width // unit), -(-height // unit)
    return columns, rows, columns * rows + (reading == "overview"), unit


@rule("tokens.patch-grid", "tokens.patch-grid-thin", "tokens.patch-grid-tie", "tokens.budget-is-maximum")
def patch_grid(width_px: int, height_px: int, *, budget: int) -> PatchGrid:
    """Fit the largest grid of the image's aspect ratio into a budget of patches; only the ratio counts.

    Raises:
        InvalidSize: if a side is no integer in 1..`MAX_SIDE_PX`.
        InvalidInput: if the budget is no integer >= 1.
    """
    if type(budget) is not int or budget < 1:
        raise InvalidInput(
            f"{show(budget)} is no budget of patches: a whole number >= 1",
            rule="tokens.patch-grid",
            given=budget,
        )
    return PatchGrid(*patches_of(*check_size(width_px, height_px), budget))


def patches_of(width: int, height: int, budget: int) -> tuple[int, int]:
    """`patch_grid` for sides and a budget that are known to be good, as a plain tuple."""
    # A short side that floors to no patch at all gets one, and the long side the whole budget.
    if width > budget * height:
        return budget, 1
    if height > budget * width:
        return 1, budget
    # The floor of a root is the integer root of the floor.
    return isqrt(budget * width // height), isqrt(budget * height // width)
