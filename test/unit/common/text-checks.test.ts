import { describe, expect, it } from '@jest/globals';

import { hostOption, textOption } from '../../../lib/common/text-checks.js';

describe('a text', () => {
  it('is taken as it is', () => {
    expect(textOption('name', 'a b', 'Give a name.')).toBe('a b');
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'missing. Give a name.'],
    ['a number', 7, '7. Give a name.'],
    ['an empty one', '', 'an empty string. Give a name.'],
    ['blanks', ' \n', 'nothing but white space. Give a name.'],
    [
      'one with a line break',
      'name\n',
      'begins or ends with white space. Remove it: a file, or a secret made with `echo`, often ends with a line break.',
    ],
  ])('is not %s', (_, value, rest) => {
    expect(() => textOption('name', value, 'Give a name.')).toThrow(`Invalid option "name": ${rest}`);
  });
});

describe('a host', () => {
  it.each([
    'localhost',
    'my-db.postgres.database.azure.com',
    'my-db.postgres.database.azure.com.',
    'DB_1',
    'a',
    '10.0.0.1',
    '::1',
    'fe80::1',
    '/var/run/postgresql',
  ])('may be %s', (host) => {
    expect(hostOption('host', host, 'Name the server.')).toBe(host);
  });

  it.each<[string, unknown, string]>([
    ['a URL', 'https://db.example.com', 'a URL. Name the server.'],
    ['a URL with a port', 'https://db.example.com:5432', 'a URL. Name the server.'],
    ['one with a port', 'db:5432', 'contains a port. Name the server. Give the port as "port".'],
    ['one that begins with a dash', '-db', 'not the name of a server. Name the server.'],
    ['words', 'my db', 'not the name of a server. Name the server.'],
    ['two', 'a,b', 'not the name of a server. Name the server.'],
    ['nothing', '', 'an empty string. Name the server.'],
  ])('may not be %s', (_, value, rest) => {
    const check = (): string => hostOption('host', value, 'Name the server.');
    expect(check).toThrow(new RegExp(`^Invalid option "host": ${rest}$`));
  });
});
