// Where people's own code stands in a Svelte component: its scripts and the expressions of its markup.

const CODE = /Expression$|Literal$|^Identifier$|Pattern$|^VariableDeclaration$|^SpreadElement$/;
const HEADS = new Set(["start", "end", "type", "parent", "loc", "metadata"]);

export function placesOf(document, { htmlAst }) {
  const scripts = [document.scriptInfo, document.moduleScriptInfo].filter(Boolean).map((one) => [one.start, one.end]);
  const found = [];
  const text = document.getText();
  const visit = (node, shorthand) => {
    if (!node || typeof node !== "object") return;
    if (Array.isArray(node)) {
      for (const one of node) visit(one, shorthand);
      return;
    }
    if (CODE.test(node.type ?? "") && typeof node.start === "number") {
      if (!shorthand && isWritten(text, node)) found.push([node.start, node.end]);
      return;
    }
    const inner = shorthand || node.type === "AttributeShorthand";
    for (const [key, value] of Object.entries(node)) if (!HEADS.has(key)) visit(value, inner);
  };
  visit(htmlAst, false);
  return [...scripts, ...found];
}

// `bind:value` and `{name}` stand for more than they write: there is no expression to edit.
function isWritten(text, { start, end }) {
  return end > start && text[start - 1] !== ":" && text[start - 1] !== "|";
}
