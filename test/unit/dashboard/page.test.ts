import { createHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { pageDocument, pagePolicy } from '../../../lib/dashboard/page-document.js';
import { countdown, duration, rate, timeOfDay } from '../../../lib/dashboard/page/format.js';
import { timeScale } from '../../../lib/dashboard/page/time-scale.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe('the page', () => {
  it('holds everything that it needs', () => {
    expect(pageDocument).toMatch(/^<!doctype html>/);
    expect(pageDocument).not.toMatch(/\b(?:src|href)="(?!data:|state")/);
    expect(pageDocument).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    expect(pageDocument).not.toMatch(/url\(|@import/);
  });

  it('may run its own script and style, and nothing else', () => {
    for (const tag of ['script', 'style']) {
      const contents = [...pageDocument.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))];
      expect(contents).toHaveLength(1);
      const hash = createHash('sha256')
        .update(contents[0]?.[1] ?? '')
        .digest('base64');
      expect(pagePolicy).toContain(`${tag}-src 'sha256-${hash}';`);
    }
    expect(pagePolicy).toContain("default-src 'none'");
    expect(pagePolicy).not.toMatch(/unsafe|\*/);
  });

  it('makes no markup of what it shows', () => {
    expect(pageDocument).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/);
  });

  it('is small', () => {
    expect(pageDocument.length).toBeLessThan(40_000);
  });
});

describe('the words for times', () => {
  it.each([
    [-5, '0:00'],
    [0, '0:00'],
    [1, '0:01'],
    [41_200, '0:42'],
    [12 * minute + 5 * second, '12:05'],
    [3 * hour + 12 * minute + 5 * second, '3:12:05'],
  ])('count %d ms down as %s', (milliseconds, text) => expect(countdown(milliseconds)).toBe(text));

  it.each([
    [-1, '0 s'],
    [1_499, '1 s'],
    [59_600, '1 min'],
    [12 * minute + 5 * second, '12 min 5 s'],
    [3 * hour + 12 * minute, '3 h 12 min'],
    [2 * day, '2 d'],
    [2 * day + 3 * hour, '2 d 3 h'],
  ])('name %d ms %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

  it.each([
    [0, '0'],
    [0.42, '0.4'],
    [16.66, '16.7'],
    [120.4, '120'],
  ])('round a rate of %d to %s', (perSecond, text) => expect(rate(perSecond)).toBe(text));

  it('name the time of day with two digits each', () => {
    expect(timeOfDay(new Date(2026, 0, 1, 4, 3, 9))).toBe('04:03:09');
  });
});

describe('the scale of time', () => {
  const now = Date.UTC(2026, 0, 1);

  it('keeps the present in its place, whatever the life of a token', () => {
    const places = [5 * second, minute, hour, day].map((life) => timeScale(life, now).present);
    expect(new Set(places.map((place) => place.toFixed(3))).size).toBe(1);
  });

  it('has room for a whole life of a token that has just come', () => {
    const { at } = timeScale(hour, now);
    expect(at(now + hour)).toBeLessThan(100);
    expect(at(now - hour)).toBeGreaterThan(0);
  });

  it('ends at its ends', () => {
    const { at } = timeScale(hour, now);
    expect([at(now - day), at(now + day)]).toEqual([0, 100]);
  });

  it.each([5 * second, minute, 90 * minute, day, 90 * day, 0])(
    'has few ticks for a life of %d ms',
    (life) => {
      const { ticks } = timeScale(life, now);
      expect(ticks.length).toBeGreaterThanOrEqual(3);
      expect(ticks.length).toBeLessThanOrEqual(7);
      expect(ticks.filter(({ offsetInMs }) => offsetInMs === 0)).toHaveLength(1);
    },
  );
});
