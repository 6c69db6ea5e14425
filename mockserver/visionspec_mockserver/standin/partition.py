"""Who owns which pixel: every pixel of the picture gets a label, 1 for the background, 2 and up for things.

Cores first: flat zones that stand out of the background and have some body. Cores that face each other with
hardly a difference are one. Then the rest, pixel by pixel: a colour that lies between two cores nearby is
the soft rim of both and goes to the nearer one; a colour that no neighbour explains is a thing too thin to
have a core.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np

from .arrays import counts, distance, lengths, relabel, shares, square
from .zones import solid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .arrays import Bits, Floats, Labels
    from .background import Ground

BACKGROUND = 1
_MOST_CORES = 150
_BLEND = 0.03  # a colour this share of the contrast off the line between two others is still their blend
_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
_RAYS = [(dy * r, dx * r) for r in (1, 2, 3, 4) for dy, dx in _STEPS if r < 4 or not (dy and dx)]


@dataclass(frozen=True, slots=True)
class Coding:
    """What the file format does to colours.

    Attributes:
        spread_px: how far the noise of an edge reaches, in working pixels; 0 for lossless files.
        share: the part of an edge's contrast that is taken for noise around it.
        smoothed: whether noise was smoothed away, and perhaps the tip of a thing with it.
        chroma: the trust in a pixel's chroma relative to its luma, which is stored at twice the resolution.
    """

    spread_px: float
    share: float
    smoothed: bool
    chroma: float


def partition(lab: Floats, luma: Floats, zones: Labels, size: int, ground: Ground, coding: Coding) -> Labels:
    """Label every pixel.

    Args:
        lab: the smoothed colours, in which zones were found.
        luma: the unsmoothed colours as luma and chroma (linear in RGB), in which rims are cut.
        zones: flat zones of ``lab``.
        size: how many zones there are.
        ground: the background.
        coding: what the file format does to colours.
    """
    labels = _cores(zones, size, ground)
    contrast = _contrast(lab, max(1, round(coding.spread_px * 0.75)))
    slack = _Slack(ground.tolerance, contrast, coding)
    labels = _join(labels, lab, contrast, ground, coding)
    labels = _demote(labels, lab, luma, slack, coding)
    labels, strange = _settle(labels, lab, luma, slack, coding)
    return _thin(labels, lab, strange, contrast)


def _cores(zones: Labels, size: int, ground: Ground) -> Labels:
    zones = np.where(ground.mask, 0, zones + 1).astype(np.int32)
    if ground.leak.any():
        body = cv2.morphologyEx(ground.leak.astype(np.uint8), cv2.MORPH_OPEN, square(2))
        extra, pieces = cv2.connectedComponents(body, connectivity=4, ltype=cv2.CV_32S)
        zones[ground.leak] = 0
        zones = np.where(pieces > 0, pieces + size, zones).astype(np.int32)
        size += extra
    size += 1
    areas = counts(zones, size)
    bodies = np.nonzero(solid(zones, size))[0]
    bodies = bodies[bodies > 0]
    kept = bodies[np.argsort(-areas[bodies], kind="stable")][:_MOST_CORES]
    table = np.zeros(size, np.int32)
    table[kept] = np.arange(len(kept)) + BACKGROUND + 1
    labels = relabel(zones, table)
    labels[ground.mask] = BACKGROUND
    return labels


def _contrast(lab: Floats, reach_px: int) -> Floats:
    window = square(2 * reach_px + 1)
    return distance(cast("Floats", cv2.dilate(lab, window)), cast("Floats", cv2.erode(lab, window)))


def facing(labels: Labels, lab: Floats, reach_px: int) -> dict[tuple[int, int], tuple[int, float]]:
    """Pairs of labels with pixels in one row or column at most ``reach_px`` apart: how many, and how different."""
    size = int(labels.max()) + 1
    pairs: list[NDArray[np.int64]] = []
    gaps: list[Floats] = []
    for grid, colours in ((labels, lab), (labels.T, lab.transpose(1, 0, 2))):
        for r in range(1, min(reach_px, grid.shape[1] - 1) + 1):
            a, b = grid[:, :-r], grid[:, r:]
            at = np.nonzero((a != b) & (a > 0) & (b > 0))
            one, two = a[at].astype(np.int64), b[at]
            pairs.append(np.minimum(one, two) * size + np.maximum(one, two))
            gaps.append(lengths(colours[:, :-r][at] - colours[:, r:][at]))
    if not pairs:
        return {}
    keys, place, number = np.unique(np.concatenate(pairs), return_inverse=True, return_counts=True)
    mean = np.bincount(place, weights=np.concatenate(gaps)) / number
    return {divmod(int(k), size): (int(n), float(m)) for k, n, m in zip(keys, number, mean, strict=True)}


class Groups:
    """Union of labels; the smallest of a group stands for it."""

    def __init__(self, size: int) -> None:
        self.parents = list(range(size))

    def find(self, i: int) -> int:
        while self.parents[i] != i:
            self.parents[i] = self.parents[self.parents[i]]
            i = self.parents[i]
        return i

    def join(self, i: int, j: int) -> None:
        i, j = self.find(i), self.find(j)
        self.parents[max(i, j)] = min(i, j)

    def table(self) -> list[int]:
        return [self.find(i) for i in range(len(self.parents))]


def _join(labels: Labels, lab: Floats, contrast: Floats, ground: Ground, coding: Coding) -> Labels:
    """Cores that differ by no more than the ground's own roughness, or than coding noise, are one."""
    size = int(labels.max()) + 1
    areas = counts(labels, size)
    busy = np.bincount(labels.ravel(), weights=contrast.ravel(), minlength=size) / np.maximum(areas, 1)
    away = np.bincount(labels.ravel(), weights=ground.away.ravel(), minlength=size) / np.maximum(areas, 1)
    groups = Groups(size)
    once: set[int] = set()
    for (a, b), (_, gap) in sorted(facing(labels, lab, 3).items(), key=lambda pair: pair[1][1]):
        if a == BACKGROUND:
            continue
        little = a if areas[a] < areas[b] else b
        noise = max(9, 0.12 * min(busy[a], busy[b]), 0.3 * min(away[a], away[b]))
        if gap < 1.3 * ground.tolerance:
            groups.join(a, b)
        elif areas[little] < 6 * coding.spread_px**2 and gap < noise and little not in once:
            once.add(little)  # to its nearest neighbour only, lest it joins two things that only it resembles
            groups.join(a, b)
    return relabel(labels, groups.table())


def _demote(labels: Labels, lab: Floats, luma: Floats, slack: _Slack, coding: Coding) -> Labels:
    """Small cores that their neighbours explain are pieces of a rim."""
    size = int(labels.max()) + 1
    areas = counts(labels, size)
    small = (areas > 0) & (areas <= max(9, 2.4 * coding.spread_px**2))
    small[: BACKGROUND + 1] = False
    if not small.any():
        return labels
    where = small[labels]
    rest = np.where(where, 0, labels).astype(np.int32)
    at = np.nonzero(where)
    fit = _explain(rest, _Colours(lab, luma, lab, luma), at, coding)
    clear = np.zeros(labels.shape, bool)
    clear[at] = ~slack.odd(fit, at)
    gone = small & (shares(labels, clear, size) > 0.6)
    return np.where(gone[labels], 0, labels).astype(np.int32)


@dataclass(frozen=True, slots=True)
class _Fit:
    owner: Labels  # the label that a pixel belongs to, 0 where none is near
    cost: Floats  # how far the pixel's colour is from that of the nearest label
    miss: Floats  # how far it is from every blend of two labels nearby
    place: NDArray[np.int64]  # the pixel, counted row by row, whose colour stood for the owner


@dataclass(frozen=True, slots=True)
class _Colours:
    """The picture twice, and the colours that stand for labels: a rim pixel stands for its owner, not for itself."""

    lab: Floats
    luma: Floats
    typical: Floats
    typical_luma: Floats

    def learn(self, at: Any, place: NDArray[np.int64]) -> None:
        self.typical[at] = self.typical.reshape(-1, 3)[place]
        self.typical_luma[at] = self.typical_luma.reshape(-1, 3)[place]


@dataclass(frozen=True, slots=True)
class _Slack:
    """What colour differences are nothing, pixel by pixel."""

    tolerance: float
    contrast: Floats
    coding: Coding

    def odd(self, fit: _Fit, at: Any) -> Bits:
        around = self.contrast[at]
        plain = fit.cost < np.maximum(self.tolerance, self.coding.share * around)
        blend = fit.miss < np.maximum(self.tolerance, _BLEND * around)
        return ~(plain | blend)


def _explain(
    labels: Labels, colours: _Colours, at: tuple[NDArray[np.intp], NDArray[np.intp]], coding: Coding
) -> _Fit:
    height, width = labels.shape
    ys, xs = at
    own, lab = colours.lab[at], colours.typical
    seen = []
    cost = np.full(len(ys), 1e9, np.float32)
    first = np.zeros(len(ys), np.int32)
    place = np.zeros(len(ys), np.int64)
    for dy, dx in _RAYS:
        y, x = np.clip(ys + dy, 0, height - 1), np.clip(xs + dx, 0, width - 1)
        label, there = labels[y, x], y * width + x
        gap = np.where(label > 0, lengths(own - lab[y, x]), np.float32(1e9))
        seen.append((label, gap, there))
        better = gap < cost
        cost, first, place = (np.where(better, *p) for p in ((gap, cost), (label, first), (there, place)))
    raw = colours.typical_luma.reshape(-1, 3)
    here, base = colours.luma[at], raw[place]
    miss = np.full(len(ys), 1e9, np.float32)
    cost2 = np.full(len(ys), 1e9, np.float32)
    second = np.zeros(len(ys), np.int32)
    place2 = place.copy()
    for label, gap, there in seen:
        other = (label > 0) & (label != first)
        if not other.any():
            continue
        miss = np.where(other, np.minimum(miss, _off_blend(here, base, raw[there], coding)), miss)
        better = other & (gap < cost2)
        cost2, second, place2 = (
            np.where(better, *p) for p in ((gap, cost2), (label, second), (there, place2))
        )
    # the cut: halfway between both colours, in a space that is linear in coverage
    trust = np.float32([1, coding.chroma, coding.chroma])
    line = (raw[place2] - base) * trust
    beyond = np.einsum("ij,ij->i", (here - base) * trust, line) > 0.5 * np.einsum("ij,ij->i", line, line)
    owner = np.where(beyond & (second > 0), second, first).astype(np.int32)
    return _Fit(owner, cost, miss, np.where(owner == first, place, place2))


def _off_blend(here: Floats, one: Floats, two: Floats, coding: Coding) -> Floats:
    """How far colours are from the straight line between two others, less what coding may have moved them.

    Chroma is stored coarsely, so near an edge it may belong to another mixture than the luma does.
    """
    line = two - one
    if not coding.spread_px:
        length = np.einsum("ij,ij->i", line, line) + np.float32(1e-6)
        part = np.clip(np.einsum("ij,ij->i", here - one, line) / length, 0, 1)
        return np.maximum(lengths(here - one - line * part[:, None]) - 0.1 * np.sqrt(length), 0)
    stray = 0.25 * min(1.0, coding.spread_px / 6)
    low, high = np.minimum(one[:, 0], two[:, 0]), np.maximum(one[:, 0], two[:, 0])
    outside = np.maximum(np.maximum(low - here[:, 0], here[:, 0] - high) - 0.4 * stray * (high - low), 0)
    tint, way = here[:, 1:] - one[:, 1:], line[:, 1:]
    length = np.einsum("ij,ij->i", way, way) + np.float32(1e-6)
    part = np.clip(np.einsum("ij,ij->i", tint, way) / length, 0, 1)
    aside = np.maximum(lengths(tint - way * part[:, None]) - stray * np.sqrt(length), 0)
    return np.sqrt(np.square(outside) + np.square(aside))


def _settle(
    labels: Labels, lab: Floats, luma: Floats, slack: _Slack, coding: Coding
) -> tuple[Labels, Floats]:
    """Give pixels without a label to a neighbour; returns the labels and how strange the others are.

    In rounds, because the tip of a shape may be further from its core than one look reaches.
    """
    strange = np.zeros(labels.shape, np.float32)
    labels = labels.copy()
    colours = _Colours(lab, luma, lab.copy(), luma.copy())
    if coding.smoothed:
        labels[_edges(labels)] = 0
    for last in (False, False, True):
        at = np.nonzero(labels == 0)
        if not len(at[0]):
            break
        fit = _explain(labels, colours, at, coding)
        odd = slack.odd(fit, at)
        if last:
            strange[at] = np.where(odd, np.minimum(fit.cost, 200), 0)
            labels[at] = np.maximum(fit.owner, BACKGROUND)
        else:
            labels[at] = np.where(odd, 0, fit.owner)
            colours.learn(at, fit.place)
    return labels, strange


def _edges(labels: Labels) -> Bits:
    """Background within two pixels of a thing: smoothing may have taken the tip of the thing."""
    things = (labels > BACKGROUND).astype(np.uint8)
    return (cv2.dilate(things, square(5)) > 0) & (labels == BACKGROUND)


def _thin(labels: Labels, lab: Floats, strange: Floats, contrast: Floats) -> Labels:
    """Things without a core: lines, letters, dots. Pieces of one line become one."""
    peak = cv2.dilate(strange, square(5))
    body = ((strange > 0) & (strange > 0.5 * peak)).astype(np.uint8)
    number, pieces, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=8)
    least = max(3.0, 0.012 * max(labels.shape))
    long = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= least
    keep = long & (stats[:, cv2.CC_STAT_AREA] >= max(4, 0.8 * least))
    keep[0] = False
    size = int(labels.max()) + 1
    table = np.zeros(number, np.int32)
    table[keep] = np.arange(int(keep.sum())) + size
    new = relabel(pieces, table)
    labels = np.where(new > 0, new, labels).astype(np.int32)
    return _join_thin(labels, lab, contrast)


def _join_thin(labels: Labels, lab: Floats, contrast: Floats) -> Labels:
    """Thin pieces that touch and look alike are one: an outline comes as runs and corners."""
    size = int(labels.max()) + 1
    inner = np.zeros(labels.shape, bool)
    inner[2:-2, 2:-2] = True
    for dy, dx in ((0, 2), (2, 0), (0, -2), (-2, 0)):
        inner[2:-2, 2:-2] &= (
            labels[2:-2, 2:-2] == labels[2 + dy : labels.shape[0] - 2 + dy, 2 + dx : labels.shape[1] - 2 + dx]
        )
    thin = ~(np.bincount(labels[inner], minlength=size) > 0)
    thin[: BACKGROUND + 1] = False
    if thin.sum() < 2:
        return labels
    only = np.where(thin[labels], labels, 0).astype(np.int32)
    areas = np.maximum(counts(only, size), 1)
    mean = [np.bincount(only.ravel(), weights=lab[..., c].ravel(), minlength=size) / areas for c in range(3)]
    colours = np.stack(mean, -1)
    busy = np.bincount(only.ravel(), weights=contrast.ravel(), minlength=size) / areas
    groups = Groups(size)
    for a, b in facing(only, lab, 2):
        if np.linalg.norm(colours[a] - colours[b]) < 0.4 * min(busy[a], busy[b]):
            groups.join(a, b)
    return relabel(labels, groups.table())
