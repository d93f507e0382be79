import { instant, weekday } from './clock';
import { type Span, dry } from './tides';

/** Minutes past midnight, local time. */
export interface Hours {
  opens: number;
  closes: number;
}

/** The walk across takes a quarter of an hour; we want nobody on the stones for the last twenty-five minutes. */
export const MARGIN_MINUTES = 25;
export const SHORTEST_VISIT_MINUTES = 60;

const summer: Hours = { opens: 10 * 60 + 30, closes: 17 * 60 };
const edge: Hours = { opens: 11 * 60, closes: 15 * 60 };

/** April to October every day but Tuesday; March and November at weekends; closed December to February. */
export function hours(day: string): Hours | null {
  const month = Number(day.slice(5, 7));
  const dow = weekday(day);
  if (month >= 4 && month <= 10) return dow === 2 ? null : summer;
  if (month === 3 || month === 11) return dow === 0 || dow === 6 ? edge : null;
  return null;
}

export interface Outing {
  day: string;
  open: Span | null;
  dry: Span[];
  /** On the island with the doors open, and off the stones in time. */
  visits: Span[];
}

export function outing(day: string): Outing {
  const windows = dry(instant(day), instant(day, 24 * 60));
  const today = hours(day);
  if (!today) return { day, open: null, dry: windows, visits: [] };
  const open = { from: instant(day, today.opens), to: instant(day, today.closes) };
  const margin = MARGIN_MINUTES * 60_000;
  const visits = windows
    .map(({ from, to }) => ({ from: Math.max(from, open.from), to: Math.min(to - margin, open.to) }))
    .filter(({ from, to }) => to - from >= SHORTEST_VISIT_MINUTES * 60_000);
  return { day, open, dry: windows, visits };
}
