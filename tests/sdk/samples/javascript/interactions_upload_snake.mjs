// The same with a snake_case key in the configuration, which the SDK does not know: it goes by the name of the file.
import { GoogleGenAI } from "@google/genai";

const client = new GoogleGenAI({});

const photo = await client.files.upload({
  file: "photos/organ.jpg",
  config: { mime_type: "image/jpeg" },
});

const interaction = await client.interactions.create({
  model: "gemini-3-flash-preview",
  input: [
    { type: "text", text: "Write a caption for this photo." },
    { type: "image", uri: photo.uri, mime_type: photo.mimeType },
  ],
});
console.log(interaction.steps.at(-1).content[0].text);
