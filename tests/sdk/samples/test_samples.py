"""Every Python, JavaScript, Go and curl sample of the documents has its like here, and runs unchanged.

``samples.json`` says which sample is like which lines of which document, which drawn pictures it finds (by
path, or by URL) in the order of its question, and how its answer is checked. The documents are not in this
repository, so the table is kept complete by hand.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageDraw

from visionspec import decode_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

pytestmark = pytest.mark.sdk

HERE = Path(__file__).parent
TABLE = json.loads((HERE / "samples.json").read_text(encoding="utf-8"))
SDK_VARIABLES = re.compile(r"(GOOGLE|GEMINI)_")


class Thing(NamedTuple):
    """Something drawn: its name, where that is, and what to call on a pen."""

    name: str
    where: str
    form: str
    corners: Sequence[int]
    colour: str


class Scene(NamedTuple):
    """A picture that is drawn, so that all about it is known."""

    width_px: int
    height_px: int
    things: Sequence[Thing]

    def draw(self) -> Image.Image:
        picture = Image.new("RGB", (self.width_px, self.height_px), "#f4f2ee")
        for thing in self.things:
            getattr(ImageDraw.Draw(picture), thing.form)(thing.corners, fill=thing.colour)
        return picture

    def masks(self, size: tuple[int, int] | None = None) -> dict[str, NDArray[np.bool_]]:
        """The pixels of every thing, by name; with a size those of the picture scaled to it."""
        found = {}
        for thing in self.things:
            mask = Image.new("L", (self.width_px, self.height_px))
            getattr(ImageDraw.Draw(mask), thing.form)(thing.corners, fill=255)
            found[thing.name] = np.asarray(mask.resize(size or mask.size, Image.Resampling.LANCZOS)) > 127
        return found

    def boxes(self) -> dict[str, tuple[int, int, int, int]]:
        """``(x0, y0, x1, y1)`` of every thing, by name; x1 and y1 are outside."""
        found = {}
        for name, mask in self.masks().items():
            ys, xs = np.nonzero(mask)
            found[name] = (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
        return found


RED = Thing("red circle", "on the left", "ellipse", (60, 160, 219, 319), "#c81e1e")
BLUE = Thing("blue rectangle", "at the top right", "rectangle", (420, 40, 589, 139), "#2850c8")
GREEN = Thing("green triangle", "at the bottom", "polygon", (320, 330, 420, 460, 220, 460), "#28963c")
STAR = (640, 360, 696, 500, 846, 510, 731, 607, 768, 753, 640, 673, 512, 753, 549, 607, 434, 510, 584, 500)
SCENES = {
    "monday": Scene(640, 480, (RED, BLUE)),
    "tuesday": Scene(640, 480, (BLUE, GREEN)),
    "table": Scene(
        1280,
        960,
        (
            Thing("brown rectangle", "at the top left", "rectangle", (80, 90, 479, 289), "#8b4513"),
            Thing("cyan ellipse", "at the top right", "ellipse", (800, 100, 1179, 299), "#46d2e6"),
            Thing("orange star", "in the middle", "polygon", STAR, "#f58231"),
        ),
    ),
}


class Answer(NamedTuple):
    """How a sample ended, where it ran, and what it was shown."""

    code: int
    output: str
    errors: str
    folder: Path
    scenes: Sequence[Scene]


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((one & other).sum() / (one | other).sum())


def filled(box: Sequence[int], scene: Scene) -> NDArray[np.bool_]:
    frame = np.zeros((scene.height_px, scene.width_px), bool)
    frame[box[1] : box[3], box[0] : box[2]] = True
    return frame


def check_boxes_in_pixels(found: dict[str, Sequence[int]], scene: Scene) -> None:
    drawn = scene.boxes()
    assert found.keys() == drawn.keys()
    for name, box in drawn.items():
        assert overlap(filled(found[name], scene), filled(box, scene)) >= 0.95, name


def check_decoded(text: str, scene: Scene, form: str | None) -> None:
    """The boxes of an answer and its masks are those that were drawn."""
    answer = decode_answer(text, width_px=scene.width_px, height_px=scene.height_px)
    assert not answer.rejected
    assert not answer.issues
    check_boxes_in_pixels({item.label or "": item.box for item in answer.items}, scene)
    drawn = scene.masks()
    for item in answer.items:
        assert (item.mask and item.mask.form) == form
        if item.mask:
            assert (
                overlap(item.mask.to_frame(scene.width_px, scene.height_px), drawn[item.label or ""]) >= 0.95
            )


def caption(answer: Answer) -> None:
    (scene,) = answer.scenes
    assert f"{scene.width_px}x{scene.height_px} pixels" in answer.output
    assert f"It shows {len(scene.things)} objects: " in answer.output
    told = re.findall(r"an? (\w+ \w+) ((?:at|on|in) the \w+(?: \w+)?)(?= and|,|\.)", answer.output)
    assert sorted(told) == sorted((thing.name, thing.where) for thing in scene.things)


def difference(answer: Answer) -> None:
    first, second = ({thing.name for thing in scene.things} for scene in answer.scenes)
    for number, scene in enumerate(answer.scenes, 1):
        assert f"Image {number}: An image of {scene.width_px}x{scene.height_px} pixels" in answer.output
    told = answer.output.partition("Image 2 differs from image 1: ")[2]
    assert re.findall(r"it also shows an? (\w+ \w+)", told) == sorted(second - first)
    assert re.findall(r"it lacks an? (\w+ \w+)", told) == sorted(first - second)


def boxes(answer: Answer) -> None:
    (scene,) = answer.scenes
    check_decoded(answer.output, scene, None)


def pixel_boxes(answer: Answer) -> None:
    """The sample scaled the boxes itself, and keeps no labels: they are matched by their overlap."""
    (scene,) = answer.scenes
    told = json.loads(answer.output)
    assert told["size"] == [scene.width_px, scene.height_px]
    drawn = scene.boxes()
    assert len(told["boxes"]) == len(drawn)

    def nearest(name: str) -> Sequence[int]:
        return max(told["boxes"], key=lambda box: overlap(filled(box, scene), filled(drawn[name], scene)))

    check_boxes_in_pixels({name: nearest(name) for name in drawn}, scene)


def png_masks(answer: Answer) -> None:
    (scene,) = answer.scenes
    check_decoded(answer.output, scene, "png")
    for item in json.loads(answer.output):
        assert list(item) == ["box_2d", "mask", "label"]
        prefix, _, data = item["mask"].partition(",")
        assert prefix == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as mask:
            assert (mask.format, mask.mode) == ("PNG", "L")


def polygons(answer: Answer) -> None:
    (scene,) = answer.scenes
    assert list(json.loads(answer.output)) == ["boxes"]
    check_decoded(answer.output, scene, "polygon")


def mask_files(answer: Answer) -> None:
    """The sample scaled the picture down, wrote every mask and laid it over the picture."""
    (scene,) = answer.scenes
    told = json.loads(answer.output)
    assert max(told["size"]) == 1024
    drawn = scene.masks(tuple(told["size"]))
    assert sorted(one["label"] for one in told["written"]) == sorted(drawn)
    ground = np.asarray(scene.draw().resize(told["size"], Image.Resampling.LANCZOS), int)
    for one in told["written"]:
        x0, y0, x1, y1 = one["box"]
        found = np.zeros_like(drawn[one["label"]])
        found[y0:y1, x0:x1] = np.asarray(Image.open(answer.folder / f"{one['name']}_mask.png")) > 127
        assert overlap(found, drawn[one["label"]]) >= 0.95
        overlay = Image.open(answer.folder / f"{one['name']}_overlay.png").convert("RGB")
        covered = np.abs(np.asarray(overlay, int) - ground).max(-1) > 8
        assert overlap(covered, drawn[one["label"]]) >= 0.95


def refused(answer: Answer) -> None:
    assert answer.code == 1
    assert "TypeError" in answer.errors
    assert "config" in answer.errors.splitlines()[-1]


CHECKS: dict[str, Callable[[Answer], None]] = {
    check.__name__.replace("_", " "): check
    for check in (caption, difference, boxes, pixel_boxes, png_masks, polygons, mask_files, refused)
}


@pytest.fixture(scope="session")
def binaries(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All Go samples, built at once."""
    folder = tmp_path_factory.mktemp("go")
    subprocess.run(
        [tool("go"), "build", "-buildvcs=false", "-o", f"{folder}{os.sep}", "./..."],
        cwd=HERE / "go",
        env={**os.environ, "HOME": os.environ.get("HOME") or str(folder)},  # for what it fetches and builds
        timeout=600,
        check=True,
    )
    return folder


def command(sample: str, tool: Callable[[str], str], request: pytest.FixtureRequest) -> list[str]:
    """What an application's user types to run it."""
    language, _, name = sample.partition("/")
    if language == "go":
        return [str(request.getfixturevalue("binaries") / Path(name).parent)]
    if language == "python":
        return [sys.executable, str(HERE / sample)]
    if language == "rest":
        tool("curl")
        return [tool("bash"), str(HERE / sample)]
    modules = HERE / language / "node_modules"
    assert modules.is_dir(), "npm install was not run: run the nox session 'sdk'"
    return [tool("node"), str(HERE / sample)]


def text_of(body: str) -> str:
    """What an answer says that was printed as it came: of an interaction, or of generateContent."""
    answer = json.loads(body)
    content = (
        answer["steps"][-1]["content"] if "steps" in answer else answer["candidates"][0]["content"]["parts"]
    )
    return str(content[0]["text"])


@pytest.mark.parametrize("row", TABLE["samples"], ids=lambda row: row["sample"])
def test_a_sample(
    row: dict[str, Any], tool: Callable[[str], str], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    mapped = []
    files = dict(row.get("pictures", {}))
    for url, name in row.get("urls", {}).items():
        file = f"web/{name}{Path(url).suffix or '.jpg'}"
        files[file] = name
        mapped += ["--map", f"{url}={file}"]
    for file, name in files.items():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        SCENES[name].draw().save(path, quality=95)
    environment = {name: value for name, value in os.environ.items() if not SDK_VARIABLES.match(name)}
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "visionspec.cli",
            "run",
            *mapped,
            "--",
            *command(row["sample"], tool, request),
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert run.returncode == 0 or row["check"] == "refused", run.stderr
    scenes = [SCENES[name] for name in files.values()]
    output = text_of(run.stdout) if row["sample"].startswith("rest/") else run.stdout
    CHECKS[row["check"]](Answer(run.returncode, output, run.stderr, tmp_path, scenes))


def test_the_table_has_every_sample_once_and_no_place_twice() -> None:
    here = [
        path
        for folder in ("python/*.py", "javascript/*.mjs", "go/*/*.go", "rest/*.sh")
        for path in HERE.glob(folder)
    ]
    rows = TABLE["samples"]
    assert sorted(row["sample"] for row in rows) == sorted(path.relative_to(HERE).as_posix() for path in here)
    places = [(row["check"] == "refused", place) for row in rows for place in row["documents"]]
    assert len(set(places)) == len(places)
    assert {place.partition(":")[0] for _, place in places} == set(TABLE["documents"])
