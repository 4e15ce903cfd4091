import { describe, expect, it } from '@jest/globals';

import { endOfText, isBoundedJson, parseJsonObject } from '../../../lib/common/json-object.js';

describe('parseJsonObject', () => {
  it.each([
    ['{"a":[1]}', { a: [1] }],
    ['{"a":[1,{"b":"[[,\\\\"}],"c":"\\","}', { a: [1, { b: '[[,\\' }], c: '",' }],
  ])('reads %s', (text, expected) => {
    expect(parseJsonObject(text)).toEqual(expected);
  });

  it.each(['', '[]', 'null', '7', '"x"', '{', '{"a":"', '{"a":"\\"}', '}{"a":1}'])(
    'takes %j for no object',
    (text) => {
      expect(parseJsonObject(text)).toBeUndefined();
    },
  );

  const arrays = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const alternating = (levels: number) => `${'{"a":['.repeat(levels / 2)}${']}'.repeat(levels / 2)}`;

  it.each([
    ['64 levels of arrays', arrays(64)],
    ['64 levels of objects', objects(64)],
    ['64 levels of both', alternating(64)],
    ['a thousand arrays in a row', `{"a":[${Array.from({ length: 1_000 }, () => '[]').join()}]}`],
    ['brackets in a text', JSON.stringify({ a: '[{'.repeat(1_000) })],
    ['brackets after an escaped quotation mark', JSON.stringify({ a: `"${'[{'.repeat(1_000)}` })],
    ['brackets in a name', JSON.stringify({ ['[{'.repeat(1_000)]: 1 })],
    ['9,998 numbers', `{"a":[${Array.from({ length: 9_998 }, () => '1').join()}]}`],
    ['a text of commas', JSON.stringify({ a: ','.repeat(20_000) })],
  ])('reads %s', (_, text) => {
    expect(parseJsonObject(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ['65 levels of arrays', arrays(65)],
    ['65 levels of objects', objects(65)],
    ['66 levels of both', alternating(66)],
    ['65 levels after a text that ends in an escaped backslash', `{"a":"\\\\","b":${arrays(64)}}`],
    ['65 levels after arrays that ended', `{"a":[[],[]],"b":${arrays(64)}}`],
    ['9,999 numbers', `{"a":[${Array.from({ length: 9_999 }, () => '1').join()}]}`],
  ])('does not read %s', (_, text) => {
    expect(JSON.parse(text)).toBeDefined();
    expect(parseJsonObject(text)).toBeUndefined();
  });

  it.each([
    ['brackets', '['.repeat(2 ** 20)],
    ['brackets that are closed', '['.repeat(2 ** 19) + ']'.repeat(2 ** 19)],
    ['brackets behind others that are closed', `[${'[],'.repeat(1_000)}${'['.repeat(2 ** 20)}`],
    ['objects', '{"a":'.repeat(2 ** 18)],
    ['one text of escapes', `{"a":"${'\\"'.repeat(2 ** 19)}"}`],
  ])('takes less than 50 ms of the processor for a megabyte of %s', (_, text) => {
    const times = [1, 2, 3, 4, 5].map(() => {
      const start = process.cpuUsage();
      parseJsonObject(text);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1e3;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});

describe('the limits of a text', () => {
  const numbers = (count: number): string => `[${Array.from({ length: count }, () => '1').join()}]`;

  it.each([
    ['64 levels', '['.repeat(64), true],
    ['65 levels', '['.repeat(65), false],
    ['10,000 values', numbers(10_000), true],
    ['10,001 values', numbers(10_001), false],
    ['10,000 texts', '""'.repeat(10_000), true],
    ['10,001 texts', '""'.repeat(10_001), false],
  ])('%s', (_, text, isBounded) => {
    expect(isBoundedJson(text)).toBe(isBounded);
  });

  it.each([
    ['a"b', 1],
    ['"', 0],
    ['a\\"b"', 4],
    ['a\\\\"', 3],
    ['abc', 3],
    ['ab\\', 3],
  ])('the text %s ends at %d', (text, end) => {
    expect(endOfText(text, 0)).toBe(end);
  });
});
