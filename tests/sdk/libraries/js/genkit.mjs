// Genkit (genkit, @genkit-ai/google-genai).
import { googleAI } from "@genkit-ai/google-genai";
import { genkit, z } from "genkit";
import { base, caption, dataUrl, detect, errorOf, model, report, unknown } from "./probing.mjs";

const ai = genkit({ plugins: [googleAI({ baseUrl: base })] });
const schema = z.object({ items: z.array(z.object({ label: z.string(), box_2d: z.array(z.number().int()) })) });
const about = (text) => [{ text }, { media: { url: dataUrl, contentType: "image/png" } }];
const eyes = googleAI.model(model);

await report({
  async inline() {
    const { text, usage } = await ai.generate({ model: eyes, prompt: about(caption) });
    return { text, usage: { input: usage.inputTokens, output: usage.outputTokens } };
  },
  async stream() {
    const pieces = [];
    const { stream } = ai.generateStream({ model: eyes, prompt: about(caption) });
    for await (const chunk of stream) pieces.push(chunk.text);
    return pieces;
  },
  boxes: async () => (await ai.generate({ model: eyes, prompt: about(detect), output: { schema } })).output.items,
  async boxes_by_prompt() {
    const output = { schema, constrained: false, instructions: true };
    return (await ai.generate({ model: eyes, prompt: about(detect), output })).output.items;
  },
  error: () => errorOf(() => ai.generate({ model: googleAI.model(unknown), prompt: "x" })),
});
