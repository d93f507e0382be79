// Which embedded languages a project has, each through its own tooling.

import { astro } from "./astro.mjs";
import { svelte } from "./svelte.mjs";
import { vue } from "./vue.mjs";

const ALL = { astro, vue, svelte };

export async function languages(project, kinds) {
  const found = [];
  for (const name of kinds ?? Object.keys(ALL)) {
    const one = await ALL[name](project);
    if (one) found.push(one);
  }
  return found;
}
