// Fetch a photo from the web, then ask for a caption.
import { GoogleGenAI } from "@google/genai";

async function main() {
  const ai = new GoogleGenAI({});

  const address = "https://photos.example.org/instruments";
  const fetched = await fetch(address);
  const photo = Buffer.from(await fetched.arrayBuffer()).toString("base64");

  const answer = await ai.models.generateContent({
    model: "gemini-2.5-flash",
    contents: [
      { inlineData: { mimeType: "image/jpeg", data: photo } },
      { text: "Write a caption for this photo." },
    ],
  });
  console.log(answer.text);
}

main();
