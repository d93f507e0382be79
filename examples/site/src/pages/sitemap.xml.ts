import type { APIRoute } from 'astro';
import { getCollection } from 'astro:content';
import { href, isoDay, navigation } from '../lib/site';

export const GET: APIRoute = async ({ site }) => {
  if (!site) throw new Error('the sitemap needs `site` in astro.config');
  const entries = await getCollection('logbook');
  const fixed = ['/', ...navigation.map(({ path }) => path), '/search/', '/about/'] as const;
  const urls = [
    ...fixed.map((path) => ({ path, changed: '' })),
    ...entries.map(({ id, data }) => ({ path: `/logbook/${id}/` as const, changed: `<lastmod>${isoDay(data.date)}</lastmod>` })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const rows = urls.map(({ path, changed }) => `  <url><loc>${new URL(href(path), site).href}</loc>${changed}</url>`);
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${rows.join('\n')}\n</urlset>\n`;
  return new Response(body, { headers: { 'Content-Type': 'application/xml' } });
};
