import type { APIRoute } from 'astro';
import { getCollection } from 'astro:content';
import { type Entry, plain } from '../lib/search';

const pages: Entry[] = [
  { title: 'Visit', path: '/visit/', kind: 'page', text: 'Opening hours, prices, tickets, what to bring, dogs, the way over, and the crossing planner with the tide for any day.' },
  { title: 'About and access', path: '/about/', kind: 'page', text: 'People of the trust, wheelchairs, steps, tractor days, lavatory, labels, ear defenders, cookies, contact by post.' },
];

export const GET: APIRoute = async () => {
  const objects = await getCollection('objects');
  const logbook = await getCollection('logbook');
  const keepers = await getCollection('keepers');
  const lights = await getCollection('lights');
  const entries: Entry[] = [
    ...pages,
    ...objects.map(({ id, data, body }): Entry => ({
      title: data.title,
      path: `/collection/#${id}`,
      kind: 'object',
      text: `${plain(body ?? '')} ${data.material}, ${data.made}. ${data.accession}`,
    })),
    ...logbook.map(({ id, data, body }): Entry => ({
      title: data.title,
      path: `/logbook/${id}/`,
      kind: 'log book',
      text: `${data.summary} ${plain(body ?? '')}`,
    })),
    ...keepers.map(({ id, data }): Entry => ({
      title: data.name,
      path: `/keepers/#${id}`,
      kind: 'keeper',
      text: `${data.rank}, ${data.from} to ${data.to}. ${data.note}`,
    })),
    ...lights.map(({ data }): Entry => ({
      title: data.name,
      path: '/light/#list',
      kind: 'light',
      text: `${data.chart}. ${data.words} ${data.duty}`,
    })),
  ];
  entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.title < b.title ? -1 : 1));
  return new Response(JSON.stringify(entries), { headers: { 'Content-Type': 'application/json' } });
};
