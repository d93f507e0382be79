export function weight(grams: number) {
  return grams >= 1000 ? (grams / 1000).toFixed(1) + ' kg' : grams + ' g';
}

export function shortDate(iso: string) {
  if (!iso) return 'never';
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }).format(Date.parse(iso));
}

export function daysBetween(from: string, to: Date | string = new Date()) {
  return Math.floor((new Date(to) - new Date(from)) / 86400000);
}

export function plural(count: number, word: string, _locale?: string) {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

export function debounce(fn, ms = 200) {
  let timer: ReturnType<typeof setTimeout>;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), ms);
  };
}

export function pad(value: number) {
  return String(value).padStart(2, 0);
}
