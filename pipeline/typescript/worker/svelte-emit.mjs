// What a Svelte component becomes: its scripts without types, compiled by the project's own Svelte as for production.

import { resolved } from "./packages.mjs";

const SCRIPT = /<script\b((?:[^>"']|"[^"]*"|'[^']*')*)>([\s\S]*?)<\/script\s*>/gi;
const TYPED = /\blang\s*=\s*["']?(?:ts|typescript)\b|\btype\s*=\s*["']?(?:text|application)\/typescript\b/i;

export function compiledParts(project, full, text) {
  const compiler = compilerOf(project);
  try {
    const { js, css } = compiler.compile(untyped(project, text), options(compiler, full));
    return [{ name: "component", text: js.code, extension: ".js" }, { name: "style", text: css?.code ?? "", extension: ".css", plain: true }];
  } catch {
    return separateParts(text);
  }
}

function options(compiler, filename) {
  const modern = Number.parseInt(compiler.VERSION, 10) >= 5;
  return { filename, generate: modern ? "client" : "dom", dev: false, css: "external" };
}

let loaded = null;

function compilerOf(project) {
  const found = resolved(project.require, "svelte/compiler");
  loaded ??= found && project.require(found);
  return loaded;
}

// Which imports the markup uses only the compiler knows, so none is left out here but those of types.
function untyped(project, text) {
  const { ts } = project;
  const compilerOptions = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, removeComments: true };
  return text.replace(SCRIPT, (whole, attributes, code) => {
    if (!TYPED.test(attributes)) return whole;
    const { outputText } = ts.transpileModule(code, { compilerOptions, fileName: "script.ts" });
    return `<script${attributes}>\n${outputText}</script>`;
  });
}

// What a component that does not compile becomes: its scripts, and all its other text as it stands.
function separateParts(text) {
  const parts = [];
  const rest = text.replace(SCRIPT, (_, attributes, code) => {
    parts.push({ name: `block ${parts.length + 1}`, text: code, extension: TYPED.test(attributes) ? ".ts" : ".js", whole: true });
    return `<script${attributes}></script>`;
  });
  return [...parts, { name: "markup", text: rest, extension: ".html", plain: true }];
}
