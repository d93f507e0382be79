import { lit, period } from '../lib/character';
import { all, one } from '../lib/dom';

interface Lamp {
  id: string;
  steps: number[];
  offset: number;
}

const root = one(HTMLElement, '[data-lights]');
const toggle = one(HTMLButtonElement, '[data-run]', root);
const lamps = all(SVGGElement, '[data-steps]', root).map((node, index) => {
  const lamp: Lamp = { id: node.dataset['id'] ?? '', steps: (node.dataset['steps'] ?? '').split(' ').map(Number), offset: index * 1.7 };
  return { ...lamp, node };
});
let started = 0;
let frame = 0;

function tick(now: number): void {
  const seconds = (now - started) / 1000;
  for (const { node, steps, offset } of lamps) node.classList.toggle('lit', lit(steps, seconds + offset));
  frame = requestAnimationFrame(tick);
}

toggle.addEventListener('click', () => {
  const running = frame !== 0;
  toggle.textContent = running ? 'Light the lamps' : 'Put them out';
  if (running) {
    cancelAnimationFrame(frame);
    frame = 0;
    for (const { node } of lamps) node.classList.remove('lit');
    return;
  }
  started = performance.now();
  frame = requestAnimationFrame(tick);
});
toggle.hidden = false;

const quiz = one(HTMLFormElement, '[data-quiz]');
const bulb = one(HTMLElement, '[data-bulb]', quiz);
const start = one(HTMLButtonElement, '[data-ask]', quiz);
const reply = one(HTMLElement, '[data-reply]', quiz);
const choices = one(HTMLFieldSetElement, 'fieldset', quiz);
let asked: Lamp | undefined;
let right = 0;
let rounds = 0;
let blink = 0;

function play(lamp: Lamp, from: number): void {
  cancelAnimationFrame(blink);
  const step = (now: number): void => {
    bulb.classList.toggle('lit', lit(lamp.steps, (now - from) / 1000));
    blink = requestAnimationFrame(step);
  };
  blink = requestAnimationFrame(step);
}

start.addEventListener('click', () => {
  const others = lamps.filter(({ id }) => id !== asked?.id);
  asked = others[Math.floor(Math.random() * others.length)];
  if (!asked) return;
  quiz.reset();
  choices.disabled = false;
  reply.textContent = `Watch for ${Math.ceil(period(asked.steps))} seconds, then choose. Colours are hidden: count.`;
  play(asked, performance.now());
});

choices.addEventListener('change', () => {
  if (!asked) return;
  const chosen = one(HTMLInputElement, 'input:checked', choices);
  const answer = one(HTMLInputElement, `input[value="${asked.id}"]`, choices);
  rounds += 1;
  if (chosen === answer) right += 1;
  reply.textContent = `${chosen === answer ? 'Yes' : 'No'}: it is ${answer.dataset['name'] ?? ''}. ${right} of ${rounds}.`;
  choices.disabled = true;
  start.textContent = 'Another';
  cancelAnimationFrame(blink);
  bulb.classList.remove('lit');
  start.focus();
});
quiz.addEventListener('submit', (event) => event.preventDefault());
quiz.hidden = false;
