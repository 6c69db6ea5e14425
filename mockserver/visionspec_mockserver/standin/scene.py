"""What was seen, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from visionspec.rules.boxes import PixelBox

    from .arrays import Bits, Pixels


class Colour(NamedTuple):
    """A colour and its name."""

    red: int
    green: int
    blue: int
    name: str


@dataclass(frozen=True, slots=True)
class Region:
    """A thing in the picture. Pixels are those of the picture as displayed.

    Attributes:
        box: the pixels it spans.
        probability: its mask within the box, 0..255; a side may have fewer samples than the box has pixels.
        polygon: its outline, ``(x, y)`` in pixels; a hole is reached by a slit.
        point: ``(x, y)`` in pixels, well inside it.
        area_px: how many pixels it covers, about.
        colour: its typical colour.
        shape: what it looks like: circle, square, star, line, text, shape ...
        confidence: 0..1, from how much it stands out.
    """

    box: PixelBox
    probability: Pixels
    polygon: tuple[tuple[float, float], ...]
    point: tuple[float, float]
    area_px: int
    colour: Colour
    shape: str
    confidence: float

    @property
    def mask(self) -> Bits:
        """The probability map, cut at its midpoint."""
        return self.probability > 127

    @property
    def label(self) -> str:
        """Its name: colour and shape."""
        return f"{self.colour.name} {self.shape}"


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture that was looked at.

    Attributes:
        width_px: as displayed.
        height_px: as displayed.
        mime_type: by content.
        ground: the colours of what lies behind, the largest first.
        regions: the things, the largest first.
    """

    width_px: int
    height_px: int
    mime_type: str
    ground: tuple[Colour, ...]
    regions: tuple[Region, ...]

    @property
    def size_bytes(self) -> int:
        """The memory that it takes, about."""
        return 2000 + sum(1000 + r.probability.nbytes + 150 * len(r.polygon) for r in self.regions)
