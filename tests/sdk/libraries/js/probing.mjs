// What every probe of this folder shares: the questions, and the way to report. A probe is written as a user
// of its library writes it; it prints one JSON object, which the test beside this folder judges.
import { readFileSync } from "node:fs";

export const model = "gemini-2.5-flash";
export const unknown = "gemini-none";
export const caption = "Caption this image.";
export const detect = "Detect the items. The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000.";
export const data = readFileSync(process.argv[2]);
export const dataUrl = `data:image/png;base64,${data.toString("base64")}`;
export const base = process.env.GOOGLE_GEMINI_BASE_URL;

// The error that a call rejects with: the names of its classes, and what it says.
export async function errorOf(call) {
  const error = await call().then(() => new Error("nothing was thrown"), (thrown) => thrown);
  const bases = [error.name];
  for (let kind = error.constructor; kind?.name; kind = Object.getPrototypeOf(kind)) bases.push(kind.name);
  return { type: error.name, bases, text: error.message };
}

// Every probe is run; one that fails does not hide the others.
export async function report(probes) {
  const told = {};
  for (const [name, probe] of Object.entries(probes)) {
    told[name] = await probe().catch((error) => ({ raised: error.stack }));
  }
  console.log(JSON.stringify(told));
}
