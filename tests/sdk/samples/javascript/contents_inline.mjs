// Ask for a caption with the photo's bytes as a part of the contents.
import { GoogleGenAI } from "@google/genai";
import * as fs from "node:fs";

const ai = new GoogleGenAI({});
const photo = fs.readFileSync("photos/small.jpg", { encoding: "base64" });

const contents = [
  { inlineData: { mimeType: "image/jpeg", data: photo } },
  { text: "Write a caption for this photo." },
];

const answer = await ai.models.generateContent({ model: "gemini-2.5-flash", contents });
console.log(answer.text);
