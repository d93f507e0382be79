import { type Outing, outing } from '../lib/hours';
import { addDays, clockAt, wall } from '../lib/clock';
import { one } from '../lib/dom';
import { type Span, height } from '../lib/tides';

const root = one(HTMLElement, '[data-today]');
const spans = (list: readonly Span[]): string => list.map(({ from, to }) => `${clockAt(from)}–${clockAt(to)}`).join(' and ');

function headline(plan: Outing, now: number): string {
  const current = plan.visits.find(({ from, to }) => from <= now && now < to);
  if (current) return `You can cross now. Be back over by ${clockAt(current.to)}.`;
  const next = plan.visits.find(({ from }) => from > now);
  if (next) return `Come today between ${clockAt(next.from)} and ${clockAt(next.to)}.`;
  for (let ahead = 1; ahead <= 150; ahead += 1) {
    const day = addDays(plan.day, ahead);
    const [first] = outing(day).visits;
    if (!first) continue;
    const label = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' });
    return `Next crossing with the doors open: ${label.format(new Date(`${day}T12:00:00Z`))}, from ${clockAt(first.from)}.`;
  }
  return 'We are closed for the winter.';
}

function show(): void {
  const now = Date.now();
  const plan = outing(wall(now).day);
  one(HTMLElement, '[data-headline]', root).textContent = headline(plan, now);
  one(HTMLElement, '[data-doors]', root).textContent = plan.open ? spans([plan.open]) : 'closed today';
  one(HTMLElement, '[data-stones]', root).textContent = spans(plan.dry) || 'under water all day';
  const rising = height(now + 300_000) > height(now);
  one(HTMLElement, '[data-tide]', root).textContent = `${height(now).toFixed(1)} m and ${rising ? 'rising' : 'falling'}`;
}

show();
setInterval(show, 60_000);
