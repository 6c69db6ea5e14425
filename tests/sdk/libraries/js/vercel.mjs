// The Vercel AI SDK (ai, @ai-sdk/google).
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { generateText, Output, streamText, uploadFile } from "ai";
import { z } from "zod";
import { base, caption, data, detect, errorOf, model, report, unknown } from "./probing.mjs";

const google = createGoogleGenerativeAI({ baseURL: `${base}/v1beta`, apiKey: process.env.GEMINI_API_KEY });
const schema = z.object({ items: z.array(z.object({ label: z.string(), box_2d: z.array(z.number().int()) })) });
const about = (text, image = { type: "file", data, mediaType: "image/png" }) => [
  { role: "user", content: [{ type: "text", text }, image] },
];
const told = ({ text, usage }) => ({ text, usage: { input: usage.inputTokens, output: usage.outputTokens } });

await report({
  inline: async () => told(await generateText({ model: google(model), messages: about(caption) })),
  async stream() {
    const pieces = [];
    for await (const piece of streamText({ model: google(model), messages: about(caption) }).textStream) {
      pieces.push(piece);
    }
    return pieces;
  },
  async boxes() {
    const output = Output.object({ schema });
    return (await generateText({ model: google(model), output, messages: about(detect) })).output.items;
  },
  async boxes_by_function() {
    const tools = { report: { description: "Report the items.", inputSchema: schema } };
    const { toolCalls } = await generateText({
      model: google(model), tools, toolChoice: "required", messages: about(detect),
    });
    return toolCalls[0].input.items;
  },
  async upload() {
    const file = await uploadFile({ api: google.files(), data, mediaType: "image/png" });
    const image = { type: "file", data: file.providerReference, mediaType: "image/png" };
    const { text } = await generateText({ model: google(model), messages: about(caption, image) });
    return { text };
  },
  interactions: async () => told(await generateText({ model: google.interactions(model), messages: about(caption) })),
  async interactions_stream() {
    const pieces = [];
    for await (const piece of streamText({ model: google.interactions(model), messages: about(caption) }).textStream) {
      pieces.push(piece);
    }
    return pieces;
  },
  error: () => errorOf(() => generateText({ model: google(unknown), prompt: "x" })),
});
