// SvelteKit's route modules (`+page.ts`, hooks, params), which svelte-check reads with the types that SvelteKit implies.

import path from "node:path";

const PERHAPS = /(?:^|[\\/])(?:\+(?:page|layout|server)[^\\/]*|hooks(?:\.(?:server|client))?(?:[\\/]index)?)\.[jt]s$|[\\/]params[\\/][^\\/]+\.[jt]s$/;
// The errors of generated code that svelte-check reports: a missing module or name of `./$types`, a missing return.
const REPORTED = new Set([2307, 2694, 2355]);

export function kitModules(host, project) {
  let Snapshot = null;

  function made(file, text) {
    Snapshot ??= host.getScriptSnapshot(file)?.constructor;
    const snapshot = Snapshot && new Snapshot(0, file, text);
    return snapshot?.kitFile && snapshot.addedCode.length ? snapshot : null;
  }

  function owns(file) {
    if (!PERHAPS.test(file) || path.relative(project.root, file).includes("node_modules")) return false;
    const text = project.read(file);
    return text !== undefined && made(file, text) !== null;
  }

  function virtuals(file, text) {
    const snapshot = made(file, text);
    if (!snapshot) return [];
    const generated = snapshot.getFullText();
    const segments = segmentsOf(snapshot.addedCode, text.length);
    const locate = (diagnostic) => place(snapshot, segments, diagnostic);
    return [{ name: file, part: "main", text: generated, extension: path.extname(file), segments, locate }];
  }

  return { owns, virtuals };
}

// What lies between the pieces of added code: rows of [generated, source, length, true].
function segmentsOf(added, length) {
  const segments = [];
  let [generated, source] = [0, 0];
  for (const one of [...added].sort((left, right) => left.generatedPos - right.generatedPos)) {
    const run = one.generatedPos - generated;
    if (run > 0) segments.push([generated, source, run, true]);
    [generated, source] = [one.generatedPos + one.length, source + run];
  }
  if (source < length) segments.push([generated, source, length - source, true]);
  return segments;
}

function place(snapshot, segments, { start, length, code }) {
  for (const [generated, source, run] of segments) {
    if (generated <= start && start + length <= generated + run) return [source + start - generated, source + start - generated + length];
  }
  const inGenerated = !segments.some(([generated, , run]) => generated <= start && start < generated + run);
  if (inGenerated && !REPORTED.has(code)) return null;
  const from = snapshot.originalOffsetAt(snapshot.getOriginalPosition(snapshot.positionAt(start)));
  return [from, from + 1];
}
