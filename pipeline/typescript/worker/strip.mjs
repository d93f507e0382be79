// What Node itself makes of TypeScript when it takes the types away, on standard input and output: the JavaScript
// of texts where no TypeScript can be loaded. Comments and layout go too, so equal code means equal behaviour.
// Null where Node refuses: JSX, and syntax that it does not know.

import { stripTypeScriptTypes } from "node:module";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const texts = JSON.parse(Buffer.concat(chunks).toString("utf8"));
process.stdout.write(JSON.stringify(texts.map(stripped)));

function stripped(text) {
  for (const mode of ["transform", "strip"]) {
    try {
      return stripTypeScriptTypes(text, { mode });
    } catch (error) {
      if (!["ERR_INVALID_ARG_VALUE"].includes(error.code)) return null;
    }
  }
  return null;
}
