"""``visionspec demo``: the loop on the drawn scene and on pictures that are not ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw

from visionspec_mockserver import demo, scene
from visionspec_mockserver.scene import draw_scene

PICTURES = ("boxes.png", "masks-png.png", "masks-polygon.png", "tokens.png")


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "visionspec.cli", "demo", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_drawn_scene_comes_back(tmp_path: Path) -> None:
    done = run(folder=tmp_path)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "visionspec-demo"
    decoded = json.loads((out / "decoded.json").read_text("utf-8"))
    assert decoded["dialects"].keys() == {"interactions", "generateContent"}
    for name, dialect in decoded["dialects"].items():
        assert len(dialect["drawn"]) == len(dialect["boxes"]) == 7
        for match in dialect["drawn"]:
            assert min(match["box_iou"], match["png_mask_iou"], match["polygon_iou"]) >= 0.95
        assert {item["mask"]["form"] for item in dialect["png_masks"]} == {"png"}
        assert {item["mask"]["form"] for item in dialect["polygons"]} == {"polygon"}
        for picture in PICTURES:
            with Image.open(out / name / picture) as image:
                assert image.width >= 960
            assert str(Path("visionspec-demo") / name / picture) in done.stdout
    # 960x540: 3 x 2 tiles of 258 by the documents; 44 x 25 patches by the collected table
    assert decoded["dialects"]["generateContent"]["image_tokens"] == 1548
    assert decoded["dialects"]["interactions"]["image_tokens"] == 1100
    assert len(decoded["requests"]) == 2 + 4 + 4  # start, one chunk, four questions to each dialect
    assert len(re.findall(r"^  200  POST", done.stdout, re.MULTILINE)) == 10
    assert "tokens.tile-count" in done.stdout
    assert "tokens.patch-grid" in done.stdout


def test_the_command_fails_where_an_iou_is_low(tmp_path: Path, monkeypatch) -> None:
    honest = draw_scene()
    moved = [
        scene.Drawn(
            object_.name, scene.PixelBox(*(side + 20 for side in object_.box)), np.roll(object_.mask, 20, 1)
        )
        for object_ in honest[1]
    ]
    monkeypatch.setattr(demo, "draw_scene", lambda: (honest[0], moved))
    outcome = demo.run(None, tmp_path, lambda _: None)
    assert [dialect.good for dialect in outcome.dialects] == [False, False]


def foreign_scene() -> Image.Image:
    image = Image.new("RGB", (800, 600), (250, 248, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((100, 100, 299, 249), fill=(20, 90, 160))
    draw.ellipse((450, 300, 649, 499), fill=(200, 40, 60))
    return image


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "heic", "heif"])
def test_a_scene_drawn_by_someone_else_in_every_format(tmp_path: Path, suffix: str) -> None:
    pillow_heif.register_heif_opener()
    path = tmp_path / f"picture.{suffix}"
    foreign_scene().save(path, quality=90)
    done = run("--image", str(path), "--out", "out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    decoded = json.loads((tmp_path / "out" / "decoded.json").read_text("utf-8"))
    assert decoded["image"]["mime_type"] == {"jpg": "image/jpeg"}.get(suffix, decoded["image"]["mime_type"])
    for dialect in decoded["dialects"].values():
        boxes = sorted(item["box"] for item in dialect["boxes"])
        for found, drawn in zip(boxes, [[100, 100, 300, 250], [450, 300, 650, 500]], strict=True):
            assert max(abs(a - b) for a, b in zip(found, drawn, strict=True)) <= 3


@pytest.mark.parametrize(
    ("name", "content"), [("notes.txt", b"hello"), ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")]
)
def test_what_is_no_image_is_said_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    done = run("--image", name, folder=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert name in done.stderr
