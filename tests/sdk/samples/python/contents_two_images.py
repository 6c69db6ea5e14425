"""Compare an uploaded photo with one inside the request."""

from pathlib import Path

from google import genai
from google.genai import types

client = genai.Client()

monday = client.files.upload(file="photos/monday.jpg")
tuesday = Path("photos/tuesday.png").read_bytes()

answer = client.models.generate_content(
    model="gemini-2.5-flash",
    contents=[
        "How do these two photos differ?",
        monday,
        types.Part.from_bytes(data=tuesday, mime_type="image/png"),
    ],
)
print(answer.text)
