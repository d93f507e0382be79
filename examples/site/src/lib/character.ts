/** The rhythm of a light: `steps` alternate lit and dark seconds, beginning with lit. */

export const period = (steps: readonly number[]): number => steps.reduce((sum, step) => sum + step, 0);

export function lit(steps: readonly number[], seconds: number): boolean {
  let rest = seconds % period(steps);
  for (const [index, step] of steps.entries()) {
    if (rest < step) return index % 2 === 0;
    rest -= step;
  }
  return false;
}

export interface Flash {
  at: number;
  length: number;
}

export function flashes(steps: readonly number[], from: number, to: number): Flash[] {
  const found: Flash[] = [];
  let at = Math.floor(from / period(steps)) * period(steps);
  while (at < to) {
    for (const [index, step] of steps.entries()) {
      const length = Math.min(at + step, to) - at;
      if (index % 2 === 0 && length > 0) found.push({ at, length });
      at += step;
    }
  }
  return found;
}
