// Svelte components: see languages.mjs.

export function svelte() {
  return null;
}
