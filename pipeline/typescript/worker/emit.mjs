// The JavaScript that files become, without types and comments: what a proof of behaviour compares.

import { withoutMark } from "./virtual.mjs";

export function emitted(project, texts) {
  const found = {};
  for (const [file, whole] of Object.entries(texts)) {
    const text = withoutMark(whole);
    const full = project.absolute(file);
    const language = project.languageOf(full);
    const parts = language ? (language.emit?.(full, text) ?? scripts(language, full, text)) : [{ name: "", text, extension: extensionOf(file) }];
    found[file] = parts.map((part) => ({ name: part.name, extension: part.extension, ...transpile(project, full, part) }));
  }
  return found;
}

function scripts(language, full, text) {
  return language.virtuals(full, text).map((one) => ({ name: one.part === "main" ? "" : one.name.slice(full.length), text: one.text, extension: one.extension }));
}

function extensionOf(file) {
  return /\.[cm]?[jt]sx?$/.exec(file)?.[0] ?? ".ts";
}

function transpile(project, full, { text, extension, plain, whole }) {
  if (plain) return { code: text, errors: 0 };
  const { ts } = project;
  const compilerOptions = {
    ...project.options,
    noEmit: false,
    declaration: false,
    sourceMap: false,
    inlineSourceMap: false,
    inlineSources: false,
    removeComments: true,
    module: ts.ModuleKind.ESNext,
    jsx: ts.JsxEmit.Preserve,
    // Newer than any syntax, so that nothing is rewritten that a target would lower; what fields mean stays the project's.
    target: ts.ScriptTarget.ESNext,
    // Of a script whose markup is not at hand nobody knows which imports the markup uses: all stay.
    ...(whole ? { verbatimModuleSyntax: true } : {}),
    useDefineForClassFields: project.options.useDefineForClassFields ?? (project.options.target ?? 1) >= ts.ScriptTarget.ES2022,
  };
  const { outputText, diagnostics } = ts.transpileModule(text, { compilerOptions, fileName: `${full}${extension}`, reportDiagnostics: true });
  // An inline source map carries the source, so it differs for every edit.
  return { code: outputText.replace(/\/\/# sourceMappingURL=\S+\s*$/, ""), errors: diagnostics?.length ?? 0 };
}
