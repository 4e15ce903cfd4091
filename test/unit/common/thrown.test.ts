import { runInNewContext } from 'node:vm';

import { describe, expect, it } from '@jest/globals';

import { asError, errorText, isError, shortened, withoutFrames } from '../../../lib/common/thrown.js';
import { failedCall } from '../../support/failed-call.js';

const filler = (n: number): string => `Link${n}Credential: ${`reason ${n} `.repeat(40)}`;

describe('the text of an error', () => {
  it('is its message as one line with a full stop', () => {
    expect(errorText(new Error('connect\n  ECONNREFUSED'))).toBe('connect ECONNREFUSED.');
    expect(errorText(new Error('What now?'))).toBe('What now?');
    expect(errorText(new TypeError(''))).toBe('TypeError.');
    expect(errorText('a text')).toBe('a text.');
    expect(errorText({ token: 'secret' })).toBe('the credential threw a value that is not an Error.');
  });

  it('keeps the last link of a chain, where the remedy stands', () => {
    const links = Array.from({ length: 12 }, (_, n) => filler(n));
    const message = ['Chain failed.', ...links, "AzureCliCredential: Please run 'az login'"].join('\n');
    const text = errorText(new Error(message));
    expect(text).toMatch(/^Chain failed\. … /);
    expect(text).toMatch(/Please run 'az login'\.$/);
    expect(text.length).toBeLessThan(2_100);
  });

  it('keeps both ends of a long part', () => {
    const text = errorText(new Error(`It begins. ${'x '.repeat(5_000)}It ends`));
    expect(text).toMatch(/^It begins\..* … .*It ends\.$/);
    expect(text.length).toBeLessThan(650);
  });

  it('tells what causes and inner errors add, and repeats nothing', () => {
    const inner = new Error('AADSTS700016: not found');
    expect(errorText(new Error('outer', { cause: inner }))).toBe('outer AADSTS700016: not found.');
    expect(errorText(new Error('outer AADSTS700016: not found', { cause: inner }))).toBe(
      'outer AADSTS700016: not found.',
    );
    expect(errorText(new AggregateError([new Error('a'), new Error('b')], 'chain'))).toBe('chain a b.');
    const own = Object.assign(new Error('Chained.'), { errors: [new Error('first'), new Error('second')] });
    expect(errorText(own)).toBe('Chained. first second.');
  });

  it('ends, however deep the causes go', () => {
    const loop = new Error('loop');
    loop.cause = loop;
    expect(errorText(loop)).toBe('loop.');
    let deep = new Error('level 0');
    for (let n = 1; n <= 9; n++) deep = new Error(`level ${n}`, { cause: deep });
    expect(errorText(deep)).toBe('level 9 level 8 level 7 level 6 level 5.');
  });

  it('has 2,000 characters of parts at most', () => {
    const word = (letter: string, length: number): string => letter.repeat(length);
    const parts = (last: number): string[] =>
      ['b', 'c', 'd'].map((letter) => word(letter, 500)).concat(word('e', last));
    const all = ['First.', ...parts(490)].join(' ');
    expect(all).toHaveLength(2_000);
    expect(errorText(new Error(['First.', ...parts(490)].join('\n')))).toBe(`${all}.`);
    const cut = errorText(new Error(['First.', ...parts(491)].join('\n')));
    expect(cut).toBe(`${['First.', '…', ...parts(491).slice(1)].join(' ')}.`);
  });

  it('is bounded for a text of a megabyte', () => {
    expect(errorText(new Error('line \n'.repeat(200_000))).length).toBeLessThan(2_100);
  });
});

describe('a thrown value', () => {
  it('is an error although it comes from another realm', () => {
    const foreign: unknown = runInNewContext('new Error("foreign")');
    expect(foreign).not.toBeInstanceOf(Error);
    expect([foreign, new TypeError('own')].every(isError)).toBe(true);
    expect([null, undefined, 'text', { message: 'x' }].some(isError)).toBe(false);
    expect(asError(foreign)).toBe(foreign);
  });

  it('becomes an error, with the text of a text and nothing of an object', () => {
    expect(asError('a text').message).toBe('a text');
    expect(asError({ token: 'secret' }).message).toBe('A value that is not an Error was thrown.');
  });
});

describe('a text that is shortened', () => {
  it('stays as it is at the limit', () => {
    expect(shortened('123456789', 9)).toBe('123456789');
  });

  it('keeps two thirds of its beginning and one of its end, cut between words', () => {
    expect(shortened('one two three four five six seven', 18)).toBe('one two … seven');
    expect(shortened('a'.repeat(200), 90)).toBe(`${'a'.repeat(60)} … ${'a'.repeat(30)}`);
  });
});

describe('the parts of a text', () => {
  it('are forty lines at most', () => {
    const lines = Array.from({ length: 60 }, (_, n) => `l${n}`);
    expect(errorText(new Error(lines.join('\n')))).toBe(`${lines.slice(0, 40).join(' ')}.`);
  });

  it('are those that no other one holds, unless they are as short as a word', () => {
    const word = 'a'.repeat(20);
    const sentence = 'b'.repeat(21);
    const messageOf = (part: string): string => errorText(new Error(`x${part}x`, { cause: new Error(part) }));
    expect(messageOf(word)).toBe(`x${word}x ${word}.`);
    expect(messageOf(sentence)).toBe(`x${sentence}x.`);
    expect(errorText(new Error(`${word}\n\n${word}\nend!`))).toBe(`${word} end!`);
  });

  it('are shortened from 601 characters on', () => {
    expect(errorText(new Error('a'.repeat(600)))).toBe(`${'a'.repeat(600)}.`);
    expect(errorText(new Error('a'.repeat(601)))).toBe(`${'a'.repeat(400)} … ${'a'.repeat(200)}.`);
  });
});

describe('an error that is kept', () => {
  it('keeps what ran alive no longer, neither by itself nor by its cause', async () => {
    const { error, isCollected } = await failedCall((cause) => new Error('outer', { cause }));
    expect(await isCollected()).toBe(false);
    expect(withoutFrames(error)).toBe(error);
    expect(await isCollected()).toBe(true);
    expect(error.stack).toContain('Caller.fail');
  });
});
