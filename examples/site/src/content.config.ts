import { file, glob } from 'astro/loaders';
import { defineCollection, reference } from 'astro:content';
import { z } from 'astro/zod';

const year = z.number().int().min(1800).max(2100);

const objects = defineCollection({
  loader: glob({ base: './src/content/objects', pattern: '*.md' }),
  schema: ({ image }) =>
    z.object({
      title: z.string(),
      accession: z.string().regex(/^SKV\.\d{4}\.\d+$/),
      kind: z.enum(['light', 'sound', 'weather', 'station life']),
      made: year,
      place: z.enum(['lamp room', 'fog house', 'keepers’ kitchen', 'store']),
      material: z.string(),
      size: z.string(),
      image: image(),
      alt: z.string().min(20),
      order: z.number().int(),
    }),
});

const logbook = defineCollection({
  loader: glob({ base: './src/content/logbook', pattern: '*.md' }),
  schema: ({ image }) =>
    z.object({
      title: z.string(),
      summary: z.string().max(200),
      date: z.date(),
      author: z.string(),
      image: image(),
      alt: z.string().min(20),
      objects: z.array(reference('objects')).default([]),
    }),
});

const keepers = defineCollection({
  loader: file('./src/data/keepers.json'),
  schema: z.object({
    name: z.string(),
    rank: z.enum(['Principal', 'Assistant', 'Occasional']),
    from: year,
    to: year,
    note: z.string(),
  }),
});

/** Steps of one period, in seconds: [lit, dark, lit, dark, …]. */
const lights = defineCollection({
  loader: file('./src/data/lights.json'),
  schema: z.object({
    name: z.string(),
    chart: z.string(),
    colour: z.enum(['white', 'red', 'green']),
    steps: z.array(z.number().positive()).min(2),
    words: z.string(),
    duty: z.string(),
  }),
});

export const collections = { objects, logbook, keepers, lights };
