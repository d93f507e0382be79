// Svelte components and SvelteKit's route modules, through the project's own svelte-check (3 and 4).
//
// svelte-check is one bundled file that exports nothing. Its language service host knows what each file becomes, its
// diagnostics provider which errors are reported and where: both are asked, so that the errors are exactly svelte-check's.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { kitModules } from "./svelte-kit.mjs";
import { SvelteMap } from "./svelte-map.mjs";
import { placesOf } from "./svelte-places.mjs";
import { compiledParts } from "./svelte-emit.mjs";
import { resolved } from "./packages.mjs";

const PATCHED = /[\\/]node_modules[\\/]svelte[\\/]types[\\/].*\.d\.ts$|[\\/]svelte-(?:shims|jsx)[^\\/]*\.d\.ts$/;

export async function svelte(project) {
  const { ts } = project;
  const manifest = resolved(project.require, "svelte-check/package.json");
  if (!manifest || !ts.sys.fileExists(project.config)) return null;
  const require = createRequire(manifest);
  const { version } = require(manifest);
  const hosts = [];
  const own = Object.create(ts, {
    createLanguageService: {
      value(host, ...more) {
        hosts.push(host);
        return ts.createLanguageService(host, ...more);
      },
    },
  });
  const { SvelteCheck } = load(path.join(path.dirname(manifest), "dist/src/index.js"), require, own);
  const check = new SvelteCheck(project.root, { compilerWarnings: {}, diagnosticSources: ["js"], tsconfig: project.config, watch: false });
  const container = await check.lsAndTSDocResolver.getTSService(project.config);
  const host = hosts[0];
  const Provider = check.pluginHost.plugins.find((one) => one.diagnosticsProvider).diagnosticsProvider.constructor;
  const kit = kitModules(host, project);
  let count = 0;

  // The document and what svelte-check makes of it; each has a version of its own, or the last one would be answered.
  const opened = (file, text) => {
    const document = check.docManager.createDocument({ uri: pathToFileURL(file).toString(), text });
    document.version = ++count;
    return { document, snapshot: container.updateSnapshot(document) };
  };

  return {
    name: "svelte",
    version,
    extensions: [".svelte"],
    globals: host.getScriptFileNames(),
    owns: (file) => kit.owns(file),
    options: (options) => ({ ...options, ...host.getCompilationSettings(), ...project.overrides, noEmit: true, allowNonTsExtensions: true }),
    // Declarations that svelte-check reads with parts left out: `declare module "*.svelte"` and the like.
    read: (file) => (PATCHED.test(file) ? textOf(host.getScriptSnapshot(file)) : undefined),
    virtuals(file, text) {
      if (kit.owns(file)) return kit.virtuals(file, text);
      const { document, snapshot } = opened(file, text);
      const map = new SvelteMap(text, snapshot);
      const segments = map.segments(placesOf(document, snapshot));
      const extension = snapshot.scriptKind === ts.ScriptKind.TS || snapshot.scriptKind === ts.ScriptKind.TSX ? ".ts" : ".js";
      const report = (raw) => reported(project, Provider, { document, snapshot, raw, text });
      return [{ name: file, part: "main", text: snapshot.getFullText(), extension, segments, report }];
    },
    emit: (full, text) => (kit.owns(full) ? [{ name: "", text, extension: path.extname(full) }] : compiledParts(project, full, text)),
  };
}

function textOf(snapshot) {
  return snapshot?.getText(0, snapshot.getLength());
}

// What svelte-check says of a component: [[raw diagnostic or null, start, end, message], ...].
async function reported(project, Provider, { document, snapshot, raw, text }) {
  const found = [];
  const ask = async (one) => {
    const lang = Object.create(project.service, {
      getSyntacticDiagnostics: { value: () => (one ? [one] : []) },
      getSemanticDiagnostics: { value: () => [] },
      getSuggestionDiagnostics: { value: () => [] },
    });
    const provider = new Provider({ getLSAndTSDoc: async () => ({ lang, tsDoc: snapshot, userPreferences: {}, lsContainer: null }) }, null);
    for (const told of await provider.getDiagnostics(document)) {
      if (told.severity !== 1) continue;
      const { start, end } = told.range;
      found.push([one, document.offsetAt(start), document.offsetAt(end), told.message, told.code]);
    }
  };
  if (snapshot.parserError) await ask(null);
  else for (const one of raw) await ask(one);
  return found.map(([one, start, end, message, code]) => [one, Math.min(start, text.length), Math.min(end, text.length), message, code]);
}

// Runs the bundle with its command line taken away, and returns the export that its own command line would use.
function load(file, require, ts) {
  const silent = new Proxy(() => silent, { get: () => silent });
  const asked = (name) => (name === "typescript" ? ts : name === "sade" ? () => silent : require(name));
  const names = [];
  const { defineProperty } = Object;
  Object.defineProperty = (target, key, value) => {
    if (key === "__esModule") names.push(target);
    return defineProperty(target, key, value);
  };
  try {
    const module = { exports: {} };
    const run = new Function("exports", "require", "module", "__filename", "__dirname", readFileSync(file, "utf8"));
    run(module.exports, Object.assign(asked, { resolve: require.resolve }), module, file, path.dirname(file));
  } finally {
    Object.defineProperty = defineProperty;
  }
  const found = names.find((one) => typeof one.SvelteCheck === "function");
  if (!found) throw new Error(`${file} has no SvelteCheck`);
  return found;
}
