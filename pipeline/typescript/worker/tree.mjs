// Typed syntax trees as data: what strategies decide over, in the form that pipeline/typescript/tree.py reads.
//
// nodes: rows of [kind, start, end, parent, role, type, symbol, context], in pre-order; positions are those of the script
// that TypeScript reads (`text` and `segments` say how they lie in an embedded language's file). 0 means none for type,
// symbol and context; ids hold for one state of the texts.

const PROPERTIES = 60;
const DEPTH = 3;
const LONGEST = 600;
// What the compiler writes in place of what it leaves out; a rest parameter's dots stand before its name.
const TRUNCATED = /\.\.\.(?![\w$[{(])/;

// Properties of a node that hold other nodes than its children, or children a second time.
const NOT_CHILDREN = new Set(["parent", "jsDoc", "symbol", "flowNode", "endFlowNode", "returnFlowNode", "nextContainer", "externalModuleIndicator", "commonJsModuleIndicator"]);

let kept = null;

// What was told of an earlier state: held any longer it would keep that state's checker in memory.
export function forget() {
  kept = null;
}

export function readTree(project, files) {
  // Ids hold for one state of the texts; an answer carries only the types and symbols that were not told yet.
  if (kept?.epoch !== project.epoch || kept.project !== project) kept = new Pool(project);
  const trees = [];
  project.explored = true;
  for (const file of files) {
    for (const source of project.sourceFiles(file)) trees.push(treeOf(project, kept, file, source));
  }
  return { epoch: project.epoch, trees, ...kept.news() };
}

let kindNames = null;

// TypeScript's own reverse mapping says FirstLiteralToken for NumericLiteral: the markers of ranges are aliases.
function kindName(ts, kind) {
  if (kindNames?.ts !== ts) {
    const names = new Map();
    for (const [name, value] of Object.entries(ts.SyntaxKind)) {
      if (typeof value === "number" && !(names.has(value) && /^(?:First|Last)[A-Z]/.test(name))) names.set(value, name);
    }
    kindNames = { ts, names };
  }
  return kindNames.names.get(kind) ?? `${kind}`;
}

export function spell(project, id) {
  return kept?.epoch === project.epoch && kept.project === project ? kept.spell(id) : "";
}

function treeOf(project, pool, file, source) {
  const { ts } = project;
  const checker = project.program.getTypeChecker();
  const virtual = project.virtuals.get(source.fileName);
  const kinds = new Names();
  const roles = new Names();
  const nodes = [];
  const signatures = {};
  const jsdoc = {};

  const visit = (node, parent, role) => {
    const index = nodes.length;
    const row = [kinds.of(kindName(ts, node.kind)), node.getStart(source), node.end, parent, roles.of(role), 0, 0, 0];
    nodes.push(row);
    if (isTyped(ts, node)) row[5] = pool.type(() => checker.getTypeAtLocation(node), node);
    const symbol = symbolOf(ts, checker, node);
    if (symbol) row[6] = pool.symbol(symbol);
    if (wantsContext(ts, node)) row[7] = pool.type(() => checker.getContextualType(node), node);
    if (ts.isCallLikeExpression(node)) {
      const signature = quietly(() => checker.getResolvedSignature(node));
      if (signature) signatures[index] = pool.signature(signature, node);
    }
    const tags = commentTags(ts, node);
    if (tags.length) jsdoc[index] = tags;
    const names = childRoles(node);
    ts.forEachChild(node, (child) => {
      visit(child, index, names.get(child) ?? "");
    });
  };
  visit(source, -1, "");
  return {
    file,
    name: project.relative(source.fileName),
    part: virtual?.part ?? "main",
    text: virtual ? source.text : null,
    segments: virtual ? virtual.segments : null,
    module: ts.isExternalModule(source),
    declaration: source.isDeclarationFile,
    kinds: kinds.list,
    roles: roles.list,
    nodes,
    signatures,
    jsdoc,
  };
}

function quietly(ask) {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

function childRoles(node) {
  const found = new Map();
  for (const key of Object.keys(node)) {
    if (NOT_CHILDREN.has(key)) continue;
    const value = node[key];
    if (Array.isArray(value)) for (const child of value) found.set(child, key);
    else if (value && typeof value === "object" && typeof value.kind === "number") found.set(value, key);
  }
  return found;
}

function isTyped(ts, node) {
  // The tag of an element of the language itself is no value: asking for its type would be an error.
  if (ts.isIdentifier(node) && node.parent && (ts.isJsxOpeningLikeElement(node.parent) || ts.isJsxClosingElement(node.parent))) {
    return /^[A-Z]/.test(node.text);
  }
  if (ts.isExpression(node) && !ts.isOmittedExpression(node)) return true;
  if (ts.isTypeNode(node)) return true;
  return (
    ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node) || ts.isPropertyDeclaration(node) ||
    ts.isPropertySignature(node) || ts.isFunctionLike(node) || ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node) ||
    ts.isJsxAttribute(node) || ts.isClassLike(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)
  );
}

function wantsContext(ts, node) {
  if (!ts.isExpression(node)) return false;
  const { parent } = node;
  if (ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node)) return true;
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return true;
  if (!parent) return false;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return parent.expression !== node;
  return (
    ts.isReturnStatement(parent) || ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isJsxExpression(parent) ||
    ts.isPropertyDeclaration(parent) || ts.isParameter(parent) || (ts.isBinaryExpression(parent) && parent.right === node)
  );
}

function symbolOf(ts, checker, node) {
  let symbol;
  if (ts.isShorthandPropertyAssignment(node)) symbol = quietly(() => checker.getShorthandAssignmentValueSymbol(node));
  else if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node) || node.kind === ts.SyntaxKind.ThisKeyword || ts.isStringLiteralLike(node)) {
    symbol = quietly(() => checker.getSymbolAtLocation(node));
  }
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = quietly(() => checker.getAliasedSymbol(symbol)) ?? symbol;
  return symbol;
}

function commentTags(ts, node) {
  const found = [];
  for (const block of node.jsDoc ?? []) {
    for (const tag of block.tags ?? []) {
      found.push({ tag: tag.tagName.text, name: tag.name?.getText?.() ?? "", type: tag.typeExpression?.type?.getText?.() ?? "" });
    }
  }
  return found;
}

class Names {
  constructor() {
    this.list = [];
    this.index = new Map();
  }

  of(name) {
    if (!this.index.has(name)) {
      this.index.set(name, this.list.length);
      this.list.push(name);
    }
    return this.index.get(name);
  }
}

// The types and symbols that trees speak of, each once.
class Pool {
  constructor(project) {
    this.project = project;
    this.epoch = project.epoch;
    this.ts = project.ts;
    this.checker = project.program.getTypeChecker();
    this.types = {};
    this.symbols = {};
    this.typeIds = new Map();
    this.shallow = new Set();
    this.symbolIds = new Map();
    this.foreign = new Map();
    this.depth = 0;
    const { TypeFormatFlags } = this.ts;
    this.format =
      TypeFormatFlags.NoTruncation | TypeFormatFlags.UseAliasDefinedOutsideCurrentScope | TypeFormatFlags.WriteArrowStyleSignature;
  }

  news() {
    const { types, symbols } = this;
    this.types = {};
    this.symbols = {};
    return { types, symbols };
  }

  type(ask, node) {
    const type = quietly(ask);
    return type ? this.typeId(type, node) : 0;
  }

  typeId(type, node) {
    // The same type may be written differently in another file, so ids are those of the compiler and the text is the first one.
    const known = this.typeIds.get(type);
    if (known && !(this.depth < 2 && this.shallow.has(known))) return known;
    if (this.depth > DEPTH + 1) return 0;
    const id = known ?? this.typeIds.size + 1;
    this.shallow.delete(id);
    this.typeIds.set(type, id);
    const { ts, checker } = this;
    const flags = type.flags;
    const record = { text: this.#text(type), is: this.#is(type, flags) };
    if (this.#isForeign(type, 2)) {
      record.foreign = true;
      this.foreign.set(id, [type, node]);
    }
    this.types[id] = record;
    this.depth++;
    const symbol = type.aliasSymbol ?? type.symbol;
    if (symbol && symbol.name !== "__type" && symbol.name !== "__object" && symbol.name !== "__function") {
      record.name = symbol.name;
      record.symbol = this.symbol(symbol);
    } else if (symbol?.name === "__object" && symbol.valueDeclaration) record.literal = this.#place(symbol.valueDeclaration);
    else if (symbol?.name === "__type" && symbol.declarations?.length === 1) record.shape = this.#place(symbol.declarations[0]);
    if (type.isUnionOrIntersection()) record.members = type.types.slice(0, 40).map((one) => this.typeId(one, node));
    else if (checker.isArrayType(type) || checker.isTupleType(type) || (type.objectFlags & ts.ObjectFlags.Reference && type.target)) {
      record.arguments = checker.getTypeArguments(type).slice(0, 8).map((one) => this.typeId(one, node));
    }
    const widened = quietly(() => checker.getWidenedType(checker.getBaseTypeOfLiteralType(type)));
    record.widened = widened && widened !== type ? this.typeId(widened, node) : id;
    const calls = quietly(() => checker.getSignaturesOfType(type, ts.SignatureKind.Call)) ?? [];
    // A type that is first met deep inside another is told in full when a node has it itself.
    const inner = calls.length || record.members || record.arguments || this.#isLocalShape(type);
    if (this.depth >= DEPTH && inner) this.shallow.add(id);
    if (calls.length && this.depth <= DEPTH) record.calls = calls.slice(0, 3).map((one) => this.signature(one, node));
    if (this.#isLocalShape(type) && this.depth <= DEPTH) record.properties = this.#properties(type, node);
    const index = quietly(() => checker.getIndexInfosOfType(type)) ?? [];
    if (index.length) record.index = index.map((one) => [this.typeId(one.keyType, node), this.typeId(one.type, node)]);
    if (type.flags & ts.TypeFlags.TypeParameter) {
      const constraint = quietly(() => checker.getBaseConstraintOfType(type));
      if (constraint) record.constraint = this.typeId(constraint, node);
    }
    this.depth--;
    return id;
  }

  // How a type is written where it stands costs far more than its bare text: asked for with `spell`, and only where
  // names of packages are in it. A library's generic type is not written out: nobody would insert that.
  #text(type) {
    const { checker, ts } = this;
    const short = checker.typeToString(type, undefined, this.format & ~ts.TypeFormatFlags.NoTruncation);
    if (!TRUNCATED.test(short)) return this.#brief(type, undefined, short);
    const text = this.#isOurs(type, 2) ? checker.typeToString(type, undefined, this.format) : `${short}…`;
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  }

  spell(id) {
    const [type, node] = this.foreign.get(id) ?? [];
    return type ? this.#brief(type, node, this.checker.typeToString(type, node, this.format)).slice(0, LONGEST + 1) : "";
  }

  // `Ref<string, string>` as people write it, `Ref<string>`: without the last arguments that are the defaults.
  #brief(type, node, text) {
    const { checker, ts } = this;
    if (checker.isTupleType(type) || !text.includes("<")) return text;
    const given = type.aliasTypeArguments ?? (type.objectFlags & ts.ObjectFlags.Reference ? checker.getTypeArguments(type) : []);
    if (checker.isArrayType(type)) {
      const [before, after] = [checker.typeToString(given[0], node, this.format), this.#brief(given[0], node, text.replace(/\[\]$/, ""))];
      return text === `${before}[]` ? `${after}[]` : text;
    }
    const declared = type.aliasSymbol ? checker.getDeclaredTypeOfSymbol(type.aliasSymbol).aliasTypeArguments : type.target?.typeParameters;
    let count = declared?.length ?? 0;
    while (count && this.#isDefault(declared, given, count - 1)) count--;
    if (count === (declared?.length ?? 0) || !/^[\w$.]+<|^import\("[^"]*"\)\.[\w$.]+</.test(text)) return text;
    const kept = given.slice(0, count).map((one) => this.#brief(one, node, checker.typeToString(one, node, this.format)));
    return text.slice(0, text.indexOf("<")) + (count ? `<${kept.join(", ")}>` : "");
  }

  // A default may be another parameter, or depend on parameters that have their defaults themselves.
  #isDefault(declared, given, index) {
    const { checker } = this;
    const found = checker.getDefaultFromTypeParameter(declared[index]);
    if (!found || found === given[index]) return Boolean(found);
    const other = declared.indexOf(found);
    if (other >= 0) return given[other] === given[index];
    const sources = (found.aliasTypeArguments ?? []).map((one) => declared.indexOf(one));
    const plain = sources.length > 0 && sources.every((one) => one >= 0 && one < index && this.#isDefault(declared, given, one));
    return plain && checker.typeToString(given[index]) === checker.typeToString(given[sources[0]]);
  }

  // Whether a name in it may need a namespace or an import that its bare text does not show.
  #isForeign(type, depth) {
    const { ts } = this;
    if (type.isUnionOrIntersection() && !type.aliasSymbol) return type.types.some((one) => this.#isForeign(one, depth));
    if (!(type.flags & (ts.TypeFlags.Object | ts.TypeFlags.EnumLike)) && !type.aliasSymbol) return false;
    const symbol = type.aliasSymbol ?? type.symbol;
    const declared = symbol?.declarations?.[0]?.getSourceFile();
    if (symbol?.parent && declared && !this.#inside(declared.fileName)) return true;
    if (this.#isLocalShape(type) && !type.aliasSymbol && !symbol?.parent) return depth === 0 ? false : this.#partsAreForeign(type, depth - 1);
    const given = type.aliasTypeArguments ?? (type.objectFlags & ts.ObjectFlags.Reference ? this.checker.getTypeArguments(type) : []);
    return depth > 0 && given.some((one) => this.#isForeign(one, depth - 1));
  }

  #partsAreForeign(type, depth) {
    const { checker, ts } = this;
    const calls = checker.getSignaturesOfType(type, ts.SignatureKind.Call);
    const parts = [...checker.getPropertiesOfType(type).slice(0, PROPERTIES), ...calls.flatMap((one) => one.getParameters())];
    if (calls.some((one) => quietly(() => this.#isForeign(one.getReturnType(), depth)))) return true;
    return parts.some((one) => quietly(() => this.#isForeign(checker.getTypeOfSymbol(one), depth)));
  }

  #isOurs(type, depth) {
    const { ts } = this;
    if (type.isUnionOrIntersection()) {
      const whole = type.types.every((one) => !(one.flags & ts.TypeFlags.Object));
      return whole || (depth > 0 && type.types.some((one) => this.#isOurs(one, depth - 1)));
    }
    if (this.#isLocalShape(type)) return true;
    const given = type.aliasTypeArguments ?? (type.objectFlags & ts.ObjectFlags.Reference ? this.checker.getTypeArguments(type) : []);
    return depth > 0 && given.some((one) => this.#isOurs(one, depth - 1));
  }

  #is(type, flags) {
    const { TypeFlags } = this.ts;
    const found = [];
    for (const [name, bit] of [
      ["any", TypeFlags.Any], ["unknown", TypeFlags.Unknown], ["never", TypeFlags.Never], ["void", TypeFlags.Void],
      ["undefined", TypeFlags.Undefined], ["null", TypeFlags.Null], ["string", TypeFlags.StringLike], ["number", TypeFlags.NumberLike],
      ["boolean", TypeFlags.BooleanLike], ["bigint", TypeFlags.BigIntLike], ["symbol", TypeFlags.ESSymbolLike], ["enum", TypeFlags.EnumLike],
      ["union", TypeFlags.Union], ["intersection", TypeFlags.Intersection], ["object", TypeFlags.Object], ["parameter", TypeFlags.TypeParameter],
    ]) {
      if (flags & bit && !(name === "union" && flags & TypeFlags.Boolean)) found.push(name);
    }
    if (flags & (TypeFlags.StringLiteral | TypeFlags.NumberLiteral | TypeFlags.BooleanLiteral | TypeFlags.BigIntLiteral)) found.push("literal");
    if (this.checker.isArrayType(type)) found.push("array");
    if (this.checker.isTupleType(type)) found.push("tuple");
    if (type.isClass?.()) found.push("class");
    return found;
  }

  #isLocalShape(type) {
    const { ts } = this;
    if (!(type.flags & ts.TypeFlags.Object) || this.checker.isArrayType(type) || this.checker.isTupleType(type)) return false;
    const symbol = type.aliasSymbol ?? type.symbol;
    if (!symbol?.declarations?.length) return true;
    const inside = (one) => one.declarations?.some((place) => this.#inside(place.getSourceFile()?.fileName ?? this.project.root));
    if (inside(symbol)) return true;
    // What a library picks out of a type of the project has no name, and the project's members.
    if (type.symbol?.name !== "__type") return false;
    const properties = quietly(() => this.checker.getPropertiesOfType(type)) ?? [];
    return properties.length > 0 && properties.length <= PROPERTIES && properties.every(inside);
  }

  #inside(name) {
    const inside = this.project.relative(name);
    return !inside.startsWith("../") && !inside.split("/").includes("node_modules");
  }

  #properties(type, node) {
    const { checker, ts } = this;
    return checker
      .getPropertiesOfType(type)
      .slice(0, PROPERTIES)
      .map((one) => ({
        name: one.name,
        type: this.type(() => checker.getTypeOfSymbolAtLocation(one, node), node),
        optional: Boolean(one.flags & ts.SymbolFlags.Optional),
        symbol: this.symbol(one),
      }));
  }

  signature(signature, node) {
    const { checker, ts } = this;
    const parameters = signature.getParameters().slice(0, 12).map((one) => {
      const declared = one.valueDeclaration;
      const parameter = declared && ts.isParameter(declared) ? declared : undefined;
      return {
        name: one.name,
        type: this.type(() => checker.getTypeOfSymbolAtLocation(one, node), node),
        optional: Boolean(parameter && checker.isOptionalParameter(parameter)),
        rest: Boolean(parameter?.dotDotDotToken),
      };
    });
    return {
      parameters,
      returns: this.type(() => signature.getReturnType(), node),
      declared: signature.declaration ? this.#place(signature.declaration) : null,
    };
  }

  // A class whose methods tell no type has its members anew in each type that names it: they are those of the class.
  #declared(symbol) {
    const [only, ...more] = symbol.declarations ?? [];
    const made = symbol.flags & this.ts.SymbolFlags.Transient && only?.symbol && !more.length;
    return made ? (this.checker.getMergedSymbol?.(only.symbol) ?? only.symbol) : symbol;
  }

  // What a template names is a member of what its language's tool writes, `{ add: typeof add }`: it means the script's own.
  #named(symbol) {
    const { checker, project, ts } = this;
    const [only, ...more] = symbol.declarations ?? [];
    if (!only || more.length || !ts.isPropertySignature(only) || !only.type || !ts.isTypeQueryNode(only.type)) return symbol;
    const virtual = project.virtuals.get(only.getSourceFile().fileName);
    if (!virtual || virtual.toSource(only.getStart(), only.end)) return symbol;
    const meant = quietly(() => checker.getSymbolAtLocation(only.type.exprName));
    return meant && meant.flags & ts.SymbolFlags.Alias ? quietly(() => checker.getAliasedSymbol(meant)) ?? symbol : meant ?? symbol;
  }

  symbol(found) {
    const symbol = this.#named(this.#declared(found));
    const known = this.symbolIds.get(symbol);
    if (known) return known;
    const id = this.symbolIds.size + 1;
    this.symbolIds.set(symbol, id);
    const { SymbolFlags } = this.ts;
    const is = [];
    for (const [name, bit] of [
      ["variable", SymbolFlags.Variable], ["function", SymbolFlags.Function], ["class", SymbolFlags.Class], ["interface", SymbolFlags.Interface],
      ["enum", SymbolFlags.Enum], ["alias", SymbolFlags.TypeAlias], ["property", SymbolFlags.Property], ["method", SymbolFlags.Method],
      ["accessor", SymbolFlags.Accessor], ["parameter", SymbolFlags.FunctionScopedVariable], ["module", SymbolFlags.Module],
      ["optional", SymbolFlags.Optional], ["type-parameter", SymbolFlags.TypeParameter],
    ]) {
      if (symbol.flags & bit) is.push(name);
    }
    this.symbols[id] = { name: symbol.name, is, declarations: (symbol.declarations ?? []).slice(0, 8).map((one) => this.#place(one)).filter(Boolean) };
    return id;
  }

  #place(node) {
    const source = node.getSourceFile();
    if (!source) return null; // made by the checker itself
    const virtual = this.project.virtuals.get(source.fileName);
    const file = virtual ? virtual.file : source.fileName;
    return {
      file: this.project.relative(file),
      name: this.project.relative(source.fileName),
      start: node.getStart(source),
      end: node.end,
      kind: kindName(this.ts, node.kind),
      own: this.#inside(file) && !source.isDeclarationFile,
    };
  }
}
