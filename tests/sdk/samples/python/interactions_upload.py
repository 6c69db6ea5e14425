"""Upload a photo once, then ask for a caption by its URI."""

from google import genai

client = genai.Client()
photo = client.files.upload(file="photos/organ.jpg")

interaction = client.interactions.create(
    model="gemini-3-flash-preview",
    input=[
        {"type": "text", "text": "Write a caption for this photo."},
        {"type": "image", "uri": photo.uri, "mime_type": photo.mime_type},
    ],
)
print(interaction.steps[-1].content[0].text)
