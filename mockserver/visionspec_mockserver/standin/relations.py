"""From labels to things: what belongs together, and what is no thing at all.

In this order: every label becomes one connected part; soft shadows, crumbs and textures go; what is seen
through a ring goes back to what lies behind it; an outline joins what it outlines; a shape that a thin line
cuts in two is one again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .arrays import distance, lengths, square
from .partition import BACKGROUND, Groups
from .parts import Part, around, boxes, filled, find_parts, padded, unlike
from .shapes import name_shape

if TYPE_CHECKING:
    from .arrays import Floats, Labels
    from .background import Ground

Parts = dict[int, Part]


@dataclass(frozen=True, slots=True)
class Things:
    """What the picture shows.

    Attributes:
        labels: which part every pixel belongs to.
        parts: the things, by label.
        backdrops: large parts that are ground as much as the background is: the lower half of a horizon.
    """

    labels: Labels
    parts: Parts
    backdrops: Parts


def relate(labels: Labels, lab: Floats, ground: Ground, *, rough: float, coded: bool) -> Things:
    """Turn labels into things; the label map is changed in place.

    Args:
        labels: a label for every pixel, as ``partition`` gives it.
        lab: the smoothed colours.
        ground: the background.
        rough: the noise of the picture, in Lab.
        coded: whether the file format is lossy.
    """
    _connect(labels)
    parts = find_parts(labels, lab, BACKGROUND + 1)
    backdrops = {k: p for k, p in parts.items() if _is_backdrop(p, labels)}
    for label in backdrops:
        del parts[label]
    _drop_soft(parts, labels, lab, ground)
    _drop_noise(parts, labels, ground, rough)
    _blend_rims(parts, labels, lab, ground)
    _bridge(parts, labels, ground.tolerance)
    _drop_texture(parts, labels, ground)
    _see_through(parts, backdrops, labels, ground.tolerance)
    _join_outlines(parts, labels)
    _drop_crumbs(parts, labels, ground, coded=coded)
    _join_text(parts, labels)
    _fill_holes(parts, backdrops, labels, lab)
    if backdrops and all(_is_stripe(p, labels) for p in parts.values()):
        ground_part = find_parts(np.where(labels == BACKGROUND, 1, 0).astype(np.int32), lab, 1)
        parts, backdrops = {**ground_part, **backdrops, **parts}, {}
    return Things(labels, parts, backdrops)


def _is_backdrop(part: Part, labels: Labels) -> bool:
    """It fills a whole side of the frame, corner to corner, and a good part of the picture."""
    d = min(2, labels.shape[0] // 8, labels.shape[1] // 8)
    corners = [[labels[y, x] == part.label for x in (d, -1 - d)] for y in (d, -1 - d)]
    sides = (*corners, *zip(*corners, strict=True))
    return part.area > 0.2 * labels.size and any(all(side) for side in sides)


def _is_stripe(part: Part, labels: Labels) -> bool:
    """It runs through the picture from side to side: a band of a flag."""
    return part.width == labels.shape[1] or part.height == labels.shape[0]


def _connect(labels: Labels) -> None:
    """One connected piece per label: specks go to what surrounds them, larger pieces become labels."""
    fresh = int(labels.max()) + 1
    for label, (x, y, width, height) in boxes(labels, BACKGROUND + 1).items():
        area = labels[y : y + height, x : x + width]
        number, pieces, stats, _ = cv2.connectedComponentsWithStats(
            (area == label).astype(np.uint8), connectivity=8
        )
        if number == 2:
            continue
        main = int(stats[1:, cv2.CC_STAT_AREA].argmax()) + 1
        for piece in set(range(1, number)) - {main}:
            left, top, w, h, pixels = stats[piece]
            mask = pieces[top : top + h, left : left + w] == piece
            spot = area[top : top + h, left : left + w]
            if pixels >= max(12, 0.05 * stats[main, cv2.CC_STAT_AREA]):
                spot[mask] = fresh
                fresh += 1
            else:
                near = around(labels, filled(mask), x + int(left), y + int(top))
                spot[mask] = max(near, key=lambda k: near[k]) if near else BACKGROUND


def _give(part: Part, labels: Labels, to: int, parts: Parts) -> None:
    part.cut(labels)[part.mask] = to
    del parts[part.label]


def _drop_soft(parts: Parts, labels: Labels, lab: Floats, ground: Ground) -> None:
    """Shadows and glows: they lean on a thing and fade into the background without an edge."""
    for part in list(parts.values()):
        near = part.neighbours(labels)
        if near.get(BACKGROUND, 0) < 0.1:
            continue
        away = part.cut(ground.away)[part.mask].mean()
        leans = sum(v for k, v in near.items() if k in parts) > 0.12
        if away > (45 if leans else 25):
            continue
        spot, colours = part.cut(labels, 4), part.cut(lab, 4)
        behind = (spot == BACKGROUND).astype(np.uint8)
        rim = (spot == part.label) & (cv2.dilate(behind, square(3)) > 0)
        only = cv2.dilate((~((spot == part.label) | (spot == BACKGROUND))).astype(np.uint8), square(5)) > 0
        rim &= ~only
        if not rim.any():
            continue
        step = distance(cv2.dilate(colours, square(5)), cv2.erode(colours, square(5)))
        if float(np.median(step[rim])) < (0.6 if leans else 0.35) * away:
            _give(part, labels, BACKGROUND, parts)


def _drop_crumbs(parts: Parts, labels: Labels, ground: Ground, *, coded: bool) -> None:
    """Thin bits along the side of something much larger are its rim; so are bits of a faded tip in lossy files."""
    for part in sorted(parts.values(), key=lambda p: p.area):
        near = {k: v for k, v in part.neighbours(labels).items() if k in parts}
        if not near:
            continue
        host = parts[max(near, key=lambda k: near[k])]
        if part.area > 0.1 * host.area or host.thickness < 2 * part.thickness:
            continue
        touch = near[host.label]
        rim = part.thickness < 3.2 and 0.3 < touch < 0.85
        faded = coded and part.thickness < 6 and 0.12 < touch < 0.85 and _blends(part, host, ground)
        if rim or faded:
            _give(part, labels, host.label, parts)
            host.again(labels)


def _blends(part: Part, host: Part, ground: Ground, slack: float = 0.3) -> bool:
    """Whether a part's colour lies between that of its host and the background."""
    behind = np.median(part.cut(ground.surface)[part.mask], 0)
    line, own = host.colour - behind, part.colour - behind
    length = float(line @ line) + 1e-6
    share = float(np.clip(own @ line / length, 0, 1))
    return float(np.linalg.norm(own - share * line)) < slack * length**0.5


def _blend_rims(parts: Parts, labels: Labels, lab: Floats, ground: Ground) -> None:
    """Bands around a blurred thing: they fade from its colour to the background's, and are split between both."""
    for part in sorted(parts.values(), key=lambda p: p.area):
        near = part.contacts(labels)
        hosts = [parts[k] for k in near if k in parts and parts[k].thickness > 2.5 * part.thickness]
        if not hosts or part.thickness > 0.1 * max(labels.shape):
            continue
        host = max(hosts, key=lambda p: near[p.label])
        if near[host.label] < 0.2 or not _blends(part, host, ground, 0.15):
            continue
        spot, colours = part.cut(labels, 2), part.cut(lab, 2)
        mine = spot == part.label
        rim = mine & (cv2.erode(mine.astype(np.uint8), square(3)) == 0)
        step = distance(cv2.dilate(colours, square(3)), cv2.erode(colours, square(3)))
        behind = part.cut(ground.surface, 2)
        if float(np.median(step[rim])) > 0.5 * float(
            np.linalg.norm(host.colour - np.median(behind[mine], 0))
        ):
            continue
        ours = lengths(colours[mine] - host.colour) < lengths(colours[mine] - behind[mine])
        spot[mine] = np.where(ours, host.label, BACKGROUND)
        del parts[part.label]
        host.again(labels)


def _drop_noise(parts: Parts, labels: Labels, ground: Ground, rough: float) -> None:
    """Specks that the noise of the picture makes now and then."""
    for part in list(parts.values()):
        if part.area < 100 and float(part.cut(ground.away)[part.mask].mean()) < ground.tolerance + 3 * rough:
            _give(part, labels, BACKGROUND, parts)


def _drop_texture(parts: Parts, labels: Labels, ground: Ground) -> None:
    """Many like pieces of little contrast are a pattern: the squares of a checkerboard, the lines of a grid."""
    faint = [p for p in parts.values() if float(p.cut(ground.away)[p.mask].mean()) < 30]
    for part in sorted(faint, key=lambda p: -p.area):
        alike = [p for p in faint if p.label in parts and unlike(p, part) < 5]
        lines = all(p.thickness <= 2 for p in alike)
        if len(alike) >= (12 if lines else 24):
            for p in alike:
                near = p.neighbours(labels)
                _give(p, labels, max(near, key=lambda k: near[k], default=BACKGROUND), parts)


def _see_through(parts: Parts, backdrops: Parts, labels: Labels, tolerance: float) -> None:
    """What is seen through a ring, and looks like what the ring lies on, belongs to that."""
    for part in sorted(parts.values(), key=lambda p: p.area):
        for backdrop in backdrops.values():
            holders = [parts[k] for k, v in part.neighbours(labels).items() if k in parts and v > 0.4]
            if any(part.inside(h) for h in holders) and unlike(part, backdrop) < tolerance + 2:
                _give(part, labels, backdrop.label, parts)
                break
        else:
            ring = _enclosing(part, labels, parts)
            behind = _enclosing(ring, labels, parts) if ring else None
            if not (ring and behind) or behind is part or not part.inside(ring) or not is_hollow(ring, part):
                continue
            if unlike(part, behind) < 1.6 * tolerance + 2:
                _give(part, labels, behind.label, parts)
                behind.again(labels)


def is_hollow(ring: Part, hole: Part) -> bool:
    """Whether a hole belongs to the form of a ring, a frame or a letter; else it reads as a thing on top."""
    size = min(ring.width, ring.height)
    if ring.text or ring.thickness <= 0.22 * size:
        return True
    name = name_shape(hole.mask)
    dx = abs(ring.x + ring.width / 2 - hole.x - hole.width / 2)
    dy = abs(ring.y + ring.height / 2 - hole.y - hole.height / 2)
    kin = {name, name_shape(ring.mask)}
    alike = len(kin) == 1 or kin in ({"circle", "ellipse"}, {"square", "rectangle"})
    return alike and max(dx, dy) < 0.12 * size


def _fill_holes(parts: Parts, backdrops: Parts, labels: Labels, lab: Floats) -> None:
    """Holes of the background's colour that do not belong to the form around them are things."""
    number, pieces, stats, _ = cv2.connectedComponentsWithStats(
        (labels == BACKGROUND).astype(np.uint8), connectivity=4
    )
    height, width = labels.shape
    fresh = int(labels.max()) + 1
    for piece in range(1, number):
        x, y, w, h, area = (int(v) for v in stats[piece])
        if area < 12 or x == 0 or y == 0 or x + w == width or y + h == height:
            continue
        mask = pieces[y : y + h, x : x + w] == piece
        near = around(labels, filled(mask), x, y)
        host = max(near, key=lambda k: near[k])
        if near[host] < 0.9 or not (host in parts or host in backdrops):
            continue
        labels[y : y + h, x : x + w][mask] = fresh
        hole = Part(fresh, labels, lab, (x, y, w, h))
        if host in parts and is_hollow(parts[host], hole):
            labels[y : y + h, x : x + w][mask] = BACKGROUND
        else:
            parts[fresh] = hole
            fresh += 1


def _enclosing(part: Part, labels: Labels, parts: Parts) -> Part | None:
    near = part.neighbours(labels)
    best = max(near, key=lambda k: near[k], default=0)
    return parts.get(best) if best and near[best] > 0.9 else None


def _join_outlines(parts: Parts, labels: Labels) -> None:
    """A thin part, or thin parts of one colour, that go around most of a thing are its outline."""
    grown: dict[int, float] = {}
    for label, claimed in _claims(parts, labels).items():
        line = parts.get(label)
        fills = [f for f, _ in claimed if f.label in parts]
        if line is None or not fills:
            continue
        if not all(closed for _, closed in claimed) and _reach(line, fills, labels) < 0.6:
            continue  # the lines of a grid go on beyond what lies between them
        _share_out(line, fills, labels)
        for fill in fills:
            grown[fill.label] = max(grown.get(fill.label, 0), line.thickness)
        if not line.again(labels):
            del parts[label]
    for label, width in grown.items():
        if label in parts:
            parts[label].again(labels)
            _close_gaps(parts[label], labels, width)


def _claims(parts: Parts, labels: Labels) -> dict[int, list[tuple[Part, bool]]]:
    """Label of a thin part -> the things that it goes around, and whether it closes around each."""
    claims: dict[int, list[tuple[Part, bool]]] = {}
    for fill in sorted(parts.values(), key=lambda p: p.area):
        near = fill.neighbours(labels)
        thin = [parts[k] for k in near if k in parts and _may_outline(parts[k], fill)]
        if not thin:
            continue
        main = max(thin, key=lambda p: near[p.label])
        same = [p for p in thin if unlike(p, main) < 30]
        if sum(near[p.label] for p in same) >= 0.5:
            closed = fill.inside(main) and near[main.label] > 0.9
            for p in same:
                claims.setdefault(p.label, []).append((fill, closed))
    return claims


def _may_outline(line: Part, fill: Part) -> bool:
    side = min(fill.width, fill.height) + 2 * line.thickness
    return line.thickness <= max(3.0, 0.14 * side) and fill.thickness >= 1.5 * line.thickness


def _reach(line: Part, fills: list[Part], labels: Labels) -> float:
    """The share of a line's pixels that lie along the things it may outline."""
    spot = line.cut(labels, 3)
    away = ~np.isin(spot, [f.label for f in fills])
    depth = cv2.distanceTransform(away.astype(np.uint8), cv2.DIST_L2, 5)
    return float((depth[spot == line.label] <= 1.6 * line.thickness + 1.5).mean())


def _share_out(line: Part, fills: list[Part], labels: Labels) -> None:
    """Give the pixels of an outline to the nearest thing that it outlines; what is far from all stays a line."""
    spot = line.cut(labels, 3)
    sources = np.isin(spot, [f.label for f in fills])
    if not sources.any():
        return
    depth, nearest = cv2.distanceTransformWithLabels(
        (~sources).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(nearest.max()) + 1, np.int32)
    owner[nearest[sources]] = spot[sources]
    mine = (spot == line.label) & (depth <= 1.6 * line.thickness + 1.5)
    spot[mine] = owner[nearest[mine]]
    rest = (spot == line.label).astype(np.uint8)
    number, pieces, stats, _ = cv2.connectedComponentsWithStats(rest, connectivity=8)
    for piece in range(1, number):
        if stats[piece, cv2.CC_STAT_AREA] < max(8, 0.1 * line.area):
            where = pieces == piece
            spot[where] = owner[nearest[where]]


def _close_gaps(part: Part, labels: Labels, width: float) -> None:
    """Close what coding broke out of an outline."""
    side = 2 * int(np.ceil(width)) + 3
    spot = part.cut(labels, 4)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    whole = cv2.morphologyEx(padded(spot == part.label, side).astype(np.uint8), cv2.MORPH_CLOSE, disc)
    spot[(whole[side:-side, side:-side] > 0) & (spot == BACKGROUND)] = part.label
    part.again(labels)


def _bridge(parts: Parts, labels: Labels, tolerance: float) -> None:
    """Two parts of one colour that face each other across something thin are one."""
    for line in sorted(parts.values(), key=lambda p: p.area):
        near = line.contacts(labels)
        sides = sorted((parts[k] for k in near if k in parts), key=lambda p: -p.area)
        for i, a in enumerate(sides):
            for b in sides[i + 1 :]:
                if a.label in parts and b.label in parts and _continues(a, b, line, labels, tolerance):
                    _give(b, labels, a.label, parts)
                    a.again(labels)


def _continues(a: Part, b: Part, line: Part, labels: Labels, tolerance: float) -> bool:
    if unlike(a, b) > 1.6 * tolerance + 2 or line.thickness > 0.3 * (a.thickness + b.thickness):
        return False
    if min(p.neighbours(labels).get(line.label, 0) for p in (a, b)) > 0.9:
        return False  # cells of a table, not one thing behind a line
    margin = int(2 * line.thickness) + 4
    spot = b.cut(labels, margin)
    touching = (spot == b.label) & (cv2.dilate((spot == line.label).astype(np.uint8), square(3)) > 0)
    if not touching.any() or not (spot == a.label).any():
        return False
    depth = cv2.distanceTransform((spot != a.label).astype(np.uint8), cv2.DIST_L2, 3)
    return float((depth[touching] <= 1.5 * line.thickness + 3).mean()) > 0.6


def _join_text(parts: Parts, labels: Labels) -> None:
    """Small strokes of one colour in a row are a line of text, one thing."""
    strokes = sorted((p for p in parts.values() if _may_be_letter(p, labels)), key=lambda p: (p.x, p.y))
    groups = Groups(len(strokes))
    for i, a in enumerate(strokes):
        for j in range(i + 1, len(strokes)):
            if strokes[j].x > a.x + a.width + 1.2 * a.height + 4:
                break
            if _in_row(a, strokes[j], labels.shape[0]):
                groups.join(i, j)
    lines: dict[int, list[Part]] = {}
    for i, stroke in enumerate(strokes):
        lines.setdefault(groups.find(i), []).append(stroke)
    for line in lines.values():
        odd = sum(name_shape(p.mask) in {"shape", "line", "cross", "star"} for p in line)
        if len(line) >= 3 and odd >= 0.4 * len(line):
            first = max(line, key=lambda p: p.area)
            for p in line:
                if p is not first:
                    _give(p, labels, first.label, parts)
            first.again(labels)
            first.text = True


def _may_be_letter(part: Part, labels: Labels) -> bool:
    return (
        part.height <= 0.5 * labels.shape[0]
        and part.width <= 2.5 * part.height + 4
        and part.thickness <= 0.5 * max(part.width, part.height)
    )


def _in_row(a: Part, b: Part, height: int) -> bool:
    high, low = max(a.height, b.height), min(a.height, b.height)
    shared = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    gap = max(a.x, b.x) - min(a.x + a.width, b.x + b.width)
    return (
        shared >= 0.5 * low
        and gap <= (1 if high < 0.12 * height else 0.3) * high
        and high <= 2.6 * low
        and unlike(a, b) < 40
    )
