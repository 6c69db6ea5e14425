"""Decoded answers in the forms that other tools read: JSON, COCO RLE and JSON, polygons, arrays.

Full frames are only made where a form consists of them. To and from `supervision.Detections`::

    detections = supervision.Detections(**export.to_detections(answer))
    answer = export.from_detections(detections, width_px=1024, height_px=768)

and for pycocotools, ``export.to_rle(mask, width_px=..., height_px=...)`` is what its ``mask.decode`` takes.
"""

from __future__ import annotations

from math import ceil, floor, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from visionspec.errors import InvalidInput, InvalidMask, InvalidSize, show
from visionspec.rules import _polygon
from visionspec.rules.answers import Answer, Item
from visionspec.rules.boxes import PixelBox, PixelPoint, clip, to_norm
from visionspec.rules.grids import check_size
from visionspec.rules.masks import MAX_CROP_PX, Mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Bits = npt.NDArray[np.bool_]
    Ring = list[tuple[int, int]]

_NO_LABEL = "object"
_MAX_DIGITS = 13  # of a compressed count: 5 bits each, more than any 64-bit count has


def to_json(answer: Answer) -> dict[str, Any]:
    """The answer as ``visionspec decode --json`` prints it; ``points`` are there if there are any."""
    document: dict[str, Any] = {
        "items": [
            {
                "box": list(item.box),
                "label": item.label,
                "mask": {"form": item.mask.form, "area_px": item.mask.area_px} if item.mask else None,
                "issues": list(item.issues),
            }
            for item in answer.items
        ],
        "rejected": [{"index": rejected.index, "reason": rejected.reason} for rejected in answer.rejected],
        "truncated": answer.truncated,
        "issues": list(answer.issues),
    }
    if answer.points:
        document["points"] = [
            {"point": list(found.point), "label": found.label, "issues": list(found.issues)}
            for found in answer.points
        ]
    return document


def to_rle(mask: Mask, *, width_px: int, height_px: int) -> dict[str, Any]:
    """The mask in its frame as COCO's compressed RLE: ``{"size": [height, width], "counts": "..."}``.

    Raises:
        InvalidSize: if the box of the mask does not fit into the frame.
    """
    return {"size": [height_px, width_px], "counts": _compress(_runs(mask, width_px, height_px))}


def from_rle(rle: dict[str, Any]) -> Bits:
    """A frame (bool, height x width) from COCO's RLE, compressed or a list of counts.

    Raises:
        InvalidMask: if it is damaged, or larger than 268,435,456 px.
    """
    try:
        height, width = check_size(*rle["size"])
        counts = (
            _decompress(rle["counts"]) if isinstance(rle["counts"], (str, bytes)) else list(rle["counts"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidMask(f"{show(rle)} is no COCO RLE", given=rle) from error
    whole = all(type(count) is int and count >= 0 for count in counts)
    if not whole or sum(counts) != width * height or width * height > MAX_CROP_PX:
        raise InvalidMask(f"the counts of {show(rle)} do not fill {width}x{height} px", given=rle)
    bits = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return bits.reshape(width, height).T


def to_polygons(mask: Mask) -> list[Ring]:
    """The outline of a mask along the edges of its pixels: closed rings of ``(x, y)`` in pixels of the frame.

    Filled together by the even-odd rule they give exactly the mask. Outer rings run clockwise on the screen,
    holes the other way round; pixels that only touch at a corner are in rings of their own.
    """
    crop = mask.crop
    width = mask.box.width_px + 1  # corners per row
    ways = _ways(crop)
    rings: list[Ring] = []
    for start in sorted(ways):
        while ways[start]:
            corners, node, way = [start], start, min(ways[start])
            while True:
                ways[node].remove(way)
                node += (1, width, -1, -width)[way]
                ahead = ways[node]
                if not ahead:
                    break
                turned = (way + 1) % 4 if (way + 1) % 4 in ahead else way if way in ahead else (way - 1) % 4
                if turned != way:
                    corners.append(node)
                way = turned
            rings.append([(mask.box.x0 + node % width, mask.box.y0 + node // width) for node in corners])
    return rings


def _ways(crop: Bits) -> dict[int, set[int]]:
    """In which ways (0: to the right, then clockwise) edges with the mask on their right leave a corner."""
    padded = np.pad(crop, 1).astype(np.int8)
    down, across = np.diff(padded, axis=0)[:, 1:-1], np.diff(padded, axis=1)[1:-1]
    ways: dict[int, set[int]] = {}
    for steps, sign, way, start in (
        (down, 1, 0, (0, 0)),
        (across, -1, 1, (0, 0)),
        (down, -1, 2, (0, 1)),
        (across, 1, 3, (1, 0)),
    ):
        rows, columns = np.nonzero(steps == sign)
        for node in ((rows + start[0]) * (crop.shape[1] + 1) + columns + start[1]).tolist():
            ways.setdefault(node, set()).add(way)
    return ways


def to_coco(answer: Answer, *, file_name: str = "", image_id: int = 1) -> dict[str, Any]:
    """The items of an answer as a COCO document: one image, an annotation per item, masks as compressed RLE.

    Categories are the labels, numbered from 1 in the order of their first item; an item without a label is an
    ``object``. Points have no place in it.
    """
    names = list(dict.fromkeys(item.label or _NO_LABEL for item in answer.items))
    size = {"width_px": answer.width_px, "height_px": answer.height_px}
    annotations = []
    for number, item in enumerate(answer.items, 1):
        x0, y0, x1, y1 = item.box
        annotations.append(
            {
                "id": number,
                "image_id": image_id,
                "category_id": names.index(item.label or _NO_LABEL) + 1,
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": item.mask.area_px if item.mask else item.box.area_px,
                "segmentation": to_rle(item.mask, **size) if item.mask else [],
                "iscrowd": 0,
            }
        )
    return {
        "images": [
            {"id": image_id, "width": answer.width_px, "height": answer.height_px, "file_name": file_name}
        ],
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, 1)],
    }


def from_coco(document: dict[str, Any], *, image_id: int | None = None) -> Answer:
    """The annotations of one image of a COCO document; without ``image_id``, of its only image.

    Boxes are widened to whole pixels and clipped; corners of polygons are rounded to whole pixels. Of a mask,
    what lies inside of its box is kept; several polygons of one annotation are parts, never holes. A crowd is
    one item, and no longer called a crowd.

    Raises:
        InvalidInput: if the document has no such image or a part of it is not COCO.
    """
    try:
        images = [image for image in document["images"] if image_id in (None, image["id"])]
        if len(images) != 1:
            having = "; name one with image_id" if image_id is None else f" with the id {show(image_id)}"
            raise InvalidInput(f"the document has {len(images)} images{having}", given=image_id)
        (image,) = images
        width, height = check_size(image["width"], image["height"])
        names = {category["id"]: str(category["name"]) for category in document["categories"]}
        chosen = [found for found in document["annotations"] if found["image_id"] == image["id"]]
        items = [_item(index, found, names, (width, height)) for index, found in enumerate(chosen)]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{show(document)} is not COCO JSON: {error!r}", given=document) from error
    return Answer(tuple(items), rejected=(), truncated=False, issues=(), width_px=width, height_px=height)


def to_detections(answer: Answer) -> dict[str, Any]:
    """The arguments of ``supervision.Detections`` for the items of an answer.

    Returns:
        ``xyxy`` (float32, n x 4), ``class_id`` (labels numbered from 0 in the order of their first item),
        ``mask`` (bool, n x height x width: whole frames; None if no item has one) and ``data`` with
        ``class_name`` and ``has_mask``, which tells an item without a mask from one whose mask is empty.
    """
    labels = [item.label or "" for item in answer.items]
    names = list(dict.fromkeys(labels))
    has_mask = np.array([item.mask is not None for item in answer.items], np.bool_)
    masks = None
    if has_mask.any():
        masks = np.zeros((len(labels), answer.height_px, answer.width_px), np.bool_)
        for frame, item in zip(masks, answer.items, strict=True):
            if item.mask:
                frame[item.box.y0 : item.box.y1, item.box.x0 : item.box.x1] = item.mask.crop
    return {
        "xyxy": np.array([item.box for item in answer.items], np.float32).reshape(-1, 4),
        "class_id": np.array([names.index(label) for label in labels], np.int64),
        "mask": masks,
        "data": {"class_name": np.array(labels, np.str_), "has_mask": has_mask},
    }


def from_detections(detections: Any, *, width_px: int, height_px: int) -> Answer:
    """An answer from a ``supervision.Detections``, or anything with its ``xyxy``, ``mask`` and ``data``.

    Boxes are widened to whole pixels and clipped. Without ``has_mask`` in the data, all items have a mask, or
    none has.

    Raises:
        InvalidInput: if a box is no box in the frame, or a mask has not the size of the frame.
    """
    size = check_size(width_px, height_px)
    count = len(detections.xyxy)
    data = detections.data or {}
    labels = data.get("class_name")
    has_mask = data.get("has_mask", [detections.mask is not None] * count)
    items = []
    for index, corners in enumerate(detections.xyxy):
        box = _whole_box([float(value) for value in corners], size)
        mask = (
            _crop(detections.mask[index], box, "png")
            if detections.mask is not None and has_mask[index]
            else None
        )
        label = str(labels[index]) if labels is not None and labels[index] else None
        items.append(Item(index, box, to_norm(box, width_px=size[0], height_px=size[1]), label, mask, ()))
    return Answer(tuple(items), rejected=(), truncated=False, issues=(), width_px=size[0], height_px=size[1])


def _item(index: int, found: dict[str, Any], names: dict[Any, str], size: tuple[int, int]) -> Item:
    x, y, width, height = (float(value) for value in found["bbox"])
    box = _whole_box([x, y, x + width, y + height], size)
    mask = _segmentation(found.get("segmentation"), box, size)
    norm = to_norm(box, width_px=size[0], height_px=size[1])
    return Item(index, box, norm, names.get(found["category_id"]), mask, ())


def _segmentation(value: Any, box: PixelBox, size: tuple[int, int]) -> Mask | None:
    if not value:
        return None
    if isinstance(value, dict):
        if list(value["size"]) != [size[1], size[0]]:
            raise InvalidMask(
                f"an RLE of {show(value['size'])} in an image of {size[0]}x{size[1]} px", given=value
            )
        return _crop(from_rle(value), box, "png")
    if box.area_px > MAX_CROP_PX:
        raise InvalidMask(f"a crop of {box.width_px}x{box.height_px} px is too large", given=value)
    crop = np.zeros((box.height_px, box.width_px), np.bool_)
    for flat in value:
        corners = [PixelPoint(round(x), round(y)) for x, y in zip(flat[::2], flat[1::2], strict=True)]
        if (
            len(corners) < 3
            or max(abs(side) for corner in corners for side in corner) > _polygon.MAX_CORNER_PX
        ):
            raise InvalidMask(f"{show(flat)} is no polygon", given=flat)
        crop |= _polygon.fill(corners, box)
    return Mask.from_crop(crop, box=box, form="polygon")


def _crop(frame: Bits, box: PixelBox, form: str) -> Mask:
    return Mask.from_crop(np.asarray(frame, np.bool_)[box.y0 : box.y1, box.x0 : box.x1], box=box, form=form)


def _whole_box(corners: Sequence[float], size: tuple[int, int]) -> PixelBox:
    if not all(isfinite(value) for value in corners):
        raise InvalidInput(f"box {show(corners)} is not four finite numbers", given=corners)
    x0, y0, x1, y1 = corners
    box = clip(PixelBox(floor(x0), floor(y0), ceil(x1), ceil(y1)), width_px=size[0], height_px=size[1])
    if not box.area_px:
        raise InvalidInput(f"box {show(corners)} has no pixel in {size[0]}x{size[1]}", given=corners)
    return box


def _runs(mask: Mask, width_px: int, height_px: int) -> list[int]:
    """The lengths of runs, column after column, beginning with one of pixels that are not set."""
    box = mask.box
    if clip(box, width_px=width_px, height_px=height_px) != box:
        raise InvalidSize(f"the box {tuple(box)} does not fit into {width_px}x{height_px} px", given=box)
    columns = np.zeros((box.width_px, box.height_px + 2), np.int8)
    columns[:, 1:-1] = mask.crop.T
    turns = np.diff(columns, axis=1)
    starts, ends = (
        (box.x0 + column) * height_px + box.y0 + row
        for column, row in (np.nonzero(turns == sign) for sign in (1, -1))
    )
    joined = starts[1:] == ends[:-1]  # a run that goes on in the next column
    starts, ends = (
        starts[np.append(True, ~joined)[: starts.size]],
        ends[np.append(~joined, True)[: ends.size]],
    )
    marks = np.column_stack((starts, ends)).ravel()
    counts: list[int] = np.diff(np.concatenate(([0], marks, [width_px * height_px]))).tolist()
    return counts[:-1] if counts[-1] == 0 and len(counts) > 1 else counts


def _compress(counts: list[int]) -> str:
    """COCO's own code: 5 bits per character; from the fourth count on, differences to the last but one."""
    out = []
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        while True:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            out.append(chr(48 + bits + 32 * more))
            if not more:
                break
    return "".join(out)


def _decompress(text: str | bytes) -> list[int]:
    counts: list[int] = []
    value = shift = 0
    for code in text.encode("ascii") if isinstance(text, str) else text:
        bits = code - 48
        if not 0 <= bits < 64 or shift >= 5 * _MAX_DIGITS:
            raise ValueError(f"no character of a COCO RLE: {chr(code)!r}")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (bits & 16) << (shift - 4)
            counts.append(value + counts[-2] if len(counts) > 2 else value)
            value = shift = 0
    if shift:
        raise ValueError("the last count is cut off")
    return counts
