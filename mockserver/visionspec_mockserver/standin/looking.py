"""Look at a picture: find what differs from its background in a small copy, measure it in the full one.

Pixels in, plain data out; nothing is known but the pixels. The steps, a module each: decode (`pixels`),
flat zones (`zones`), the surface behind (`background`), a label for every pixel (`partition`), what belongs
together (`relations`), boxes to the pixel (`edges`), forms (`outlines`), names (`colours`, `shapes`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from visionspec.rules.boxes import PixelBox

from .arrays import lengths, square, to_lab
from .background import find_ground
from .colours import name_colour
from .edges import exact_box
from .outlines import deepest, polygon, probability
from .partition import BACKGROUND, Coding, partition
from .parts import filled
from .pixels import decode
from .relations import relate
from .scene import Region, Scene
from .shapes import name_open_shape, name_shape
from .zones import flat_zones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .arrays import Bits, Floats, Pixels
    from .parts import Part
    from .pixels import Decoded
    from .relations import Things

_HARD = 35.0  # a difference (Lab) that is an edge
_MILD = 3.0  # a difference (Lab) that coding makes beside one
_WORK_PX = 1024  # the longer side of the copy that is looked at
_MOST_REGIONS = 64  # of a drawing
_MOST_OF_PHOTO = 25
_CRUMB = 0.3  # of a block of coding: what is smaller may be a ripple
_MUCH = 20  # times the area


def look(data: bytes) -> Scene:
    """Find the things in a picture.

    Raises:
        InvalidMedia: if it cannot be decoded.
    """
    picture = decode(data)
    work = _reduced(picture.rgb)
    colours = to_lab(work)
    rough = _roughness(colours)
    spread = 8 * work.shape[1] / picture.width_px if picture.lossy or _is_coded(work) else 0.0
    lab = _smoothed(colours, rough, spread_px=spread)
    zones, size = flat_zones(lab, max(2.2, 5 * _roughness(lab)))
    share, chroma = (0.22, 0.3 if spread > 5 else 0.6) if spread else (0.1, 1.0)
    coding = Coding(spread, share, smoothed=bool(spread) or rough >= 0.8, chroma=chroma)
    ground = find_ground(lab, zones, size, coded_px=spread)
    labels = partition(lab, _luma(work), zones, size, ground, coding)
    things = relate(labels, lab, ground, rough=rough, coded=bool(spread))
    return _describe(
        picture, work, things, spread_px=spread, noisy=rough >= 0.8, photo=_is_photo(zones, size)
    )


def _reduced(rgb: Pixels) -> Pixels:
    height, width = rgb.shape[:2]
    scale = _WORK_PX / max(height, width)
    if scale >= 1:
        return rgb
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cast("Pixels", cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


def _luma(rgb: Pixels) -> Floats:
    """Luma and chroma, linear in RGB and of about the scale of Lab."""
    return cast(
        "Floats",
        cv2.cvtColor(rgb.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2YCrCb)
        * np.float32([100, 150, 150]),
    )


def _roughness(lab: Floats) -> float:
    """Noise from pixel to pixel, as a standard deviation in Lab."""
    step = max(1, int((lab.shape[0] * lab.shape[1] / 60_000) ** 0.5))

    def along(lines: Floats) -> float:
        lines = lines[::step]
        if lines.shape[1] < 3:
            return 0.0
        bend = lines[:, 1:-1:step] - (lines[:, :-2:step] + lines[:, 2::step]) / 2
        return float(np.median(np.sqrt(np.einsum("ijk,ijk->ij", bend, bend)))) / 1.88

    return min(along(lab), along(lab.transpose(1, 0, 2)))


def _is_coded(rgb: Pixels) -> bool:
    """Whether a lossless file holds what was lossy before: edges have ripples a few pixels off."""
    level = rgb.max(2).astype(np.int16)
    step = np.abs(np.diff(level, axis=1))
    hard = (step > 40).astype(np.uint8)
    if not hard.any():
        return False
    band = (cv2.dilate(hard, square(13)) > 0) & (cv2.dilate(hard, square(5)) == 0)
    ripples = (step >= 2) & (step <= 30)
    seen = int(band.sum())
    return seen > 0 and float(ripples[band].mean()) > (0.12 if seen > 2000 else 0.35)


def _smoothed(lab: Floats, rough: float, *, spread_px: float) -> Floats:
    """Without noise; and without the ripples of coding, which are as strong as the edges nearby are hard."""
    if rough >= 0.8:
        for sigma in (max(6.0, 3.5 * rough), max(6.0, 2 * rough)):
            lab = cast("Floats", cv2.bilateralFilter(lab, 7, sigma, 2.5))
    if spread_px:
        window = square(2 * max(1, round(spread_px)) + 1)
        hard = np.ptp(np.stack([cv2.dilate(lab, window), cv2.erode(lab, window)]), 0).max(-1) > _HARD
        mild = strong = lab
        for _ in range(2):
            mild = cast("Floats", cv2.bilateralFilter(mild, 5, _MILD, 2.0))
            strong = cast("Floats", cv2.bilateralFilter(strong, 5, 8.0, 2.0))
        lab = np.where(hard[..., None], strong, mild)
    return lab


def _is_photo(zones: object, size: int) -> bool:
    """Whether much of the picture lies in zones too small to be drawn."""
    areas = np.bincount(np.asarray(zones).ravel(), minlength=size)
    return float(areas[areas < 16].sum()) > 0.25 * float(areas.sum())


def _describe(
    picture: Decoded, work: Pixels, things: Things, *, spread_px: float, noisy: bool, photo: bool
) -> Scene:
    height, width = things.labels.shape
    least_side = max(2.0, 0.006 * max(height, width))
    least_area = max(4.0, 0.002 * height * width if photo else 0)
    kept = [p for p in things.parts.values() if max(p.width, p.height) >= least_side and p.area >= least_area]
    kept = [part for part in kept if not _is_crumb(part, kept, spread_px)]
    kept.sort(key=lambda p: (-p.area, p.y, p.x))
    kept = kept[: _MOST_OF_PHOTO if photo else _MOST_REGIONS]
    behind = [things.labels == BACKGROUND, *(things.labels == label for label in things.backdrops)]
    behind.sort(key=lambda mask: -int(mask.sum()))
    return Scene(
        picture.width_px,
        picture.height_px,
        picture.mime_type,
        tuple(name_colour(_typical(work, mask)) for mask in behind if mask.any()),
        tuple(_region(part, picture, work, things, noisy=noisy) for part in kept),
    )


def _is_crumb(part: Part, parts: Sequence[Part], spread_px: float) -> bool:
    """Whether coding made it of the edge of something large in its block, or in the next one."""

    def near(other: Part) -> bool:
        across = max(part.x, other.x) - min(part.x + part.width, other.x + other.width)
        down = max(part.y, other.y) - min(part.y + part.height, other.y + other.height)
        return max(across, down) <= 2 * spread_px

    small = max(part.width, part.height) < 1.5 * spread_px and part.area < _CRUMB * spread_px**2
    return small and any(other.area > _MUCH * part.area and near(other) for other in parts)


def _typical(rgb: Pixels, mask: Bits) -> tuple[int, int, int]:
    red, green, blue = np.median(rgb[mask][:: max(1, int(mask.sum()) // 5000)], 0).astype(int)
    return int(red), int(green), int(blue)


def _region(part: Part, picture: Decoded, work: Pixels, things: Things, *, noisy: bool) -> Region:
    box = _box(part, picture, work, noisy=noisy)
    spot = part.cut(things.labels)
    on_top = filled(part.mask) & (spot != BACKGROUND) & ~np.isin(spot, list(things.backdrops))
    form = part.mask | on_top
    x_scale, y_scale = box.width_px / part.width, box.height_px / part.height
    line = polygon(form, closed_by=part.height // 2 if part.text else 0)
    x, y = deepest(part.mask)
    return Region(
        box=box,
        probability=probability(form, (box.width_px, box.height_px), thickness=part.thickness),
        polygon=tuple((box.x0 + float(u) * x_scale, box.y0 + float(v) * y_scale) for u, v in line),
        point=(box.x0 + x * x_scale, box.y0 + y * y_scale),
        area_px=round(float(form.sum()) * x_scale * y_scale),
        colour=name_colour(_colour(part, work)),
        shape=_shape(part, form),
        confidence=_confidence(part, things, work),
    )


def _box(part: Part, picture: Decoded, work: Pixels, *, noisy: bool) -> PixelBox:
    at = (part.x, part.y)
    if work is picture.rgb:
        edges = (float(part.x), float(part.y), float(part.x + part.width), float(part.y + part.height))
    else:
        edges = exact_box(picture.rgb, work, part.mask, at, noisy=noisy)
    x_scale = picture.width_px / picture.rgb.shape[1]
    y_scale = picture.height_px / picture.rgb.shape[0]
    x0, x1 = (min(max(0, round(v * x_scale)), picture.width_px) for v in (edges[0], edges[2]))
    y0, y1 = (min(max(0, round(v * y_scale)), picture.height_px) for v in (edges[1], edges[3]))
    return PixelBox(
        min(x0, picture.width_px - 1), min(y0, picture.height_px - 1), max(x1, x0 + 1), max(y1, y0 + 1)
    )


def _colour(part: Part, work: Pixels) -> tuple[int, int, int]:
    """The typical colour of those of its pixels that are like the part was before its outline joined it."""
    own = part.cut(work)[part.mask]
    near = lengths(to_lab(own[None])[0] - part.colour)
    alike = own[near <= np.percentile(near, 50)]
    red, green, blue = np.median(alike, 0).round().astype(int)
    return int(red), int(green), int(blue)


def _shape(part: Part, form: Bits) -> str:
    if part.text:
        return "text"
    whole = filled(form)
    hollow = float(whole.sum() - form.sum()) > 0.15 * float(whole.sum())
    return name_open_shape(form) if hollow else name_shape(form)


def _confidence(part: Part, things: Things, work: Pixels) -> float:
    """0.5 for a thing that hardly stands out of what is around it, near 1 for a clear one."""
    near = part.cut(work, 3)
    outside = part.cut(things.labels, 3) != part.label
    if not outside.any():
        return 0.99
    away = lengths((to_lab(near)[outside] - part.colour).astype(np.float32))
    return round(float(0.99 - 0.49 * np.exp(-np.median(away) / 20)), 3)
