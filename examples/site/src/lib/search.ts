/** One thing that can be found; the index is a JSON file made at build time. */
export interface Entry {
  title: string;
  path: `/${string}`;
  kind: string;
  text: string;
}

export interface Hit {
  entry: Entry;
  score: number;
  excerpt: string;
}

export const fold = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[’‘]/g, "'")
    .toLowerCase();

export const terms = (query: string): string[] => fold(query).split(/[^\p{L}\p{N}']+/u).filter((term) => term.length > 1);

function wordStart(text: string, term: string): number {
  for (let at = text.indexOf(term); at !== -1; at = text.indexOf(term, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? '')) return at;
  }
  return -1;
}

function excerpt(text: string, at: number): string {
  const from = at < 60 ? 0 : text.indexOf(' ', at - 60) + 1;
  const cut = text.slice(from, from + 170);
  const end = cut.length < 170 ? cut : `${cut.slice(0, cut.lastIndexOf(' '))} …`;
  return (from > 0 ? '… ' : '') + end;
}

/** Every term must begin a word somewhere; titles weigh ten times the text. */
export function find(entries: readonly Entry[], query: string): Hit[] {
  const wanted = terms(query);
  if (wanted.length === 0) return [];
  const hits: Hit[] = [];
  for (const entry of entries) {
    const title = fold(entry.title);
    const text = fold(entry.text);
    let score = 0;
    let first = Number.POSITIVE_INFINITY;
    for (const term of wanted) {
      const inTitle = wordStart(title, term);
      const inText = wordStart(text, term);
      if (inTitle === -1 && inText === -1) {
        score = 0;
        break;
      }
      if (inTitle !== -1) score += 10;
      if (inText !== -1) {
        score += 1 + 1 / (1 + inText / 200);
        first = Math.min(first, inText);
      }
    }
    if (score > 0) hits.push({ entry, score, excerpt: excerpt(entry.text, Number.isFinite(first) ? first : 0) });
  }
  return hits.sort((a, b) => b.score - a.score || (a.entry.path < b.entry.path ? -1 : 1));
}

/** Markdown to the words a reader sees. */
export function plain(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`>#|]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
