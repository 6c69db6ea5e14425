// A page over the log of the mock. All that it shows was sent by whoever: it goes into the page as text,
// as an attribute of an image of this server's, or as numbers, and in no other way.
"use strict";

const PAGE = 100;
const EVERY_MS = 1000;
const COLOURS = ["#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#e6308a"];
const MOST_SHOWN = 200000; // characters of a body
const MOST_THUMBNAILS = 6;
const MOST_ROWS = 1000;
const LONG_STRING = 120; // in the answer; the response below has it whole
const NUMBERS = /\[\s+-?[\d.]+(?:,\s+-?[\d.]+)*\s+\]/g;

const byId = (id) => document.getElementById(id);
const rows = byId("rows");
const filters = byId("filters");

let newest = 0; // the number of the last request that was seen
let oldest = Infinity;
let open = new Set(); // whose answer had not ended
let chosen = null;
let generation = 0; // of the filters: what comes for older ones is dropped

/** An element with properties, and children that are elements or text. */
function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function drawn(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const grouped = (number) => Number(number).toLocaleString("en-US");
const clock = (at) => new Date(at).toLocaleTimeString("en-GB", { hour12: false });

function kind(status) {
  if (status === null) return "bad";
  return status < 400 ? "good" : "bad";
}

function level(finding) {
  return finding.level === "MUST" ? "bad" : finding.level === "SHOULD" ? "warn" : "faint";
}

function query(extra = {}) {
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(filters)) if (value.trim()) asked.set(name, value.trim());
  for (const [name, value] of Object.entries(extra)) asked.set(name, value);
  return asked.toString();
}

async function fetched(path) {
  const answer = await fetch(path, { cache: "no-store" });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error ? body.error.message : `status ${answer.status}`);
  return body;
}

function say(text, broken = false) {
  byId("state").textContent = text;
  byId("state").classList.toggle("broken", broken);
}

// ---------------------------------------------------------------- the list

function row(entry) {
  const tags = [];
  if (entry.script) tags.push(make("span", { className: "tag faint", textContent: `script ${entry.script}` }));
  if (entry.fault) tags.push(make("span", { className: "tag bad", textContent: `fault ${entry.fault}` }));
  const worst = ["MUST", "SHOULD", "MAY"].find((one) => entry.findings.some((it) => it.level === one));
  if (worst) {
    const count = entry.findings.length;
    tags.push(make("span", { className: `tag ${level({ level: worst })}`, textContent: `${count} finding${count > 1 ? "s" : ""}` }));
  }
  const tokens = entry.tokens ? Object.values(entry.tokens).reduce((sum, one) => sum + one, 0) : null;
  const made = make(
    "tr", { tabIndex: 0 },
    make("td", { className: "number faint", textContent: entry.n }),
    make("td", { className: "faint", textContent: clock(entry.at) }),
    make("td", { textContent: entry.operation || `${entry.method} ${entry.path}`, title: `${entry.method} ${entry.path}` }),
    make("td", { className: kind(entry.status), textContent: entry.status ?? "none" }),
    make("td", { className: "number", textContent: entry.total_ms === null ? "…" : entry.total_ms.toFixed(1) }),
    make("td", { className: "number", textContent: tokens === null ? "" : grouped(tokens) }),
    make("td", {}, strip(entry)),
    make("td", {}, ...tags),
    make("td", { textContent: entry.model || "", title: entry.model || "" }),
  );
  made.dataset.n = entry.n;
  made.setAttribute("aria-selected", String(entry.n === chosen));
  return made;
}

function strip(entry) {
  const images = entry.images || [];
  const made = make("span", { className: "strip" });
  images.slice(0, MOST_THUMBNAILS).forEach((image, index) => made.append(thumbnail(entry, index, "")));
  if (images.length > MOST_THUMBNAILS) made.append(`+${images.length - MOST_THUMBNAILS}`);
  return made;
}

function thumbnail(entry, index, className) {
  const image = entry.images[index];
  const made = make("img", {
    className, loading: "lazy", alt: `image ${index + 1}`, src: `log/${entry.n}/images/${index}`,
    title: `${image.width_px}x${image.height_px} ${image.mime_type}`,
  });
  made.addEventListener("error", () => made.remove(), { once: true });
  return made;
}

/** Put entries into the list, newest first; those that are there already are replaced. */
function show(entries) {
  for (const entry of entries) {
    const made = row(entry);
    const there = rows.querySelector(`tr[data-n="${entry.n}"]`);
    if (there) there.replaceWith(made);
    else {
      const below = [...rows.children].find((one) => Number(one.dataset.n) < entry.n);
      rows.insertBefore(made, below || null);
    }
    newest = Math.max(newest, entry.n);
    oldest = Math.min(oldest, entry.n);
    if (entry.total_ms === null) open.add(entry.n);
    else if (open.delete(entry.n) && entry.n === chosen) choose(entry.n);
    if (entry.operation && ![...byId("operations").options].some((one) => one.value === entry.operation)) {
      byId("operations").append(make("option", { value: entry.operation }));
    }
  }
  byId("empty").hidden = rows.children.length > 0;
}

/** Let go of what is far down; it can be had again. */
function prune() {
  while (rows.children.length > MOST_ROWS) {
    rows.lastChild.remove();
    oldest = Number(rows.lastChild.dataset.n);
    byId("older").hidden = false;
  }
}

async function begin() {
  const mine = ++generation;
  byId("har").href = `log.har?${query()}`;
  try {
    const page = await fetched(`log?${query({ limit: PAGE })}`);
    if (mine !== generation) return;
    rows.replaceChildren();
    [newest, oldest, open] = [0, Infinity, new Set()];
    show(page.requests);
    byId("older").hidden = !page.more;
    counted(page);
  } catch (error) {
    if (mine === generation) say(String(error.message || error), true);
  }
}

async function more() {
  const mine = generation;
  const page = await fetched(`log?${query({ limit: PAGE, before: oldest })}`);
  if (mine !== generation) return;
  show(page.requests);
  byId("older").hidden = !page.more;
}

async function look() {
  const mine = generation;
  try {
    const after = Math.min(newest, ...[...open].map((n) => n - 1));
    const page = await fetched(`log?${query(after > 0 ? { after, limit: PAGE } : { limit: PAGE })}`);
    if (mine !== generation) return;
    const latest = await fetched("log?limit=1"); // after a reset the numbers begin again
    if (mine !== generation) return;
    if (!latest.requests.length ? newest > 0 : latest.requests[0].n < newest) return begin();
    show(page.requests);
    prune();
    counted(page);
  } catch (error) {
    if (mine === generation) say(`the server does not answer: ${error.message || error}`, true);
  }
}

function counted(page) {
  const dropped = page.dropped ? `, ${grouped(page.dropped)} dropped` : "";
  const missed = page.missed ? `, ${grouped(page.missed)} gone before anybody looked for findings` : "";
  const shown = rows.children.length;
  say(`${grouped(shown)} request${shown === 1 ? "" : "s"} shown${dropped}${missed}`);
}

// ---------------------------------------------------------------- one request

async function choose(n) {
  chosen = n;
  for (const one of rows.children) one.setAttribute("aria-selected", String(Number(one.dataset.n) === n));
  history.replaceState(null, "", `#${n}`);
  try {
    const entry = await fetched(`log/${n}`);
    if (chosen === n) byId("detail").replaceChildren(...detail(entry));
  } catch (error) {
    if (chosen === n) byId("detail").replaceChildren(make("p", { className: "bad", textContent: error.message }));
  }
}

function detail(entry) {
  const parts = [
    make("h2", { textContent: `${entry.n}  ${entry.method} ${entry.path}${entry.query ? `?${entry.query}` : ""}` }),
    facts(entry),
  ];
  if (entry.findings.length) {
    parts.push(heading("Findings"), make("ul", { className: "findings" }, ...entry.findings.map(finding)));
  }
  for (const warning of entry.warnings || []) parts.push(make("p", { className: "warn", textContent: warning }));
  if (entry.images && entry.images.length) parts.push(heading("Images"), pictures(entry), tokenTable(entry));
  if (entry.answer.text) parts.push(heading("Answer"), answered(entry));
  parts.push(heading("Request"), ...message(entry.request, entry.request_bytes));
  parts.push(heading("Response"), ...message(entry.response, entry.response_bytes));
  return parts;
}

const heading = (text) => make("h3", { textContent: text });

function facts(entry) {
  const told = {
    status: entry.status ?? "no answer", operation: entry.operation, model: entry.model, at: entry.at,
    "until the answer": entry.ms === null ? null : `${entry.ms} ms`,
    "in all": entry.total_ms === null ? "still under way" : `${entry.total_ms} ms`,
    test: entry.test, script: entry.script, fault: entry.fault,
  };
  return make("ul", { className: "facts" }, ...Object.entries(told)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => make("li", {}, make("b", { textContent: `${name} ` }),
      make("span", { className: name === "status" ? kind(entry.status) : "", textContent: value }))));
}

function finding(one) {
  return make("li", {}, make("span", { className: level(one), textContent: `${one.level} ` }), one.message, " ",
    make("code", { textContent: `${one.rule}, ${one.where}` }));
}

function pictures(entry) {
  return make("div", { className: "pictures" }, ...entry.images.map((image, index) => picture(entry, image, index)));
}

function picture(entry, image, index) {
  const items = entry.answer.items.filter((one) => one.image === index);
  const points = entry.answer.points.filter((one) => one.image === index);
  const photo = thumbnail(entry, index, "photo");
  photo.loading = "eager";
  [photo.width, photo.height] = fitted(image);
  const layers = [photo];
  if (items.some((one) => one.mask)) {
    layers.push(make("img", { className: "mask", alt: "masks", src: `log/${entry.n}/images/${index}/masks` }));
  }
  const marks = [
    ...items.map((item, at) => box(item, at)),
    ...points.map(({ point: [x, y], label }, at) =>
      mark("circle", { cx: x, cy: y, r: Math.max(image.width_px, image.height_px) / 80 }, label, at)),
  ];
  layers.push(drawn("svg", { viewBox: `0 0 ${image.width_px} ${image.height_px}`, preserveAspectRatio: "none" }, ...marks));
  const list = make("ul", { className: "items" }, ...[...items, ...points].map((one, at) => named(one, marks[at],
    at < items.length ? at : at - items.length)));
  return make("figure", {}, make("div", { className: "picture" }, ...layers),
    make("figcaption", { textContent: `${image.width_px}x${image.height_px} px, ${image.mime_type}, ` +
      `${grouped(image.size_bytes)} bytes, sha256 ${image.sha256.slice(0, 16)}…` }), list);
}

/** The size in which an image is shown: its own where it is small. */
function fitted(image) {
  const scale = Math.min(1, 480 / Math.max(image.width_px, image.height_px));
  return [Math.max(1, Math.round(image.width_px * scale)), Math.max(1, Math.round(image.height_px * scale))];
}

function box({ box: [x0, y0, x1, y1], label }, at) {
  return mark("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }, label, at);
}

/** A form with a light rim, which shows on whatever the image has there. */
function mark(name, form, label, at) {
  return drawn("g", {}, drawn("title", {}, label || ""), drawn(name, { ...form, class: "rim" }),
    drawn(name, { ...form, stroke: COLOURS[at % COLOURS.length] }));
}

function named(one, mark, at) {
  const swatch = drawn("svg", { class: "swatch", viewBox: "0 0 1 1" },
    drawn("rect", { width: 1, height: 1, fill: COLOURS[at % COLOURS.length] }));
  const where = one.box ? one.box.join(", ") : one.point.map((value) => Math.round(value)).join(", ");
  const told = [one.label ?? "no label", `[${where}]`, one.mask ? `mask (${one.mask})` : "", ...(one.issues || [])];
  const made = make("li", {}, swatch, told.filter(Boolean).join("  "));
  made.addEventListener("mouseenter", () => mark.classList.add("lit"));
  made.addEventListener("mouseleave", () => mark.classList.remove("lit"));
  return made;
}

function tokenTable(entry) {
  const made = make("tbody");
  entry.images.forEach((image, index) => made.append(make("tr", {},
    make("td", { textContent: `image ${index + 1}, ${image.width_px}x${image.height_px}` }),
    make("td", { className: "number", textContent: grouped(image.tokens) }),
    make("td", {}, make("code", { className: "faint", textContent: image.rule })))));
  for (const [name, tokens] of Object.entries(entry.tokens || {})) {
    if (name === "image" || !tokens) continue;
    made.append(make("tr", {}, make("td", { textContent: name }),
      make("td", { className: "number", textContent: grouped(tokens) }), make("td")));
  }
  return make("div", {}, heading("Tokens"), make("table", {}, made));
}

function answered(entry) {
  let text = entry.answer.text;
  try {
    text = pretty(JSON.parse(text), LONG_STRING);
  } catch { /* it is no JSON, which is fine */ }
  const made = make("div", {}, make("pre", { textContent: cut(text) }));
  const remarks = [...entry.answer.issues, ...entry.answer.rejected.map((reason) => `rejected: ${reason}`)];
  if (remarks.length) made.prepend(make("p", { className: "warn", textContent: remarks.join(", ") }));
  return made;
}

function message(part, sizeBytes) {
  const lines = part.headers.map(([name, value]) =>
    make("tr", {}, make("td", { textContent: name }), make("td", { textContent: value })));
  const headers = make("details", {}, make("summary", { textContent: `${lines.length} headers` }),
    make("table", {}, make("tbody", {}, ...lines)));
  if (part.kind === "none") return [headers, make("p", { className: "faint", textContent: "no body" })];
  if (part.kind === "binary") {
    return [headers, make("p", { className: "faint", textContent: `${grouped(sizeBytes)} bytes that are no text` })];
  }
  const text = part.kind === "json" ? pretty(part.body) : part.body;
  return [headers, make("pre", { textContent: cut(text) }),
    part.whole ? null : make("p", { className: "faint", textContent: `the beginning of ${grouped(sizeBytes)} bytes` }),
  ].filter(Boolean);
}

/** JSON with lists of numbers in one line, and of long strings their beginning. */
function pretty(value, longest = Infinity) {
  const short = (key, one) => typeof one === "string" && one.length > longest
    ? `${one.slice(0, longest)}… (${grouped(one.length)} characters)` : one;
  return JSON.stringify(value, short, 2).replace(NUMBERS, (list) => list.replace(/\s+/g, " "));
}

function cut(text) {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}… (${grouped(text.length)} characters)` : text;
}

// ---------------------------------------------------------------- what is done

function step(by) {
  const all = [...rows.children];
  const at = all.findIndex((one) => Number(one.dataset.n) === chosen);
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (next) {
    next.scrollIntoView({ block: "nearest" });
    choose(Number(next.dataset.n));
  }
}

rows.addEventListener("click", (event) => {
  const one = event.target.closest("tr");
  if (one) choose(Number(one.dataset.n));
});
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input")) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && event.target.matches("#rows tr")) choose(Number(event.target.dataset.n));
});
let typing = 0;
filters.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(begin, 250);
});
filters.addEventListener("submit", (event) => {
  event.preventDefault();
  begin();
});
byId("older").addEventListener("click", more);

async function live() {
  if (byId("follow").checked && !document.hidden) await look();
  setTimeout(live, EVERY_MS);
}

begin().then(() => {
  const asked = Number(location.hash.slice(1));
  if (asked > 0) choose(asked);
  setTimeout(live, EVERY_MS);
});
