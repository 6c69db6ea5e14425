// Detect things into a zod schema: boxes, outlines, labels.
import { GoogleGenAI } from "@google/genai";
import * as z from "zod";

const client = new GoogleGenAI({});

const question =
  "Detect every prominent item of the picture; box_2d is [ymin, xmin, ymax, xmax], normalized to 0-1000.";

const things = z.object({
  boxes: z.array(
    z.object({
      box_2d: z.array(z.number()),
      mask: z.array(z.array(z.number())),
      label: z.string(),
    }),
  ),
});

const interaction = await client.interactions.create({
  model: "gemini-3-flash-preview",
  input: [
    { type: "text", text: question },
    { type: "image", uri: "https://example.com/table.png", mime_type: "image/png" },
  ],
  response_format: {
    type: "text",
    mime_type: "application/json",
    schema: z.toJSONSchema(things),
  },
});
const found = things.parse(JSON.parse(interaction.steps.at(-1).content[0].text));
console.log(JSON.stringify(found));
