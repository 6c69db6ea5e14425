// Boxes, points and polygons between 0..1000 and pixels: the rules of spec/rules/boxes.json.
// A box of a model begins with y, [ymin, xmin, ymax, xmax]; a box in pixels with x, [x0, y0, x1, y1].
import { ceilOfProduct, floorOfProduct } from "./exact.mjs";
import { refuse, show } from "./refused.mjs";
import { checkSize } from "./tokens.mjs";

// boxes.not-numbers: exactly `count` finite numbers
function coordinates(value, count) {
  if (!Array.isArray(value) || value.length !== count || !value.every(Number.isFinite))
    refuse("InvalidBox", `${show(value)} is not ${count} numbers`);
  return value;
}

const scaled = (coordinate, side_px) => floorOfProduct([coordinate, side_px], 1000);

// boxes.to-pixels
export function toPixels({ box, width_px, height_px }) {
  checkSize(width_px, height_px);
  const [ymin, xmin, ymax, xmax] = coordinates(box, 4);
  return [scaled(xmin, width_px), scaled(ymin, height_px), scaled(xmax, width_px), scaled(ymax, height_px)];
}

// boxes.to-pixels-float: as the documents' sample code computes, with its two roundings
export function toPixelsFloat({ box, width_px, height_px }) {
  checkSize(width_px, height_px);
  const [ymin, xmin, ymax, xmax] = coordinates(box, 4);
  const cut = (coordinate, side_px) => Math.trunc((coordinate / 1000) * side_px);
  return [cut(xmin, width_px), cut(ymin, height_px), cut(xmax, width_px), cut(ymax, height_px)];
}

// boxes.to-norm
export function toNorm({ box, width_px, height_px }) {
  checkSize(width_px, height_px);
  const [x0, y0, x1, y1] = coordinates(box, 4);
  const norm = (pixel, side_px) => ceilOfProduct([pixel, 1000], side_px);
  return [norm(y0, height_px), norm(x0, width_px), norm(y1, height_px), norm(x1, width_px)];
}

// boxes.point: [y, x] becomes [x, y]
export function pointToPixels({ point, width_px, height_px }) {
  checkSize(width_px, height_px);
  const [y, x] = coordinates(point, 2);
  return [scaled(x, width_px), scaled(y, height_px)];
}

// boxes.polygon: [x, y] stays [x, y]
export function polygonToPixels({ polygon, width_px, height_px }) {
  checkSize(width_px, height_px);
  if (!Array.isArray(polygon) || polygon.length < 3) refuse("InvalidBox", `${show(polygon)} is no polygon`);
  return polygon.map((corner) => {
    const [x, y] = coordinates(corner, 2);
    return [scaled(x, width_px), scaled(y, height_px)];
  });
}

// boxes.range
export function inRange({ box }) {
  return coordinates(box, 4).every((coordinate) => coordinate >= 0 && coordinate <= 1000);
}

// boxes.clip
export function clip({ box, width_px, height_px }) {
  checkSize(width_px, height_px);
  const [x0, y0, x1, y1] = coordinates(box, 4);
  const held = (pixel, side_px) => Math.min(Math.max(pixel, 0), side_px);
  return [held(x0, width_px), held(y0, height_px), held(x1, width_px), held(y1, height_px)];
}

// boxes.reversed
export function sortCorners({ box }) {
  const [x0, y0, x1, y1] = coordinates(box, 4);
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
}

// boxes.orientation: where a place of the stored frame of w x h is displayed, by EXIF orientation
const DISPLAYED = {
  1: (x, y) => [x, y],
  2: (x, y, w) => [w - x, y],
  3: (x, y, w, h) => [w - x, h - y],
  4: (x, y, w, h) => [x, h - y],
  5: (x, y) => [y, x],
  6: (x, y, w, h) => [h - y, x],
  7: (x, y, w, h) => [h - y, w - x],
  8: (x, y, w) => [y, w - x],
};
const UNDONE_BY = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6 };

function checkOrientation(orientation) {
  if (!Number.isInteger(orientation) || orientation < 1 || orientation > 8)
    refuse("InvalidInput", `${show(orientation)} is no orientation, 1 to 8`);
}

function moved(box, orientation, w, h) {
  const [x0, y0, x1, y1] = coordinates(box, 4);
  const place = DISPLAYED[orientation];
  return sortCorners({ box: [...place(x0, y0, w, h), ...place(x1, y1, w, h)] });
}

export function toDisplayed({ box, orientation, width_px, height_px }) {
  checkSize(width_px, height_px);
  checkOrientation(orientation);
  return moved(box, orientation, width_px, height_px);
}

// width_px and height_px are the sides as stored; from 5 on the displayed frame has them exchanged
export function toStored({ box, orientation, width_px, height_px }) {
  checkSize(width_px, height_px);
  checkOrientation(orientation);
  const [w, h] = orientation >= 5 ? [height_px, width_px] : [width_px, height_px];
  return moved(box, UNDONE_BY[orientation], w, h);
}
