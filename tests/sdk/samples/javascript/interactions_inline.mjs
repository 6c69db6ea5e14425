// Ask for a caption with the photo inside the request, as base64.
import { GoogleGenAI } from "@google/genai";
import * as fs from "node:fs";

const client = new GoogleGenAI({});
const photo = fs.readFileSync("photos/small.jpg", { encoding: "base64" });

const interaction = await client.interactions.create({
  model: "gemini-3-flash-preview",
  input: [
    { type: "text", text: "Write a caption for this photo." },
    { type: "image", data: photo, mime_type: "image/jpeg" },
  ],
});
console.log(interaction.steps.at(-1).content[0].text);
