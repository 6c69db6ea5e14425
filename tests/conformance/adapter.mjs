// Two rules of visionspec in JavaScript: `visionspec check rules -- node adapter.mjs` says whether they are right.
import { createInterface } from "node:readline";

class Refused extends Error {
  constructor(type, message) { super(message); this.type = type; }
}

function size(...sides) {
  if (!sides.every((side) => Number.isInteger(side) && side >= 1 && side < 2 ** 32))
    throw new Refused("InvalidSize", `no image is ${sides.join(" x ")}`);
}

const functions = {
  // Without a model: the documents' tiles. With one, the vectors ask for more than this example knows.
  image_tokens({ width_px: w, height_px: h, ...more }) {
    if (Object.keys(more).length) throw new Refused("NotImplemented", "only without model, resolution and basis");
    size(w, h);
    const unit = Math.max(1, Math.floor((Math.min(w, h) * 2) / 3));
    return w <= 384 && h <= 384 ? 258 : 258 * Math.ceil(w / unit) * Math.ceil(h / unit);
  },

  to_pixels({ box, width_px, height_px }) {
    size(width_px, height_px);
    if (box.length !== 4 || !box.every(Number.isFinite)) throw new Refused("InvalidBox", JSON.stringify(box));
    const [y0, x0, y1, x1] = box;
    return [x0 * width_px, y0 * height_px, x1 * width_px, y1 * height_px].map((v) => Math.floor(v / 1000));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, function: name, input } = JSON.parse(line);
  try {
    if (!functions[name]) throw new Refused("NotImplemented", name);
    console.log(JSON.stringify({ id, output: functions[name](input) }));
  } catch (error) {
    console.log(JSON.stringify({ id, error: { type: error.type ?? "Error", message: error.message } }));
  }
}
