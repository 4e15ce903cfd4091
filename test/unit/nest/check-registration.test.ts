import { describe, expect, it } from '@jest/globals';

import { checkAsyncRegistration, checkRegistration } from '../../../lib/nest/check-registration.js';

const refused = (check: (options: unknown) => void, options: unknown): string => {
  try {
    check(options);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

describe('a registration', () => {
  it.each<[unknown, string]>([
    [{}, 'accepted'],
    [{ isGlobal: false }, 'accepted'],
    [undefined, 'Invalid option "options": missing. Give the options of the module as an object.'],
    [null, 'Invalid option "options": null. Give the options of the module as an object.'],
    [[], 'Invalid option "options": an empty array. Give the options of the module as an object.'],
    ['x', 'Invalid option "options": a string. Give the options of the module as an object.'],
    [{ isGlobal: 1 }, 'Invalid option "isGlobal": 1. Give true or false, or leave it out for true.'],
  ])('with %j: %s', (options, expected) => {
    expect(refused(checkRegistration, options)).toBe(expected);
  });
});

describe('a registration whose options come from elsewhere', () => {
  const ways =
    'missing. Give "useFactory", "useClass" or "useExisting". A class that is imported and yet missing is,';

  it.each<[unknown, string]>([
    [{ useFactory: () => ({}) }, 'accepted'],
    [{ useClass: class {} }, 'accepted'],
    [{ useExisting: class {} }, 'accepted'],
    [undefined, 'Invalid option "options": missing.'],
    [{}, `Invalid option "useFactory": ${ways}`],
    [{ useClass: undefined }, `Invalid option "useClass": ${ways}`],
    [{ useExisting: undefined }, `Invalid option "useExisting": ${ways}`],
    [
      { useFactory: {} },
      'Invalid option "useFactory": an object. Give a function that returns the options, or pass',
    ],
    [{ useFactory: () => ({}), isGlobal: 'no' }, 'Invalid option "isGlobal": a string.'],
  ])('with %p: %s', (options, expected) => {
    expect(refused(checkAsyncRegistration, options)).toContain(expected);
  });
});
