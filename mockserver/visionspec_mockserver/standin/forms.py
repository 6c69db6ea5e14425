"""What was seen, in the forms of the documents: boxes, masks, polygons, points, and a caption.

With several images a list has the things of all of them, image after image, and every entry says in ``image``
which one it is of, counted from 0. With one image there is no such key.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from visionspec.rules.boxes import to_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .question import Intent
    from .scene import Region, Scene

NO_IMAGE = (
    "I am a stand-in for a model. I look at images and say what I see in them; "
    "this question came without one."
)
_MOST_NAMED = 12


class Seen(NamedTuple):
    """A thing and the picture that it is in."""

    region: Region
    scene: Scene
    image: int

    @property
    def box(self) -> list[int]:
        """``[ymin, xmin, ymax, xmax]``, 0..1000; never empty."""
        ymin, xmin, ymax, xmax = (int(value) for value in self._norm(*self.region.box))
        return [min(ymin, ymax - 1), min(xmin, xmax - 1), ymax, xmax]

    @property
    def point(self) -> list[int]:
        """``[y, x]``, 0..1000."""
        y, x, _, _ = self._norm(*self.region.point, *self.region.point)
        return [int(y), int(x)]

    @property
    def polygon(self) -> list[list[int]]:
        """``[[x, y], ...]``, 0..1000; at least three corners."""
        corners: list[list[int]] = []
        for x, y in self.region.polygon:
            ny, nx, _, _ = self._norm(x, y, x, y)
            corner = [int(nx), int(ny)]
            if corners[-1:] != [corner]:
                corners.append(corner)
        if len({tuple(corner) for corner in corners}) < 3:
            ymin, xmin, ymax, xmax = self.box
            return [[xmin, ymin], [xmax, ymin], [xmax, ymax], [xmin, ymax]]
        return corners

    @property
    def png(self) -> str:
        """The probability map of the box as a data URI of a PNG with one channel."""
        from PIL import Image  # noqa: PLC0415 - heavy, and only for masks

        out = io.BytesIO()
        Image.fromarray(self.region.probability).save(out, "PNG")
        return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()

    def _norm(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        width, height = self.scene.width_px, self.scene.height_px
        box = (
            min(max(x0, 0), width),
            min(max(y0, 0), height),
            min(max(x1, 0), width),
            min(max(y1, 0), height),
        )
        return to_norm(box, width_px=width, height_px=height)


def listed(seen: Sequence[Seen], form: Intent, *, several: bool) -> list[dict[str, Any]]:
    """An entry for everything seen, in the form asked for; ``json`` has boxes, as has ``caption``."""
    return [_entry(one, form) | ({"image": one.image} if several else {}) for one in seen]


def _entry(one: Seen, form: Intent) -> dict[str, Any]:
    label = one.region.label
    if form == "points":
        return {"point": one.point, "label": label}
    if form == "png masks":
        return {"box_2d": one.box, "mask": one.png, "label": label}
    if form == "polygons":
        return {"box_2d": one.box, "mask": one.polygon, "label": label}
    return {"box_2d": one.box, "label": label}


def caption(scenes: Sequence[Scene]) -> str:
    """What is in the pictures, and how the second and later ones differ from the first."""
    if not scenes:
        return NO_IMAGE
    if len(scenes) == 1:
        return _described(scenes[0])
    told = [f"Image {number}: {_described(scene)}" for number, scene in enumerate(scenes, 1)]
    told += [_compared(scenes[0], scene, number) for number, scene in enumerate(scenes[1:], 2)]
    return " ".join(told)


def _described(scene: Scene) -> str:
    size = f"{scene.width_px}x{scene.height_px} pixels"
    behind = f" with a {scene.ground[0].name} background" if scene.ground else ""
    if not scene.regions:
        return f"An image of {size}{behind}. Nothing in it stands out."
    count = len(scene.regions)
    things = [f"{_article(r.label)} {r.label} {_where(r, scene)}" for r in scene.regions[:_MOST_NAMED]]
    more = [f"{count - _MOST_NAMED} smaller ones"] if count > _MOST_NAMED else []
    return f"An image of {size}{behind}. It shows {_counted(count)}: {_joined(things + more)}."


def _counted(count: int) -> str:
    return "1 object" if count == 1 else f"{count} objects"


def _article(words: str) -> str:
    return "an" if words[:1].lower() in "aeiou" else "a"


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _where(region: Region, scene: Scene) -> str:
    box = region.box
    across = ("left", "", "right")[min(2, 3 * (box.x0 + box.x1) // (2 * scene.width_px))]
    down = ("top", "", "bottom")[min(2, 3 * (box.y0 + box.y1) // (2 * scene.height_px))]
    if not across and not down:
        return "in the middle"
    return f"at the {down} {across}".replace("  ", " ").rstrip() if down else f"on the {across}"


def _compared(first: Scene, other: Scene, number: int) -> str:
    differences = []
    if (first.width_px, first.height_px) != (other.width_px, other.height_px):
        differences.append("its size is another")
    if [c.name for c in first.ground[:1]] != [c.name for c in other.ground[:1]]:
        differences.append("its background is of another colour")
    before, after = (Counter(r.label for r in scene.regions) for scene in (first, other))
    for words, labels in (("it also shows", after - before), ("it lacks", before - after)):
        if labels:
            differences.append(
                f"{words} {_joined([_times(n, label) for label, n in sorted(labels.items())])}"
            )
    if not differences:
        return f"In image {number} I see the same objects as in image 1."
    return f"Image {number} differs from image 1: {'; '.join(differences)}."


def _times(count: int, label: str) -> str:
    if count == 1:
        return f"{_article(label)} {label}"
    return f"{count} {label}{'es' if label.endswith(('s', 'x')) else 's'}"
