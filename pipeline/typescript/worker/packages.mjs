// The project's packages.

// Where a module of a package lies, or null when it is not installed.
export function resolved(require, name) {
  try {
    return require.resolve(name);
  } catch {
    return null;
  }
}
