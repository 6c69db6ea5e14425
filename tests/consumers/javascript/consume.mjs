// Runs the vectors of spec/vectors against an implementation that knows only spec/: rule texts and vectors.
//
//   node consume.mjs [FOLDER OF VECTORS]
//
// One line a file: how many cases passed, were noted (acceptable, and another reading than the chosen one) or
// failed. A function that does not stand in the table below is said to be not implemented. Exit 1 on a failure.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import * as boxes from "./boxes.mjs";
import * as limits from "./limits.mjs";
import * as media from "./media.mjs";
import * as models from "./models.mjs";
import { Refused } from "./refused.mjs";
import * as sse from "./sse.mjs";
import * as tokens from "./tokens.mjs";

const functions = {
  image_tokens: tokens.imageTokens,
  tile_grid: tokens.tileGrid,
  patch_grid: tokens.patchGrid,
  video_frame_tokens: tokens.videoFrameTokens,
  video_tokens: tokens.videoTokens,
  audio_tokens: tokens.audioTokens,
  pdf_page_tokens: tokens.pdfPageTokens,
  pdf_modality: tokens.pdfModality,
  family_of: ({ model }) => models.familyOf(model),
  check_resolution: models.checkResolution,
  to_pixels: boxes.toPixels,
  to_pixels_float: boxes.toPixelsFloat,
  to_norm: boxes.toNorm,
  point_to_pixels: boxes.pointToPixels,
  polygon_to_pixels: boxes.polygonToPixels,
  in_range: boxes.inRange,
  clip: boxes.clip,
  sort_corners: boxes.sortCorners,
  to_displayed: boxes.toDisplayed,
  to_stored: boxes.toStored,
  check_image_count: limits.checkImageCount,
  check_inline_size: limits.checkInlineSize,
  check_pdf: limits.checkPdf,
  check_url_input: limits.checkUrlInput,
  check_file_size: limits.checkFileSize,
  check_project_size: limits.checkProjectSize,
  check_file_id: limits.checkFileId,
  check_display_name: limits.checkDisplayName,
  expiration_s: limits.expirationS,
  page_size: limits.pageSize,
  check_declared: media.checkDeclared,
  sniff: media.sniff,
  decode_base64: media.decodeBase64,
  "sse.decode": sse.decode,
};

// The value that `f` gives, as JSON has it, or the kind of its refusal. Any other error is a fault of ours.
function call(f, test) {
  try {
    return { output: JSON.parse(JSON.stringify(f(test.input), (_, value) => plain(value))) };
  } catch (error) {
    if (error instanceof Refused) return { error: error.kind };
    throw new Error(`${test.rule} ${test.id}: ${error.message}`, { cause: error });
  }
}

function plain(value) {
  if (typeof value !== "bigint") return value;
  if (!Number.isSafeInteger(Number(value))) throw new RangeError(`${value} is no exact Number`);
  return Number(value);
}

// The twelve lines of spec/README.md.
function judge(test, got) {
  if (test.result === "invalid") return "error" in got && got.error === test.expected.error ? "passed" : "failed";
  if (!("error" in got) && isDeepStrictEqual(got.output, test.expected)) return "passed";
  return test.result === "acceptable" ? "noted" : "failed";
}

const RESULTS = ["valid", "invalid", "acceptable"];
const folder = process.argv[2] ?? fileURLToPath(new URL("../../../spec/vectors", import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith(".json")).sort();
const total = { passed: 0, noted: 0, failed: 0 };

for (const name of names) {
  const file = JSON.parse(readFileSync(`${folder}/${name}`, "utf-8"));
  const title = `${name.padEnd(26)}${file.function.padEnd(20)}`;
  if (!Object.hasOwn(functions, file.function)) {
    console.log(`${title} not implemented here (${file.cases.length} cases)`);
    continue;
  }
  const counts = { passed: 0, noted: 0, failed: 0 };
  const remarks = [];
  for (const test of file.cases) {
    if (!RESULTS.includes(test.result)) throw new Error(`${name}: ${test.id}: no result is called ${JSON.stringify(test.result)}`);
    const got = call(functions[file.function], test);
    const outcome = judge(test, got);
    counts[outcome] += 1;
    total[outcome] += 1;
    if (outcome !== "passed")
      remarks.push(`  ${outcome}: ${test.rule} ${test.id}: expected ${JSON.stringify(test.expected)}, ` +
        `got ${JSON.stringify("error" in got ? got : got.output)}`);
  }
  console.log(title, ...Object.entries(counts).map(([outcome, count]) => `${String(count).padStart(4)} ${outcome}`));
  for (const remark of remarks) console.log(remark);
}
console.log(`in all: ${total.passed} passed, ${total.noted} noted, ${total.failed} failed`);
if (total.passed + total.noted + total.failed === 0) throw new Error(`no case was judged in ${folder}`);
process.exitCode = total.failed ? 1 : 0;
