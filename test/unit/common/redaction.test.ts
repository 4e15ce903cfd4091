import { inspect } from 'node:util';

import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { rememberSecret, withoutSecrets } from '../../../lib/common/known-secrets.js';
import { redact, redactError } from '../../../lib/common/redaction.js';
import { jwt } from '../../support/tokens.js';

const token = jwt({ sub: 'someone', exp: 1 });

describe('redact', () => {
  it.each([
    ['a JWT', `got ${token} back`, 'got [redacted token] back'],
    ['a JWT with "-" and "_" in each part', 'x eyJh-b_c.eyJz-d_W.s-g_n y', 'x [redacted token] y'],
    ['a JWT without a header that ends', `${'eyJ'.repeat(800)}.eyJz-d_W.s-g_n`, '[redacted token]'],
    ['a JWT at the end of a word', 'token:tokeneyJhbGc.eyJzdWI.c2ln.', 'token:token[redacted token]'],
    ['a nested JWE and what follows it', 'eyJh.k.i.c.t.rest', '[redacted token].rest'],
    ['a JWT behind dotted words', 'one.two.eyJh.eyJz.c2ln', 'one.two.[redacted token]'],
    ['a dotted word without a token', 'api.example.com eyJ. a..b', 'api.example.com eyJ. a..b'],
    ['two bearer headers', 'Bearer a1 then bearer b2', 'Bearer [redacted] then bearer [redacted]'],
    [
      'a private key',
      'key: -----BEGIN PRIVATE KEY-----\nMIIE\nvQIB\n-----END PRIVATE KEY----- done',
      'key: [redacted key] done',
    ],
    ['half a private key', '-----BEGIN RSA PRIVATE KEY-----\nMIIE\nvQIB', '[redacted key]'],
    ['a bearer header', 'Authorization: Bearer abc.def~g', 'Authorization: Bearer [redacted]'],
    [
      'a form body',
      'client_id=1&client_secret=s3cr~t&scope=x',
      'client_id=1&client_secret=[redacted]&scope=x',
    ],
    ['a JSON body', '{"refresh_token": "0.AAA", "a": 1}', '{"refresh_token": "[redacted]", "a": 1}'],
    [
      'properties',
      '{"accessToken":"a.b","clientSecret":"s"}',
      '{"accessToken":"[redacted]","clientSecret":"[redacted]"}',
    ],
    ['JSON inside JSON', '"{\\"client_secret\\":\\"s3cr~t\\"}"', '"{\\"client_secret\\":\\"[redacted]"}"'],
    ['a query inside a query', 'x=client_secret%3Ds3cr~t&y=1', 'x=client_secret%3D[redacted]&y=1'],
    ['a phrase in quotes', 'password="my secret phrase" and more', 'password="[redacted]" and more'],
    ['the password of a URL', 'postgres://app:s3cr~t@db/app', 'postgres://app:[redacted]@db/app'],
    ['a long opaque run', `x ${'A'.repeat(300)} y`, 'x [redacted] y'],
    ['plain words', 'AADSTS700016: Application not found.', 'AADSTS700016: Application not found.'],
  ])('%s', (_, text, expected) => {
    expect(redact(text)).toBe(expected);
  });
});

describe('a text of a server that means no good', () => {
  const million = 1_000_000;

  it('is cut before a word, and its length is named', () => {
    const text = `${'word '.repeat(4_000)}the end`;
    expect(redact(text)).toBe(`${'word '.repeat(3_276)}[20007 characters in all]`);
    expect(redact('word '.repeat(3_276))).toBe('word '.repeat(3_276));
  });

  it('loses a token that the cut would have halved', () => {
    const text = `${' '.repeat(16_384 - token.length / 2)}${token} ${'x '.repeat(10)}`;
    expect(redact(text)).not.toContain(token.slice(0, 10));
  });

  it.each([
    ['nothing but a run', 'A'.repeat(million)],
    ['headers of tokens', 'eyJ'.repeat(million / 3)],
    ['parts of tokens', 'eyJa.'.repeat(million / 5)],
    ['dots', '.'.repeat(million)],
    ['a header and a million parts', `eyJa${'.a'.repeat(million / 2)}`],
    ['schemes', 'Bearer '.repeat(million / 7)],
    ['spaces after a name', `password${' '.repeat(million)}`],
    ['quotes', 'password=\\"'.repeat(million / 11)],
    ['beginnings of URLs', '://a:'.repeat(million / 5)],
    ['beginnings of keys', '-----BEGIN PRIVATE KEY-----'.repeat(37_037)],
  ])('%s: costs no more than a text of 16,384 characters', (_, text) => {
    expect(redact(text).length).toBeLessThan(22_000);
  });
});

describe('a secret that is known by its value', () => {
  const secret = 'k~3 &"<ä>/+=';
  beforeAll(() => rememberSecret(secret));

  it.each([
    ['as it is', secret],
    ['in a query', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ s: secret }).toString().slice(2)],
    ['in JSON', JSON.stringify(secret)],
    ['in HTML', 'k~3 &amp;&quot;&lt;ä&gt;/+='],
    ['in Base64', Buffer.from(secret).toString('base64')],
    ['in Base64 for URLs', Buffer.from(secret).toString('base64url')],
  ])('is removed %s', (_, form) => {
    expect(redact(`AADSTS7000215: "${form}" is wrong`)).toMatch(/^AADSTS7000215: "+\[redacted\]"+ is wrong$/);
  });

  it('is removed although it stands where the text is cut', () => {
    expect(redact(`${'x '.repeat(8_190)}${secret} more`)).not.toContain('k~3');
  });

  it('is removed as another server would escape it', () => {
    const form = encodeURIComponent(secret).toLowerCase();
    expect(form).not.toBe(encodeURIComponent(secret));
    expect(redact(`got ${form}`)).toBe('got [redacted]');
  });

  it('is removed when it is given, the longest form first', () => {
    expect(withoutSecrets('a+b a%2Bb and 77', ['a+b', '77', ''])).toBe(
      '[redacted] [redacted] and [redacted]',
    );
    expect(withoutSecrets('nothing here', [])).toBe('nothing here');
  });

  it('is removed from four characters on', () => {
    rememberSecret('f0ur');
    expect(redact('f0ur')).toBe('[redacted]');
  });

  it('is left in the text when it is as short as a word', () => {
    rememberSecret('the');
    rememberSecret(undefined);
    rememberSecret('');
    expect(redact('the words')).toBe('the words');
  });

  it('gives way to 256 newer ones', () => {
    rememberSecret('an old secret');
    for (let n = 1; n <= 255; n++) rememberSecret(`secret number ${n}`);
    expect(redact('an old secret')).toBe('[redacted]');
    rememberSecret('secret number 256');
    expect(redact('an old secret and secret number 1')).toBe('an old secret and [redacted]');
  });
});

describe('long runs without a break', () => {
  const run = fc.stringMatching(/^[\w.~+/=-]+$/);
  // Lengths around the one that counts.
  const longRun = fc
    .tuple(run, fc.integer({ min: 190, max: 410 }))
    .map(([unit, length]) => unit.repeat(length).slice(0, length));
  const plain = fc.oneof(run, longRun, fc.constantFrom(' ', '\n', 'é', '"', ';', '€'));
  const told = fc.constantFrom(token, 'Bearer ', 'Bearer abc', 'password=', 'é');
  const textOf = (...pieces: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.array(fc.oneof(...pieces), { maxLength: 10 }).map((found) => found.join(''));
  // As it is meant, without the anchor that makes it fast.
  const longOpaque = /[\w.~+/=-]{200,}/g;

  it('are all redacted, whatever stands around them', () => {
    fc.assert(
      fc.property(textOf(plain, told, fc.string()), (text) => redact(text).search(longOpaque) === -1),
    );
  });

  it('are redacted from the first character to the last, and shorter ones are not', () => {
    fc.assert(
      fc.property(textOf(plain), (text) => {
        expect(redact(text)).toBe(text.replace(longOpaque, '[redacted]'));
      }),
    );
  });
});

describe('redactError', () => {
  it('keeps the errors of an AggregateError, without their secrets', () => {
    const { errors } = redactError(new AggregateError([new Error(`sent ${token}`)], 'all')) as AggregateError;
    expect(errors).toEqual([new Error('sent [redacted token]')]);
  });

  it.each([
    ['a stack that is not a string', Object.assign(new Error('x'), { stack: [] as unknown }), 'x'],
    [
      'getters that throw',
      new Proxy(new Error('x'), {
        get: () => {
          throw new Error('no');
        },
      }),
      'An error that cannot be read.',
    ],
  ])('survives %s', (_, error, message) => {
    expect(redactError(error).message).toBe(message);
  });

  it('keeps what helps and drops what tells', () => {
    const inner = Object.assign(new Error(`sent ${token}`), { code: 'ECONNRESET' });
    const error = Object.assign(new TypeError(`failed with ${token}`, { cause: inner }), {
      statusCode: 401,
      request: { headers: { authorization: `Bearer ${token}` } },
    });
    const copy = redactError(error);
    expect(copy).toMatchObject({ name: 'TypeError', statusCode: 401, cause: { code: 'ECONNRESET' } });
    expect(copy.stack).toContain('redaction.test');
    expect(inspect(copy, { showHidden: true, depth: Infinity })).not.toContain(token.slice(0, 20));
  });

  it('keeps the name and the stack of the original', () => {
    const error = new RangeError('too far');
    error.stack = `RangeError: too far\n    at somewhere (${token}:1:1)`;
    const copy = redactError(error);
    expect([copy.name, copy.stack]).toEqual([
      'RangeError',
      'RangeError: too far\n    at somewhere ([redacted token]:1:1)',
    ]);
  });

  it('drops codes and addresses that are objects', () => {
    const error = Object.assign(new Error('x'), {
      code: { token },
      hostname: [token],
      address: Buffer.from(token),
      port: 443,
    });
    const copy = redactError(error);
    expect(Object.entries(copy)).toEqual([['port', 443]]);
  });

  it('copies twenty errors of a thousand', () => {
    const many = (): Error =>
      new AggregateError(
        Array.from({ length: 1_000 }, () => new Error('one')),
        'all',
      );
    const { errors } = redactError(new AggregateError([many(), many()], 'all')) as AggregateError;
    expect((errors as AggregateError[]).map((error) => error.errors.length)).toEqual([18]);
  });

  it('keeps where a connection failed, and takes a thrown text for a message', () => {
    const where = {
      code: 'ECONNREFUSED',
      statusCode: 503,
      errno: -111,
      syscall: 'connect',
      hostname: 'h',
      address: '::1',
      port: 1,
    };
    expect(Object.fromEntries(Object.entries(redactError(Object.assign(new Error('x'), where))))).toEqual(
      where,
    );
    const secret = Object.assign(new Error('x'), { hostname: `h ${token}` });
    expect(redactError(secret)).toMatchObject({ hostname: 'h [redacted token]' });
    expect(redactError('client_secret=hush').message).toBe('client_secret=[redacted]');
    expect(redactError(7).message).toBe('A value that is not an Error was thrown (number).');
    expect(redactError(null).message).toBe('A value that is not an Error was thrown (null).');
  });

  it('keeps five levels of errors within errors', () => {
    let deep: Error = new Error('level 7');
    for (let n = 6; n >= 0; n--) deep = new AggregateError([deep], `level ${n}`);
    const messages: string[] = [];
    for (let copy = redactError(deep) as AggregateError | undefined; copy !== undefined;) {
      messages.push(copy.message);
      copy = (copy.errors as AggregateError[] | undefined)?.[0];
    }
    expect(messages).toEqual(['level 0', 'level 1', 'level 2', 'level 3', 'level 4', 'level 5']);
  });

  it('names the kind of a thrown value that is not an error', () => {
    expect(redactError(null).message).toMatch(/null/);
    expect(redactError({ token }).message).not.toContain(token);
  });

  it('keeps five causes, and 20 errors in all', () => {
    let deep: Error = new Error('level 9');
    for (let n = 8; n >= 0; n--) deep = new Error(`level ${n}`, { cause: deep });
    const messages: string[] = [];
    for (let copy: unknown = redactError(deep); copy instanceof Error; copy = copy.cause) {
      messages.push(copy.message);
    }
    expect(messages).toEqual(['level 0', 'level 1', 'level 2', 'level 3', 'level 4', 'level 5']);
    const many = new AggregateError(Array.from({ length: 30 }, (_, n) => new Error(`error ${n}`)));
    const copies = (redactError(many) as AggregateError).errors as Error[];
    expect(copies.map(({ message }) => message).at(-1)).toBe('error 18');
  });

  it('survives a chain of causes without end', () => {
    const error = new Error('round');
    error.cause = error;
    expect(redactError(error).message).toBe('round');
  });
});
