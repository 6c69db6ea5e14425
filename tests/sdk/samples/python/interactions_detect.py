"""Detect things as JSON, without saying which JSON."""

import json

from google import genai

client = genai.Client()
question = (
    "Detect every prominent item of the picture; box_2d is [ymin, xmin, ymax, xmax], normalized to 0-1000."
)

interaction = client.interactions.create(
    model="gemini-3-flash-preview",
    input=[
        {"type": "text", "text": question},
        {"type": "image", "uri": "https://example.com/table.png", "mime_type": "image/png"},
    ],
    response_format={"type": "text", "mime_type": "application/json"},
)

found = json.loads(interaction.steps[-1].content[0].text)
print(json.dumps(found))
