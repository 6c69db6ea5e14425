"""What lies behind: a smooth surface of colour through the ground of the picture.

The ground begins as the flat zone that owns most of the frame's rim (and, less, most of the picture). A
polynomial of low order is fitted to it, leaving out what sticks out; what it misses, a very smooth
interpolation corrects. Everything within the tolerance of the surface is background, wherever it is: the
hole of a ring, a corner that a shape cuts off. The tolerance follows the roughness of the ground, so a
texture is no crowd of objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from .arrays import counts, distance, shares, square

if TYPE_CHECKING:
    from .arrays import Bits, Floats, Labels

_GRID = 200  # the surface is found on a grid of at most this many points a side
_ZONES = 600  # more zones than this are not looked at for the ground
_KIN = 10.0  # zones of mean colours closer than this may be one ground
_ORDERS = (0, 1, 2, 4)
_LEAK = 1.5  # what differs by less than so many tolerances leaked out of the background
_LEAST = 4.0  # a difference below this (Lab) is nothing, however clean the picture
_COARSE = 16  # the correction has about so many points a side, no finer


@dataclass(frozen=True, slots=True)
class Ground:
    """The background of a picture.

    Attributes:
        surface: its colour at every pixel, also where something covers it.
        away: how far every pixel is from it.
        tolerance: the distance up to which a pixel is background.
        mask: the pixels that are background.
        leak: pixels joined to the background's zone and yet far from its colour: soft shadows, faint edges.
    """

    surface: Floats
    away: Floats
    tolerance: float
    mask: Bits
    leak: Bits


def find_ground(lab: Floats, zones: Labels, size: int, *, coded_px: float) -> Ground:
    """Find the background; ``coded_px`` is how far coding noise spreads around an edge, 0 for lossless files."""
    stride = -(-max(zones.shape) // _GRID)
    sample = np.ascontiguousarray(lab[::stride, ::stride])
    home = _home(zones, size, lab)
    least = _LEAST + (1 if coded_px else 0)
    ours = home[zones[::stride, ::stride]]
    seed, surface = ours, sample
    for _ in range(2):
        surface = _polynomial(sample, seed)
        tolerance = _tolerance(sample, surface, seed, least)
        surface = surface + _correction(sample - surface, seed & (distance(sample, surface) < tolerance))
        near = distance(sample, surface) < tolerance
        seed = near | (ours & (distance(sample, surface) < 2 * tolerance)) if near.any() else ours
    tolerance = _tolerance(sample, surface, seed, least)
    grow = np.float32([[1 / stride, 0, 0], [0, 1 / stride, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    full = cast(
        "Floats",
        cv2.warpAffine(surface, grow, zones.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE),
    )
    away = distance(lab, full)
    return Ground(
        full, away, tolerance, *_split(away, zones, size, home=home, tolerance=tolerance, coded_px=coded_px)
    )


def _home(zones: Labels, size: int, lab: Floats) -> Bits:
    """Which zones are the ground: the family with the largest share of the rim, and, less, of the picture.

    A family is a zone and all zones of about its mean colour: a texture has many.
    """
    height, width = zones.shape
    d = min(2, (height - 1) // 8, (width - 1) // 8)
    rim = np.concatenate([zones[d], zones[height - 1 - d], zones[:, d], zones[:, width - 1 - d]])
    areas = counts(zones, size)
    score = counts(rim, size) / rim.size + 0.6 * areas / zones.size
    large = np.argsort(-score, kind="stable")[:_ZONES]
    table = np.full(size, -1, np.int32)
    table[large] = np.arange(len(large))
    index = table[zones]
    held = index >= 0
    mean = np.stack(
        [np.bincount(index[held], weights=lab[..., c][held], minlength=len(large)) for c in range(3)], -1
    )
    mean = mean / areas[large][:, None]
    kin = np.linalg.norm(mean[:, None] - mean[None, :24], axis=-1) < _KIN
    home = np.zeros(size, bool)
    home[large[kin[:, int((kin * score[large][:, None]).sum(0).argmax())]]] = True
    return home


def _split(
    away: Floats, zones: Labels, size: int, *, home: Bits, tolerance: float, coded_px: float
) -> tuple[Bits, Bits]:
    limit: Floats | float = tolerance
    if coded_px:
        reach = cv2.dilate(np.minimum(away, 120), square(2 * max(1, round(coded_px)) + 1))
        limit = cast("Floats", np.maximum(tolerance, 0.12 * reach))
    near = away < limit
    behind = shares(zones, near, size) > 0.5
    leak = home[zones] & (away > max(_LEAK * tolerance, tolerance + 3))
    small = counts(zones, size) < 9
    mask = (behind[zones] & ~leak) | (near & small[zones])
    return mask, leak


def _tolerance(sample: Floats, surface: Floats, seed: Bits, least: float) -> float:
    middle, most = np.percentile(distance(sample, surface)[seed], (50, 95))
    return max(least, float(np.clip(1.3 * most, 3 * middle, 5 * middle)))


def _powers(x: Floats, y: Floats, order: int) -> Floats:
    return np.stack([x**i * y**j for i in range(order + 1) for j in range(order + 1 - i)], -1)


def _polynomial(sample: Floats, seed: Bits) -> Floats:
    """The polynomial of lowest order that fits the seed pixels about as well as any, fitted robustly."""
    height, width = seed.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float64)
    step = max(1, int(seed.sum()) // 3000)
    colours = sample[seed][::step].astype(np.float64)
    best = None
    for order in _ORDERS:
        base = _powers(x[seed][::step], y[seed][::step], order)
        if base.shape[1] * 4 > len(base) and best:
            break
        weight, factors, scale = np.ones(len(base)), np.zeros((base.shape[1], 3)), np.inf
        for _ in range(5):
            heavy = base.T * weight
            factors = np.linalg.solve(heavy @ base + 1e-6 * np.eye(base.shape[1]), heavy @ colours)
            miss = np.sqrt((np.square(base @ factors - colours)).sum(1))
            scale = max(1.5 * float(np.median(miss)), 0.5)
            weight = np.square(1 - np.square(np.minimum(miss / (4 * scale), 1))) + 1e-6
        if best is None or scale < 0.85 * best[0]:
            best = scale, order, factors
    assert best  # noqa: S101 - order 0 always fits
    return (_powers(x, y, best[1]) @ best[2]).astype(np.float32)


def _correction(miss: Floats, seed: Bits) -> Floats:
    """Average what the polynomial misses over ever larger blocks, and fill what no seed covers from the larger ones."""
    weights = [seed.astype(np.float32)]
    sums = [miss * weights[0][..., None]]
    while max(sums[-1].shape[:2]) > 3:
        half = ((sums[-1].shape[1] + 1) // 2, (sums[-1].shape[0] + 1) // 2)
        sums.append(cv2.resize(sums[-1], half, interpolation=cv2.INTER_AREA))
        weights.append(cv2.resize(weights[-1], half, interpolation=cv2.INTER_AREA))
    now = sums[-1] / np.maximum(weights[-1], 1e-6)[..., None]
    for total, weight in zip(sums[-2::-1], weights[-2::-1], strict=True):
        now = cv2.resize(now, weight.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(total.shape)
        if max(weight.shape) <= _COARSE:
            here = np.minimum(weight, 1)[..., None]
            now = here * total / np.maximum(weight, 1e-6)[..., None] + (1 - here) * now
    return now
