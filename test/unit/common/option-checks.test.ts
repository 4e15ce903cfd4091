import { describe, expect, it } from '@jest/globals';

import { EntraOptionsError } from '../../../lib/common/entra-auth.error.js';
import { checkObject, choiceOption, kindOf } from '../../../lib/common/option-checks.js';

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
