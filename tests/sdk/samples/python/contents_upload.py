"""Upload a photo and give the file itself as content."""

from google import genai

client = genai.Client()

photo = client.files.upload(file="photos/sample.jpg")

answer = client.models.generate_content(
    model="gemini-2.5-flash",
    contents=[photo, "Write a caption for this photo."],
)
print(answer.text)
