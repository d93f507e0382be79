export const name = 'Skarvness Light';
export const strapline = 'The keepers’ museum on the tidal island';

/** `/visit/` -> `/museum/visit/` when the site is published under a base path. */
export function href(path: `/${string}`): string {
  return import.meta.env.BASE_URL.replace(/\/$/, '') + path;
}

export interface Page {
  path: `/${string}`;
  label: string;
}

export const navigation: readonly Page[] = [
  { path: '/visit/', label: 'Visit' },
  { path: '/light/', label: 'The light' },
  { path: '/collection/', label: 'Collection' },
  { path: '/keepers/', label: 'Keepers' },
  { path: '/logbook/', label: 'Log book' },
];

const long = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });

export const longDate = (date: Date): string => long.format(date);
export const isoDay = (date: Date): string => date.toISOString().slice(0, 10);
