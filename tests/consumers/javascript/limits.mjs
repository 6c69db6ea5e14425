// How many and how large: the rules of spec/rules/limits.json. A check returns null where all is well.
import { familyOf } from "./models.mjs";
import { refuse, show } from "./refused.mjs";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

function checkCount(number, maximum, what) {
  if (!Number.isInteger(number) || number < 0) refuse("InvalidInput", `${show(number)} is no number of ${what}`);
  if (number > maximum) refuse("LimitExceeded", `${number} ${what}, at most ${maximum}`);
  return null;
}

function ofReading(readings, reading) {
  if (typeof reading !== "string" || !Object.hasOwn(readings, reading))
    refuse("InvalidInput", `no reading is called ${show(reading)}`);
  return readings[reading];
}

export function checkImageCount({ count, model = null, reading = "inclusive" }) {
  const maximum = ofReading({ inclusive: 3600, strict: 3599 }, reading);
  return checkCount(count, model !== null && familyOf(model) === "1.0" ? 16 : maximum, "images");
}

export function checkInlineSize({ size_bytes, reading = "20-mib" }) {
  const readings = { "20-mib": 20 * MIB, "20-mb": 20e6, "100-mib": 100 * MIB, "4-mib": 4 * MIB };
  return checkCount(size_bytes, ofReading(readings, reading), "bytes of a request with inline data");
}

export function checkPdf({ size_bytes, pages = null }) {
  checkCount(size_bytes, 50 * MIB, "bytes of a PDF");
  return checkCount(pages ?? 0, 1000, "pages of a PDF");
}

const FETCHED_TYPES = ["image/bmp", "image/jpeg", "image/png", "image/webp"];

export function checkUrlInput({ size_bytes, model = null, mime_type = null }) {
  checkCount(size_bytes, 100 * MIB, "bytes behind URLs");
  if (model !== null && familyOf(model) === "2.0") refuse("InvalidInput", `${model} takes no URLs`);
  if (mime_type !== null && !FETCHED_TYPES.includes(mime_type))
    refuse("UnsupportedMedia", `${show(mime_type)} is not fetched from a URL`);
  return null;
}

export const checkFileSize = ({ size_bytes }) => checkCount(size_bytes, 2 * GIB, "bytes of a file");
export const checkProjectSize = ({ size_bytes }) => checkCount(size_bytes, 20 * GIB, "bytes of a project");

export function expirationS({ created_s }) {
  if (!Number.isFinite(created_s)) refuse("InvalidInput", `${show(created_s)} is no number of seconds`);
  return created_s + 48 * 3600;
}

// null and 0 are no wish; more than the maximum is lowered to it
export function pageSize({ requested }) {
  checkCount(requested ?? 0, Infinity, "files on a page");
  return requested ? Math.min(requested, 100) : 10;
}

export function checkFileId({ file_id }) {
  if (typeof file_id !== "string") refuse("InvalidInput", `${show(file_id)} is no id of a file`);
  checkCount(file_id.length, 40, "characters of a file's id");
  if (!/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(file_id)) refuse("InvalidInput", `${show(file_id)} is no id`);
  return null;
}

// A character is a code point: the iterator of a string gives those, its length counts UTF-16 units.
export function checkDisplayName({ name }) {
  if (typeof name !== "string") refuse("InvalidInput", `${show(name)} is no display name`);
  return checkCount([...name].length, 512, "characters of a display name");
}
