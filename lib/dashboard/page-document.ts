import { createHash } from 'node:crypto';

import html from './page/page.html';

/** The page, with everything that it needs. */
export const pageDocument: string = html;

/** Lets the browser run and load nothing but what the page holds. */
export const pagePolicy: string = [
  "default-src 'none'",
  `script-src ${hashesOf('script')}`,
  `style-src ${hashesOf('style')}`,
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** What the policy calls each inline element of a kind. */
function hashesOf(tag: 'script' | 'style'): string {
  const contents = [...html.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(
    ([, text = '']) => text,
  );
  return contents.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ');
}
