import type { GardenEnv } from './env/garden';
import { debounce, pad } from './format';

const fallback: GardenEnv = { butts: 3, litresPerButt: 210, tapOpens: '2026-04-01' };

type Level = { state: 'full' | 'low' | 'empty'; litres: number };

const messages = {
  full: 'Butts are full',
  low: 'Fill a can, leave a can',
  empty: 'Use the tap by the gate',
};

export class WateringTimer {
  private element: HTMLElement;
  private total: number;
  private interval: ReturnType<typeof setInterval> | null = null;
  private remaining: number;
  private label: HTMLElement;
  private ring: SVGCircleElement;
  private onDone?: () => void;

  constructor(element: HTMLElement, minutes = 20) {
    this.element = element;
    this.total = minutes * 60;
    this.remaining = this.total;
    this.ring = element.querySelector<SVGCircleElement>('circle.progress')!;
    this.label = element.querySelector<HTMLElement>('.time')!;
    this.length = this.ring.getTotalLength();
    this.ring.style.strokeDasharray = this.length;
    element.querySelector('button')?.addEventListener('click', this.toggle.bind(this));
    element.querySelector('input').addEventListener('input', debounce((e) => this.set(e.target.valueAsNumber), 150));
    this.paint();
  }

  set(minutes: number) {
    this.total = Math.max(1, minutes) * 60;
    this.remaining = this.total;
    this.paint();
  }

  toggle(e: MouseEvent) {
    if (this.interval) {
      clearInterval(this.interval);
      this.interval = null;
    } else {
      this.interval = setInterval(() => this.tick(), 1000);
    }
    (e.currentTarget as HTMLButtonElement).textContent = this.interval ? 'Pause' : 'Start';
  }

  tick() {
    this.remaining -= 1;
    if (this.remaining <= 0) {
      clearInterval(this.interval);
      this.interval = null;
      this.element.dispatchEvent(new CustomEvent('watered', { detail: this.total, bubbles: true }));
    }
    this.paint();
  }

  paint() {
    this.label.textContent = pad(Math.floor(this.remaining / 60)) + ':' + pad(this.remaining % 60);
    this.ring.style.strokeDashoffset = this.length * (1 - this.remaining / this.total);
  }
}

export function level(used: number): Level {
  const litres = fallback.butts * fallback.litresPerButt - used;
  let state = 'full';
  if (litres <= 300) state = 'low';
  if (litres <= 0) state = 'empty';
  return { state, litres };
}

export function sayLevel(used: number) {
  const now = level(used);
  return `${messages[now.state]} (${Math.round(now.litres)} l)`;
}

export async function rainfall(url: string) {
  try {
    const response = await fetch(url);
    const { days } = await response.json();
    return days.reduce((sum: number, day) => sum + day.mm, 0);
  } catch (e) {
    console.info('no rain gauge: ' + e.message);
    return null;
  }
}

document.addEventListener('watered', (e: CustomEvent) => {
  const used = Number(sessionStorage.getItem('used')) + e.detail / 6;
  sessionStorage.setItem('used', used);
});
