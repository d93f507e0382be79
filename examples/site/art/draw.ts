/** `npm run draw` writes every illustration of the site; the results are committed, so a build needs no drawing. */
import { mkdir, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { objects } from './objects.ts';
import { scenes } from './scenes.ts';

const assets = new URL('../src/assets/', import.meta.url);
await mkdir(new URL('scenes/', assets), { recursive: true });
await mkdir(new URL('objects/', assets), { recursive: true });

for (const [name, source] of Object.entries(scenes)) {
  const picture = await sharp(Buffer.from(source)).webp({ quality: 88, effort: 6 }).toBuffer();
  await writeFile(new URL(`scenes/${name}.webp`, assets), picture);
}
for (const [name, source] of Object.entries(objects)) {
  await writeFile(new URL(`objects/${name}.svg`, assets), source);
}
console.log(`${Object.keys(scenes).length} scenes and ${Object.keys(objects).length} objects drawn`);
