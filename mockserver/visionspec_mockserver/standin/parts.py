"""A part: the pixels of one label, cut out of the label map, and how to ask what surrounds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np

from .arrays import square

if TYPE_CHECKING:
    from .arrays import Bits, Floats, Labels


class Part:
    """The pixels of one label.

    Attributes:
        label: the label.
        x, y, width, height: the box around it, in working pixels.
        mask: which pixels of the box are its own.
        area: how many they are.
        thickness: the diameter of the largest disc inside it.
        colour: its typical colour, in Lab.
        text: whether it is a line of letters.
    """

    __slots__ = ("area", "colour", "height", "label", "mask", "text", "thickness", "width", "x", "y")

    def __init__(self, label: int, labels: Labels, lab: Floats, box: tuple[int, int, int, int]) -> None:
        self.label = label
        self.text = False
        self._measure(labels, box)
        self.colour = cast("Floats", np.median(self.cut(lab)[self.mask], 0))

    def _measure(self, labels: Labels, box: tuple[int, int, int, int]) -> None:
        self.x, self.y, self.width, self.height = box
        self.mask = self.cut(labels) == self.label
        self.area = int(self.mask.sum())
        self.thickness = thickness(self.mask)

    def cut(self, array: Any, margin: int = 0) -> Any:
        top, left = max(0, self.y - margin), max(0, self.x - margin)
        return array[top : self.y + self.height + margin, left : self.x + self.width + margin]

    def again(self, labels: Labels) -> bool:
        """Measure the part anew after pixels changed hands; its colour stays. False if nothing is left."""
        mine = labels == self.label
        rows, columns = np.nonzero(mine.any(1))[0], np.nonzero(mine.any(0))[0]
        if not len(rows):
            return False
        x, y = int(columns[0]), int(rows[0])
        self._measure(labels, (x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1))
        return True

    def inside(self, other: Part) -> bool:
        """Whether the box lies strictly within that of another part."""
        return (
            other.x < self.x
            and other.y < self.y
            and other.x + other.width > self.x + self.width
            and other.y + other.height > self.y + self.height
        )

    def neighbours(self, labels: Labels) -> dict[int, float]:
        """Label -> its share of the ring of pixels around this part, holes filled, the picture's edge left out."""
        return around(labels, filled(self.mask), self.x, self.y)

    def contacts(self, labels: Labels) -> dict[int, float]:
        """The same with the rims of its holes."""
        return around(labels, self.mask, self.x, self.y)


def unlike(a: Part, b: Part) -> float:
    """The difference of two parts' colours."""
    return float(np.linalg.norm(a.colour - b.colour))


def padded(mask: Bits, margin: int = 1) -> Bits:
    return np.pad(mask, margin)


def thickness(mask: Bits) -> float:
    depth = cv2.distanceTransform(padded(mask).astype(np.uint8), cv2.DIST_L2, 3)
    return 2 * float(depth.max()) - 1


def filled(mask: Bits) -> Bits:
    """The mask with its holes."""
    canvas = padded(mask).astype(np.uint8)
    outlines, _ = cv2.findContours(canvas, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, outlines, -1, 1, cv2.FILLED)
    return canvas[1:-1, 1:-1] > 0


def around(labels: Labels, mask: Bits, x: int, y: int) -> dict[int, float]:
    body = padded(mask).astype(np.uint8)
    ring = cv2.dilate(body, square(3)) > body
    height, width = labels.shape
    top, left = max(0, y - 1), max(0, x - 1)
    bottom, right = min(height, y + mask.shape[0] + 1), min(width, x + mask.shape[1] + 1)
    seen = labels[top:bottom, left:right][ring[top - y + 1 : bottom - y + 1, left - x + 1 : right - x + 1]]
    found, number = np.unique(seen, return_counts=True)
    return {int(label): float(n) / len(seen) for label, n in zip(found, number, strict=True)}


def boxes(labels: Labels, first: int) -> dict[int, tuple[int, int, int, int]]:
    """The box ``(x, y, width, height)`` of every label from ``first`` on."""
    ys, xs = np.nonzero(labels >= first)
    kinds = labels[ys, xs]
    order = np.argsort(kinds, kind="stable")
    kinds, ys, xs = kinds[order], ys[order], xs[order]
    found, starts = np.unique(kinds, return_index=True)
    if not len(found):
        return {}
    left, right = np.minimum.reduceat(xs, starts), np.maximum.reduceat(xs, starts)
    top, bottom = np.minimum.reduceat(ys, starts), np.maximum.reduceat(ys, starts)
    return {
        int(label): (int(x0), int(y0), int(x1 - x0 + 1), int(y1 - y0 + 1))
        for label, x0, y0, x1, y1 in zip(found, left, top, right, bottom, strict=True)
    }


def find_parts(labels: Labels, lab: Floats, first: int) -> dict[int, Part]:
    return {label: Part(label, labels, lab, box) for label, box in boxes(labels, first).items()}
