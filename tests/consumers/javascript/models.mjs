// Which family a model name belongs to, and which media resolutions a family has.
import { refuse, show } from "./refused.mjs";

const PREFIX = /^(?:models\/|(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\/models\/)/;
const VERSIONED = /^gemini-(?:live-)?(\d+)(?:\.(\d+))?(?:[-@][\w.@-]*)?$/;
const OPEN = /^(gemma-4|lyria-3)(?:-[\w.-]*)?$/;

// tokens.family-alias
const ALIASES = {
  "gemini-flash-latest": "3",
  "gemini-flash-lite-latest": "3",
  "gemini-pro-latest": "3",
  "gemini-nano-banana-2.1": "3",
  "nano-banana-pro-preview": "3",
  "gemini-robotics-er-1.6-preview": "3",
  "gemini-robotics-er-2-preview": "3",
  "gemini-robotics-er-2-streaming-preview": "3",
  "gemini-robotics-er-1.5-preview": "2.5",
  "gemini-pro": "1.0",
  "gemini-pro-vision": "1.0",
};

// The name without the path before it.
export function bareName(model) {
  return model.replace(PREFIX, "");
}

// tokens.family
export function familyOf(model) {
  if (typeof model !== "string") refuse("InvalidModel", `a model name is a string, not ${show(model)}`);
  const name = bareName(model);
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name];
  const open = OPEN.exec(name);
  if (open) return open[1];
  const [, major, minor] = VERSIONED.exec(name) ?? [];
  if (major === "3" || major === "4") return major;
  const family = `${major}.${minor}`;
  if (["1.0", "1.5", "2.0", "2.5"].includes(family)) return family;
  return refuse("InvalidModel", `${show(model)} is of no known family`);
}

export const is2x = (family) => family === "2.0" || family === "2.5";
export const is3or4 = (family) => family === "3" || family === "4";

const FAMILIES = ["1.0", "1.5", "2.0", "2.5", "3", "4", "gemma-4", "lyria-3"];
const LEVEL = /^(?:media_resolution_)?(unspecified|low|medium|high|ultra_high)$/i;

// tokens.resolution-names, -of-family, -per-part: the level in lower case, null for unspecified.
export function checkResolution({ family, level = null, scope = null }) {
  if (family !== null && !FAMILIES.includes(family)) refuse("InvalidModel", `${show(family)} is no family`);
  if (![null, "part", "request"].includes(scope)) refuse("InvalidInput", `${show(scope)} is no scope`);
  if (level === null) return null;
  const name = typeof level === "string" ? LEVEL.exec(level)?.[1].toLowerCase() : undefined;
  if (name === undefined) refuse("InvalidResolution", `${show(level)} is no media resolution`);
  if (name === "unspecified") return null;
  const no = (why) => refuse("InvalidResolution", `${name} on family ${family}: ${why}`);
  if (family === null) no("without a model the word has no number");
  if (!is2x(family) && !is3or4(family)) no("this family has no media resolution");
  if (name === "ultra_high" && !is3or4(family)) no("ultra_high is of Gemini 3 and 4");
  if (name === "ultra_high" && scope === "request") no("ultra_high is for one part, not for a request");
  if (scope === "part" && !is3or4(family)) no("a resolution for one part is of Gemini 3 and 4");
  return name;
}
