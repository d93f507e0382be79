// What errors are about: the declarations around the place of each, and which file imports which.

// For each [script, start, end] the declarations that the node there has to do with, or null where nothing stands:
//   at        what the name or expression itself means
//   receiver  what the object means whose member or element is used
//   owner     the type of that object
//   target    the declaration that a value is given to: variable, member, parameter, attribute, function
//   source    what the given value means
//   holder    the parameter or variable around a destructured name
//   near      what the project itself declares of the object, or of the node: of `e.target.value` that is `e`
//   origin    where that comes from when variables without a type are followed to what they start with
//   spot      where the expression starts that the object or the node is
export function subjectsOf(project, places) {
  project.explored = true;
  const { ts } = project;
  const checker = project.program.getTypeChecker();
  return places.map(([name, start, end]) => {
    const source = project.program.getSourceFile(project.absolute(name));
    if (!source) return null;
    const node = smallest(ts, source, start, end);
    return node === source ? null : quietly(() => subjectOf({ project, ts, checker }, node));
  });
}

function subjectOf(context, node) {
  const { ts } = context;
  const object = objectOf(ts, node);
  const chain = bare(ts, object ?? node);
  const near = nearest(context, chain);
  const [target, value] = givenTo(context, node);
  return {
    kind: ts.SyntaxKind[node.kind],
    text: node.getText().slice(0, 80),
    at: placeOf(context, meaning(context, node)),
    receiver: object ? placeOf(context, meaning(context, object)) : null,
    owner: object ? ownerOf(context, object) : null,
    target: placeOf(context, target),
    source: value ? placeOf(context, meaning(context, value)) : null,
    holder: placeOf(context, holderOf(ts, node)?.symbol),
    near: placeOf(context, near),
    origin: placeOf(context, near && originOf(context, near)),
    spot: positionOf(context, chain),
  };
}

function smallest(ts, source, start, end) {
  let best = source;
  for (;;) {
    if (best !== source && best.getStart(source) === start && best.end === end && !ts.isJsxAttribute(best)) return best;
    const inner = ts.forEachChild(best, (child) => (child.getStart(source) <= start && end <= child.end ? child : undefined));
    if (!inner) return best;
    best = inner;
  }
}

function quietly(ask) {
  try {
    return ask();
  } catch {
    return null;
  }
}

function bare(ts, node) {
  let found = node;
  while (ts.isParenthesizedExpression(found) || ts.isNonNullExpression(found) || ts.isAsExpression(found) || ts.isAwaitExpression(found) || ts.isJsxExpression(found)) {
    if (!found.expression) return found;
    found = found.expression;
  }
  return found;
}

// The symbol that a name or an expression stands for: of `a.b` the member, of `f()` the function, of `a[i]` the array.
function meaning({ ts, checker }, given) {
  let node = bare(ts, given);
  if (ts.isElementAccessExpression(node)) node = bare(ts, node.expression);
  if (ts.isCallExpression(node)) {
    const declared = checker.getResolvedSignature(node)?.declaration;
    if (declared?.symbol) return ts.isArrowFunction(declared) || ts.isFunctionExpression(declared) ? (declared.parent.symbol ?? declared.symbol) : declared.symbol;
    node = bare(ts, node.expression);
  }
  if (ts.isPropertyAccessExpression(node)) node = node.name;
  if (ts.isBinaryExpression(node) || ts.isConditionalExpression(node)) return undefined;
  let symbol = ts.isShorthandPropertyAssignment(node.parent) ? checker.getShorthandAssignmentValueSymbol(node.parent) : checker.getSymbolAtLocation(node);
  symbol ??= node.symbol;
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  return symbol;
}

function objectOf(ts, node) {
  const access = [node, node.parent].find((one) => one && (ts.isPropertyAccessExpression(one) || ts.isElementAccessExpression(one)) && (one === node || one.expression !== node));
  if (access) return access.expression;
  const call = node.parent;
  if (call && ts.isCallExpression(call) && call.expression !== node && ts.isPropertyAccessExpression(call.expression)) return call.expression.expression;
  const pattern = node.parent && ts.isBindingElement(node.parent) ? node.parent.parent.parent : null;
  return pattern?.initializer ?? null;
}

function inner(ts, node) {
  if (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return bare(ts, node.expression);
  return undefined;
}

// What a library's function returns is not what it is called on, unless `through` asks for where all comes from.
function nearest(context, chain, through = false) {
  const { ts } = context;
  for (let one = chain; one && one.kind !== ts.SyntaxKind.ThisKeyword; one = inner(ts, one)) {
    const symbol = meaning(context, one);
    if (placeOf(context, symbol)?.own) return symbol;
    if (ts.isCallExpression(one) && !through) return undefined;
  }
  return undefined;
}

function originOf(context, symbol) {
  const { ts } = context;
  let found = symbol;
  for (let step = 0; step < 5; step++) {
    const declared = found.valueDeclaration;
    const start = declared && ts.isVariableDeclaration(declared) && !declared.type && declared.initializer;
    const next = start && nearest(context, bare(ts, start), true);
    if (!next || next === found) return found;
    found = next;
  }
  return found;
}

function positionOf({ project, ts }, node) {
  const source = node.getSourceFile();
  const virtual = project.virtuals.get(source.fileName);
  const start = node.getStart(source);
  return (virtual ? virtual.toSource(start, start)?.[0] : start) ?? -1;
}

function ownerOf(context, object) {
  const { checker } = context;
  const type = checker.getNonNullableType(checker.getTypeAtLocation(object));
  const symbol = type.aliasSymbol ?? type.symbol;
  return { type: checker.typeToString(type).slice(0, 80), ...(placeOf(context, symbol) ?? { name: "", kind: "", file: "", start: -1, own: false }) };
}

function givenTo({ ts, checker }, node) {
  for (let one = node; one && !ts.isBlock(one) && !ts.isSourceFile(one); one = one.parent) {
    const { parent } = one;
    if (!parent) break;
    if (ts.isVariableDeclaration(one) || ts.isPropertyDeclaration(one) || ts.isParameter(one)) return [one.symbol, one.initializer];
    if (ts.isBinaryExpression(one) && one.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
      const left = ts.isPropertyAccessExpression(one.left) ? one.left.name : ts.isElementAccessExpression(one.left) ? one.left.expression : one.left;
      return [checker.getSymbolAtLocation(left), one.right];
    }
    if (ts.isJsxAttribute(one)) return [member(checker, checker.getContextualType(parent), one.name.getText()), one.initializer];
    if (ts.isPropertyAssignment(one)) {
      const found = member(checker, checker.getContextualType(parent), one.name.getText());
      if (found) return [found, one.initializer];
    }
    if ((ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.arguments?.includes(one)) {
      const signature = checker.getResolvedSignature(parent);
      const parameters = signature?.parameters ?? [];
      return [parameters[Math.min(parent.arguments.indexOf(one), parameters.length - 1)], one];
    }
    if (ts.isReturnStatement(one) || (ts.isArrowFunction(parent) && parent.body === one)) {
      const func = ts.findAncestor(one, (each) => each !== one && ts.isFunctionLike(each));
      return [func?.symbol, one.expression ?? one];
    }
    if (ts.isJsxOpeningLikeElement(one)) return [checker.getResolvedSignature(one)?.declaration?.symbol, undefined];
  }
  return [undefined, undefined];
}

function member(checker, type, name) {
  return type && checker.getPropertyOfType(checker.getNonNullableType(type), name);
}

function holderOf(ts, node) {
  return ts.findAncestor(node, (one) => ts.isParameter(one) || ts.isVariableDeclaration(one));
}

function placeOf({ project, ts }, symbol) {
  const declared = symbol?.valueDeclaration ?? symbol?.declarations?.[0];
  if (!declared) return null;
  const source = declared.getSourceFile();
  const virtual = project.virtuals.get(source.fileName);
  const name = ts.getNameOfDeclaration(declared) ?? declared;
  const start = name.getStart(source);
  const [from] = (virtual ? virtual.toSource(start, name.end) : [start]) ?? [-1];
  const file = project.relative(virtual ? virtual.file : source.fileName);
  const own = !source.isDeclarationFile && !file.startsWith("../") && !file.split("/").includes("node_modules");
  return { name: ts.isSourceFile(declared) ? file : ts.unescapeLeadingUnderscores(symbol.escapedName), kind: ts.SyntaxKind[declared.kind], file, start: from, own };
}

// By file what it imports: the specifier as written, the file it leads to (null: nowhere), and whether only types come.
export function importsOf(project) {
  const { ts } = project;
  const found = {};
  for (const source of project.own()) {
    const virtual = project.virtuals.get(source.fileName);
    const rows = (found[project.relative(virtual?.file ?? source.fileName)] ??= []);
    const literals = (source.imports ?? []).filter(ts.isStringLiteralLike);
    const resolved = literals.length ? project.host.resolveModuleNameLiterals(literals, source.fileName, undefined, project.options, source) : [];
    literals.forEach((literal, index) => {
      const target = resolved[index]?.resolvedModule?.resolvedFileName;
      const clause = literal.parent?.importClause;
      rows.push({ specifier: literal.text, target: target ? project.relative(project.virtuals.get(target)?.file ?? target) : null, types: Boolean(clause?.isTypeOnly ?? literal.parent?.isTypeOnly) });
    });
    for (const { fileName } of source.referencedFiles) {
      rows.push({ specifier: fileName, target: project.relative(ts.resolveTripleslashReference(fileName, source.fileName)), types: true });
    }
  }
  return found;
}
