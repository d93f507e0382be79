// What Node itself makes of TypeScript when it takes the types away, on standard input and output: the JavaScript
// of texts where no TypeScript can be loaded; a line of JSON in, a line of JSON out. Comments and layout go too, so equal code means equal behaviour.
// Null where Node refuses: JSX, and syntax that it does not know.

import { stripTypeScriptTypes } from "node:module";
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(JSON.parse(line).map(stripped))}\n`);
}

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
