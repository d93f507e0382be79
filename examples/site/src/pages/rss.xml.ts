import rss from '@astrojs/rss';
import type { APIRoute } from 'astro';
import { getCollection } from 'astro:content';
import { href, name } from '../lib/site';

export const GET: APIRoute = async ({ site }) => {
  if (!site) throw new Error('the feed needs `site` in astro.config');
  const entries = (await getCollection('logbook')).sort((a, b) => b.data.date.getTime() - a.data.date.getTime());
  return rss({
    title: `${name}: log book`,
    description: 'What we found out, wrote down, dropped, mended or heard.',
    site: new URL(href('/'), site),
    items: entries.map(({ id, data }) => ({
      title: data.title,
      description: data.summary,
      pubDate: data.date,
      link: new URL(href(`/logbook/${id}/`), site).href,
    })),
    customData: '<language>en-gb</language>',
  });
};
