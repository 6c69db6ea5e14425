"""Pictures of what was decoded: boxes, masks, points, polygons, and the grid that an image is counted in.

Every function takes a picture, as `open_image` gives it, and returns a new one of the same size in RGB. An
item has the same colour in all of them. Labels stay inside the frame, and out of each other's way where
there is room. A label is written in the first font of this machine that has its letters; where none has, a
letter becomes a question mark.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from visionspec.draw._canvas import Canvas
from visionspec.draw._open import open_image
from visionspec.draw._style import Colour, colour_of
from visionspec.errors import InvalidSize
from visionspec.rules.answers import Answer, Item, Point
from visionspec.rules.boxes import PixelBox
from visionspec.rules.names import safe_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PIL import Image

    from visionspec.rules.tokens import TokenEstimate

__all__ = [
    "draw_answer",
    "draw_boxes",
    "draw_masks",
    "draw_points",
    "draw_polygons",
    "draw_tiles",
    "open_image",
    "safe_name",
]

_CAPTION: Colour = (17, 17, 17)
_TILE_LABEL: Colour = (255, 255, 255)
_FEW = 12  # tiles per axis; more of them get thinner lines


def draw_answer(picture: Image.Image, answer: Answer) -> Image.Image:
    """Draw all that an answer holds: masks below, then boxes and points, then labels.

    Raises:
        InvalidSize: if the answer is about an image of another size.
    """
    if picture.size != (answer.width_px, answer.height_px):
        raise InvalidSize(
            f"the answer is about {answer.width_px}x{answer.height_px} px, the picture has "
            f"{picture.width}x{picture.height}; was it turned by its EXIF orientation?",
            given=picture.size,
        )
    canvas = Canvas(picture)
    _add_masks(canvas, answer.items)
    _add_boxes(canvas, answer.items)
    _add_points(canvas, answer.points)
    _add_labels(canvas, answer.items, answer.points)
    return canvas.picture


def draw_boxes(picture: Image.Image, items: Answer | Iterable[Item], *, labels: bool = True) -> Image.Image:
    """Draw the boxes of items, with their labels."""
    canvas, chosen = Canvas(picture), _items(items)
    _add_boxes(canvas, chosen)
    _add_labels(canvas, chosen if labels else ())
    return canvas.picture


def draw_masks(picture: Image.Image, items: Answer | Iterable[Item], *, labels: bool = True) -> Image.Image:
    """Draw the masks of items: each in its colour, half transparent, with a solid edge."""
    canvas, chosen = Canvas(picture), [item for item in _items(items) if item.mask]
    _add_masks(canvas, chosen)
    _add_labels(canvas, chosen if labels else ())
    return canvas.picture


def draw_points(
    picture: Image.Image, points: Answer | Iterable[Point], *, labels: bool = True
) -> Image.Image:
    """Draw what was pointed at, with its labels."""
    canvas, chosen = Canvas(picture), points.points if isinstance(points, Answer) else tuple(points)
    _add_points(canvas, chosen)
    _add_labels(canvas, (), chosen if labels else ())
    return canvas.picture


def draw_polygons(
    picture: Image.Image,
    polygons: Iterable[Sequence[tuple[float, float]]],
    *,
    labels: Sequence[str | None] = (),
) -> Image.Image:
    """Draw polygons: each three or more corners ``(x, y)`` in pixels, as `visionspec.export` makes them."""
    canvas = Canvas(picture)
    polygons = list(polygons)
    for index, corners in enumerate(polygons):
        canvas.polygon(corners, colour_of(index))
    for index, (corners, label) in enumerate(zip(polygons, labels, strict=False)):
        xs, ys = zip(*corners, strict=True)
        around = PixelBox(int(min(xs)), int(min(ys)), int(max(xs)), int(max(ys)))
        canvas.labels.at_box(around, label, colour_of(index))
    return canvas.picture


def draw_tiles(picture: Image.Image, estimate: TokenEstimate) -> Image.Image:
    """Draw the tiles, or the grid of patches, that an image is counted in, with the count and its rule."""
    canvas = Canvas(picture)
    columns, rows = estimate.columns or 1, estimate.rows or 1
    across = _cuts(picture.width, estimate.width_px, columns, estimate.unit_px)
    down = _cuts(picture.height, estimate.height_px, rows, estimate.unit_px)
    areas = [(left, top, right, bottom) for top, bottom in pairwise(down) for left, right in pairwise(across)]
    if estimate.tiles is not None:
        for index, area in enumerate(areas):
            odd = (index // columns + index % columns) % 2
            canvas.shade((*area[:2], area[2] - 1, area[3] - 1), 0.32 if odd else 0.12)
    line = canvas.line if max(columns, rows) <= _FEW else canvas.hairline
    for x in across[1:-1]:
        line((x, 0, x, picture.height))
    for y in down[1:-1]:
        line((0, y, picture.width, y))
    canvas.labels.at_corner(_caption(estimate), _CAPTION)
    if estimate.tiles is not None:
        for left, top, right, bottom in areas:
            area = (round(left), round(top), round(right), round(bottom))
            canvas.labels.in_middle(area, f"{estimate.tokens // estimate.tiles}", _TILE_LABEL)
    return canvas.picture


def _items(items: Answer | Iterable[Item]) -> tuple[Item, ...]:
    return items.items if isinstance(items, Answer) else tuple(items)


def _add_boxes(canvas: Canvas, items: Sequence[Item]) -> None:
    for item in items:
        canvas.box(item.box, colour_of(item.index))


def _add_masks(canvas: Canvas, items: Sequence[Item]) -> None:
    for item in items:
        if item.mask:
            canvas.mask(item.mask, colour_of(item.index))


def _add_points(canvas: Canvas, points: Sequence[Point]) -> None:
    for found in points:
        canvas.point(*found.point, colour_of(found.index))


def _add_labels(canvas: Canvas, items: Sequence[Item], points: Sequence[Point] = ()) -> None:
    """Last of all, so that nothing is drawn on top of them."""
    for item in items:
        canvas.labels.at_box(item.box, item.label, colour_of(item.index))
    for found in points:
        (x, y), reach = found.point, canvas.point_reach_px
        around = PixelBox(x - reach, y - reach, x + reach, y + reach)
        canvas.labels.at_box(around, found.label, colour_of(found.index))


def _cuts(side_px: int, counted_px: int, parts: int, unit_px: int | None) -> list[float]:
    """Where an axis is cut: every ``unit_px`` of the counted side, or into equal parts."""
    step = side_px * unit_px / counted_px if unit_px else side_px / parts
    return [*(min(step * part, side_px) for part in range(parts)), side_px]


def _caption(estimate: TokenEstimate) -> list[str]:
    how = "counted as one"
    if estimate.columns is not None and estimate.rows is not None:
        unit = "tiles" if estimate.tiles is not None else "patches"
        how = f"{estimate.columns} x {estimate.rows} {unit}"
        if estimate.unit_px:
            how += f", crop unit {estimate.unit_px} px"
    model = f"{estimate.model}, " if estimate.model else ""
    return [f"{estimate.tokens:,} tokens: {how}", f"{model}{estimate.basis}, {estimate.rule}"]
