"""Segment with as little thinking as can be; the masks come as PNG."""

import json

from google import genai

client = genai.Client()

question = """
Segment everything that is made of wood or of glass.
Answer with a JSON list in which every entry has the 2D box as "box_2d",
the segmentation mask as "mask" and a descriptive label as "label".
"""

interaction = client.interactions.create(
    model="gemini-3-flash-preview",
    input=[
        {"type": "text", "text": question},
        {"type": "image", "uri": "https://example.com/table.png", "mime_type": "image/png"},
    ],
    generation_config={"thinking_level": "minimal"},
)

found = json.loads(interaction.steps[-1].content[0].text)
print(json.dumps(found))
