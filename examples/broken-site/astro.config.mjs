import preact from '@astrojs/preact';
import { defineConfig } from 'astro/config';

export default defineConfig({
  site: process.env.PAGES_SITE ?? 'https://example.github.io',
  base: process.env.PAGES_BASE ?? '/',
  trailingSlash: 'always',
  devToolbar: { enabled: false },
  integrations: [preact()],
});
