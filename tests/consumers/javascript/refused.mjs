// What a function throws for an input that breaks a rule. `kind` is a name of the table in spec/README.md.
export class Refused extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

export function refuse(kind, message) {
  throw new Refused(kind, message);
}

// `given` as an error message shows it: shortened, never with its whole content.
export function show(given) {
  const text = JSON.stringify(given) ?? String(given);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
