"""Compare two photos that the service itself is to fetch."""

from google import genai

client = genai.Client()

interaction = client.interactions.create(
    model="gemini-3-flash-preview",
    input=[
        {"type": "text", "text": "How do these two photos differ?"},
        {"type": "image", "uri": "https://example.com/monday.jpg", "mime_type": "image/jpeg"},
        {"type": "image", "uri": "https://example.com/tuesday.jpg", "mime_type": "image/jpeg"},
    ],
)
print(interaction.steps[-1].content[0].text)
