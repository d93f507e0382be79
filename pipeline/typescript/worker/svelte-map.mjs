// How the script generated from a Svelte component lies in it: svelte2tsx's source map as segments.

import { written } from "./virtual.mjs";

export class SvelteMap {
  constructor(text, snapshot) {
    this.text = text;
    this.snapshot = snapshot;
    this.generated = snapshot.getFullText();
    this.starts = linesOf(text);
    this.lines = linesOf(this.generated);
  }

  // Rows of [generated, source, length, true] for what is the same in both and lies in one of the places of the source.
  segments(places) {
    const only = { text: this.text, generated: this.generated, places };
    return this.#runs().flatMap((one) => written(one, only));
  }

  // svelte2tsx maps each character that it copies; what it writes over something maps only where it starts.
  #runs() {
    const runs = [];
    let last = null;
    for (const [from, to] of this.#points()) {
      if (this.generated[from] !== this.text[to]) continue;
      if (last && this.#continues(last, from, to)) last[2] = from + 1 - last[0];
      else runs.push((last = [from, to, 1, true]));
    }
    return runs;
  }

  #continues([generated, source, length], from, to) {
    const [end, stop] = [generated + length, source + length];
    if (from - end !== to - stop || from < end) return false;
    // Line ends have no mapping of their own.
    return from === end || /^[\r\n]+$/.test(this.generated.slice(end, from)) && this.generated.slice(end, from) === this.text.slice(stop, to);
  }

  *#points() {
    const decoded = decode(this.snapshot.tsxMap?.mappings ?? "");
    const shift = this.snapshot.nrPrependedLines ?? 0;
    for (let line = 0; line < decoded.length; line++) {
      for (const [column, source, row, offset] of decoded[line]) {
        if (source === undefined || row >= this.starts.length || line + shift >= this.lines.length) continue;
        yield [this.lines[line + shift] + column, this.starts[row] + offset];
      }
    }
  }
}

function linesOf(text) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

const DIGITS = new Map([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].map((one, index) => [one, index]));

// Source map version 3: lines divided by `;`, segments by `,`, fields as base64 VLQ relative to the one before.
function decode(mappings) {
  const state = [0, 0, 0, 0, 0];
  return mappings.split(";").map((line) => {
    state[0] = 0;
    return line ? line.split(",").map((one) => fields(one, state)).sort((one, other) => one[0] - other[0]) : [];
  });
}

function fields(text, state) {
  const found = [];
  let [value, shift] = [0, 0];
  for (const mark of text) {
    const digit = DIGITS.get(mark);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    const index = found.length;
    state[index] += value & 1 ? -(value >> 1) : value >> 1;
    found.push(state[index]);
    [value, shift] = [0, 0];
  }
  return found;
}
