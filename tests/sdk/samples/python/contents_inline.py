"""Ask for a caption with the photo's bytes as a part of the contents."""

from pathlib import Path

from google import genai
from google.genai import types

client = genai.Client()
content = Path("photos/small.jpg").read_bytes()

answer = client.models.generate_content(
    model="gemini-2.5-flash",
    contents=[
        types.Part.from_bytes(data=content, mime_type="image/jpeg"),
        "Write a caption for this photo.",
    ],
)
print(answer.text)
