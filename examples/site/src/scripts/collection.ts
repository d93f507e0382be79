import { all, one } from '../lib/dom';

const form = one(HTMLFormElement, '[data-filter]');
const count = one(HTMLElement, '[data-count]');
const cards = all(HTMLElement, '[data-kind]');
const KEYS = ['kind', 'place'] as const;

function choices(): Record<(typeof KEYS)[number], string> {
  const data = new FormData(form);
  return { kind: String(data.get('kind') ?? ''), place: String(data.get('place') ?? '') };
}

function apply(): void {
  const chosen = choices();
  let shown = 0;
  for (const card of cards) {
    card.hidden = KEYS.some((key) => chosen[key] !== '' && card.dataset[key] !== chosen[key]);
    if (!card.hidden) shown += 1;
  }
  count.textContent = shown === 0 ? 'Nothing of that kind stands there.' : `${shown} of ${cards.length} objects`;
  const query = new URLSearchParams(KEYS.flatMap((key) => (chosen[key] ? [[key, chosen[key]]] : [])));
  const suffix = query.size > 0 ? `?${query.toString()}` : '';
  history.replaceState(null, '', `${location.pathname}${suffix}${location.hash}`);
}

const wanted = new URLSearchParams(location.search);
for (const key of KEYS) {
  const value = wanted.get(key);
  if (value === null) continue;
  for (const field of all(HTMLInputElement, `input[name="${key}"]`, form)) if (field.value === value) field.checked = true;
  for (const field of all(HTMLSelectElement, `select[name="${key}"]`, form)) field.value = value;
}
form.addEventListener('change', apply);
form.addEventListener('submit', (event) => event.preventDefault());
form.hidden = false;
apply();
