"""Segment a Pillow image; write every mask, and the image with that mask laid over it."""

import base64
import io
import json
from pathlib import Path

import numpy as np
from google import genai
from google.genai import types
from PIL import Image, ImageDraw

client = genai.Client()

QUESTION = """
Segment everything that is made of wood or of glass.
Answer with a JSON list in which every entry has the 2D box as "box_2d",
the segmentation mask as "mask" and a descriptive label as "label".
"""
PREFIX = "data:image/png;base64,"


def unfenced(text: str) -> str:
    """Drop what stands up to an opening fence; a closing one would stay, as it does in many an application."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line == "```json":
            return "\n".join(lines[number + 1 :])
    return text


def segment(path: str, folder: Path = Path("segments")) -> None:
    picture = Image.open(path)
    picture.thumbnail([1024, 1024], Image.Resampling.LANCZOS)

    answer = client.models.generate_content(
        model="gemini-2.5-flash",
        contents=[QUESTION, picture],
        config=types.GenerateContentConfig(thinking_config=types.ThinkingConfig(thinking_budget=0)),
    )

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, thing in enumerate(json.loads(unfenced(answer.text))):
        top = int(thing["box_2d"][0] / 1000 * picture.height)
        left = int(thing["box_2d"][1] / 1000 * picture.width)
        bottom = int(thing["box_2d"][2] / 1000 * picture.height)
        right = int(thing["box_2d"][3] / 1000 * picture.width)
        if top >= bottom or left >= right or not thing["mask"].startswith(PREFIX):
            continue

        png = base64.b64decode(thing["mask"].removeprefix(PREFIX))
        mask = Image.open(io.BytesIO(png)).resize((right - left, bottom - top), Image.Resampling.BILINEAR)
        likely = np.array(mask)

        layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
        pen = ImageDraw.Draw(layer)
        for y in range(top, bottom):
            for x in range(left, right):
                if likely[y - top, x - left] > 128:
                    pen.point((x, y), fill=(255, 255, 255, 200))

        name = folder / f"{thing['label']}_{number}"
        mask.save(f"{name}_mask.png")
        Image.alpha_composite(picture.convert("RGBA"), layer).save(f"{name}_overlay.png")
        written.append({"name": str(name), "box": [left, top, right, bottom], "label": thing["label"]})

    print(json.dumps({"size": picture.size, "written": written}))


if __name__ == "__main__":
    segment("photos/table.png")
