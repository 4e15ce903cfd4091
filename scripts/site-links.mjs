import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

const entities = { '&amp;': '&', '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>' };
const plain = (text) => text.replaceAll(/&(amp|quot|#39|lt|gt);/g, (entity) => entities[entity]);
const anchorsOf = (html) =>
  new Set([...html.matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, id]) => plain(id)));

/** What a page loads from elsewhere when it is opened: its images, scripts and style sheets. */
function loadsFromElsewhere(html) {
  const loading = html.match(/<(img|script|iframe|source|link)\b[^>]*>/g) ?? [];
  return loading.filter((tag) => /\s(src|href)="(https?:)?\/\//.test(tag) && !/rel="canonical"/.test(tag));
}

/**
 * The links, images and scripts of a built site that lead nowhere, and what comes from another host.
 *
 * @param {string} folder the site
 * @param {string} base the path under which it is published, with a slash at both ends
 * @returns {Promise<string[]>} a line for each
 */
export async function brokenLinks(folder, base) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll('\\', '/'));
  const present = new Set(files);
  const pages = new Map();
  for (const file of files.filter((name) => name.endsWith('.html')))
    pages.set(file, await readFile(join(folder, file), 'utf8'));
  const anchors = new Map([...pages].map(([file, html]) => [file, anchorsOf(html)]));

  const leadsNowhere = (page, link) => {
    const { host, pathname, hash } = new URL(plain(link), `http://site${base}${page}`);
    if (host !== 'site') return false;
    if (!pathname.startsWith(base)) return true;
    const path = decodeURIComponent(pathname.slice(base.length)).replace(/(^|\/)$/, '$1index.html');
    if (!present.has(path)) return true;
    return hash.length > 1 && anchors.get(path)?.has(decodeURIComponent(hash.slice(1))) === false;
  };
  return [...pages].flatMap(([page, html]) => [
    ...[...html.matchAll(/\s(?:href|src)="((?!data:|mailto:|javascript:)[^"]*)"/g)]
      .map(([, link]) => link)
      .filter((link) => leadsNowhere(page, link))
      .map((link) => `${page}: ${link}`),
    ...loadsFromElsewhere(html).map((tag) => `${page}: ${tag}`),
  ]);
}
