"""The demo's picture: seven shapes on a soft gradient, each with the box and the mask it was drawn with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from visionspec.rules.boxes import PixelBox

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Draw = Callable[[ImageDraw.ImageDraw, int], None]

WIDTH_PX, HEIGHT_PX = 960, 540  # the size of the documents' own token example: 3 x 2 tiles, 1,548 tokens
_OVERSAMPLING = 4

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One object of the scene.

    Attributes:
        name: what was drawn, e.g. ``"red circle"``.
        box: the pixels that it covers, as ``[x0, x1) x [y0, y1)``.
        mask: bool array of the whole frame, shape ``(height, width)``.
    """

    name: str
    box: PixelBox
    mask: NDArray[np.bool_]


def draw_scene() -> tuple[Image.Image, list[Drawn]]:
    """Draw the scene; the truth about each object is measured on a canvas of its own, never guessed."""
    canvas = _background()
    drawn = []
    for name, colour, paint in _OBJECTS:
        coverage = Image.new("L", (WIDTH_PX * _OVERSAMPLING, HEIGHT_PX * _OVERSAMPLING), 0)
        paint(ImageDraw.Draw(coverage), 255)
        alpha = coverage.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BOX)
        canvas.paste(colour, mask=alpha)
        mask = np.asarray(alpha) > 127
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = PixelBox(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        drawn.append(Drawn(name, box, mask))
    return canvas, drawn


def _background() -> Image.Image:
    """A grey-blue sky that grows lighter downwards."""
    share = np.linspace(0.0, 1.0, HEIGHT_PX)[:, None, None]
    column = (1 - share) * np.array([206, 216, 228]) + share * np.array([240, 240, 236])
    return Image.fromarray(np.broadcast_to(column, (HEIGHT_PX, WIDTH_PX, 3)).round().astype(np.uint8))


def _scaled(*numbers: float) -> list[float]:
    return [number * _OVERSAMPLING for number in numbers]


def _ellipse(x0: float, y0: float, x1: float, y1: float) -> Draw:
    return lambda draw, fill: draw.ellipse(_scaled(x0, y0, x1, y1), fill=fill)


def _rectangle(x0: float, y0: float, x1: float, y1: float, radius: float = 0) -> Draw:
    return lambda draw, fill: draw.rounded_rectangle(
        _scaled(x0, y0, x1, y1), radius=radius * _OVERSAMPLING, fill=fill
    )


def _polygon(*points: tuple[float, float]) -> Draw:
    flat = _scaled(*(number for point in points for number in point))
    return lambda draw, fill: draw.polygon(flat, fill=fill)


def _star(x: float, y: float, outer: float, inner: float) -> Draw:
    turns = np.pi * (np.arange(10) / 5 - 0.5)
    radii = np.where(np.arange(10) % 2, inner, outer)
    points = zip(x + radii * np.cos(turns), y + radii * np.sin(turns), strict=True)
    return _polygon(*((float(px), float(py)) for px, py in points))


_OBJECTS: list[tuple[str, Colour, Draw]] = [
    ("red circle", (214, 48, 49), _ellipse(60, 60, 240, 240)),
    ("blue rectangle", (45, 98, 196), _rectangle(330, 70, 600, 210)),
    ("green triangle", (39, 148, 84), _polygon((780, 50), (900, 240), (660, 240))),
    ("yellow star", (241, 180, 15), _star(165, 400, 115, 48)),
    ("purple ellipse", (125, 60, 178), _ellipse(310, 320, 560, 470)),
    ("orange square", (232, 112, 32), _rectangle(640, 310, 770, 440)),
    (
        "black hexagon",
        (38, 42, 48),
        _polygon((832, 375), (858, 330), (910, 330), (936, 375), (910, 420), (858, 420)),
    ),
]
