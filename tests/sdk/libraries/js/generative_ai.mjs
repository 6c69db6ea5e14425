// The JavaScript SDK before the present one (@google/generative-ai).
import { GoogleGenerativeAI, SchemaType } from "@google/generative-ai";
import { GoogleAIFileManager } from "@google/generative-ai/server";
import { base, caption, data, detect, errorOf, model, report, unknown } from "./probing.mjs";

const options = { baseUrl: base };
const google = new GoogleGenerativeAI(process.env.GEMINI_API_KEY);
const chat = (more = {}) => google.getGenerativeModel({ model, ...more }, options);
const image = { inlineData: { data: data.toString("base64"), mimeType: "image/png" } };
const box = { type: SchemaType.ARRAY, items: { type: SchemaType.INTEGER } };
const item = {
  type: SchemaType.OBJECT,
  properties: { label: { type: SchemaType.STRING }, box_2d: box },
  required: ["label", "box_2d"],
};
const schema = {
  type: SchemaType.OBJECT,
  properties: { items: { type: SchemaType.ARRAY, items: item } },
  required: ["items"],
};

await report({
  async inline() {
    const { response } = await chat().generateContent([caption, image]);
    const { promptTokenCount: input, candidatesTokenCount: output } = response.usageMetadata;
    return { text: response.text(), usage: { input, output } };
  },
  async stream() {
    const pieces = [];
    for await (const chunk of (await chat().generateContentStream([caption, image])).stream) pieces.push(chunk.text());
    return pieces;
  },
  async boxes() {
    const generationConfig = { responseMimeType: "application/json", responseSchema: schema };
    return JSON.parse((await chat({ generationConfig }).generateContent([detect, image])).response.text()).items;
  },
  async boxes_by_function() {
    const tools = [{ functionDeclarations: [{ name: "report", parameters: schema }] }];
    const toolConfig = { functionCallingConfig: { mode: "ANY" } };
    const { response } = await chat({ tools, toolConfig }).generateContent([detect, image]);
    return response.functionCalls()[0].args.items;
  },
  async upload() {
    const files = new GoogleAIFileManager(process.env.GEMINI_API_KEY, options);
    const { file } = await files.uploadFile(process.argv[2], { mimeType: "image/png" });
    const photo = { fileData: { fileUri: file.uri, mimeType: file.mimeType } };
    const { response } = await chat().generateContent([caption, photo]);
    await files.deleteFile(file.name);
    return { text: response.text() };
  },
  error: () => errorOf(() => chat({ model: unknown }).generateContent("x")),
});
