// Upload a photo and refer to it by a part made from its URI.
import { GoogleGenAI, createPartFromUri, createUserContent } from "@google/genai";

const ai = new GoogleGenAI({});

async function main() {
  const photo = await ai.files.upload({
    file: "photos/sample.jpg",
    config: { mimeType: "image/jpeg" },
  });

  const answer = await ai.models.generateContent({
    model: "gemini-2.5-flash",
    contents: createUserContent([
      createPartFromUri(photo.uri, photo.mimeType),
      "Write a caption for this photo.",
    ]),
  });
  console.log(answer.text);
}

await main();
