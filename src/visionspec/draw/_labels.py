"""Where labels go: beside their object, inside the frame, not on top of each other where there is room."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from visionspec.draw._style import Colour, Font, Sizes, default_font, fitting_font, text_colour_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    from PIL import ImageDraw

    from visionspec.rules.boxes import PixelBox

_REMEMBERED = 400  # labels that a new one tries to avoid; bounds the work for thousands of objects
_ELLIPSIS = "..."

Rectangle = tuple[int, int, int, int]


@dataclass(slots=True)
class Labels:
    """Draws labels as plates in the colour of their object, and remembers where they are."""

    canvas: ImageDraw.ImageDraw
    width_px: int
    height_px: int
    sizes: Sizes
    _taken: list[Rectangle] = field(default_factory=list)

    def at_box(self, box: PixelBox, text: str | None, colour: Colour) -> None:
        """Put a label above the box, or where there is room."""
        text, width, height = self._fit(text)
        if text:
            self._draw(self._place(box, width, height), text, colour)

    def at_corner(self, lines: list[str], colour: Colour) -> None:
        """Put a caption of several lines at the bottom left."""
        fitted = [self._fit(line) for line in lines]
        height = sum(height for _, _, height in fitted)
        margin = 2 * self.sizes.pad_px
        y = max(self.height_px - height - margin, 0)
        width = max((width for _, width, _ in fitted), default=0)
        x = min(margin, max(self.width_px - width, 0))
        if height <= self.height_px and width:
            self.canvas.rectangle((x, y, x + width - 1, y + height - 1), fill=colour)
            for text, _, line_height in fitted:
                self._draw((x, y, x + width, y + line_height), text, colour)
                y += line_height

    def in_middle(self, box: Rectangle, text: str, colour: Colour) -> None:
        """Put a label into the middle of a box, if it fits and covers none."""
        text, width, height = self._fit(text)
        x, y = (box[0] + box[2] - width) // 2, (box[1] + box[3] - height) // 2
        plate = (x, y, x + width, y + height)
        if text and width < box[2] - box[0] and height < box[3] - box[1] and not self._hidden([plate])[0]:
            self._draw(plate, text, colour)

    def _fit(self, text: str | None) -> tuple[str, int, int]:
        """The text, shortened until its plate fits into the frame, and the size of the plate."""
        font, text = fitting_font(_printable(text or ""), self.sizes.font_px)
        pad = self.sizes.pad_px
        height = _line_height(default_font(self.sizes.font_px)) + pad
        room = self.width_px - 2 * pad - 1
        if height > self.height_px:
            return "", 0, 0
        if font.getlength(text) > room:
            shorter = len(text)
            while shorter and font.getlength(text[:shorter].rstrip() + _ELLIPSIS) > room:
                shorter -= 1
            text = text[:shorter].rstrip() + _ELLIPSIS if shorter else ""
        return text, int(font.getlength(text)) + 2 * pad + 1, height

    def _place(self, box: PixelBox, width: int, height: int) -> Rectangle:
        spots: list[Rectangle] = []
        for left, top in _spots(box, width, height):
            x = min(max(left, 0), max(self.width_px - width, 0))
            y = min(max(top, 0), max(self.height_px - height, 0))
            spots.append((x, y, x + width, y + height))
        return spots[int(self._hidden(spots).argmin())]

    def _hidden(self, spots: list[Rectangle]) -> npt.NDArray[np.int64]:
        """How many pixels of labels a label at each of the spots would cover."""
        a, b = np.array(spots)[:, None], np.array(self._taken, np.int64).reshape(-1, 4)
        sides = np.minimum(a[..., 2:], b[:, 2:]) - np.maximum(a[..., :2], b[:, :2])
        covered: npt.NDArray[np.int64] = sides.clip(0).prod(axis=-1).sum(axis=-1)
        return covered

    def _draw(self, plate: Rectangle, text: str, colour: Colour) -> None:
        x0, y0, x1, y1 = plate
        self._taken = [*self._taken[1 - _REMEMBERED :], plate]
        self.canvas.rectangle((x0, y0, x1 - 1, y1 - 1), fill=colour)
        self.canvas.text(
            (x0 + self.sizes.pad_px, (y0 + y1) / 2),
            text,
            font=fitting_font(text, self.sizes.font_px)[0],
            fill=text_colour_on(colour),
            anchor="lm",
        )


def _spots(box: PixelBox, width: int, height: int) -> Iterator[tuple[int, int]]:
    """Upper left corners for a plate, the best one first: above, inside, below, then down along the box."""
    right = box.x1 - width
    yield box.x0, box.y0 - height
    yield box.x0, box.y0
    yield right, box.y0 - height
    yield box.x0, box.y1
    yield right, box.y0
    yield right, box.y1
    for row in range(1, 8):
        yield box.x0, box.y0 + row * height
        yield box.x0, box.y0 - (row + 1) * height


def _line_height(font: Font) -> int:
    _, top, _, bottom = font.getbbox("Egj")
    return int(bottom - top) + 1


def _printable(text: str) -> str:
    """One line without control characters and lone surrogates."""
    visible = (" " if unicodedata.category(letter)[0] == "C" else letter for letter in text[:200])
    return " ".join("".join(visible).split())
