// Segment into a zod schema, with as little thinking as can be.
import { GoogleGenAI } from "@google/genai";
import * as z from "zod";

const client = new GoogleGenAI({});

const question = `
Segment everything that is made of wood or of glass.
Answer with a JSON list in which every entry has the 2D box as "box_2d",
the segmentation mask as "mask" and a descriptive label as "label".
`;

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
  generation_config: { thinking_level: "minimal" },
});
const found = things.parse(JSON.parse(interaction.steps.at(-1).content[0].text));
console.log(JSON.stringify(found));
