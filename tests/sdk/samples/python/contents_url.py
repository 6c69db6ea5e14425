"""Fetch a photo from the web, then ask what it is."""

import requests
from google import genai
from google.genai import types

address = "https://photos.example.org/instruments"
content = requests.get(address, timeout=30).content
photo = types.Part.from_bytes(data=content, mime_type="image/jpeg")

client = genai.Client()
answer = client.models.generate_content(
    model="gemini-2.5-flash",
    contents=["What is in this photo?", photo],
)
print(answer.text)
