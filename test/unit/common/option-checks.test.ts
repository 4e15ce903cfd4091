import { describe, expect, it } from '@jest/globals';

import { EntraOptionsError } from '../../../lib/common/entra-auth.error.js';
import {
  booleanOption,
  checkObject,
  choiceOption,
  clockOption,
  isObject,
  kindOf,
  numberOption,
  optionPath,
} from '../../../lib/common/option-checks.js';
import {
  booleanCheck,
  checkOptions,
  choiceCheck,
  namesOf,
  numberCheck,
  readOptions,
} from '../../../lib/common/option-table.js';
import { systemClock } from '../../../lib/common/clock.js';

const secret = 'abC8Q~0123456789abcdef0123456789abcdef01';

function messageOf(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    if (error instanceof EntraOptionsError) return error.message;
    throw error;
  }
  throw new Error('The value was accepted.');
}

describe('an error about an option', () => {
  it.each<[string, unknown, string]>([
    ['what is missing', undefined, 'missing'],
    ['null', null, 'null'],
    ['an empty array', [], 'an empty array'],
    ['an array', [secret], 'an array'],
    ['a number', 7, '7'],
    ['a boolean', false, 'false'],
    ['an empty text', '', 'an empty string'],
    ['blanks', ' \n', 'nothing but white space'],
    ['a text', secret, 'a string'],
    ['an object', { secret }, 'an object'],
    ['a function', () => secret, 'a function'],
  ])('names %s without showing it', (_, value, kind) => {
    expect(kindOf(value)).toBe(kind);
  });

  it.each<[string, unknown, string]>([
    ['a short word', 'mars', '"mars"'],
    ['a word of 20 letters', 'm'.repeat(20), `"${'m'.repeat(20)}"`],
    ['a word of 21', 'm'.repeat(21), 'a text of 21 characters'],
    ['a pasted secret', secret, 'a text of 40 characters'],
    ['blanks', '  ', 'nothing but white space'],
    ['a number', 7, '7'],
  ])('shows %s where one of a few words was expected', (_, value, shown) => {
    expect(messageOf(() => choiceOption('cloud', value, 'public', ['public', 'usgov']))).toBe(
      `Invalid option "cloud": ${shown}. Give one of "public", "usgov".`,
    );
  });

  it('names an option that is not known, but not a secret that was written in its place', () => {
    const refused = (key: string): string =>
      messageOf(() => checkObject('credential', { [key]: 1 }, ['kind', 'clientId'], 'Give an object.'));
    expect(refused('clientID')).toBe(
      'Invalid option "credential.clientID": no such option. Did you mean "clientId"? Known here: kind, clientId.',
    );
    expect(refused(`${secret}${secret}`)).toContain('Invalid option "credential.abC8…": no such option.');
    expect(refused(secret)).not.toContain(secret);
  });
});

describe('an object of options', () => {
  const known = ['kind', 'clientId'];
  const refused = (value: unknown): string =>
    messageOf(() => checkObject('credential', value, known, 'Give it.'));

  it('is a plain object', () => {
    expect([{}, { a: 1 }].every(isObject)).toBe(true);
    expect([null, [], 'text', 7, undefined].some(isObject)).toBe(false);
    expect(refused([])).toBe('Invalid option "credential": an empty array. Give it.');
    expect(refused(null)).toBe('Invalid option "credential": null. Give it.');
    expect(checkObject('credential', { kind: 1 }, known, 'Give it.')).toBeUndefined();
  });

  it('suggests the known name that begins alike, whatever the case and the separators', () => {
    expect(refused({ client_id: 1 })).toContain('Did you mean "clientId"? Known here');
    expect(refused({ client: 1 })).toContain('Did you mean "clientId"?');
    expect(refused({ kindOfIt: 1 })).toContain('Did you mean "kind"?');
    expect(refused({ secret: 1 })).toBe(
      'Invalid option "credential.secret": no such option. Known here: kind, clientId.',
    );
  });

  it('shows 39 characters of an unknown name, and four of a longer one', () => {
    expect(refused({ ['k'.repeat(39)]: 1 })).toContain(`"credential.${'k'.repeat(39)}"`);
    expect(refused({ ['k'.repeat(40)]: 1 })).toContain('"credential.kkkk…"');
  });

  it('has paths without the name of the outermost one', () => {
    expect(optionPath('options', 'clock')).toBe('clock');
    expect(optionPath('credential', 'kind')).toBe('credential.kind');
  });
});

describe('an option that is left out has its default, and one that is given is checked', () => {
  const range = { min: 1, max: 9, unit: 'a number' };

  it('a number', () => {
    expect([undefined, 1, 9].map((value) => numberOption('n', value, 5, range))).toEqual([5, 1, 9]);
    for (const value of [0, 10, NaN, '5', null, true]) {
      expect(messageOf(() => numberOption('n', value, 5, range))).toBe(
        `Invalid option "n": ${kindOf(value)}. Give a number from 1 to 9, or leave it out for 5.`,
      );
    }
  });

  it('true or false', () => {
    expect([undefined, true, false].map((value) => booleanOption('b', value, true))).toEqual([
      true,
      true,
      false,
    ]);
    expect(messageOf(() => booleanOption('b', 'false', true))).toBe(
      'Invalid option "b": a string. Give true or false, or leave it out for true.',
    );
  });

  it('one of a few words', () => {
    expect(
      [undefined, 'usgov'].map((value) => choiceOption('c', value, 'public', ['public', 'usgov'])),
    ).toEqual(['public', 'usgov']);
  });

  it('a clock', () => {
    const clock = { now: Date.now, random: Math.random, setTimeout, clearTimeout };
    expect(clockOption(undefined)).toBe(systemClock);
    expect(clockOption(clock)).toBe(clock);
    expect(messageOf(() => clockOption({ now: Date.now, random: 7 }))).toBe(
      'Invalid option "clock": has no random(), setTimeout(), clearTimeout(). ' +
        'Give a Clock, such as a ManualClock of "nestjs-entra-auth/testing", or leave it out.',
    );
    for (const value of [null, 7, 'now']) {
      expect(messageOf(() => clockOption(value))).toContain(
        `Invalid option "clock": ${kindOf(value)}. Give a Clock`,
      );
    }
  });
});

describe('a table of options', () => {
  const table = {
    size: numberCheck(5, { min: 1, max: 9, unit: 'a number' }),
    isOn: booleanCheck(true),
    color: choiceCheck('red', ['red', 'blue']),
  };

  it('checks each option, and fills in what is left out', () => {
    expect(checkOptions('options', { size: 2 }, table, 'Give it.')).toEqual({
      size: 2,
      isOn: true,
      color: 'red',
    });
    expect(checkOptions('options', { isOn: false, color: 'blue' }, table, 'Give it.')).toEqual({
      size: 5,
      isOn: false,
      color: 'blue',
    });
    expect(messageOf(() => checkOptions('box', { size: 0 }, table, 'Give it.'))).toContain('"box.size": 0.');
    expect(messageOf(() => checkOptions('options', { isOn: 1 }, table, 'Give it.'))).toContain('"isOn": 1.');
    expect(messageOf(() => checkOptions('options', { color: 'green' }, table, 'Give it.'))).toContain(
      '"color": "green"',
    );
  });

  it('refuses what it does not have, or ignores it', () => {
    expect(messageOf(() => checkOptions('box', { weight: 1 }, table, 'Give it.'))).toContain(
      '"box.weight": no such',
    );
    expect(readOptions('box', { weight: 1 }, table)).toEqual({ size: 5, isOn: true, color: 'red' });
    expect(namesOf({ a: true, b: true })).toEqual(['a', 'b']);
  });
});
