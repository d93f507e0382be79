import { element, one } from '../lib/dom';
import { type Entry, find, fold, terms } from '../lib/search';

const root = one(HTMLElement, '[data-search]');
const input = one(HTMLInputElement, 'input[type=search]', root);
const status = one(HTMLElement, '[data-status]', root);
const list = one(HTMLOListElement, '[data-hits]', root);
const base = (root.dataset['base'] ?? '/').replace(/\/$/, '');
let entries: Promise<Entry[]> | undefined;

async function load(): Promise<Entry[]> {
  const response = await fetch(`${base}/search-index.json`);
  if (!response.ok) throw new Error(`search index: HTTP ${response.status}`);
  return (await response.json()) as Entry[];
}

function marked(text: string, wanted: readonly string[]): Node[] {
  const folded = fold(text);
  if (folded.length !== text.length) return [document.createTextNode(text)];
  const nodes: Node[] = [];
  let at = 0;
  while (at < text.length) {
    const next = wanted
      .map((term) => ({ term, at: folded.indexOf(term, at) }))
      .filter((match) => match.at !== -1)
      .sort((a, b) => a.at - b.at || b.term.length - a.term.length)[0];
    if (!next) break;
    nodes.push(document.createTextNode(text.slice(at, next.at)));
    at = next.at + next.term.length;
    nodes.push(element('mark', '', text.slice(next.at, at)));
  }
  nodes.push(document.createTextNode(text.slice(at)));
  return nodes;
}

async function show(): Promise<void> {
  const query = input.value.trim();
  history.replaceState(null, '', query ? `?q=${encodeURIComponent(query)}` : location.pathname);
  if (terms(query).length === 0) {
    list.replaceChildren();
    status.textContent = '';
    return;
  }
  try {
    entries ??= load();
    const hits = find(await entries, query);
    if (query !== input.value.trim()) return;
    status.textContent = hits.length === 0 ? `Nothing about “${query}”. Try one word less.` : `${hits.length} found for “${query}”`;
    list.replaceChildren(
      ...hits.slice(0, 20).map(({ entry, excerpt }) => {
        const link = element('a', '', ...marked(entry.title, terms(query)));
        link.href = base + entry.path;
        return element('li', '', element('span', 'kind', entry.kind), link, element('p', '', ...marked(excerpt, terms(query))));
      }),
    );
  } catch {
    entries = undefined;
    status.textContent = 'The search index could not be loaded. The pages themselves are all in the menu.';
  }
}

let timer = 0;
input.addEventListener('input', () => {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void show(), 120);
});
one(HTMLFormElement, 'form', root).addEventListener('submit', (event) => {
  event.preventDefault();
  void show();
});
input.value = new URLSearchParams(location.search).get('q') ?? '';
void show();
