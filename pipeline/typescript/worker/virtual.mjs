// A script generated from a file in another language, with the map between its positions and the file's.

export class Virtual {
  // data: { name, text, extension, segments: [[generated, source, length, verified], ...] }
  constructor(file, source, data) {
    this.file = file;
    this.source = source;
    this.name = data.name;
    this.text = data.text;
    this.extension = data.extension;
    this.part = data.part ?? "main";
    this.segments = [...data.segments].sort((one, other) => one[0] - other[0] || one[1] - other[1]);
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
export function segmentsOf(mappings) {
  const segments = [];
  for (const { sourceOffsets, generatedOffsets, lengths, generatedLengths, data } of mappings) {
    const reports = Boolean(data?.verification);
    for (let index = 0; index < sourceOffsets.length; index++) {
      const length = lengths[index];
      // A stretch of another length than its source has only its ends in common.
      if (generatedLengths && generatedLengths[index] !== length) {
        segments.push([generatedOffsets[index], sourceOffsets[index], 0, reports]);
        continue;
      }
      segments.push([generatedOffsets[index], sourceOffsets[index], length, reports]);
    }
  }
  return segments;
}
