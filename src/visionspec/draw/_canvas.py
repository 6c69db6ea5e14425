"""A picture being drawn on: shapes with a dark seam around them, so that they show on any background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from visionspec.draw._labels import Labels
from visionspec.draw._style import Colour, sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from visionspec.rules.boxes import PixelBox
    from visionspec.rules.masks import Mask

_SEAM = (0, 0, 0, 120)
_MASK_SHARE = 0.45
_LIGHT = (255, 255, 255)


class Canvas:
    """An RGB copy of a picture, and the means to draw on it."""

    def __init__(self, picture: Image.Image) -> None:
        self.picture = picture.convert("RGB") if picture.mode != "RGB" else picture.copy()
        self.sizes = sizes(*picture.size)
        self._pen = ImageDraw.Draw(self.picture, "RGBA")  # on RGB, "RGBA" means that alpha blends
        self.point_reach_px = 5 * self.sizes.line_px + 2
        self.labels = Labels(self._pen, *picture.size, self.sizes)

    def box(self, box: PixelBox, colour: Colour) -> None:
        """Outline the pixels that belong to ``box``."""
        x0, y0, x1, y1 = box.x0, box.y0, box.x1 - 1, box.y1 - 1
        self._pen.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline=_SEAM, width=self.sizes.line_px + 2)
        self._pen.rectangle((x0, y0, x1, y1), outline=colour, width=self.sizes.line_px)

    def point(self, x: int, y: int, colour: Colour) -> None:
        """Mark a point with a filled circle in a white ring."""
        radius = self.point_reach_px - 2 * self.sizes.line_px
        for grown, fill in ((2, _SEAM), (1, _LIGHT), (0, colour)):
            reach = radius + grown * self.sizes.line_px
            self._pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill)

    def polygon(self, corners: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon lightly and outline it."""
        closed = [*corners, corners[0]]
        self._pen.polygon(closed, fill=(*colour, round(255 * _MASK_SHARE)))
        self._pen.line(closed, fill=_SEAM, width=self.sizes.line_px + 2, joint="curve")
        self._pen.line(closed, fill=colour, width=self.sizes.line_px, joint="curve")

    def line(self, ends: tuple[float, float, float, float]) -> None:
        """Draw a white line with its seam."""
        self._pen.line(ends, fill=_SEAM, width=self.sizes.line_px + 2)
        self._pen.line(ends, fill=_LIGHT, width=self.sizes.line_px)

    def hairline(self, ends: tuple[float, float, float, float]) -> None:
        """Draw a thin groove: dark, and light beside it."""
        x0, y0, x1, y1 = ends
        self._pen.line((x0 - 1, y0 - 1, x1 - 1, y1 - 1), fill=(0, 0, 0, 100), width=1)
        self._pen.line(ends, fill=(255, 255, 255, 130), width=1)

    def shade(self, area: tuple[float, float, float, float], share: float) -> None:
        """Darken an area."""
        self._pen.rectangle(area, fill=(0, 0, 0, round(255 * share)))

    def mask(self, mask: Mask, colour: Colour) -> None:
        """Colour the pixels of a mask, fully at its edge, with a white line inside of that."""
        crop = mask.crop
        within = _inside(crop, self.sizes.line_px)
        white = within & ~_inside(within, max(1, self.sizes.line_px // 2))
        share = np.where(within, 255 * _MASK_SHARE, 255) * crop
        self.picture.paste(colour, mask.box, Image.fromarray(share.astype(np.uint8)))
        self.picture.paste(_LIGHT, mask.box, Image.fromarray(white.view(np.uint8) * np.uint8(200)))


def _inside(bits: npt.NDArray[np.bool_], depth_px: int) -> npt.NDArray[np.bool_]:
    """The pixels that are more than ``depth_px`` steps away from the nearest pixel that is not set."""
    for _ in range(depth_px):
        padded = np.pad(bits, 1)
        bits = bits & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return bits
