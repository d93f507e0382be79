// One TypeScript project in memory: its texts, its program and its diagnostics in source positions.

import { createRequire } from "node:module";
import path from "node:path";
import { Refusal } from "./protocol.mjs";
import { languages } from "./languages.mjs";
import { MARK, startsWithMark, Virtual, withoutMark } from "./virtual.mjs";

const SCRIPT = /\.[cm]?[jt]sx?$/;

const NOTHING = { file: "", start: 0, end: 0, code: 0, level: "error", message: "", name: "", gstart: 0, gend: 0, related: [] };

export class Project {
  // `overrides` are compiler options in place of the configuration's, `overlay` texts of files in place of those on disk,
  // configurations too.
  constructor(root, config, overrides = {}, overlay = {}) {
    this.root = root;
    this.overrides = overrides;
    this.require = createRequire(path.join(root, "package.json"));
    this.ts = this.#loadTypeScript();
    this.config = config ? path.resolve(root, config) : path.join(root, "tsconfig.json");
    this.texts = new Map(); // absolute path -> text held in memory; null: as if deleted
    this.records = new Map(); // absolute path -> { text, version, virtuals }
    this.virtuals = new Map(); // name that the program knows -> Virtual
    this.brought = new Map(); // absolute path -> text that a language's tool would have written beside its packages
    this.version = 0;
    this.epoch = 0;
    this.languages = [];
    this.overlaid = new Set(); // absolute paths of the overlay
    this.#overlay(overlay);
  }

  #overlay(overlay) {
    for (const [file, text] of Object.entries(overlay)) {
      this.overlaid.add(this.absolute(file));
      this.texts.set(this.absolute(file), text);
    }
  }

  async open(kinds) {
    this.languages = await languages(this, kinds);
    this.extensions = this.languages.flatMap((one) => one.extensions);
    this.parsed = this.#parseConfig();
    this.options = this.#compilerOptions();
    this.host = this.#host();
    this.cache = this.ts.createModuleResolutionCache(this.root, (name) => name, this.options);
    this.service = this.ts.createLanguageService(this.host, this.ts.createDocumentRegistry(true, this.root));
    return this;
  }

  #loadTypeScript() {
    let found;
    try {
      found = this.require.resolve("typescript");
    } catch {
      throw new Refusal("no-typescript", "the package typescript is not installed in this project");
    }
    const ts = this.require(found);
    // TypeScript 7 has no API in JavaScript: its main entry exports the version and little else.
    if (typeof ts.createLanguageService !== "function") {
      throw new Refusal("typescript-7", `TypeScript ${ts.version ?? "7"} has no language service API`);
    }
    return ts;
  }

  #parseConfig() {
    const { ts } = this;
    if (!ts.sys.fileExists(this.config)) throw new Refusal("no-config", `${this.relative(this.config)} is missing`);
    const readFile = (file) => this.texts.get(path.resolve(file)) ?? ts.sys.readFile(file);
    const host = { ...ts.sys, readFile, readDirectory: this.#readDirectory(), onUnRecoverableConfigFileDiagnostic() {} };
    const extra = this.extensions.map((extension) => ({ extension: extension.slice(1), isMixedContent: true, scriptKind: 7 }));
    const parsed = ts.getParsedCommandLineOfConfigFile(this.config, {}, host, undefined, undefined, extra);
    if (!parsed) throw new Refusal("broken-config", `${this.relative(this.config)} cannot be read`);
    return parsed;
  }

  // What `include` finds, with the files that only the overlay has.
  #readDirectory() {
    const { ts } = this;
    const added = [...this.overlaid].filter((file) => !ts.sys.fileExists(file));
    if (!added.length) return ts.sys.readDirectory;
    const entries = (folder) => {
      const within = added.filter((file) => file.startsWith(`${folder}/`)).map((file) => path.relative(folder, file).split(path.sep));
      const names = (wanted) => [...new Set(within.filter(wanted).map(([name]) => name))];
      return { files: names((parts) => parts.length === 1), directories: names((parts) => parts.length > 1) };
    };
    return (folder, extensions, exclude, include, depth) => [
      ...ts.sys.readDirectory(folder, extensions, exclude, include, depth),
      // Not public, and the same in every version since 2.0; without it a new file is not found to be included.
      ...(ts.matchFiles?.(folder, extensions, exclude, include, ts.sys.useCaseSensitiveFileNames, this.root, depth, entries, (name) => name) ?? []),
    ];
  }

  #compilerOptions() {
    let options = { ...this.parsed.options, ...this.overrides, noEmit: true, allowNonTsExtensions: true };
    // Only what is checked matters here; incremental and composite builds would ask for an output folder.
    for (const name of ["incremental", "composite", "tsBuildInfoFile", "declaration", "declarationMap", "emitDeclarationOnly"]) {
      delete options[name];
    }
    for (const one of this.languages) options = one.options?.(options) ?? options;
    return options;
  }

  // Other compiler options in place of the configuration's; the files that were read stay.
  override(options) {
    this.overrides = options;
    this.options = this.#compilerOptions();
    this.explored = false;
    this.version++;
    this.epoch++;
  }

  // As if the project had been opened with this overlay; what does not hang on it is not read again.
  configure(overlay) {
    for (const file of this.overlaid) this.texts.delete(file);
    this.overlaid.clear();
    this.#overlay(overlay);
    this.parsed = this.#parseConfig();
    this.cache = this.ts.createModuleResolutionCache(this.root, (name) => name, this.parsed.options);
    this.override(this.overrides);
    this.records.clear();
    this.virtuals.clear();
  }

  relative(file) {
    return path.relative(this.root, file).split(path.sep).join("/");
  }

  absolute(file) {
    return path.resolve(this.root, file);
  }

  languageOf(file) {
    return this.languages.find((one) => one.extensions.some((extension) => file.endsWith(extension)) || one.owns?.(file));
  }

  set(texts) {
    this.explored = false;
    for (const [file, text] of Object.entries(texts)) this.texts.set(this.absolute(file), text);
    for (const file of Object.keys(texts)) {
      const full = this.absolute(file);
      const old = this.records.get(full);
      if (old) for (const one of old.virtuals) this.virtuals.delete(one.name);
      this.records.delete(full);
    }
    this.version++;
    this.epoch++;
  }

  bring(file, text) {
    this.brought.set(file, text);
  }

  exists(file) {
    if (this.texts.has(file)) return this.texts.get(file) !== null;
    return this.brought.has(file) || this.ts.sys.fileExists(file);
  }

  read(file) {
    if (this.texts.has(file)) return this.texts.get(file) ?? undefined;
    for (const one of this.languages) {
      const text = one.read?.(file);
      if (text !== undefined) return text;
    }
    return this.brought.get(file) ?? this.ts.sys.readFile(file);
  }

  // The text as positions count in it: TypeScript takes a byte order mark away when it reads a file.
  #whole(file) {
    const text = this.read(file);
    if (text === undefined || this.texts.has(file) || text.startsWith(MARK) || !startsWithMark(file)) return text;
    return MARK + text;
  }

  #folderExists(folder) {
    const within = `${folder}/`;
    return this.ts.sys.directoryExists(folder) || [...this.brought.keys()].some((file) => file.startsWith(within));
  }

  record(file) {
    let record = this.records.get(file);
    if (!record) {
      const text = this.#whole(file);
      if (text === undefined) return undefined;
      record = { text, version: `${this.version}`, virtuals: [] };
      const language = this.languageOf(file);
      if (language) record.virtuals = language.virtuals(file, withoutMark(text)).map((data) => new Virtual(file, text, data));
      for (const one of record.virtuals) this.virtuals.set(one.name, one);
      this.records.set(file, record);
    }
    return record;
  }

  roots() {
    const names = [];
    const globals = this.languages.flatMap((one) => one.globals ?? []).filter((file) => this.exists(file));
    for (const file of [...this.parsed.fileNames, ...globals]) {
      if (this.texts.get(file) === null) continue;
      const extra = this.languageOf(file) ? (this.record(file)?.virtuals ?? []) : [];
      if (extra.length) names.push(...extra.map((one) => one.name));
      else if (!this.languageOf(file)) names.push(file);
    }
    for (const [file, text] of this.texts) {
      if (text !== null && SCRIPT.test(file) && !names.includes(file) && !this.overlaid.has(file)) names.push(file);
    }
    return names;
  }

  // The name under which the program knows a file: an embedded language's main script keeps the file's own name.
  snapshot(name) {
    const { ts } = this;
    this.#materialise(name);
    const virtual = this.virtuals.get(name);
    const text = virtual ? virtual.text : this.record(name)?.text;
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  }

  #materialise(name) {
    if (!this.virtuals.has(name) && this.languageOf(name)) this.record(name);
  }

  #kind(name) {
    this.#materialise(name);
    const virtual = this.virtuals.get(name);
    const { ScriptKind } = this.ts;
    const extension = virtual ? virtual.extension : path.extname(name);
    const kinds = {
      ".ts": ScriptKind.TS, ".mts": ScriptKind.TS, ".cts": ScriptKind.TS, ".tsx": ScriptKind.TSX, ".jsx": ScriptKind.JSX,
      ".js": ScriptKind.JS, ".mjs": ScriptKind.JS, ".cjs": ScriptKind.JS, ".json": ScriptKind.JSON,
    };
    return kinds[extension] ?? ScriptKind.Unknown;
  }

  #host() {
    const { ts } = this;
    const project = this;
    const host = {
      ...ts.sys,
      getCompilationSettings: () => project.options,
      getScriptFileNames: () => project.roots(),
      getProjectVersion: () => `${project.version}`,
      getScriptVersion(name) {
        const owner = project.virtuals.get(name)?.file ?? name;
        return project.record(owner)?.version ?? "";
      },
      getScriptSnapshot: (name) => project.snapshot(name),
      getScriptKind: (name) => project.#kind(name),
      getCurrentDirectory: () => project.root,
      getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      fileExists: (name) => project.virtuals.has(name) || project.exists(name),
      readFile: (name) => project.virtuals.get(name)?.text ?? project.read(name),
      directoryExists: (name) => project.#folderExists(name),
      getModuleResolutionCache: () => project.cache,
      getProjectReferences: () => project.parsed.projectReferences,
      // What another project gives is read from its sources: nothing has to be built before.
      useSourceOfProjectReferenceRedirect: () => true,
      setCompilerHost(made) {
        project.compilerHost = made;
      },
      resolveModuleNameLiterals: (literals, containing, redirected, options, source) =>
        literals.map((literal) => project.#resolve(literal, containing, redirected, options, source)),
    };
    for (const one of this.languages) one.host?.(host);
    return host;
  }

  #resolve(literal, containing, redirected, options, source) {
    const { ts } = this;
    const mode = ts.getModeForUsageLocation?.(source, literal, options);
    const embedded = new Map();
    // TypeScript's own host knows the files that other projects would give, once built.
    const base = this.compilerHost ?? this.host;
    const host = {
      ...base,
      // `import "./x.vue"` is looked up as `./x.d.vue.ts`: say yes when the component is there.
      fileExists: (name) => {
        if (base.fileExists(name)) return true;
        for (const extension of this.extensions) {
          const ending = `.d${extension}.ts`;
          const component = name.endsWith(ending) ? name.slice(0, -ending.length) + extension : null;
          if (component && this.exists(component) && this.record(component).virtuals.length) {
            embedded.set(name, component);
            return true;
          }
        }
        return false;
      },
    };
    const result = ts.resolveModuleName(literal.text, containing, options, host, this.cache, redirected, mode);
    const component = result.resolvedModule && embedded.get(result.resolvedModule.resolvedFileName);
    if (component) {
      result.resolvedModule.resolvedFileName = component;
      result.resolvedModule.extension = this.record(component).virtuals[0].extension;
    }
    return result;
  }

  get program() {
    return this.service.getProgram();
  }

  // The program's files that belong to the project: not packages, not what the compiler brings.
  own() {
    const { program } = this;
    return program.getSourceFiles().filter((file) => {
      if (program.isSourceFileFromExternalLibrary(file) || program.isSourceFileDefaultLibrary(file)) return false;
      if (program.isSourceOfProjectReferenceRedirect?.(file.fileName)) return false; // checked with its own project
      const inside = this.relative(file.fileName);
      return !inside.startsWith("../") && !inside.split("/").includes("node_modules");
    });
  }

  sourceFiles(file) {
    const full = this.absolute(file);
    const record = this.record(full);
    if (!record) return [];
    const names = record.virtuals.length ? record.virtuals.map((one) => one.name) : [full];
    return names.map((name) => this.program.getSourceFile(name)).filter(Boolean);
  }

  describe() {
    const files = new Map();
    for (const source of this.own()) {
      const file = this.virtuals.get(source.fileName)?.file ?? source.fileName;
      files.set(file, { file: this.relative(file), declaration: source.isDeclarationFile });
    }
    return {
      typescript: this.ts.version,
      config: this.relative(this.config),
      languages: this.languages.map((one) => ({ name: one.name, version: one.version })),
      files: [...files.values()],
      options: JSON.parse(JSON.stringify(this.parsed.options)),
      references: (this.parsed.projectReferences ?? []).map((one) => this.relative(one.path)),
      problems: [...(this.parsed.options.configFile?.parseDiagnostics ?? []), ...this.parsed.errors].map((one) => this.#flat(one)),
    };
  }

  async check(files) {
    // Asking the checker about single nodes can leave errors behind that a check would never report.
    if (this.explored) {
      this.#renew();
    }
    const wanted = files && new Set(files.map((file) => this.absolute(file)));
    const found = files ? [] : this.program.getOptionsDiagnostics().concat(this.program.getGlobalDiagnostics()).map((one) => this.#flat(one));
    for (const source of this.own()) {
      const owner = this.virtuals.get(source.fileName)?.file ?? source.fileName;
      if (wanted && !wanted.has(owner)) continue;
      if (source.isDeclarationFile && this.options.skipLibCheck) continue;
      found.push(...(await this.#diagnose(source)));
    }
    for (const one of this.languages) found.push(...(one.diagnostics?.(wanted) ?? []));
    return found;
  }

  // A new checker for the same texts: one file counts as changed, so that the program is made anew and reuses the rest.
  #renew() {
    this.version++;
    this.epoch++;
    this.explored = false;
    const sources = this.own().filter((one) => this.records.has(one.fileName) && !this.virtuals.has(one.fileName));
    if (!sources.length) {
      this.service.cleanupSemanticCache();
      return;
    }
    const smallest = sources.reduce((one, other) => (other.text.length < one.text.length ? other : one));
    this.records.get(smallest.fileName).version = `${this.version}`;
  }

  async #diagnose(source) {
    const virtual = this.virtuals.get(source.fileName);
    const language = virtual && this.languageOf(virtual.file);
    const raw = [...this.service.getSyntacticDiagnostics(source.fileName), ...this.service.getSemanticDiagnostics(source.fileName)];
    const found = [];
    for (const [one, start, end, message, code] of (await virtual?.report?.(raw)) ?? []) {
      const flat = one ? this.#flat(one) : { ...NOTHING, code, name: this.relative(source.fileName) };
      found.push({ ...flat, file: this.relative(virtual.file), start: start + virtual.shift, end: end + virtual.shift, message });
    }
    for (const one of virtual?.report ? [] : raw) {
      if (language?.ignores?.(one, virtual)) continue;
      const flat = this.#flat(one);
      if (virtual) {
        const place = virtual.reported(one);
        if (!place) continue;
        [flat.start, flat.end] = place;
        flat.file = this.relative(virtual.file);
      }
      found.push(flat);
    }
    return virtual ? once(found) : found;
  }

  #flat(one) {
    const { ts } = this;
    const message = ts.flattenDiagnosticMessageText(one.messageText, "\n");
    const level = ["warning", "error", "suggestion", "message"][one.category];
    const flat = { ...NOTHING, code: one.code, level, message, related: [] };
    if (one.file) {
      flat.file = this.relative(one.file.fileName);
      flat.name = one.file.fileName === this.absolute(flat.file) ? flat.file : this.relative(one.file.fileName);
      flat.start = flat.gstart = one.start ?? 0;
      flat.end = flat.gend = flat.start + (one.length ?? 0);
    }
    for (const other of one.relatedInformation ?? []) {
      const text = ts.flattenDiagnosticMessageText(other.messageText, "\n");
      flat.related.push({ file: other.file ? this.relative(other.file.fileName) : "", start: other.start ?? 0, message: text, code: other.code });
    }
    return flat;
  }

  // What may be seen differently after these files changed: they and everything that imports them, however far away.
  dependents(files) {
    const importers = new Map();
    const owner = (name) => this.virtuals.get(name)?.file ?? name;
    const open = files.map((file) => this.absolute(file));
    if (open.some((file) => file.endsWith(".json") && !this.program.getSourceFile(file))) return null; // a configuration
    const seen = new Set(open);
    for (const source of this.own()) {
      if (!this.ts.isExternalModule(source) && seen.has(owner(source.fileName))) return null; // global script: everything
      for (const literal of source.imports ?? []) {
        const target = this.#target(source, literal);
        if (!target) continue;
        if (!importers.has(target)) importers.set(target, new Set());
        importers.get(target).add(owner(source.fileName));
      }
    }
    while (open.length) {
      for (const next of importers.get(open.pop()) ?? []) {
        if (!seen.has(next)) {
          seen.add(next);
          open.push(next);
        }
      }
    }
    return [...seen].map((file) => this.relative(file)).sort();
  }

  #target(source, literal) {
    const symbol = this.program.getTypeChecker().getSymbolAtLocation(literal);
    const declared = symbol?.declarations?.find((one) => this.ts.isSourceFile(one));
    return declared && (this.virtuals.get(declared.fileName)?.file ?? declared.fileName);
  }
}

// An error of one place in a file may show up at several in what is generated from it.
function once(found) {
  const seen = new Map();
  for (const one of found) {
    const key = [one.start, one.end, one.code, one.message].join(" ");
    if (!seen.has(key)) seen.set(key, one);
  }
  return [...seen.values()];
}
