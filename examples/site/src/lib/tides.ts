import { HOUR, MINUTE } from './clock';

/** Height of the causeway's lowest stone and of the mean sea above chart datum, in metres. */
export const SILL = 1.75;
const MEAN = 2.6;

interface Constituent {
  amplitude: number;
  /** Degrees per hour. */
  speed: number;
  phase: number;
}

/** Speeds are the astronomical ones; amplitudes and phases belong to the invented Hallin Sound. */
const constituents: readonly Constituent[] = [
  { amplitude: 1.55, speed: 28.9841042, phase: 158 },
  { amplitude: 0.52, speed: 30, phase: 196 },
  { amplitude: 0.31, speed: 28.4397295, phase: 137 },
  { amplitude: 0.11, speed: 15.0410686, phase: 52 },
  { amplitude: 0.09, speed: 13.9430356, phase: 331 },
];

const EPOCH = Date.UTC(2000, 0, 1);

/** Metres above chart datum. */
export function height(time: number): number {
  const hours = (time - EPOCH) / HOUR;
  return constituents.reduce(
    (sum, { amplitude, speed, phase }) => sum + amplitude * Math.cos(((speed * hours - phase) * Math.PI) / 180),
    MEAN,
  );
}

export interface Span {
  from: number;
  to: number;
}

function crossing(low: number, high: number): number {
  const below = height(low) < SILL;
  let a = low;
  let b = high;
  while (b - a > MINUTE / 4) {
    const middle = (a + b) / 2;
    if (height(middle) < SILL === below) a = middle;
    else b = middle;
  }
  return (a + b) / 2;
}

/** When the causeway is dry between two instants. */
export function dry(from: number, to: number): Span[] {
  const spans: Span[] = [];
  let start = height(from) < SILL ? from : null;
  for (let t = from; t < to; t += 10 * MINUTE) {
    const next = Math.min(t + 10 * MINUTE, to);
    const isDry = height(next) < SILL;
    if (isDry && start === null) start = crossing(t, next);
    if (!isDry && start !== null) {
      spans.push({ from: start, to: crossing(t, next) });
      start = null;
    }
  }
  if (start !== null) spans.push({ from: start, to });
  return spans;
}
