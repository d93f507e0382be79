// Astro components, through the language plugin of the project's own @astrojs/language-server.

import { createRequire } from "node:module";
import path from "node:path";
import { resolved } from "./packages.mjs";
import { segmentsOf } from "./virtual.mjs";

// Errors of the generated TSX that Astro's own check leaves out: return outside a function, isolatedModules, duplicate attributes.
const IGNORED = new Set([1108, 1208, 17001]);

export function astro(project) {
  const folder = find(project);
  if (!folder) return null;
  const { ts } = project;
  const require = createRequire(path.join(folder, "package.json"));
  const { getAstroLanguagePlugin, addAstroTypes } = require(path.join(folder, "dist/core/index.js"));
  const { URI } = require("vscode-uri");
  const plugins = new Map([[".astro", getAstroLanguagePlugin(ts)], ...companions(project, require, folder)]);
  const install = astroInstall(project);
  const decorated = decorate(project, install, addAstroTypes);
  return {
    name: "astro",
    version: install ? install.version.full : "",
    extensions: [...plugins.keys()],
    globals: decorated.files,
    options: decorated.options,
    ignores: (diagnostic, virtual) => virtual.extension === ".tsx" && (IGNORED.has(diagnostic.code) || beyond(virtual, diagnostic)),
    virtuals(file, text) {
      const uri = URI.file(file);
      const snapshot = ts.ScriptSnapshot.fromString(text);
      const extension = path.extname(file);
      const plugin = plugins.get(extension);
      const root = plugin.createVirtualCode(uri, extension.slice(1), snapshot);
      const service = plugin.typescript.getServiceScript(root);
      const extra = plugin.typescript.getExtraServiceScripts?.(file, root) ?? [];
      const found = service ? [one(file, "main", service)] : [];
      return [...found, ...extra.map((script) => one(script.fileName, "script", script))];
    },
  };
}

// Astro's check knows Vue and Svelte components by their properties alone; their own checkers, where installed, know more.
function companions(project, require, folder) {
  const found = [];
  for (const [extension, file, make, checker] of [
    [".vue", "vue.js", "getVueLanguagePlugin", "vue-tsc"],
    [".svelte", "svelte.js", "getSvelteLanguagePlugin", "svelte-check"],
  ]) {
    const module = resolved(require, path.join(folder, "dist/core", file));
    if (module && !resolved(project.require, `${checker}/package.json`)) found.push([extension, require(module)[make]()]);
  }
  return found;
}

function one(name, part, { code, extension }) {
  const text = code.snapshot.getText(0, code.snapshot.getLength());
  return { name, part, text, extension, segments: segmentsOf(code.mappings) };
}

function beyond(virtual, diagnostic) {
  const lines = virtual.source.split("\n").length;
  const place = virtual.toSource(diagnostic.start, diagnostic.start + diagnostic.length, true);
  return place !== null && virtual.source.slice(0, place[0]).split("\n").length > lines;
}

function find(project) {
  for (const from of ["@astrojs/check", "@astrojs/language-server"]) {
    try {
      const manifest = project.require.resolve(`${from}/package.json`);
      if (from === "@astrojs/language-server") return path.dirname(manifest);
      return path.dirname(createRequire(manifest).resolve("@astrojs/language-server/package.json"));
    } catch {
      continue;
    }
  }
  return null;
}

function astroInstall(project) {
  try {
    const manifest = project.require.resolve("astro/package.json");
    const full = project.require(manifest).version;
    const [major, minor, patch] = full.split(/[.-]/).map(Number);
    return { path: path.dirname(manifest), directory: path.dirname(manifest), version: { full, major, minor, patch } };
  } catch {
    return null;
  }
}

// Astro's own additions to a project: its global types and the options that its files are read with.
function decorate(project, install, addAstroTypes) {
  const added = [];
  if (install) {
    for (const name of ["env.d.ts", "astro-jsx.d.ts"]) added.push(path.join(install.directory, name));
  }
  return {
    files: added,
    options(options) {
      const host = { getScriptFileNames: () => [], getCompilationSettings: () => options };
      try {
        addAstroTypes(install ?? undefined, project.ts, host);
      } catch {
        return options;
      }
      return { ...host.getCompilationSettings(), allowNonTsExtensions: true };
    },
  };
}
