// Compare an uploaded photo with one inside the request.
import { GoogleGenAI, createPartFromUri, createUserContent } from "@google/genai";
import * as fs from "node:fs";

const ai = new GoogleGenAI({});

async function main() {
  const monday = await ai.files.upload({
    file: "photos/monday.jpg",
    config: { mimeType: "image/jpeg" },
  });
  const tuesday = fs.readFileSync("photos/tuesday.png", { encoding: "base64" });

  const answer = await ai.models.generateContent({
    model: "gemini-2.5-flash",
    contents: createUserContent([
      "How do these two photos differ?",
      createPartFromUri(monday.uri, monday.mimeType),
      { inlineData: { mimeType: "image/png", data: tuesday } },
    ]),
  });
  console.log(answer.text);
}

await main();
