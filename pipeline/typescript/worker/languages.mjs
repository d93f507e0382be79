// Which embedded languages a project has, each through its own tooling.

import { astro } from "./astro.mjs";
import { svelte } from "./svelte.mjs";
import { vue } from "./vue.mjs";

const ALL = { astro, vue, svelte };

export function languages(project, kinds) {
  const wanted = kinds ?? Object.keys(ALL);
  return wanted.map((name) => ALL[name](project)).filter(Boolean);
}
