import { readFileSync } from 'node:fs';

import { defineConfig } from 'vitepress';

import { anchorOf } from '../anchor.mjs';
import { addressOf, navigation } from '../navigation.mjs';

const icon = readFileSync(new URL('../icon.svg', import.meta.url), 'utf8');

// The reference is no page of VitePress: a target keeps its router away.
const reference = { text: 'API', link: '/reference/index.html', target: '_self' };

export default defineConfig({
  title: 'nestjs-entra-auth',
  description: 'Keeps Microsoft Entra ID access tokens fresh in the background of a NestJS application',
  lang: 'en',
  srcDir: 'pages',
  outDir: 'dist',
  base: process.env.SITE_BASE || '/',
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  rewrites: { 'README.md': 'index.md' },
  markdown: {
    // What stands in angle brackets is for the reader to fill in.
    config: (markdown) => void markdown.set({ html: false }),
    anchor: { slugify: anchorOf },
    languageAlias: { ts: 'typescript' },
  },
  vite: { build: { chunkSizeWarningLimit: 2_000 } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    externalLinkIcon: true,
    nav: [
      { text: 'Quick start', link: '/#quick-start' },
      { text: 'Deploy', link: '/docs/deploy' },
      { text: 'Errors', link: '/docs/errors' },
      reference,
    ],
    sidebar: navigation.map(({ text, pages }) => ({
      text,
      items: [
        ...Object.entries(pages).map(([page, name]) => ({ text: name, link: addressOf(page) })),
        ...(text === 'Reference' ? [reference] : []),
      ],
    })),
  },
});
