import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { prose } from '../bench/page.mjs';
import type { FleetResults } from '../simulation/fleet/scenarios.js';
import { aboutFleet, aboutOutages, introduction } from '../simulation/report/simulation-page.js';
import { repositoryRoot } from '../support/build.js';

/** Without the figures, which each run measures anew. */
const withoutFigures = (text: string): string => text.replaceAll(/\d[\d.,]*\d|\d|NaN/g, '#');
const read = (page: string): string =>
  withoutFigures(readFileSync(join(repositoryRoot, 'docs', page), 'utf8'));

const fleet = {
  replicas: 1,
  bootedTogether: [],
  outages: [{ steady: 1, recovery: { requests: 1 }, ordinary: { requests: 1 } }],
} as unknown as FleetResults;

describe('the pages that runs write', () => {
  it.each([
    ['simulation.md', [introduction(1, 1), aboutOutages, aboutFleet(fleet)]],
    ['benchmarks.md', Object.values(prose)],
  ])('have in docs/%s the words of the program that writes it', (page, texts) => {
    const paragraphs = texts.flatMap((text) => withoutFigures(text).split('\n\n'));
    expect(paragraphs.filter((paragraph) => !read(page).includes(paragraph))).toEqual([]);
    expect(paragraphs.length).toBeGreaterThan(8);
  });
});
