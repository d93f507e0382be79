/** Wall-clock time on the island, whatever the visitor's own time zone is. */

export const ZONE = 'Europe/London';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

const parts = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE,
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
});

export interface Wall {
  /** `2026-04-03` */
  day: string;
  /** Minutes since local midnight. */
  minutes: number;
}

export function wall(instant: number): Wall {
  const get = new Map(parts.formatToParts(instant).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): string => get.get(type) ?? '0';
  return {
    day: `${part('year')}-${part('month')}-${part('day')}`,
    minutes: Number(part('hour')) * 60 + Number(part('minute')),
  };
}

/** The instant at which the clock on the island shows `minutes` past midnight on `day`. */
export function instant(day: string, minutes = 0): number {
  const guess = Date.parse(`${day}T00:00:00Z`) + minutes * MINUTE;
  const shown = wall(guess);
  const shownAsUtc = Date.parse(`${shown.day}T00:00:00Z`) + shown.minutes * MINUTE;
  return guess - (shownAsUtc - guess);
}

export function clock(minutes: number): string {
  const whole = Math.round(minutes);
  return `${String(Math.floor(whole / 60)).padStart(2, '0')}:${String(whole % 60).padStart(2, '0')}`;
}

export const clockAt = (time: number): string => clock(wall(time).minutes);

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) + days * 24 * HOUR).toISOString().slice(0, 10);
}

/** 0 is Sunday. */
export const weekday = (day: string): number => new Date(`${day}T12:00:00Z`).getUTCDay();
