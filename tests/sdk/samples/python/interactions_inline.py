"""Ask for a caption with the photo inside the request, as base64."""

import base64
from pathlib import Path

from google import genai

content = Path("photos/small.jpg").read_bytes()

client = genai.Client()
interaction = client.interactions.create(
    model="gemini-3-flash-preview",
    input=[
        {"type": "text", "text": "Write a caption for this photo."},
        {"type": "image", "data": base64.b64encode(content).decode("utf-8"), "mime_type": "image/jpeg"},
    ],
)
print(interaction.steps[-1].content[0].text)
