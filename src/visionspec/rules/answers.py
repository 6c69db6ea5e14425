"""The answer of a model: boxes, labels, masks and points, out of whatever text they came in.

Nothing small costs anything large: a bad item is rejected alone, with a reason; a bad mask leaves its item,
with ``mask=None`` and a reason; what comes before a cut is kept, and the answer says that it was cut. Only
text that holds no answer at all is an error. Every reason and every remark is a word, and `MEANINGS` says
what it means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, get_args

from visionspec._registry import rule
from visionspec.errors import InvalidAnswer, InvalidBox, InvalidMask, show
from visionspec.rules import _scan
from visionspec.rules._check import check_word
from visionspec.rules._maps import plain
from visionspec.rules.boxes import (
    NormBox,
    PixelBox,
    PixelPoint,
    clip,
    point_to_pixels,
    sort_corners,
    to_pixels,
)
from visionspec.rules.grids import check_size
from visionspec.rules.masks import MIDPOINT, Budget, Mask, check_threshold, decode_mask

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CHARACTERS = 1 << 24
"""256 characters for every one of the 65,536 tokens at which an answer of a model ends."""

_EXACT = 1 << 53
_SINGLE_QUOTED = re.compile(r"[\[{,]\s*+'")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can say it, and no file can hold it

ReversedCorners: TypeAlias = Literal["sort", "reject"]

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        # of an answer
        "prose": "There was text around the JSON, without a fence to tell them apart.",
        "several-blocks": "The items stood in several blocks of JSON; they were read as one list.",
        "json-string": "The whole answer was one JSON string; what it says was read.",
        "trailing-comma": "A comma stood before a closing bracket; it was ignored.",
        "damaged": "Something that begins like JSON is none; what is sound in or after it was kept.",
        "too-many-items": "There were more items than a model can write; the rest was not read.",
        # of an item that was kept
        "reversed-corners": "A minimum was greater than its maximum: sorted, or rejected if asked for.",
        "clipped": "The box reached beyond the frame and was clipped to it.",
        "no-label": "There was no label, or it was not a string.",
        "duplicate-keys": "A key stood twice in the item; the last one counts.",
        "empty-mask": "The mask was decoded, and no pixel of it belongs to the object.",
        "mask-beyond-box": "The polygon reached beyond the box; what was outside was cut off.",
        # why an item has no mask
        "null-mask": "The mask was null.",
        "seg-tokens": "The mask was made of segmentation tokens (<seg_12>), not of pixels.",
        "bad-base64": "The mask was a string, and no base64.",
        "truncated-image": "The image of the mask ended too early.",
        "corrupt-image": "The image of the mask contradicted its own format.",
        "unsupported-image": "The mask was neither a PNG nor a JPEG.",
        "size-cap": "The image of the mask declared more pixels than it may have.",
        "too-few-points": "The polygon had fewer than three corners.",
        "bad-points": "A corner of the polygon was not two finite numbers, or was absurdly far away.",
        "oversized-polygon": "The polygon had more corners than a model can write.",
        "oversized-mask": "The box was too large for a mask.",
        "mask-budget": "The masks before this one had used up what one answer may cost.",
        "unknown-mask": "The mask was neither a string nor a list.",
        # why an item was rejected
        "syntax": "The item was not JSON.",
        "too-deep": "The item was nested too deeply to be read.",
        "not-an-object": "The item was not a JSON object.",
        "no-box": "The item had neither box_2d nor point.",
        "bad-box": "box_2d was not four finite numbers.",
        "bad-point": "point was not two finite numbers.",
        "zero-area": "The box had no pixel inside.",
        "outside": "The box, or the point, lay wholly outside of the frame.",
    }
)


@dataclass(frozen=True, slots=True)
class Item:
    """One detected object.

    Attributes:
        index: its place among all items of the text, rejected ones included.
        box: in pixels, corners sorted, inside the frame, never empty.
        box_norm: as the model gave it.
        label: None if there was none.
        mask: None if there was none or it could not be decoded; `issues` tell these apart.
        issues: words of `MEANINGS`.
    """

    index: int
    box: PixelBox
    box_norm: NormBox
    label: str | None
    mask: Mask | None
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One object that was pointed at.

    Attributes:
        index: its place among all items of the text.
        point: ``(x, y)`` in pixels, from (0, 0) to (width, height): a corner of the pixel grid.
        point_norm: ``(y, x)`` as the model gave it.
        label: None if there was none.
        issues: words of `MEANINGS`.
    """

    index: int
    point: PixelPoint
    point_norm: tuple[float, float]
    label: str | None
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item that could not be used.

    Attributes:
        index: its place among all items of the text.
        reason: a word of `MEANINGS`.
        detail: a sentence that shows what was given.
    """

    index: int
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered.

    Attributes:
        items: the objects with their boxes, in the order of the text.
        points: the objects that were pointed at.
        rejected: what could not be used.
        truncated: whether the text ended inside of an item or a list; what was complete before is there.
        issues: what was unusual about the text as a whole: words of `MEANINGS`.
        width_px: of the frame as displayed.
        height_px: of the frame as displayed.
    """

    items: tuple[Item, ...]
    rejected: tuple[Rejected, ...]
    truncated: bool
    issues: tuple[str, ...]
    width_px: int
    height_px: int
    points: tuple[Point, ...] = ()


@rule(
    "answers.shape",
    "answers.text",
    "answers.truncated",
    "answers.empty",
    "answers.no-answer",
    "answers.length",
    "answers.memory",
    "answers.several-blocks",
)
def decode_answer(
    text: str,
    *,
    width_px: int,
    height_px: int,
    threshold: int = MIDPOINT,
    reversed_corners: ReversedCorners = "sort",
) -> Answer:
    """Decode what a model answered about an image.

    Args:
        text: all of it, as it came: fenced, with prose, cut off, with masks of any form.
        width_px: width of the image as displayed, after its EXIF orientation.
        height_px: height of the image as displayed.
        threshold: pixels of a map above it belong to the object; 127 by the prose, 128 by the sample code.
        reversed_corners: "sort" them, or "reject" the item as the sample code does.

    Returns:
        Boxes in pixels. An empty list in the text is an answer without items. Whatever the text says, at most
        64 bytes are allocated per character and per pixel of the frame (of 1,048,576 px, if it has fewer).

    Raises:
        InvalidAnswer: if the text holds no answer at all.
        InvalidSize: if a side is no integer >= 1.
        InvalidMask: if the threshold is no integer in 0..255.
        InvalidInput: if ``reversed_corners`` is neither word.
    """
    width, height = check_size(width_px, height_px)
    check_threshold(threshold)
    check_word(reversed_corners, get_args(ReversedCorners), "reversed_corners", "answers.reversed-corners")
    found = _find(text)
    decoder = _Decoder(width, height, threshold, reversed_corners, Budget(width_px=width, height_px=height))
    decoded = [decoder.element(index, element) for index, element in enumerate(found.elements or ())]
    return Answer(
        items=tuple(element for element in decoded if isinstance(element, Item)),
        points=tuple(element for element in decoded if isinstance(element, Point)),
        rejected=tuple(element for element in decoded if isinstance(element, Rejected)),
        truncated=found.cut,
        issues=tuple(found.issues),
        width_px=width,
        height_px=height,
    )


def _find(text: str) -> _scan.Found:
    if not isinstance(text, str):
        _refuse(f"an answer is text, not {show(text)}", text)
    if len(text) > MAX_CHARACTERS:
        raise InvalidAnswer(
            f"{show(text)} has {len(text):,} characters; no model writes more than {MAX_CHARACTERS:,}",
            rule="answers.length",
            given=text[:80],
        )
    found = _scan.find(text)
    if found.elements is None:
        _refuse(_why_not(text, found), text)
    return found


def _refuse(message: str, given: object) -> NoReturn:
    raise InvalidAnswer(
        message, rule="answers.no-answer", given=given[:80] if isinstance(given, str) else given
    )


def _why_not(text: str, found: _scan.Found) -> str:
    if not text.strip():
        return f"the answer is empty: {show(text)}"
    if found.failure is None:
        return f"{show(text)} holds no list of items"
    hint = "; strings in JSON stand in double quotes" if _SINGLE_QUOTED.search(text) else ""
    return f"{show(text)} holds no item that could be read: {found.failure}{hint}"


@dataclass(frozen=True, slots=True)
class _Decoder:
    """Decodes the items of one answer."""

    width_px: int
    height_px: int
    threshold: int
    reversed_corners: ReversedCorners
    budget: Budget

    @rule("answers.alone", "answers.no-box")
    def element(self, index: int, element: Any) -> Item | Point | Rejected:
        if isinstance(element, _scan.Broken):
            return Rejected(index, element.reason, element.detail)
        if not isinstance(element, _scan.Object):
            return Rejected(index, "not-an-object", f"{show(element)} is no JSON object")
        if "box_2d" in element:
            return self._item(index, element)
        if "point" in element:
            return self._point(index, element)
        return Rejected(index, "no-box", f"an item with {show(list(element))}, but neither box_2d nor point")

    @rule("answers.reversed-corners", "answers.clipped", "answers.zero-area")
    def _item(self, index: int, element: _scan.Object) -> Item | Rejected:
        given = _numbers(element["box_2d"])
        try:
            raw = to_pixels(given, width_px=self.width_px, height_px=self.height_px)
        except InvalidBox as error:
            return Rejected(index, "bad-box", plain(error))
        whole = sort_corners(raw)
        box = clip(whole, width_px=self.width_px, height_px=self.height_px)
        issues: list[str] = []
        if whole != raw:
            if self.reversed_corners == "reject":
                return Rejected(
                    index, "reversed-corners", f"box_2d {show(given)} has a minimum above its maximum"
                )
            issues.append("reversed-corners")
        if not whole.area_px or not box.area_px:
            reason = "outside" if whole.area_px else "zero-area"
            return Rejected(
                index, reason, f"box_2d {show(given)} has no pixel in {self.width_px}x{self.height_px}"
            )
        if box != whole:
            issues.append("clipped")
        label = _label(element, issues)
        mask = self._mask(element["mask"], whole, issues) if "mask" in element else None
        return Item(index, box, NormBox(*given), label, mask, tuple(issues))

    @rule("answers.bad-mask")
    def _mask(self, value: Any, whole: PixelBox, issues: list[str]) -> Mask | None:
        try:
            mask = decode_mask(
                value,
                box=whole,
                width_px=self.width_px,
                height_px=self.height_px,
                threshold=self.threshold,
                budget=self.budget,
            )
        except InvalidMask as error:
            issues.append((error.rule or "").partition(".")[2])
            return None
        if mask.cut:
            issues.append("mask-beyond-box")
        if not mask.area_px:
            issues.append("empty-mask")
        return mask

    @rule("answers.point")
    def _point(self, index: int, element: _scan.Object) -> Point | Rejected:
        given = _numbers(element["point"])
        try:
            point = point_to_pixels(given, width_px=self.width_px, height_px=self.height_px)
        except InvalidBox as error:
            return Rejected(index, "bad-point", plain(error))
        if not (0 <= point.x <= self.width_px and 0 <= point.y <= self.height_px):
            return Rejected(index, "outside", f"point {show(given)} lies outside of the frame")
        issues: list[str] = []
        label = _label(element, issues)
        return Point(index, point, (given[0], given[1]), label, tuple(issues))


@rule("answers.label")
def _label(element: _scan.Object, issues: list[str]) -> str | None:
    if element.repeated:
        issues.append("duplicate-keys")
    label = element.get("label")
    if isinstance(label, str):
        return _LONE_SURROGATE.sub("\ufffd", label)
    issues.append("no-label")
    return None


def _numbers(values: Any) -> Any:
    """The same values, numbers as small integers or as floats: JSON's 100 and 100.0 are one number."""
    return [_number(value) for value in values] if isinstance(values, list) else values


def _number(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if type(value) is int and abs(value) >= _EXACT:
        try:
            return float(value)
        except OverflowError:
            return inf
    return value
