// MIME types, declared and by content, and inline data: the pure part of spec/rules/media.json.
import { refuse, show } from "./refused.mjs";

const SUPPORTED = ["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"];

// media.declared-type: compared without case and parameters
export function checkDeclared({ mime_type }) {
  const name = typeof mime_type === "string" ? mime_type.split(";")[0].trim().toLowerCase() : "";
  if (!SUPPORTED.includes(name)) refuse("UnsupportedMedia", `Unsupported MIME type: ${show(mime_type)}`);
  return name;
}

// media.inline-base64: either alphabet, any padding; line breaks are how `base64` wraps its output
export function decodeBase64({ text }) {
  if (typeof text !== "string") refuse("InvalidMedia", `${show(text)} is no text`);
  const [, digits] = /^([A-Za-z0-9+/_-]*)=*$/.exec(text.replace(/[ \t\n\v\f\r]/g, "")) ?? [];
  if (digits === undefined || digits.length % 4 === 1)
    refuse("InvalidMedia", `${show(text)} is not base64`);
  return { hex: Buffer.from(digits, "base64url").toString("hex") };
}

// media.heif-brand: the type that a brand of an ISO media file names
const BRANDS = {
  "image/heic": ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"],
  "image/avif": ["avif", "avis"],
  "image/heif": ["mif1", "mif2", "msf1"],
  "image/avci": ["avci", "avcs"],
  "image/x-canon-cr3": ["crx "],
  "video/mp4": ["isom", "iso2", "iso5", "iso6", "mp41", "mp42", "avc1", "dash", "M4V ", "MSNV"],
  "video/3gpp": ["3gp4", "3gp5", "3gp6"],
  "video/quicktime": ["qt  "],
};
const typeOfBrand = (brand) => Object.keys(BRANDS).find((type) => BRANDS[type].includes(brand)) ?? null;

function sniffIsoMedia(data) {
  const end = Math.min(data.readUInt32BE(0), data.length);
  const types = [typeOfBrand(data.toString("latin1", 8, 12))]; // the major brand; 4 bytes of version follow
  for (let at = 16; at + 4 <= end; at += 4) types.push(typeOfBrand(data.toString("latin1", at, at + 4)));
  const first = types.find((type) => type !== null) ?? null;
  const onlyAv1 = types.includes("image/avif") && !types.includes("image/heic");
  return types[0] === "image/heif" && onlyAv1 ? "image/avif" : first;
}

const SIGNATURES = [
  ["image/png", "\x89PNG"],
  ["image/jpeg", "\xff\xd8\xff"],
  ["image/gif", "GIF87a"],
  ["image/gif", "GIF89a"],
  ["image/tiff", "II*\0"],
  ["image/tiff", "MM\0*"],
  ["image/tiff", "II+\0"], // BigTIFF
  ["image/tiff", "MM\0+"],
  ["image/jxl", "\xff\x0a"],
  ["image/jxl", "\0\0\0\x0cJXL \r\n\x87\n"],
  ["image/jp2", "\0\0\0\x0cjP  \r\n\x87\n"],
  ["image/j2c", "\xff\x4f\xff\x51"],
  ["image/vnd.microsoft.icon", "\0\0\x01\0"],
  ["image/vnd.adobe.photoshop", "8BPS"],
  ["application/pdf", "%PDF-"],
];
const BMP_HEADERS_BYTES = [12, 16, 40, 52, 56, 64, 108, 124];

// media.sniff: the MIME type by the first bytes, null for none that is known
export function sniff({ base64 }) {
  const data = Buffer.from(base64, "base64");
  const head = data.toString("latin1");
  if (head.startsWith("ftyp", 4)) return sniffIsoMedia(data); // before the icon, whose bytes a size may have
  for (const [type, signature] of SIGNATURES) if (head.startsWith(signature)) return type;
  if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) return "image/webp";
  if (head.startsWith("RIFF") && head.startsWith("AVI ", 8)) return "video/x-msvideo";
  if (head.startsWith("BM") && data.length >= 18 && BMP_HEADERS_BYTES.includes(data.readUInt32LE(14)))
    return "image/bmp"; // "BM" alone may begin a text
  const text = head.slice(0, 1024).replace(/^\xef\xbb\xbf/, "").replace(/^[ \t\r\n]+/, "").toLowerCase();
  if (text.startsWith("<!doctype html") || text.startsWith("<html")) return "text/html";
  return text.startsWith("<") && text.includes("<svg") ? "image/svg+xml" : null;
}
