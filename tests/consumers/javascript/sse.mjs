// A whole event stream to its events: the rules of spec/rules/sse.json.
export function decode({ text }) {
  const events = [];
  let id = ""; // stays from one event to the next
  let data = [];
  let event = "";
  const dispatch = () => {
    if (data.length) events.push({ data: data.join("\n"), event: event || "message", id });
    data = [];
    event = "";
  };
  for (const line of text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/)) {
    if (line === "") {
      dispatch();
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id" && !value.includes("\0")) id = value;
  }
  dispatch(); // sse.unended-event: the stream may end without the blank line
  return events;
}
