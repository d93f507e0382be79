// Vue components: see languages.mjs.

export function vue() {
  return null;
}
