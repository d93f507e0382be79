// What differs between two versions of a script's JavaScript, as named forms: the proof of what a repair did.
//
// Both are parsed and walked side by side. What is the same is left out; what matches a known form carries its name;
// everything else is "other", which no repair may do.

const SCRIPT = /^\.[cm]?[jt]sx?$/;

export function compared(project, pairs) {
  return pairs.map(([before, after, extension]) => {
    if (SCRIPT.test(extension)) return new Comparison(project.ts, before, after, extension).run();
    return before === after ? [] : [{ form: "other", ...firstDifference(before, after) }];
  });
}

// Of text that is no script: the lines that differ.
function firstDifference(before, after) {
  const [old, now] = [before.split("\n"), after.split("\n")];
  while (old.length && now.length && old[0] === now[0]) [old, now].forEach((one) => one.shift());
  while (old.length && now.length && old.at(-1) === now.at(-1)) [old, now].forEach((one) => one.pop());
  return { before: old.join("\n"), after: now.join("\n") };
}

class Comparison {
  constructor(ts, before, after, extension) {
    this.ts = ts;
    const kind = extension === ".tsx" || extension === ".jsx" ? ts.ScriptKind.JSX : ts.ScriptKind.JS;
    this.before = ts.createSourceFile("before.jsx", before, ts.ScriptTarget.ESNext, true, kind);
    this.after = ts.createSourceFile("after.jsx", after, ts.ScriptTarget.ESNext, true, kind);
    this.found = [];
  }

  run() {
    if (this.before.text !== this.after.text) this.lists(this.before.statements, this.after.statements);
    return this.found;
  }

  note(form, before, after) {
    this.found.push({ form, before: before ? this.text(before) : "", after: after ? this.text(after) : "" });
  }

  text(node) {
    return node.getText(node.getSourceFile());
  }

  same(one, other) {
    return this.text(one) === this.text(other);
  }

  // Statements and other lists: what stands in both is matched first, what lies between is compared in order.
  lists(before, after) {
    const pairs = common(before.map((one) => this.text(one)), after.map((one) => this.text(one)));
    let [left, right] = [0, 0];
    for (const [i, j] of [...pairs, [before.length, after.length]]) {
      this.gap(before.slice(left, i), after.slice(right, j));
      [left, right] = [i + 1, j + 1];
    }
  }

  gap(before, after) {
    const open = [...before];
    for (let index = 0; index < after.length; index++) {
      const node = after[index];
      const kept = this.kept(open, after.slice(index, index + 3));
      if (kept) {
        for (const removed of open.splice(0, open.indexOf(kept.statement) + 1)) {
          if (removed !== kept.statement) this.note(this.removal(removed), removed, null);
        }
        this.note("kept", kept.statement, node);
        index += kept.length - 1;
        continue;
      }
      if (this.isGuard(node) && !(open.length && open[0].kind === node.kind && !this.isGuard(open[0]))) {
        if (!(open.length && this.isGuard(open[0]))) {
          this.note("guard", null, node);
          continue;
        }
      }
      const partner = open.find((one) => this.related(one, node));
      if (!partner) {
        this.note(this.isPlainDeclaration(node) ? "declared" : "other", null, node);
        continue;
      }
      for (const removed of open.splice(0, open.indexOf(partner) + 1)) {
        if (removed === partner) this.pair(partner, node);
        else this.note(this.removal(removed), removed, null);
      }
    }
    for (const removed of open) this.note(this.removal(removed), removed, null);
  }

  // `f(E.x);` became `const n = E; if (!n) return; f(n.x);` or `const n = E; if (n) f(n.x);`: E runs once, as before,
  // and nothing that runs before E in the old statement can be noticed.
  kept(open, [first, second, third]) {
    const { ts } = this;
    if (!first || !second || !ts.isVariableStatement(first) || first.declarationList.declarations.length !== 1) return null;
    const { name, initializer } = first.declarationList.declarations[0];
    if (!initializer || !ts.isIdentifier(name)) return null;
    const guarded = third && this.isGuard(second) ? third : null;
    const inner = !guarded && ts.isIfStatement(second) && !second.elseStatement && this.isPure(second.expression) ? second.thenStatement : null;
    const body = guarded ?? (inner && ts.isBlock(inner) && inner.statements.length === 1 ? inner.statements[0] : inner);
    if (!body) return null;
    const uses = new RegExp(`(?<![\\w$.])${name.text.replaceAll("$", "\\$")}(?![\\w$])`, "g");
    const [text, value] = [this.text(body), this.text(initializer)];
    if ((text.match(uses) ?? []).length !== 1) return null;
    const statement = open.find((one) => this.text(one) === text.replace(uses, () => value));
    if (!statement || !/^(?:return\s+|(?:(?:const|let|var)\s+(?:\{[\w$\s,:.]*\}|\[[\w$\s,.]*\])|(?:(?:const|let|var)\s+)?[\w$.]+)\s*=\s*)?\(*$/.test(text.slice(0, text.search(uses)))) return null;
    return { statement, length: guarded ? 3 : 2 };
  }

  related(before, after) {
    if (before.kind === after.kind) return true;
    if (this.ts.isVariableStatement(before) && this.ts.isExpressionStatement(after)) return this.leaves(before, after);
    return this.isConditional(before, after);
  }

  // A variable without a value, or with one that does nothing: `let x;`, `const y = z;`.
  isPlainDeclaration(node) {
    const { ts } = this;
    if (!ts.isVariableStatement(node)) return false;
    return node.declarationList.declarations.every((one) => !one.initializer || this.isPure(one.initializer));
  }

  removal(node) {
    const { ts } = this;
    if (ts.isImportDeclaration(node) || ts.isImportSpecifier(node) || ts.isImportClause(node)) return "removed import";
    if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return "removed declaration";
    if (ts.isVariableStatement(node)) {
      const pure = node.declarationList.declarations.every((one) => !one.initializer || this.isHarmless(one.initializer));
      return pure ? "removed declaration" : "other";
    }
    if (ts.isVariableDeclaration(node)) return !node.initializer || this.isHarmless(node.initializer) ? "removed declaration" : "other";
    if (ts.isParameter(node)) return "removed parameter";
    if (ts.isBindingElement(node) || ts.isOmittedExpression(node)) return "removed name";
    if (ts.isPropertyDeclaration(node)) return !node.initializer || this.isHarmless(node.initializer) ? "removed declaration" : "other";
    if (ts.isMethodDeclaration(node)) return "removed declaration";
    if (ts.isEmptyStatement(node)) return "nothing";
    if (this.isUnreachable(node)) return "removed unreachable";
    // What writes to a member that nothing reads: the value is worked out for nothing.
    const write = ts.isExpressionStatement(node) && ts.isBinaryExpression(node.expression) ? node.expression : null;
    if (write?.operatorToken.kind === ts.SyntaxKind.EqualsToken && /^this\.#?[\w$]+$/.test(this.text(write.left)) && this.isHarmless(write.right)) {
      return "removed write";
    }
    return "other";
  }

  // After a return or a throw of the same list; functions are hoisted and so are names of `var`.
  isUnreachable(node) {
    const { ts } = this;
    const before = node.parent?.statements?.[node.parent.statements.indexOf(node) - 1];
    if (!before || ts.isFunctionDeclaration(node) || /\bvar\b|\bfunction\b/.test(this.text(node))) return false;
    return ts.isReturnStatement(before) || ts.isThrowStatement(before) || ts.isBreakStatement(before) || ts.isContinueStatement(before) || this.isUnreachable(before);
  }

  // `if (pure) return ...|throw ...|continue|break`, with or without braces and no else.
  isGuard(node) {
    const { ts } = this;
    if (!ts.isIfStatement(node) || node.elseStatement || !this.isPure(node.expression)) return false;
    let body = node.thenStatement;
    if (ts.isBlock(body)) {
      if (body.statements.length !== 1) return false;
      body = body.statements[0];
    }
    if (ts.isReturnStatement(body)) return !body.expression || this.isPure(body.expression);
    return ts.isThrowStatement(body) || ts.isContinueStatement(body) || ts.isBreakStatement(body);
  }

  isConditional(before, after) {
    const { ts } = this;
    if (!ts.isIfStatement(after) || after.elseStatement || !this.isPure(after.expression)) return false;
    const body = after.thenStatement;
    const inner = ts.isBlock(body) && body.statements.length === 1 && !ts.isBlock(before) ? body.statements[0] : body;
    return inner.kind === before.kind && this.quiet(before, inner);
  }

  // `const unused = effect();` became `effect();`.
  leaves(before, after) {
    const [only, ...more] = before.declarationList.declarations;
    return !more.length && only.initializer && this.same(only.initializer, after.expression);
  }

  // Whether two nodes differ in known forms only; the notes of the look are dropped.
  quiet(before, after) {
    const kept = this.found;
    this.found = [];
    this.pair(before, after);
    const good = this.found.every((one) => one.form !== "other");
    this.found = kept;
    return good;
  }

  pair(before, after) {
    const { ts } = this;
    if (this.same(before, after)) return;
    if (before.kind !== after.kind) {
      this.transformed(before, after);
      return;
    }
    if (head(ts, before) !== head(ts, after)) {
      this.transformed(before, after);
      return;
    }
    if (ts.isFunctionLike(before)) {
      this.functions(before, after);
      return;
    }
    if (ts.isCallExpression(before) && this.text(after) === this.text(before).replace(/\(\s*\)$/, "(undefined)")) {
      this.note("default", before, after);
      return;
    }
    const [left, right] = [children(ts, before), children(ts, after)];
    if (ts.isPropertyAccessExpression(before) || ts.isElementAccessExpression(before) || ts.isCallExpression(before)) {
      const [old, now] = [before.questionDotToken, after.questionDotToken];
      if (!old !== !now) this.note(now ? "optional chaining" : "other", before, after);
      this.members(left.filter((one) => one !== old), right.filter((one) => one !== now), before, after);
      return;
    }
    if (ts.isArrayBindingPattern(before) || (ts.isObjectBindingPattern(before) && before.elements.some((one) => one.dotDotDotToken))) {
      // Positions and what the rest holds matter.
      if (left.length < right.length) this.note("other", before, after);
      right.forEach((one, index) => left[index] && this.pair(left[index], one));
      if (left.length > right.length) this.note(ts.isArrayBindingPattern(before) ? "removed name" : "other", before, after);
      return;
    }
    if (isList(ts, before)) {
      this.lists(left, right);
      return;
    }
    if (ts.isReturnStatement(before) && !before.expression && this.text(after.expression ?? after) === "undefined") {
      this.note("nothing", before, after);
      return;
    }
    if (ts.isIdentifier(before) && this.text(before) === "target" && this.text(after) === "currentTarget" && before.parent.name === before) {
      this.note("current target", before, after);
      return;
    }
    if (!left.length && !right.length) {
      this.note(this.renamed(before, after) ? "renamed" : "other", before, after);
      return;
    }
    if (ts.isObjectLiteralExpression(before) && this.requires(before, after)) {
      this.note("required", before, after);
      return;
    }
    if (this.checkedMore(before, after)) {
      this.note("conditional", before, after);
      return;
    }
    if (ts.isIfStatement(before) && this.narrower(before.expression, after.expression)) {
      this.note("narrowed condition", before.expression, after.expression);
      this.members(left.slice(1), right.slice(1), before, after);
      return;
    }
    this.members(left, right, before, after);
  }

  // `a && b` became `a && pure && b`, or has it first or last, or `a instanceof C && b`.
  narrower(before, after) {
    const { ts } = this;
    const [old, now] = [this.operands(before), this.operands(after)];
    const asked = (one) => (ts.isBinaryExpression(one) && one.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword ? one.left : one);
    const more = [];
    let at = 0;
    for (const one of now) {
      const same = at < old.length && this.same(old[at], one);
      if (!same) more.push(one);
      if (same || (at < old.length && this.same(old[at], asked(one)))) at++;
    }
    return at === old.length && more.length > 0 && more.every((one) => this.isPure(one));
  }

  // A property of a Vue component got `required: true`: a warning while developing, nothing in production.
  requires(before, after) {
    const { ts } = this;
    const [old, now] = [before.properties, after.properties];
    const holder = before.parent?.parent?.parent;
    const ofProps = ts.isPropertyAssignment(before.parent) && holder && ts.isPropertyAssignment(holder) && this.text(holder.name) === "props";
    if (!ofProps || now.length !== old.length + 1 || this.text(now.at(-1)) !== "required: true") return false;
    return old.every((one, index) => this.same(one, now[index]) && !["required", "default"].includes(one.name && this.text(one.name)));
  }

  // `a && b < c` became `a && b !== undefined && b < c`.
  checkedMore(before, after) {
    const { ts } = this;
    if (!ts.isBinaryExpression(after) || after.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken) return false;
    const old = new Set(this.operands(before).map((one) => this.text(one)));
    const more = this.operands(after).filter((one) => !old.has(this.text(one)));
    return this.narrower(before, after) && more.every((one) => /^[\w$.]+ !== undefined$/.test(this.text(one)));
  }

  operands(node) {
    const { ts } = this;
    const both = ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
    return both ? [...this.operands(node.left), ...this.operands(node.right)] : [node];
  }

  functions(before, after) {
    const [left, right] = [before.parameters, after.parameters];
    // Arguments are matched by position: only the last parameters may go.
    if (right.length > left.length) this.note("other", before, after);
    right.forEach((one, index) => left[index] && this.pair(left[index], one));
    for (const one of left.slice(right.length)) this.note("removed parameter", one, null);
    if (before.name && after.name) this.pair(before.name, after.name);
    if (before.body && after.body) this.pair(before.body, after.body);
  }

  members(left, right, before, after) {
    if (left.length !== right.length) {
      const bare = this.found.length;
      this.lists(left, right);
      if (this.found.length === bare) this.note("other", before, after);
      return;
    }
    left.forEach((one, index) => this.pair(one, right[index]));
  }

  // An unused name that got an underscore.
  renamed(before, after) {
    return this.ts.isIdentifier(before) && this.text(after) === `_${this.text(before)}`;
  }

  transformed(before, after) {
    const { ts } = this;
    const text = this.text(before);
    const plain = (node) => {
      while (ts.isParenthesizedExpression(node)) node = node.expression;
      return node;
    };
    const now = plain(after);
    if (this.isConditional(before, after)) {
      this.note("conditional", before, after);
      const body = after.thenStatement;
      this.pair(before, ts.isBlock(body) && !ts.isBlock(before) ? body.statements[0] : body);
      return;
    }
    if (now !== after && now.kind === before.kind && this.same(now, before)) return;
    if (before.kind === ts.SyntaxKind.NullKeyword && ts.isStringLiteral(now) && !now.text && this.isForStyle(before)) {
      this.note("conversion", before, after);
      return;
    }
    if (ts.isBinaryExpression(now) && now.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken && this.isPure(now.right)) {
      this.note("default", before, after);
      this.pair(before, plain(now.left));
      return;
    }
    // A branch `null` became `undefined`, for what takes the one and not the other.
    if (before.kind === ts.SyntaxKind.NullKeyword && this.text(now) === "undefined") {
      this.note("default", before, after);
      return;
    }
    if (ts.isNumericLiteral(before) && ts.isStringLiteral(now) && now.text === `${Number(before.text)}`) {
      this.note("conversion", before, after);
      return;
    }
    if (ts.isCallExpression(now) && ["String", "Number", "Boolean"].includes(this.text(now.expression)) && this.text(now.arguments[0] ?? now) === text) {
      this.note("conversion", before, after);
      return;
    }
    if (ts.isCallExpression(now) && [".getTime", ".valueOf", ".toString"].some((end) => this.text(now.expression) === text + end)) {
      this.note("conversion", before, after);
      return;
    }
    if (ts.isPrefixUnaryExpression(now) && now.operator === ts.SyntaxKind.PlusToken && this.text(plain(now.operand)) === text) {
      this.note("conversion", before, after);
      return;
    }
    if (ts.isConditionalExpression(now) && this.isPure(now.condition)) {
      const branches = [plain(now.whenTrue), plain(now.whenFalse)];
      if (branches.some((one) => this.same(one, before))) {
        this.note("choice", before, after);
        return;
      }
    }
    if (ts.isSpreadAssignment(after) && this.leftOut(before, plain(after.expression))) {
      this.note("left out", before, after);
      return;
    }
    if (ts.isBinaryExpression(now) && now.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken && this.same(plain(now.right), before) && this.isPure(now.left)) {
      this.note("conditional", before, after);
      return;
    }
    if (ts.isBlock(after) && after.statements.length && !ts.isBlock(before)) {
      const [last] = after.statements.slice(-1);
      const rest = after.statements.slice(0, -1);
      const value = ts.isReturnStatement(last) || ts.isExpressionStatement(last) ? last.expression : null;
      if (value && rest.every((one) => this.isGuard(one)) && this.same(plain(value), plain(before))) {
        for (const one of rest) this.note("guard", null, one);
        return;
      }
    }
    if (ts.isVariableStatement(before) && ts.isExpressionStatement(after) && this.leaves(before, after)) {
      this.note("removed name", before, after);
      return;
    }
    this.note("other", before, after);
  }

  // `a: x` became `...(x === undefined ? {} : { a: x })`, `a: c ? x : undefined` became `...(c ? { a: x } : {})`; a
  // spread before it would show through.
  leftOut(before, now) {
    const { ts } = this;
    if (!ts.isConditionalExpression(now) || !(ts.isPropertyAssignment(before) || ts.isShorthandPropertyAssignment(before))) return false;
    const earlier = before.parent.properties.slice(0, before.parent.properties.indexOf(before));
    if (earlier.some((one) => ts.isSpreadAssignment(one) || (one.name && this.same(one.name, before.name)))) return false;
    const [empty, full] = [now.whenTrue, now.whenFalse].sort((one, other) => this.text(one).length - this.text(other).length);
    if (this.text(empty) !== "{}" || !ts.isObjectLiteralExpression(full) || full.properties.length !== 1) return false;
    const [only] = full.properties;
    if (!only.name || !this.same(only.name, before.name) || only.kind === ts.SyntaxKind.MethodDeclaration) return false;
    const [old, value] = [before.initializer ?? before.name, only.initializer ?? only.name];
    if (ts.isConditionalExpression(old) && this.same(old.condition, now.condition)) {
      const [here, there] = full === now.whenTrue ? [old.whenTrue, old.whenFalse] : [old.whenFalse, old.whenTrue];
      return this.same(here, value) && this.text(there) === "undefined";
    }
    return this.same(old, value) && this.isPure(old) && empty === now.whenTrue && this.text(now.condition) === `${this.text(old)} === undefined`;
  }

  // `a.style.top = b.style.left = null`: an element's style takes null for the empty string.
  isForStyle(node) {
    const { ts } = this;
    let [inner, styles] = [node, 0];
    for (; ts.isBinaryExpression(inner.parent) && inner.parent.right === inner; inner = inner.parent) {
      if (inner.parent.operatorToken.kind !== ts.SyntaxKind.EqualsToken) continue;
      if (!/(?:^|\.)style\.(?!cssText$)\w+$/.test(this.text(inner.parent.left))) return false;
      styles++;
    }
    return styles > 0 && (ts.isExpressionStatement(inner.parent) || ts.isArrowFunction(inner.parent));
  }

  // Reading names and members, comparing, literals: what no one notices. Getters are taken to be quiet.
  isPure(node) {
    const { ts } = this;
    let good = true;
    const visit = (one) => {
      if (
        ts.isCallExpression(one) || ts.isNewExpression(one) || ts.isAwaitExpression(one) || ts.isYieldExpression(one) ||
        ts.isTaggedTemplateExpression(one) || ts.isDeleteExpression(one) || ts.isPostfixUnaryExpression(one) ||
        (ts.isPrefixUnaryExpression(one) && (one.operator === ts.SyntaxKind.PlusPlusToken || one.operator === ts.SyntaxKind.MinusMinusToken)) ||
        (ts.isBinaryExpression(one) && one.operatorToken.kind >= ts.SyntaxKind.FirstAssignment && one.operatorToken.kind <= ts.SyntaxKind.LastAssignment)
      ) {
        good = false;
      }
      if (good && !ts.isFunctionLike(one)) ts.forEachChild(one, visit);
    };
    visit(node);
    return good;
  }

  // What may go away with an unused name: pure, or a call of a built-in that only reads.
  isHarmless(node) {
    const { ts } = this;
    if (this.isPure(node)) return true;
    if (ts.isNewExpression(node)) return ["Map", "Set", "WeakMap", "Date", "Array"].includes(this.text(node.expression)) && (node.arguments ?? []).every((one) => this.isHarmless(one));
    if (!ts.isCallExpression(node)) return false;
    const reading = /^(?:document|window)\.(?:querySelector|querySelectorAll|getElementById|getElementsBy\w+)$|^(?:Object\.(?:keys|values|entries)|Array\.(?:from|isArray|of)|Math\.\w+|String|Number|Boolean|useRef|useState|require)$/;
    const method = /\.(?:map|filter|slice|concat|find|findIndex|includes|indexOf|join|split|trim|toLowerCase|toUpperCase|toString|keys|values|entries|get|has|at|flat)$/;
    const name = this.text(node.expression);
    if (!reading.test(name) && !method.test(name)) return false;
    if (method.test(name) && !this.isHarmless(node.expression.expression)) return false;
    return node.arguments.every((one) => this.isHarmless(one));
  }
}

function children(ts, node) {
  const found = [];
  ts.forEachChild(node, (child) => {
    found.push(child);
  });
  return found;
}

function isList(ts, node) {
  return (
    ts.isBlock(node) || ts.isSourceFile(node) || ts.isNamedImports(node) || ts.isObjectBindingPattern(node) ||
    ts.isVariableDeclarationList(node) || ts.isCaseOrDefaultClause(node) || ts.isClassLike(node) || ts.isImportClause(node) || ts.isModuleBlock(node)
  );
}

// What distinguishes two nodes of a kind beside their children: an operator, a keyword.
function head(ts, node) {
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return `${node.operator}`;
  if (ts.isVariableDeclarationList(node)) return `${node.flags & ts.NodeFlags.BlockScoped}`;
  if (ts.isFunctionLike(node)) return `${(node.modifiers ?? []).map((one) => one.kind)}${node.asteriskToken ? "*" : ""}`;
  return "";
}

// The longest common subsequence of two lists, as pairs of indexes.
function common(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const [left, right] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const table = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      table[i][j] = left[i] === right[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  const pairs = [];
  for (let i = 0; i < start; i++) pairs.push([i, i]);
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    if (left[i] === right[j]) pairs.push([start + i++, start + j++]);
    else if (table[i + 1][j] >= table[i][j + 1]) i++;
    else j++;
  }
  for (let i = end; i > 0; i--) pairs.push([before.length - i, after.length - i]);
  return pairs;
}
