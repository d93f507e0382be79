import { createHash } from 'node:crypto';
import { defineConfig } from 'astro/config';
import { themeScript } from './src/lib/theme-script';

const site = process.env.PAGES_SITE ?? 'https://example.github.io';
const base = process.env.PAGES_BASE ?? '/';

export default defineConfig({
  site,
  base,
  output: 'static',
  trailingSlash: 'always',
  build: { format: 'directory', inlineStylesheets: 'never' },
  devToolbar: { enabled: false },
  markdown: { syntaxHighlight: false },
  security: {
    csp: {
      // GitHub Pages sends no headers of ours, so the policy travels in a meta element.
      directives: ["default-src 'self'", "img-src 'self' data:", "object-src 'none'", "base-uri 'self'", "form-action 'self'"],
      scriptDirective: { hashes: [`sha256-${createHash('sha256').update(themeScript).digest('base64')}`] },
    },
  },
  // Files instead of inlined modules: they are cached between pages.
  vite: { build: { assetsInlineLimit: 0 } },
});
