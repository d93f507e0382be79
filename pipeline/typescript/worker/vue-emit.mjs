// What a Vue component becomes: the project's own compiler makes its script and render function, as for production.

export function compiledParts(project, compiler, full, text) {
  if (!compiler) return null;
  const { descriptor, errors } = compiler.parse(text, { filename: full, sourceMap: false });
  if (errors.length) return separateParts(descriptor, text);
  try {
    return [...compiled(project, compiler, full, descriptor), rest(descriptor, text)];
  } catch {
    return separateParts(descriptor, text);
  }
}

function compiled(project, compiler, full, descriptor) {
  const { template, scriptSetup } = descriptor;
  const plain = template && !template.src && (!template.lang || template.lang === "html");
  const inlined = Boolean(plain && scriptSetup);
  const options = { id: "component", isProd: true, sourceMap: false };
  const parts = [];
  let script = null;
  if (descriptor.script || scriptSetup) {
    compiler.invalidateTypeCache?.(full);
    const fs = { fileExists: (file) => project.exists(file), readFile: (file) => project.read(file) };
    script = compiler.compileScript(descriptor, { ...options, inlineTemplate: inlined, fs, templateOptions: { compilerOptions: {} } });
    parts.push({ name: "script", text: script.content, extension: `.${script.lang ?? "js"}` });
  }
  if (plain && !inlined) {
    const typed = /^tsx?$/.test(script?.lang ?? "");
    const made = compiler.compileTemplate({
      ...options,
      source: template.content,
      filename: full,
      compilerOptions: { bindingMetadata: script?.bindings, expressionPlugins: typed ? ["typescript"] : [] },
    });
    if (made.errors.length) throw made.errors[0];
    parts.push({ name: "template", text: made.code, extension: typed ? ".ts" : ".js" });
  }
  return parts;
}

// The text without what was compiled: tags of the blocks, styles, custom blocks, and a template in another language.
function rest(descriptor, text) {
  const { template } = descriptor;
  const html = template && (!template.lang || template.lang === "html") ? template : null;
  return { name: "rest", text: without(text, [descriptor.script, descriptor.scriptSetup, html]), extension: ".html", plain: true };
}

// What a component that does not compile becomes: its scripts, and all its other text as it stands.
function separateParts(descriptor, text) {
  const scripts = [descriptor.script, descriptor.scriptSetup].filter(Boolean);
  const parts = scripts.map((one) => ({ name: one.setup ? "block setup" : "block", text: one.content, extension: `.${one.lang ?? "js"}`, whole: true }));
  return [...parts, { name: "markup", text: without(text, scripts), extension: ".html", plain: true }];
}

function without(text, blocks) {
  const ranges = blocks.filter(Boolean).map(({ loc }) => [loc.start.offset, loc.end.offset]);
  for (const [start, end] of ranges.sort((one, other) => other[0] - one[0])) text = text.slice(0, start) + text.slice(end);
  return text;
}
