// Upload a photo once, then ask for a caption by its URI.
import { GoogleGenAI } from "@google/genai";

const client = new GoogleGenAI({});

const photo = await client.files.upload({
  file: "photos/sample.jpg",
  config: { mimeType: "image/jpeg" },
});

const interaction = await client.interactions.create({
  model: "gemini-3-flash-preview",
  input: [
    { type: "text", text: "Write a caption for this photo." },
    { type: "image", uri: photo.uri, mime_type: photo.mimeType },
  ],
});
console.log(interaction.steps.at(-1).content[0].text);
