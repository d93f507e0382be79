// What the compiler's own libraries declare: which DOM interfaces have a member, what a global name is.

let known = { epoch: null, map: null };

// Interfaces that extend `base` and have all the members, the most general first: one that extends another comes after it.
export function implementers(project, base, members) {
  const checker = project.program.getTypeChecker();
  const found = [];
  for (const [name, type] of interfaces(project, base)) {
    const has = members.every((member) => checker.getPropertyOfType(type, member));
    if (has) found.push({ name, depth: depthOf(checker, type) });
  }
  return found.sort((one, other) => one.depth - other.depth || one.name.localeCompare(other.name)).map((one) => one.name);
}

function interfaces(project, base) {
  if (known.epoch !== project.epoch) known = { epoch: project.epoch, map: new Map() };
  if (known.map.has(base)) return known.map.get(base);
  const { ts } = project;
  const checker = project.program.getTypeChecker();
  const root = checker.resolveName(base, undefined, ts.SymbolFlags.Type, false);
  const found = new Map();
  if (root) {
    const target = checker.getDeclaredTypeOfSymbol(root);
    for (const source of project.program.getSourceFiles()) {
      if (!project.program.isSourceFileDefaultLibrary(source)) continue;
      for (const statement of source.statements) {
        if (!ts.isInterfaceDeclaration(statement) || found.has(statement.name.text)) continue;
        const symbol = checker.getSymbolAtLocation(statement.name);
        const type = symbol && checker.getDeclaredTypeOfSymbol(symbol);
        if (type && extendsBase(checker, type, target)) found.set(statement.name.text, type);
      }
    }
  }
  known.map.set(base, found);
  return found;
}

function extendsBase(checker, type, target) {
  if (type === target) return true;
  return (type.getBaseTypes?.() ?? []).some((one) => extendsBase(checker, one, target));
}

function depthOf(checker, type) {
  return 1 + Math.max(0, ...(type.getBaseTypes?.() ?? []).map((one) => depthOf(checker, one)));
}

// The type of each global name as text, or null: `HTMLElementTagNameMap["a"]`, `process`, `window` ...
export function ambient(project, names) {
  const { ts } = project;
  const checker = project.program.getTypeChecker();
  const found = {};
  for (const name of names) {
    const [, head, key] = /^([\w$]+)(?:\["(.+)"\])?$/.exec(name) ?? [];
    const symbol = head && checker.resolveName(head, undefined, key ? ts.SymbolFlags.Type : ts.SymbolFlags.Value | ts.SymbolFlags.Type, false);
    if (!symbol) {
      found[name] = null;
      continue;
    }
    if (key) {
      const member = checker.getPropertyOfType(checker.getDeclaredTypeOfSymbol(symbol), key);
      found[name] = member ? checker.typeToString(checker.getTypeOfSymbol(member)) : null;
    } else {
      found[name] = checker.typeToString(symbol.flags & ts.SymbolFlags.Value ? checker.getTypeOfSymbol(symbol) : checker.getDeclaredTypeOfSymbol(symbol));
    }
  }
  return found;
}
