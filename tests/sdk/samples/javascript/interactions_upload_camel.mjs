// The same with a camelCase key inside the content, which the SDK sends on as it is.
import { GoogleGenAI } from "@google/genai";

const client = new GoogleGenAI({});

const photo = await client.files.upload({
  file: "photos/organ.jpg",
  config: { mimeType: "image/jpeg" },
});

const interaction = await client.interactions.create({
  model: "gemini-3-flash-preview",
  input: [
    { type: "text", text: "Write a caption for this photo." },
    { type: "image", uri: photo.uri, mimeType: photo.mimeType },
  ],
});
console.log(interaction.steps.at(-1).content[0].text);
