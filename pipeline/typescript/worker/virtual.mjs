// A script generated from a file in another language, with the map between its positions and the file's.

import { closeSync, openSync, readSync } from "node:fs";

export const MARK = "\ufeff";

export function withoutMark(text) {
  return text.startsWith(MARK) ? text.slice(1) : text;
}

export function startsWithMark(file) {
  const start = Buffer.alloc(3);
  try {
    const opened = openSync(file, "r");
    try {
      return readSync(opened, start, 0, 3, 0) === 3 && start.equals(Buffer.from([0xef, 0xbb, 0xbf]));
    } finally {
      closeSync(opened);
    }
  } catch {
    return false;
  }
}

export class Virtual {
  // data: { name, text, extension, segments: [[generated, source, length, verified], ...] }, and where the language's own
  // checker knows better which errors it reports, and where: locate({ start, length, code, source }) -> [start, end] | null,
  // or for all of a script at once: report(diagnostics) -> [[diagnostic | null, start, end, message, code], ...]
  constructor(file, source, data) {
    this.file = file;
    this.source = source;
    this.name = data.name;
    this.text = data.text;
    this.extension = data.extension;
    this.part = data.part ?? "main";
    this.locate = data.locate ?? null;
    this.report = data.report ?? null;
    // Languages never see a byte order mark.
    this.shift = source.startsWith(MARK) ? 1 : 0;
    this.segments = data.segments.map(([generated, from, ...more]) => [generated, from + this.shift, ...more]).sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  }

  // Where the language's own checker reports an error, or null when it does not.
  reported(diagnostic) {
    if (this.locate) return this.locate(diagnostic)?.map((one) => one + this.shift) ?? null;
    return this.toSource(diagnostic.start, diagnostic.start + diagnostic.length, true);
  }

  // The source range of a generated one, or null; `verified` takes only what the language's own checker reports.
  toSource(start, end, verified = false) {
    let best = null;
    for (const [generated, source, length, reports] of this.segments) {
      if (generated > start) break;
      if ((verified && !reports) || start > generated + length) continue;
      const from = source + (start - generated);
      if (end <= generated + length) return [from, source + (end - generated)];
      best ??= from;
    }
    if (best === null) return null;
    for (const [generated, source, length, reports] of this.segments) {
      if (generated > end) break;
      if ((verified && !reports) || end > generated + length || end <= generated) continue;
      const to = source + (end - generated);
      if (to >= best) return [best, to];
    }
    return verified ? [best, best] : null;
  }

  toGenerated(start, end) {
    for (const [generated, source, length] of this.segments) {
      if (start >= source && end <= source + length) return [generated + (start - source), generated + (end - source)];
    }
    return null;
  }
}

// Segments of Volar's CodeMapping[]: offsets in parallel arrays, https://volarjs.dev/reference/services/.
// With `only` ({ text, generated, places }) just what is the same in both and lies in one of the places of the source.
export function segmentsOf(mappings, only = null) {
  const segments = [];
  for (const { sourceOffsets, generatedOffsets, lengths, generatedLengths, data } of mappings) {
    const reports = Boolean(data?.verification);
    for (let index = 0; index < sourceOffsets.length; index++) {
      const length = lengths[index];
      // A stretch of another length than its source has only its ends in common.
      const other = generatedLengths && generatedLengths[index] !== length;
      segments.push([generatedOffsets[index], sourceOffsets[index], other ? 0 : length, reports]);
    }
  }
  return only ? segments.flatMap((one) => written(one, only)) : segments;
}

// The parts of a segment that people wrote and may edit.
export function written([generated, source, length, reports], only) {
  if (only.generated.slice(generated, generated + length) !== only.text.slice(source, source + length)) return [];
  const found = [];
  for (const [start, end] of only.places) {
    const [from, to] = [Math.max(source, start), Math.min(source + length, end)];
    if (from < to) found.push([generated + from - source, from, to - from, reports]);
  }
  return found;
}
