// What an image, a video, a PDF page and sound cost: the rules of spec/rules/tokens.json.
import { ceilOfProduct, isqrt } from "./exact.mjs";
import { bareName, checkResolution, familyOf, is2x, is3or4 } from "./models.mjs";
import { refuse, show } from "./refused.mjs";

const TILE_TOKENS = 258;
const SMALL_PX = 384;
const LARGEST_PX = 2 ** 32 - 1;

// tokens.size
export function checkSize(...sides) {
  for (const side of sides)
    if (!Number.isInteger(side) || side < 1 || side > LARGEST_PX)
      refuse("InvalidSize", `${show(side)} is no side of an image`);
}

// tokens.tile-count and the other readings of it. Sides are below 2**32, so no quotient is rounded wrongly.
export function tileGrid({ width_px: width, height_px: height, reading = "ceil" }) {
  checkSize(width, height);
  const short = Math.min(width, height);
  const unit = Math.max(1, Math.floor((2 * short) / 3));
  const clamped = Math.min(768, Math.max(256, unit));
  const readings = {
    ceil: { unit, count: (side) => Math.ceil(side / unit) },
    round: { unit, count: (side) => Math.floor((2 * side + unit) / (2 * unit)) },
    floor: { unit, count: (side) => Math.floor(side / unit) },
    exact: { unit, count: (side) => Math.ceil((3 * side) / (2 * short)) },
    clamp: { unit: clamped, count: (side) => Math.ceil(side / clamped) },
    overview: { unit, count: (side) => Math.ceil(side / unit), more: 1 },
    "grid-768": { unit: 768, count: (side) => Math.ceil(side / 768) },
  };
  if (!Object.hasOwn(readings, reading)) refuse("InvalidInput", `no reading is called ${show(reading)}`);
  if (width <= SMALL_PX && height <= SMALL_PX) return { columns: 1, rows: 1, tiles: 1, unit_px: null };
  const { unit: unit_px, count, more = 0 } = readings[reading];
  const [columns, rows] = [count(width), count(height)];
  return { columns, rows, tiles: columns * rows + more, unit_px };
}

// tokens.patch-grid, -tie and -thin
export function patchGrid({ width_px, height_px, budget }) {
  checkSize(width_px, height_px);
  if (!Number.isSafeInteger(budget) || budget < 1) refuse("InvalidInput", `${show(budget)} is no budget`);
  const along = (a, b) => Number(isqrt((BigInt(budget) * BigInt(a)) / BigInt(b)));
  const [columns, rows] = [along(width_px, height_px), along(height_px, width_px)];
  if (columns === 0) return { columns: 1, rows: budget };
  if (rows === 0) return { columns: budget, rows: 1 };
  return { columns, rows };
}

function patches(width_px, height_px, budget) {
  const { columns, rows } = patchGrid({ width_px, height_px, budget });
  return columns * rows;
}

const BUDGETS = { low: 280, medium: 560, high: 1120, ultra_high: 2240 };
const PREVIEWS = ["gemini-3-pro-image-preview", "gemini-3.1-flash-image-preview", "nano-banana-pro-preview"];

function imageBudget(family, model, level) {
  if (family === "gemma-4") return 280;
  return BUDGETS[level ?? (PREVIEWS.includes(bareName(model)) ? "medium" : "high")];
}

// tokens.basis-default and what it leads to
export function imageTokens({ width_px, height_px, model = null, resolution = null, basis = null }) {
  checkSize(width_px, height_px);
  if (![null, "documented", "observed"].includes(basis)) refuse("InvalidInput", `no basis is ${show(basis)}`);
  const family = model === null ? null : familyOf(model);
  const level = checkResolution({ family, level: resolution });
  const byTiles = () => {
    const reading = family === "1.5" ? "clamp" : "ceil";
    return TILE_TOKENS * tileGrid({ width_px, height_px, reading }).tiles;
  };
  if (basis === "documented") {
    if (level !== null && !(level === "high" && is2x(family)))
      refuse("InvalidResolution", `no document gives a number for ${level}`);
    return byTiles();
  }
  if (is3or4(family) || family === "gemma-4")
    return patches(width_px, height_px, imageBudget(family, model, level));
  if (level === "low") return 66;
  if (level === "medium" || basis === "observed") return 258;
  return family === "1.0" || family === "lyria-3" ? 258 : byTiles();
}

// tokens.video-frame-2x and -3x
export function videoFrameTokens({ width_px, height_px, model, resolution = null }) {
  checkSize(width_px, height_px);
  const family = familyOf(model);
  const level = checkResolution({ family, level: resolution });
  if (level === "ultra_high") refuse("InvalidResolution", "ultra_high does not exist for video");
  if (is2x(family)) return level === "low" ? 66 : 258;
  if (is3or4(family)) return patches(width_px, height_px, level === "high" ? 280 : 70);
  return refuse("InvalidModel", `no source counts video for ${show(model)}`);
}

function checkAmount(number, what) {
  if (!Number.isFinite(number) || number < 0) refuse("InvalidSize", `${show(number)} is no ${what}`);
}

// tokens.video-total
export function videoTokens({ duration_s, fps = 1, ...frame }) {
  const tokens = videoFrameTokens(frame);
  checkAmount(duration_s, "duration");
  checkAmount(fps, "frame rate");
  return ceilOfProduct([duration_s, fps, tokens]);
}

// tokens.audio-rate
export function audioTokens({ duration_s, model }) {
  const family = familyOf(model);
  checkAmount(duration_s, "duration");
  if (is3or4(family)) return ceilOfProduct([duration_s, 25]);
  if (is2x(family)) return ceilOfProduct([duration_s, 32]);
  return refuse("InvalidModel", `no source counts sound for ${show(model)}`);
}

// tokens.pdf-page-2x and -3x: only the ratio of the sides counts, whatever their unit
export function pdfPageTokens({ width_pt, height_pt, model, resolution = null }) {
  checkSize(width_pt, height_pt);
  const family = familyOf(model);
  const level = checkResolution({ family, level: resolution });
  if (level === "ultra_high") refuse("InvalidResolution", "ultra_high does not exist for pages");
  if (is2x(family) || family === "1.5") return level === "low" ? 66 : 258;
  if (is3or4(family)) return patches(width_pt, height_pt, BUDGETS[level ?? "medium"]);
  return refuse("InvalidModel", `no source counts pages for ${show(model)}`);
}

// tokens.pdf-modality
export function pdfModality({ model }) {
  const family = familyOf(model);
  if (is3or4(family)) return "IMAGE";
  if (is2x(family)) return "DOCUMENT";
  return refuse("InvalidModel", `no source names the modality for ${show(model)}`);
}
