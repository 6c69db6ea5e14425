"""Detect things in a Pillow image and scale their boxes to its pixels."""

import json

from google import genai
from google.genai import types
from PIL import Image

client = genai.Client()
question = (
    "Detect every prominent item of the picture; box_2d is [ymin, xmin, ymax, xmax], normalized to 0-1000."
)
picture = Image.open("photos/table.png")

answer = client.models.generate_content(
    model="gemini-2.5-flash",
    contents=[picture, question],
    config=types.GenerateContentConfig(response_mime_type="application/json"),
)

width, height = picture.size
boxes = []
for thing in json.loads(answer.text):
    top, left, bottom, right = thing["box_2d"]
    boxes.append(
        [
            int(left / 1000 * width),
            int(top / 1000 * height),
            int(right / 1000 * width),
            int(bottom / 1000 * height),
        ]
    )

print(json.dumps({"size": [width, height], "boxes": boxes}))
