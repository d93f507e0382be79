// Where people's own code stands in a Vue component: its script blocks and the expressions of its template.

const INTERPOLATION = 5;
const DIRECTIVE = 7;

export function blocksOf(descriptor) {
  return [descriptor.script, descriptor.scriptSetup].filter((one) => one && !one.src).map((one) => rangeOf(one.loc));
}

export function expressionsOf({ template }) {
  const found = [];
  const visit = (node) => {
    if (node.type === INTERPOLATION) found.push(rangeOf(node.content.loc));
    for (const one of node.props ?? []) {
      if (one.type === DIRECTIVE && isWritten(one)) found.push(rangeOf(one.exp.loc));
    }
    for (const one of node.children ?? []) visit(one);
  };
  if (template?.ast && !template.src && (!template.lang || template.lang === "html")) visit(template.ast);
  return found;
}

// `:name` alone stands for `:name="name"`: there is no expression to edit.
function isWritten({ exp, arg }) {
  return exp && exp.loc.end.offset > exp.loc.start.offset && exp.loc.start.offset !== arg?.loc.start.offset;
}

function rangeOf({ start, end }) {
  return [start.offset, end.offset];
}
