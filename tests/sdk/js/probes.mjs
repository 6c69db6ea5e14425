// What a user of @google/genai writes against the service, unchanged: only the environment points to the mock.
// Probes are named on stdin, line by line; each answers with one line of JSON.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

const [sdk, path] = process.argv.slice(2);
const { GoogleGenAI } = await import(sdk);
const ai = new GoogleGenAI({});
const contentsModel = "gemini-2.5-flash";
const resolutionModel = "gemini-3-pro-preview";
const interactionsModel = "gemini-3-flash-preview";
const detect = "Detect the items. The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000.";
const segment = "Give the segmentation masks for the items, with box_2d, mask and label.";
const pixels = readFileSync(path);
const data = pixels.toString("base64");
const inline = { inlineData: { mimeType: "image/png", data } };
const integers = { type: "array", items: { type: "integer" }, minItems: 4, maxItems: 4 };
const box = {
  type: "object",
  required: ["box_2d", "label"],
  properties: { box_2d: integers, label: { type: "string" } },
};
const boxes = { type: "object", required: ["boxes"], properties: { boxes: { type: "array", items: box } } };

const upload = () => ai.files.upload({ file: path, config: { mimeType: "image/png", displayName: "scène" } });
const generate = (model, contents, config) => ai.models.generateContent({ model, contents, config });
const create = (input, more) => ai.interactions.create({ model: interactionsModel, input, ...more });
const interact = (text, image, more) => create([{ type: "text", text }, { type: "image", ...image }], more);
const image = { data, mime_type: "image/png" };

async function each(pending) {
  const all = [];
  for await (const one of await pending) all.push(one);
  return all;
}

const fileOf = (file) => ({
  name: file.name,
  uri: file.uri,
  mime_type: file.mimeType,
  size_bytes: Number(file.sizeBytes),
  state: file.state,
  display_name: file.displayName ?? "",
  sha256: file.sha256Hash,
});

function usageOf({ usageMetadata: usage }) {
  return {
    prompt: usage.promptTokenCount,
    answer: usage.candidatesTokenCount,
    total: usage.totalTokenCount,
    prompt_by: Object.fromEntries(usage.promptTokensDetails.map((one) => [one.modality, one.tokenCount])),
  };
}

function outcomeOf(interaction) {
  const usage = interaction.usage;
  return {
    status: interaction.status,
    text: interaction.output_text,
    last: interaction.steps.at(-1).content[0].text,
    prompt: usage.total_input_tokens,
    total: usage.total_tokens,
    prompt_by: Object.fromEntries(usage.input_tokens_by_modality.map((one) => [one.modality, one.tokens])),
  };
}

// What the service said is the message of the one kind of error, and lies deep in the other.
async function refusal(call) {
  try {
    await call();
  } catch (error) {
    const { code, status, message } = error.error?.error ?? JSON.parse(error.message).error;
    return { type: error.constructor.name, code: error.status, status: status ?? code, message };
  }
}

const probes = {
  async files() {
    const file = await upload();
    const got = [await ai.files.get({ name: file.name }), await ai.files.get({ name: file.uri })];
    await ai.files.delete({ name: file.name });
    const gone = await refusal(() => ai.files.get({ name: file.name }));
    return { file: fileOf(file), got: got.map(fileOf), gone };
  },
  async bytes() {
    const big = Buffer.alloc(8 * 1024 * 1024 + 7, Uint8Array.from({ length: 251 }, (_, i) => i));
    return fileOf(await ai.files.upload({ file: new Blob([big]), config: { mimeType: "text/plain" } }));
  },
  async pages() {
    const made = [];
    for (let i = 0; i < 3; i++) made.push((await upload()).name);
    const listed = await each(ai.files.list({ config: { pageSize: 2 } }));
    return { made, listed: listed.map((file) => file.name) };
  },
  async download() {
    const folder = mkdtempSync(`${tmpdir()}/visionspec-`);
    const target = `${folder}/made`;
    try {
      await ai.files.download({ file: await ai.files.get({ name: "made" }), downloadPath: target });
      const refused = await refusal(async () =>
        ai.files.download({ file: (await upload()).name, downloadPath: target }),
      );
      return { data: readFileSync(target, "utf8"), refused };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  async inline() {
    const contents = [inline, { text: detect }];
    const response = await generate(contentsModel, contents);
    const { totalTokens } = await ai.models.countTokens({ model: contentsModel, contents });
    return { text: response.text, usage: usageOf(response), counted: totalTokens };
  },
  async uri() {
    const file = await upload();
    const contents = [{ fileData: { fileUri: file.uri, mimeType: file.mimeType } }, { text: detect }];
    const response = await generate(contentsModel, contents, {
      systemInstruction: "Be brief.",
      responseMimeType: "application/json",
      responseSchema: {
        type: "ARRAY",
        items: {
          type: "OBJECT",
          required: ["box_2d", "label"],
          properties: { box_2d: { type: "ARRAY", items: { type: "INTEGER" } }, label: { type: "STRING" } },
        },
      },
      thinkingConfig: { thinkingBudget: 0 },
    });
    return { text: response.text, usage: usageOf(response) };
  },
  async schema() {
    const config = { responseMimeType: "application/json", responseJsonSchema: boxes };
    return { text: (await generate(contentsModel, [inline, { text: detect }], config)).text };
  },
  async masks() {
    return { text: (await generate(contentsModel, [inline, { text: segment }])).text };
  },
  async stream() {
    const asked = { model: contentsModel, contents: "Tell me what you see." };
    const pieces = await each(ai.models.generateContentStream(asked));
    const last = pieces.at(-1);
    return {
      texts: pieces.map((piece) => piece.text),
      reason: last.candidates[0].finishReason,
      usage: usageOf(last),
    };
  },
  async resolution() {
    const usage = async (part, config) =>
      usageOf(await generate(resolutionModel, [part, { text: detect }], config));
    return {
      low: await usage(inline, { mediaResolution: "MEDIA_RESOLUTION_LOW" }),
      high: await usage(inline, { mediaResolution: "MEDIA_RESOLUTION_HIGH" }),
      part: await usage({ ...inline, mediaResolution: { level: "MEDIA_RESOLUTION_LOW" } }),
    };
  },
  async function() {
    const parametersJsonSchema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
    const response = await generate(interactionsModel, "How many?", {
      tools: [{ functionDeclarations: [{ name: "keep", parametersJsonSchema }] }],
      toolConfig: { functionCallingConfig: { mode: "ANY" } },
    });
    const [{ name, args }] = response.functionCalls;
    return { name, args };
  },
  async chat() {
    const chat = ai.chats.create({ model: contentsModel });
    await chat.sendMessage({ message: [inline, { text: "Caption this image." }] });
    return { text: (await chat.sendMessage({ message: detect })).text };
  },
  async models() {
    const all = await each(ai.models.list({ config: { pageSize: 5 } }));
    return {
      names: all.map((model) => model.name),
      one: (await ai.models.get({ model: contentsModel })).name,
    };
  },
  async errors() {
    const mislabelled = { inlineData: { mimeType: "image/jpg", data } };
    const stranger = new GoogleGenAI({ apiKey: "wrong" });
    return {
      mime: await refusal(() => generate(contentsModel, [mislabelled, { text: detect }])),
      model: await refusal(() => generate("gemini-none", "x")),
      key: await refusal(() => stranger.models.generateContent({ model: contentsModel, contents: "x" })),
      stream: await refusal(() =>
        each(ai.models.generateContentStream({ model: "gemini-none", contents: "x" })),
      ),
    };
  },
  async version() {
    const other = new GoogleGenAI({ apiVersion: "v1alpha" });
    return { text: (await other.models.generateContent({ model: contentsModel, contents: "Hello" })).text };
  },
  async interaction_uri() {
    const file = await upload();
    // the camelCase key is document 000's own
    return outcomeOf(await interact(detect, { uri: file.uri, mimeType: file.mimeType }));
  },
  async interaction_data() {
    const interaction = await interact(detect, image, {
      system_instruction: "Be brief.",
      response_format: { type: "text", mime_type: "application/json", schema: boxes },
      generation_config: { thinking_level: "minimal" },
    });
    return outcomeOf(interaction);
  },
  async interaction_resolution() {
    return {
      low: outcomeOf(await interact(detect, { ...image, resolution: "low" })),
      high: outcomeOf(await interact(detect, { ...image, resolution: "high" })),
    };
  },
  async interaction_stream() {
    const events = await each(create("Hello there", { stream: true }));
    const id = events[0].interaction.id;
    const rest = ai.interactions.get(id, { stream: true, last_event_id: events[2].event_id });
    return {
      events: events.map((event) => event.event_type),
      texts: events.filter((event) => event.event_type === "step.delta").map((event) => event.delta.text),
      resumed: (await each(rest)).map((event) => event.event_type),
      stored: (await ai.interactions.get(id)).output_text,
    };
  },
  async interaction_background() {
    const first = await interact(detect, image, { background: true });
    let last = first;
    while (["in_progress", "queued"].includes(last.status)) {
      await setTimeout(50);
      last = await ai.interactions.get(first.id);
    }
    return { first: first.status, last: outcomeOf(last) };
  },
  async interaction_cancel() {
    const running = await create("Hello", { background: true });
    const cancelled = await ai.interactions.cancel(running.id);
    return {
      first: running.status,
      last: cancelled.status,
      got: (await ai.interactions.get(running.id)).status,
    };
  },
  async interaction_chain() {
    const first = await interact("Caption this image.", image);
    const second = await create(detect, { previous_interaction_id: first.id });
    const got = await ai.interactions.get(second.id, { include_input: true });
    await ai.interactions.delete(second.id);
    return {
      first: outcomeOf(first),
      second: outcomeOf(second),
      steps: got.steps.map((step) => step.type),
      gone: await refusal(() => ai.interactions.get(second.id)),
    };
  },
  async interaction_errors() {
    const stranger = new GoogleGenAI({ apiKey: "wrong" });
    const asked = { model: interactionsModel, input: "x" };
    return {
      mime: await refusal(() => interact(detect, { data, mime_type: "image/jpg" })),
      model: await refusal(() => ai.interactions.create({ model: "gemini-none", input: "x" })),
      key: await refusal(() => stranger.interactions.create(asked)),
    };
  },
  async interaction_parameter() {
    return refusal(() => create("x", { config: {} }));
  },
  async interaction_text() {
    const interaction = await create("Hello there");
    return { text: interaction.output_text, status: interaction.status, hops: interaction.continuation_ids };
  },
  async pace() {
    const texts = [];
    for (let i = 0; i < 20; i++) texts.push((await interact(detect, image)).output_text);
    return texts;
  },
};

async function run(probe) {
  if (!probe) return { missing: true };
  const start = performance.now();
  try {
    const result = await probe();
    return { ms: performance.now() - start, result };
  } catch (error) {
    return { failed: error.stack };
  }
}

const installed = new URL(`node_modules/${sdk}/package.json`, import.meta.url);
console.log(JSON.stringify({ version: JSON.parse(readFileSync(installed)).version }));
for await (const name of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(probes[name])));
}
