import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { DashboardState } from 'nestjs-entra-auth/dashboard';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

import { ensureBuilt, repositoryRoot } from '../support/build.js';
import { describeWith, findProgram } from '../support/installed-server.js';
import type { RunningProgram } from '../support/running-program.js';
import { sampleUrl, startSample } from '../support/sample.js';
import { SecretScan } from '../support/secret-scan.js';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const screenshots = join(repositoryRoot, '.test-output/dashboard');
const appearances = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [1280, 375].map((width) => ({ colorScheme, width })),
);

/** Notes what a browser complains of, from the first line of the page on. */
async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions,
  complaints: string[],
) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('console', (message) => complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
  });
  await page.exposeFunction('complain', (text: string) => complaints.push(text));
  await page.addInitScript(`addEventListener('securitypolicyviolation',
    ({ violatedDirective, blockedURI }) => complain('policy: ' + violatedDirective + ' ' + blockedURI))`);
  await page.goto(address);
  return page;
}

/** What axe finds, as one line each. */
async function findingsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
}

const figure = async (page: Page, label: string): Promise<string> =>
  (await page.locator('.figure', { hasText: label }).locator('dd').textContent()) ?? '';

const inState = (page: Page, resource: string, ...states: string[]) =>
  page
    .locator(states.map((state) => `.token[data-state="${state}"]`).join())
    .filter({ hasText: resource })
    .waitFor();

beforeAll(() => ensureBuilt());

describeWith({ program: 'chromium', debianPackage: 'chromium' })(
  'the dashboard of the sample, in a browser',
  () => {
    const scan = new SecretScan();
    const complaints: string[] = [];
    let sample: RunningProgram;
    let address: string;
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      mkdirSync(screenshots, { recursive: true });
      const executablePath = findProgram('chromium') ?? '';
      // As root, as in a container, Chromium has no sandbox.
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
      sample = startSample({ scan, name: 'the sample', env: { TOKEN_LIFETIME_SECONDS: '240' } });
      address = await sample.said(sampleUrl);
      page = await openPage(browser, address, { viewport: { width: 1280, height: 900 } }, complaints);
    });

    afterAll(async () => {
      await browser?.close();
      await sample?.[Symbol.asyncDispose]();
    });

    it('shows the tokens of the application, live', async () => {
      await page.getByText('Live', { exact: true }).waitFor();
      await inState(page, 'postgres', 'fresh', 'due');
      await inState(page, 'graph', 'fresh', 'due');
      expect(await page.title()).toBe('Notes without a password');
      const tokens = findProgram('redis-server') === undefined ? 2 : 3;
      if (tokens === 3) await inState(page, 'redis', 'fresh', 'due');
      expect(await figure(page, 'tokens that serve')).toBe(`${tokens} of ${tokens}`);
      expect(await figure(page, 'failed calls')).toBe('0');
    });

    it('moves the bars, and keeps the present in its place', async () => {
      const places = () =>
        page.evaluate<{ bar: number; present: number }>(`(() => {
        const left = (selector) => document.querySelector(selector).getBoundingClientRect().left;
        return { bar: left('.life[data-state="held"]'), present: left('.present') };
      })()`);
      const before = await places();
      await page.waitForTimeout(2_000);
      const after = await places();
      expect(after.bar).toBeLessThan(before.bar - 1);
      expect(after.present).toBe(before.present);
    });

    it('counts down', async () => {
      const left = page.locator('.token .left-time').first();
      const before = await left.textContent();
      await page.waitForTimeout(1_500);
      expect(await left.textContent()).not.toBe(before);
    });

    it('turns to degraded when the token endpoint answers 503, by keyboard, and tells a screen reader', async () => {
      await page.getByRole('button', { name: 'Answer 503' }).focus();
      await page.keyboard.press('Enter');
      await inState(page, 'postgres', 'degraded');
      await inState(page, 'graph', 'degraded');
      expect(await page.getByRole('button', { name: 'Answer 503' }).getAttribute('aria-pressed')).toBe(
        'true',
      );
      await page.locator('#news').filter({ hasText: 'is degraded.' }).waitFor({ state: 'attached' });
      await page.locator('.trouble').filter({ hasText: '503' }).first().waitFor();
      await page.locator('.mark[data-outcome="failed"]').first().waitFor();
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Answer 503');
    });

    it.each(appearances)(
      'reads well in trouble: $colorScheme, $width pixels',
      async ({ colorScheme, width }) => {
        const viewport = { width, height: 900 };
        const shown = await openPage(browser, address, { viewport, colorScheme }, complaints);
        await inState(shown, 'postgres', 'degraded', 'expired');
        await shown.screenshot({
          path: join(screenshots, `trouble-${colorScheme}-${width}.png`),
          fullPage: true,
        });
        expect(await findingsOf(shown)).toEqual([]);
        expect(await shown.evaluate('document.scrollingElement.scrollWidth')).toBe(width);
        await shown.context().close();
      },
    );

    it('turns back when the endpoint is well again, and no call has failed', async () => {
      await page.getByRole('button', { name: 'Clear' }).click();
      await inState(page, 'postgres', 'fresh', 'due');
      await inState(page, 'graph', 'fresh', 'due');
      await page.getByText('The token endpoint is well again.').waitFor();
      expect(await figure(page, 'failed calls')).toBe('0');
    });

    it('names the remedy when the secret has expired', async () => {
      await page.getByRole('button', { name: 'Expire the secret' }).click();
      await page.locator('.trouble').filter({ hasText: 'AADSTS7000222' }).first().waitFor();
      await page.getByRole('button', { name: 'Clear' }).click();
      await inState(page, 'postgres', 'fresh', 'due');
    });

    it('shows a revoked token and a restart of PostgreSQL, and no call fails', async () => {
      // The newest token counts as issued before the revocation only in a later second.
      await page.waitForTimeout(1_100);
      await page.getByRole('button', { name: 'Revoke the token' }).click();
      await page.locator('.event').filter({ hasText: 'rejected' }).first().waitFor();
      const made = Number(await figure(page, 'calls made'));
      await page.getByRole('button', { name: 'Restart PostgreSQL' }).click();
      await page.getByText('PostgreSQL has restarted.').waitFor();
      while (Number(await figure(page, 'calls made')) < made + 5) await page.waitForTimeout(200);
      expect(await figure(page, 'failed calls')).toBe('0');
    });

    it.each(appearances)('reads well: $colorScheme, $width pixels', async ({ colorScheme, width }) => {
      const viewport = { width, height: 900 };
      const shown = await openPage(browser, address, { viewport, colorScheme }, complaints);
      await inState(shown, 'postgres', 'fresh', 'due');
      await shown.screenshot({ path: join(screenshots, `well-${colorScheme}-${width}.png`), fullPage: true });
      expect(await findingsOf(shown)).toEqual([]);
      expect(await shown.evaluate('document.scrollingElement.scrollWidth')).toBe(width);
      await shown.context().close();
    });

    it('can be used by keyboard alone: each button is reached by Tab, and the focus is seen', async () => {
      const shown = await openPage(browser, address, {}, complaints);
      await shown.getByRole('button', { name: 'Clear' }).waitFor();
      const reached: unknown[] = [];
      for (let n = 0; n < 7; n++) {
        await shown.keyboard.press('Tab');
        reached.push(
          await shown.evaluate(
            `[document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]`,
          ),
        );
      }
      expect(reached).toEqual(
        [
          'Answer 503',
          'Hang',
          'Expire the secret',
          'Revoke the token',
          'Restart PostgreSQL',
          'Clear',
          'State as JSON',
        ].map((name) => [name, 'solid']),
      );
      await shown.context().close();
    });

    it('shows foreign text as text', async () => {
      const state = (await (await fetch(`${address}/state`)).json()) as DashboardState;
      const foreign = '<img src=x onerror=complain(1)><script>complain(2)</script>';
      const [first] = state.resources;
      const hostile = {
        ...state,
        title: foreign,
        resources: [{ ...first, resource: foreign, state: 'degraded', lastError: foreign }],
        events: [
          {
            number: 1,
            at: state.at,
            type: foreign,
            subject: foreign,
            severity: 'error',
            text: foreign,
            times: 1,
          },
        ],
        figures: [{ label: foreign, value: foreign, alarm: true }],
        actions: [{ name: 'x', label: foreign, description: foreign, active: false }],
      };
      const context = await browser.newContext();
      await context.route('**/events', (route) =>
        route.fulfill({ contentType: 'text/event-stream', body: `data: ${JSON.stringify(hostile)}\n\n` }),
      );
      const shown = await context.newPage();
      const ran: string[] = [];
      await shown.exposeFunction('complain', (text: string) => ran.push(text));
      await shown.goto(address);
      await shown.getByRole('heading', { level: 3 }).waitFor();
      expect(await shown.getByRole('heading', { level: 3 }).textContent()).toBe(foreign);
      expect(await shown.locator('img, body script:not(:last-of-type)').count()).toBe(0);
      expect(ran).toEqual([]);
      await context.close();
    });

    it('has let the browser find nothing to complain of', () => {
      expect(complaints).toEqual([]);
    });

    it('ends with the application, and tells the reader', async () => {
      await sample.end('SIGTERM', 5_000);
      await page.locator('#connection[data-state="lost"]').waitFor();
      expect(await page.locator('#connection').textContent()).toMatch(/^No connection since \d\d:\d\d:\d\d/);
    });

    it('has let no token out', () => {
      expect(scan.leaks()).toEqual([]);
    });
  },
);
