// What a user writes against the service, unchanged: only the environment points to the mock server.
// Each probe prints one line of JSON; the test beside this file judges it.
import { readFileSync } from "node:fs";
import { GoogleGenAI } from "@google/genai";

const [probe, path] = process.argv.slice(2);
const ai = new GoogleGenAI({});
const interactionsModel = "gemini-3-flash-preview";
const contentsModel = "gemini-2.5-flash";
const question = "Detect the items. The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000.";
const bytes = path ? readFileSync(path) : undefined;
const inline = path ? { inlineData: { mimeType: "image/png", data: bytes.toString("base64") } } : undefined;
const upload = () => ai.files.upload({ file: path, config: { mimeType: "image/png", displayName: "scène" } });

const probes = {
  async files() {
    const file = await upload();
    const got = await ai.files.get({ name: file.name });
    const listed = [];
    for await (const one of await ai.files.list({ config: { pageSize: 1 } })) listed.push(one.name);
    await ai.files.delete({ name: file.name });
    const gone = await ai.files.get({ name: file.name }).catch((error) => error.status);
    return { file, got, listed, gone };
  },
  async interactionByUri() {
    const file = await upload();
    const interaction = await ai.interactions.create({
      model: interactionsModel,
      // the camelCase key is document 000's own
      input: [{ type: "text", text: question }, { type: "image", uri: file.uri, mimeType: file.mimeType }],
    });
    return { text: interaction.steps.at(-1).content[0].text, output: interaction.output_text };
  },
  async interactionInline() {
    const first = await ai.interactions.create({
      model: interactionsModel,
      input: [
        { type: "text", text: question },
        { type: "image", data: bytes.toString("base64"), mime_type: "image/png" },
      ],
      response_format: { type: "text", mime_type: "application/json" },
      generation_config: { thinking_level: "minimal" },
    });
    const second = await ai.interactions.create({
      model: interactionsModel,
      input: "And what is it?",
      previous_interaction_id: first.id,
    });
    const got = await ai.interactions.get(second.id);
    await ai.interactions.delete(second.id);
    const gone = await ai.interactions.get(second.id).catch((error) => error.status);
    return { text: first.output_text, usage: second.usage, got: got.id === second.id, gone };
  },
  async interactionStream() {
    const events = [];
    const stream = await ai.interactions.create({ model: interactionsModel, input: "Hello there", stream: true });
    for await (const event of stream) events.push(event);
    const id = events[0].interaction.id;
    const resumed = [];
    const rest = await ai.interactions.get(id, { stream: true, last_event_id: events[2].event_id });
    for await (const event of rest) resumed.push(event.event_type);
    return { events, resumed };
  },
  async interactionError() {
    const error = await ai.interactions.create({ model: interactionsModel, input: "x", config: {} }).catch((e) => e);
    return { name: error.constructor.name, status: error.status, message: error.message };
  },
  async generateInline() {
    const response = await ai.models.generateContent({ model: contentsModel, contents: [inline, { text: question }] });
    const counted = await ai.models.countTokens({ model: contentsModel, contents: [inline, { text: question }] });
    return { text: response.text, usage: response.usageMetadata, counted: counted.totalTokens };
  },
  async generateByUri() {
    const file = await upload();
    const response = await ai.models.generateContent({
      model: contentsModel,
      contents: [{ fileData: { fileUri: file.uri, mimeType: file.mimeType } }, { text: question }],
      config: { responseMimeType: "application/json", thinkingConfig: { thinkingBudget: 0 } },
    });
    return { text: response.text };
  },
  async generateStream() {
    const texts = [];
    const stream = await ai.models.generateContentStream({ model: contentsModel, contents: "Tell me what you see." });
    let last;
    for await (const chunk of stream) {
      texts.push(chunk.text);
      last = chunk;
    }
    return { texts, reason: last.candidates[0].finishReason, usage: last.usageMetadata };
  },
  async generateError() {
    const error = await ai.models.generateContent({ model: "gemini-none", contents: "x" }).catch((e) => e);
    return { name: error.constructor.name, status: error.status, message: error.message };
  },
  async models() {
    const names = [];
    for await (const model of await ai.models.list({ config: { pageSize: 5 } })) names.push(model.name);
    return { names, one: (await ai.models.get({ model: contentsModel })).name };
  },
};

console.log(JSON.stringify(await probes[probe]()));
