// Vue components, through the language plugin that the project's own vue-tsc makes for itself (vue-tsc 2 and 3).

import { createRequire } from "node:module";
import path from "node:path";
import { Refusal } from "./protocol.mjs";
import { resolved } from "./packages.mjs";
import { blocksOf, expressionsOf } from "./vue-places.mjs";
import { compiledParts } from "./vue-emit.mjs";
import { segmentsOf } from "./virtual.mjs";

// What stands before each name in a template's generated script.
const CONTEXT = "__VLS_ctx.";

export function vue(project) {
  const checker = resolved(project.require, "vue-tsc/package.json");
  if (!checker || !project.ts.sys.fileExists(project.config)) return null;
  const require = createRequire(checker);
  const { version } = require(checker);
  if (Number.parseInt(version, 10) < 2) {
    throw new Refusal("old-vue-tsc", `vue-tsc ${version} cannot be driven: 2.0 or newer is needed`);
  }
  const core = require("@vue/language-core");
  const plugin = pluginOf(project, require, path.dirname(checker));
  const compiler = compilerOf(project);
  const extensions = plugin.typescript.extraFileExtensions.map((one) => `.${one.extension}`);
  return {
    name: "vue",
    version,
    extensions,
    options: (options) => ({ ...options, allowArbitraryExtensions: true }),
    virtuals(file, text) {
      const snapshot = project.ts.ScriptSnapshot.fromString(text);
      const root = plugin.createVirtualCode(file, plugin.getLanguageId?.(file) ?? "vue", snapshot);
      const service = root && plugin.typescript.getServiceScript(root);
      if (!service) return [];
      const { code, extension } = service;
      const generated = code.snapshot.getText(0, code.snapshot.getLength());
      const parsed = compiler?.parse(text, { filename: file, sourceMap: false });
      const places = parsed ? [...blocksOf(parsed.descriptor), ...expressionsOf(parsed.descriptor)] : [];
      const segments = segmentsOf(code.mappings, { text, generated, places });
      for (const one of segments) if (generated.endsWith(CONTEXT, one[0])) one.push(CONTEXT.length);
      return [{ name: file, part: "main", text: generated, extension, segments, locate: locator(core, code.mappings) }];
    },
    emit: (full, text) => compiledParts(project, compiler, full, text),
  };
}

function compilerOf(project) {
  const found = resolved(project.require, "vue/compiler-sfc");
  const compiler = found && project.require(found);
  compiler?.registerTS?.(() => project.ts); // types of props that are imported
  return compiler;
}

// vue-tsc builds its plugin in a callback that it hands to runTsc: asked for it, it tells what it would check with.
function pluginOf(project, require, folder) {
  const { ts } = project;
  const runner = require("@volar/typescript/lib/quickstart/runTsc");
  const original = runner.runTsc;
  // The global types that vue-tsc writes beside vue are held in memory.
  const sys = { ...ts.sys, writeFile: (file, text) => project.bring(file, text) };
  const own = Object.create(ts, { sys: { value: sys } });
  const { options } = ts.getParsedCommandLineOfConfigFile(project.config, {}, { ...sys, readDirectory: () => [], onUnRecoverableConfigFileDiagnostic() {} }) ?? {};
  const asked = {
    options: { ...options, configFilePath: project.config },
    host: { getCurrentDirectory: () => project.root, writeFile: () => {}, useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames },
    get rootNames() {
      return project.parsed.fileNames;
    },
  };
  let plugins;
  runner.runTsc = (_path, _extensions, create) => {
    const made = create(own, asked);
    plugins = Array.isArray(made) ? made : made.languagePlugins;
  };
  try {
    require(path.join(folder, "index.js")).run(project.require.resolve("typescript"));
  } finally {
    runner.runTsc = original;
  }
  return plugins[0];
}

// Where vue-tsc would report an error, found by its own map.
function locator(core, mappings) {
  let map;
  return ({ start, length, source, code }) => {
    map ??= new core.SourceMap(mappings);
    const reports = (data) => core.shouldReportDiagnostics(data, String(source), String(code));
    for (const [from, to] of map.toSourceRange(start, start + length, true, reports)) return [from, to];
    return null;
  };
}
