// The language worker: knows what the project's own TypeScript knows, decides nothing.
// JSON-RPC 2.0 with LSP framing over stdin and stdout; see pipeline/typescript/session.py for the other end.

import process from "node:process";
import { listen, Refusal } from "./worker/protocol.mjs";
import { Project } from "./worker/project.mjs";
import { forget, readTree, spell } from "./worker/tree.mjs";
import { emitted } from "./worker/emit.mjs";
import { compared } from "./worker/compare.mjs";
import { quickFixes } from "./worker/fixes.mjs";
import { ambient, implementers } from "./worker/library.mjs";
import { importsOf, subjectsOf } from "./worker/subjects.mjs";

// What a library or the site's own configuration prints must not end up between the messages.
const output = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
console.log = console.info = console.debug = (...words) => console.error(...words);

let project = null;

function opened() {
  if (!project) throw new Refusal("closed", "no project is open");
  return project;
}

listen(process.stdin, output, {
  async open({ root, config, kinds, options, overlay }) {
    project = null;
    project = await new Project(root, config ?? null, options ?? {}, overlay ?? {}).open(kinds ?? null);
    return project.describe();
  },
  configure({ overlay }) {
    opened().configure(overlay);
    return opened().describe();
  },
  options({ options }) {
    opened().override(options);
    return null;
  },
  set({ texts }) {
    forget();
    opened().set(texts);
    return null;
  },
  check({ files }) {
    return opened().check(files ?? null);
  },
  dependents({ files }) {
    return opened().dependents(files);
  },
  tree({ files }) {
    return readTree(opened(), files);
  },
  spell({ type }) {
    return spell(opened(), type);
  },
  emit({ texts }) {
    return emitted(opened(), texts);
  },
  compare({ pairs }) {
    return compared(opened(), pairs);
  },
  fixes({ file, start, end, code }) {
    return quickFixes(opened(), file, start, end, code);
  },
  implementers({ base, members }) {
    return implementers(opened(), base, members);
  },
  ambient({ names }) {
    return ambient(opened(), names);
  },
  subjects({ places }) {
    return subjectsOf(opened(), places);
  },
  imports() {
    return importsOf(opened());
  },
  memory() {
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heap: heapUsed };
  },
});
