// LangChain (@langchain/google-genai).
import { HumanMessage } from "@langchain/core/messages";
import { ChatGoogleGenerativeAI } from "@langchain/google-genai";
import { base, caption, dataUrl, detect, errorOf, model, report, unknown } from "./probing.mjs";
import { z } from "zod";

const chat = (name = model) => new ChatGoogleGenerativeAI({ model: name, baseUrl: base, maxRetries: 0 });
const schema = z.object({ items: z.array(z.object({ label: z.string(), box_2d: z.array(z.number().int()) })) });
const about = (text) => [
  new HumanMessage({ content: [{ type: "text", text }, { type: "image_url", image_url: dataUrl }] }),
];

await report({
  async inline() {
    const reply = await chat().invoke(about(caption));
    const { input_tokens: input, output_tokens: output } = reply.usage_metadata;
    return { text: reply.text, usage: { input, output } };
  },
  async stream() {
    const pieces = [];
    for await (const chunk of await chat().stream(about(caption))) pieces.push(chunk.text);
    return pieces;
  },
  boxes: async () =>
    (await chat().withStructuredOutput(schema, { method: "jsonSchema" }).invoke(about(detect))).items,
  boxes_by_function: async () => (await chat().withStructuredOutput(schema).invoke(about(detect))).items,
  error: () => errorOf(() => chat(unknown).invoke("x")),
});
