import { HOUR, MINUTE, addDays, clockAt, instant, wall } from '../lib/clock';
import { element, one, shape } from '../lib/dom';
import { type Outing, outing } from '../lib/hours';
import { SILL, height } from '../lib/tides';

const root = one(HTMLElement, '[data-planner]');
const input = one(HTMLInputElement, 'input[type=date]', root);
const answer = one(HTMLElement, '[data-answer]', root);
const chart = one(SVGSVGElement, 'svg', root);
const today = wall(Date.now()).day;

const WIDTH = 720;
const HEIGHT = 220;
const FLOOR = 190;
const TOP_METRES = 5;

const y = (metres: number): number => FLOOR - (metres / TOP_METRES) * (FLOOR - 10);

function draw(plan: Outing): void {
  const start = instant(plan.day);
  const end = instant(plan.day, 24 * 60);
  const x = (time: number): number => ((time - start) / (end - start)) * WIDTH;
  const band = (from: number, to: number, name: string): SVGElement =>
    shape('rect', { x: x(from), y: 0, width: x(to) - x(from), height: FLOOR, class: name });
  const points: string[] = [];
  for (let time = start; time <= end; time += 10 * MINUTE) points.push(`${x(time).toFixed(1)},${y(height(time)).toFixed(1)}`);
  const parts: SVGElement[] = [];
  if (plan.open) parts.push(band(plan.open.from, plan.open.to, 'doors'));
  for (const { from, to } of plan.visits) parts.push(band(from, to, 'go'));
  parts.push(shape('polygon', { points: `0,${FLOOR} ${points.join(' ')} ${WIDTH},${FLOOR}`, class: 'water' }));
  parts.push(shape('line', { x1: 0, x2: WIDTH, y1: y(SILL), y2: y(SILL), class: 'sill' }));
  parts.push(shape('text', { x: 6, y: y(SILL) - 6, class: 'sill-name' }, 'top of the stones'));
  for (let hour = 0; hour <= 24; hour += 3) {
    const at = start + hour * HOUR;
    const anchor = hour === 0 ? 'start' : hour === 24 ? 'end' : 'middle';
    parts.push(shape('line', { x1: x(at), x2: x(at), y1: FLOOR, y2: FLOOR + 6, class: 'tick' }));
    parts.push(shape('text', { x: x(at), y: HEIGHT - 6, 'text-anchor': anchor, class: 'hour' }, clockAt(at)));
  }
  if (plan.day === today) {
    const now = x(Date.now());
    parts.push(shape('line', { x1: now, x2: now, y1: 0, y2: FLOOR, class: 'now' }));
  }
  chart.replaceChildren(...parts);
}

function sentences(plan: Outing): string[] {
  const stones = plan.dry.map(({ from, to }) => `${clockAt(from)} to ${clockAt(to)}`).join(' and ');
  const dryness = stones ? `The stones are dry from ${stones}.` : 'The stones stay under water.';
  if (!plan.open) return ['The museum is closed on this day.', dryness];
  const doors = `Doors ${clockAt(plan.open.from)} to ${clockAt(plan.open.to)}.`;
  const visits = plan.visits.map(({ from, to }) => `Set out after ${clockAt(from)} and be off the island by ${clockAt(to)}.`);
  if (visits.length > 0) return [visits.join(' '), `${dryness} ${doors}`];
  return ['No crossing fits the opening hours on this day.', `${dryness} ${doors}`];
}

function show(): void {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(input.value) ? input.value : today;
  const plan = outing(day);
  draw(plan);
  answer.replaceChildren(...sentences(plan).map((text, index) => element('p', index === 0 ? 'verdict' : '', text)));
}

for (const button of root.querySelectorAll<HTMLButtonElement>('button[data-step]')) {
  button.addEventListener('click', () => {
    input.value = addDays(input.value || today, Number(button.dataset['step']));
    show();
  });
}
input.addEventListener('change', show);
input.value = today;
root.hidden = false;
show();
