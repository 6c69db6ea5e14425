"""Masks: a probability map as PNG, or a polygon; told apart by what they are, never by the model's name.

A mask stays what it is, a crop beside its box, one bit per pixel. A full frame, RLE or COCO JSON are made
on request (`Mask.to_frame`, `visionspec.export`).

What cannot be decoded raises `InvalidMask`, and the last part of its ``.rule`` is the reason in one word:
``masks.seg-tokens`` is the reason ``seg-tokens``. `visionspec.rules.answers` then keeps the item without a
mask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from visionspec._registry import rule
from visionspec.errors import InvalidBox, InvalidMask, InvalidSize, show
from visionspec.rules import _polygon
from visionspec.rules._maps import decode_map, invalid, plain
from visionspec.rules._resample import Span, binarise
from visionspec.rules.boxes import PixelBox, PixelPoint, clip, polygon_to_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Bits = npt.NDArray[np.bool_]

MIDPOINT = 127
"""Above it a pixel belongs to the object: "127 is the midpoint". The sample code compares with 128."""

SMALL_FRAME_PX = 1 << 20  # a smaller frame counts as this one where something is bounded by the frame
MAX_MAP_PX = 1 << 26  # below the size at which Pillow suspects a decompression bomb
MAX_CROP_PX = 1 << 28
MAX_CROP_SIDE_PX = 1 << 18
MAX_BOX_PX = 1 << 52  # beyond it float64 cannot tell one pixel from the next
MAX_CORNERS = 16_384  # each costs several tokens, and answers end at 65,536
BUDGET_FRAMES = 64


@dataclass(frozen=True, slots=True)
class Mask:
    """Which pixels of a box belong to the object.

    Attributes:
        form: what it was decoded from: ``png``, ``jpeg`` or ``polygon``.
        box: where the crop lies in the frame, in pixels; inside the frame.
        packed: the crop, row after row without gaps, 8 pixels per byte, the first in the highest bit.
        area_px: how many pixels belong to the object.
        cut: whether a polygon reached beyond its box; what was outside is not part of the mask.
    """

    form: str
    box: PixelBox
    packed: bytes = field(repr=False)
    area_px: int
    cut: bool = False

    @classmethod
    def from_crop(cls, crop: Bits, *, box: PixelBox, form: str, cut: bool = False) -> Mask:
        """Pack ``crop`` (height x width of ``box``).

        Raises:
            InvalidMask: if the crop does not have the size of the box.
        """
        if crop.shape != (box.height_px, box.width_px):
            raise InvalidMask(f"a crop of {crop.shape} does not fill the box {tuple(box)}", given=crop.shape)
        bits = crop.astype(np.bool_, copy=False)
        return cls(form, box, np.packbits(bits).tobytes(), int(np.count_nonzero(bits)), cut)

    @property
    def crop(self) -> Bits:
        """The mask inside its box: bool, height x width."""
        width, height = self.box.width_px, self.box.height_px
        bits = np.unpackbits(np.frombuffer(self.packed, np.uint8), count=width * height)
        return bits.view(np.bool_).reshape(height, width)

    def to_frame(self, width_px: int, height_px: int) -> Bits:
        """The mask in the whole frame: bool, height x width.

        Raises:
            InvalidSize: if the box does not fit into the frame.
        """
        if clip(self.box, width_px=width_px, height_px=height_px) != self.box:
            raise InvalidSize(
                f"the box {tuple(self.box)} does not fit into {width_px}x{height_px} px",
                given=(width_px, height_px),
            )
        frame = np.zeros((height_px, width_px), np.bool_)
        frame[self.box.y0 : self.box.y1, self.box.x0 : self.box.x1] = self.crop
        return frame


class Budget:
    """What all masks of one answer may cost together, in pixels and crossings of polygons with rows."""

    def __init__(self, *, width_px: int, height_px: int) -> None:
        self.left = BUDGET_FRAMES * max(width_px * height_px, SMALL_FRAME_PX)

    @rule("masks.mask-budget")
    def spend(self, cost: int) -> None:
        """Take ``cost`` from what is left.

        Raises:
            InvalidMask: if that is less.
        """
        if cost > self.left:
            raise invalid("mask-budget", f"{cost:,} px more than all masks of one answer may cost together")
        self.left -= cost


@rule("masks.forms", "masks.null-mask", "masks.unknown-mask", "masks.threshold")
def decode_mask(
    value: Any,
    *,
    box: PixelBox,
    width_px: int,
    height_px: int,
    threshold: int = MIDPOINT,
    budget: Budget | None = None,
) -> Mask:
    """Decode the ``mask`` of an item.

    Args:
        value: base64 of a PNG or JPEG, with or without ``data:image/png;base64,`` before it; or a polygon.
        box: the item's box in pixels, corners sorted, not yet clipped: a map is resized to all of it.
        width_px: width of the frame.
        height_px: height of the frame.
        threshold: 0..255; pixels of a map above it belong to the object.
        budget: shared by the masks of one answer.

    Raises:
        InvalidMask: if there is no mask to be had from it; the last part of ``.rule`` says why.
        InvalidBox: if the box is not four whole numbers, or no pixel of the frame is in it.
        InvalidSize: if a side is no integer >= 1.
    """
    check_threshold(threshold)
    inside = clip(box, width_px=width_px, height_px=height_px)
    if not inside.area_px or not all(type(value) is int for value in box):
        raise InvalidBox(f"box {show(box)} has no whole pixel in {width_px}x{height_px}", given=box)
    box = PixelBox(*box)
    budget = budget or Budget(width_px=width_px, height_px=height_px)
    if value is None:
        raise invalid("null-mask", "the mask is null")
    if not isinstance(value, (str, list)):
        raise invalid("unknown-mask", f"{show(value)} is neither a base64 string nor a polygon")
    _check_crop(box, inside, budget)
    if isinstance(value, list):
        return _decode_polygon(value, inside, (width_px, height_px), budget)
    limit_px = max(SMALL_FRAME_PX, min(width_px * height_px, MAX_MAP_PX))
    form, values = decode_map(value, limit_px=limit_px, spend=budget.spend)
    x = Span(box.width_px, inside.x0 - box.x0, inside.x1 - box.x0)
    y = Span(box.height_px, inside.y0 - box.y0, inside.y1 - box.y0)
    return Mask.from_crop(binarise(values, x=x, y=y, threshold=threshold), box=inside, form=form)


def check_threshold(threshold: int) -> None:
    """Check that a threshold is a value that a pixel of a map can have.

    Raises:
        InvalidMask: if it is not.
    """
    if type(threshold) is not int or not 0 <= threshold <= 255:
        raise InvalidMask(f"threshold {show(threshold)} is no integer in 0..255", rule="masks.threshold")


@rule("masks.oversized-mask")
def _check_crop(box: PixelBox, inside: PixelBox, budget: Budget) -> None:
    if inside.area_px > MAX_CROP_PX or max(inside.width_px, inside.height_px) > MAX_CROP_SIDE_PX:
        raise invalid("oversized-mask", f"a crop of {inside.width_px}x{inside.height_px} px is too large")
    if max(map(abs, box)) > MAX_BOX_PX:
        raise invalid("oversized-mask", "the box is so large that float64 cannot tell its pixels apart")
    budget.spend(inside.area_px)


@rule(
    "masks.polygon",
    "masks.polygon-fill",
    "masks.polygon-forms",
    "masks.polygon-clip",
    "masks.too-few-points",
    "masks.bad-points",
    "masks.oversized-polygon",
)
def _decode_polygon(value: list[Any], inside: PixelBox, frame: tuple[int, int], budget: Budget) -> Mask:
    rings = [_to_pixels(ring, frame) for ring in _rings(value)]
    if sum(map(len, rings)) > MAX_CORNERS:
        raise invalid("oversized-polygon", f"{sum(map(len, rings)):,} corners, more than {MAX_CORNERS:,}")
    budget.spend(sum(_polygon.crossings(ring, inside) + inside.area_px for ring in rings))
    crop = _polygon.fill(rings[0], inside)
    for ring in rings[1:]:
        crop |= _polygon.fill(ring, inside)
    return Mask.from_crop(crop, box=inside, form="polygon", cut=any(_leaves(ring, inside) for ring in rings))


def _rings(value: list[Any]) -> list[list[Any]]:
    """One ring or several, each a list of ``[x, y]`` or flat: ``[x, y, x, y, ...]``."""
    if not value or not all(isinstance(member, list) for member in value):
        return [_ring(value)]
    several = all(len(member) >= 6 or (member and isinstance(member[0], list)) for member in value)
    return [_ring(member) for member in value] if several else [value]


def _ring(values: list[Any]) -> list[Any]:
    if any(isinstance(value, list) for value in values):
        return values
    return [values[index : index + 2] for index in range(0, len(values), 2)]


def _to_pixels(ring: list[Any], frame: tuple[int, int]) -> tuple[PixelPoint, ...]:
    if len(ring) < 3:
        raise invalid("too-few-points", f"polygon {show(ring)} has {len(ring)} corners; three make an area")
    try:
        corners = polygon_to_pixels(ring, width_px=frame[0], height_px=frame[1])
    except InvalidBox as error:
        raise invalid("bad-points", plain(error)) from error
    if any(max(abs(x), abs(y)) > _polygon.MAX_CORNER_PX for x, y in corners):
        raise invalid(
            "bad-points", f"polygon {show(ring)} has a corner more than {_polygon.MAX_CORNER_PX:,} px away"
        )
    return corners


def _leaves(ring: Sequence[PixelPoint], box: PixelBox) -> bool:
    return any(not (box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1) for x, y in ring)
