import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';

import { brokenLinks } from '../../scripts/site-links.mjs';
import { addressOf, pagesOfSite } from '../../site/navigation.mjs';
import { ensureSite, repositoryRoot, siteBase as base } from '../support/build.js';
import { describeWith, findProgram } from '../support/installed-server.js';

const screenshots = join(repositoryRoot, '.test-output/site');
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Serves a folder as a plain host of files does. */
async function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const path = pathname.startsWith(base) ? decodeURIComponent(pathname.slice(base.length)) : '..';
    const file = join(folder, path === '' || path.endsWith('/') ? `${path}index.html` : path);
    void readFile(file).then(
      (content) =>
        response.writeHead(200, { 'content-type': types[extname(file)] ?? 'text/plain' }).end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const titleOf = async (page: string): Promise<string> => {
  const [, title = ''] = /^# (.+)$/m.exec(await readFile(join(repositoryRoot, page), 'utf8')) ?? [];
  return title.replaceAll('`', '');
};

describeWith({ program: 'chromium', debianPackage: 'chromium' })('the site: npm run docs:site', () => {
  const complaints: string[] = [];
  let server: Server;
  let browser: Browser;
  let page: Page;
  let address: string;

  beforeAll(async () => {
    server = await serve(await ensureSite());
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // As root, as in a container, Chromium has no sandbox.
    browser = await chromium.launch({
      executablePath: findProgram('chromium') ?? '',
      args: ['--no-sandbox'],
    });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => complaints.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${address}/`) && !url.startsWith('data:')) complaints.push(`elsewhere: ${url}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
    });
    await mkdir(screenshots, { recursive: true });
  }, 900_000);

  afterAll(async () => {
    await browser?.close();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  });

  const shown = (path: string) => page.goto(address + base + path.replace(/^\//, ''));
  const heading = () => page.locator('h1').first();

  it('begins with the README', async () => {
    await shown('/');
    expect(await heading().textContent()).toContain('nestjs-entra-auth');
    await page.screenshot({ path: join(screenshots, 'start.png') });
    const groups = await page.locator('.VPSidebar h2').allTextContents();
    expect(groups).toEqual(['Start', 'Guides', 'Operations', 'Reference', 'About']);
  });

  it('shows each page, with its images', async () => {
    for (const name of pagesOfSite) {
      await shown(addressOf(name));
      expect([name, await heading().textContent()]).toEqual([
        name,
        expect.stringContaining(await titleOf(name)),
      ]);
      const broken = await page.evaluate(`[...document.images].filter((image) => image.naturalWidth === 0)
        .map((image) => image.src)`);
      expect([name, broken]).toEqual([name, []]);
    }
  });

  it('finds a word, and leads to the section that has it', async () => {
    await shown('/');
    const search = page.locator('.VPLocalSearchBox input');
    // The page listens for the key once it is hydrated, which has no mark.
    for (let pressed = 0; pressed < 60 && !(await search.isVisible()); pressed++) {
      await page.keyboard.press('/');
      await search.waitFor({ timeout: 1_000 }).catch(() => undefined);
    }
    await search.fill('PgBouncer');
    const results = page.locator('.VPLocalSearchBox .result');
    const deploy = results.filter({ hasText: 'Deploy' }).first();
    await deploy.waitFor();
    await page.screenshot({ path: join(screenshots, 'search.png') });
    await deploy.click();
    await page.waitForURL('**/docs/deploy.html#*');
    // The address changes before the page is there.
    await page.locator('main', { has: page.locator('h1', { hasText: 'Deploy' }) }).waitFor();
    expect(await page.locator('main').textContent()).toContain('PgBouncer');
  });

  it('shows the source of a recipe, and leads to the reference of the API and back to an anchor', async () => {
    await shown('/docs/drivers.html');
    await page.locator('main a[href$="kysely.ts.html"]').first().click();
    await page.getByRole('heading', { name: 'docs/recipes/drivers/kysely.ts' }).waitFor();
    await page.locator('.VPNavBar').getByRole('link', { name: 'API' }).click();
    await page.waitForURL('**/reference/index.html');
    await page.getByRole('link', { name: 'testing', exact: true }).first().waitFor();
    await shown('/#why-not-simply-credentialgettoken');
    expect(await page.locator(':target').textContent()).toContain('Why not simply');
  });

  it('fits a telephone', async () => {
    await page.setViewportSize({ width: 375, height: 800 });
    for (const name of ['README.md', 'docs/errors.md', 'docs/comparison.md']) {
      await shown(addressOf(name));
      await heading().waitFor();
      expect([name, await page.evaluate('document.scrollingElement.scrollWidth')]).toEqual([name, 375]);
    }
  });

  it('has let the browser find nothing to complain of, and asked no other host', () => {
    expect(complaints).toEqual([]);
  });
});

describe('the check of the links of the site', () => {
  let folder: string;
  const put = async (file: string, html: string) => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), html);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-site-'));
    await put('docs/there.html', '<h2 id="a-heading">A heading</h2>');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(['docs/there.html#a-heading', '/base/docs/there.html', '#', 'https://example.com/', 'mailto:a@b'])(
    'lets %s pass',
    async (link) => {
      await put('index.html', `<a href="${link}">A link</a>`);
      await expect(brokenLinks(folder, '/base/')).resolves.toEqual([]);
    },
  );

  it.each([
    ['a page that is not there', '<a href="docs/gone.html">'],
    ['a heading that is not there', '<a href="docs/there.html#gone">'],
    ['a path outside of the site', '<a href="/docs/there.html">'],
    ['an image that is not there', '<img src="gone.png">'],
    ['an image of another host', '<img src="https://example.com/badge.svg">'],
    ['a script of another host', '<script src="//example.com/a.js"></script>'],
    ['a style sheet of another host', '<link rel="stylesheet" href="https://example.com/a.css">'],
  ])('reports %s', async (_, html) => {
    await put('index.html', html);
    await expect(brokenLinks(folder, '/base/')).resolves.toEqual([expect.stringMatching(/^index\.html: /)]);
  });
});
