import { describe, expect, it } from '@jest/globals';

import { SecretScan } from '../support/secret-scan.js';
import { jwt } from '../support/tokens.js';

const token = jwt({ aud: 'https://graph.microsoft.com', oid: 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb' });
const secret = 'p4ss/w0rd+of~the client';

describe('the scan for secrets', () => {
  it.each<[string, string]>([
    ['a token', `got ${token} from Entra`],
    ['the head of a token', `got ${token.slice(0, 30)}…`],
    ['a token in a header', `authorization: Bearer ${token}`],
    ['a token in JSON', JSON.stringify({ access_token: token })],
    ['a token in base64', Buffer.from(`password:${token}`).toString('base64')],
    ['a token as bytes', Buffer.from(token).toString('hex')],
    ['the secret', `client secret ${secret} refused`],
    ['the secret in a form', `client_secret=${encodeURIComponent(secret)}&scope=x`],
    ['the secret in a Basic header', `Basic ${Buffer.from(`client:${secret}`).toString('base64')}`],
    ['the secret as bytes', Buffer.from(secret).toString('hex')],
  ])('finds %s', (_, text) => {
    const scan = new SecretScan({ 'client secret': secret });
    scan.text('a log', text);
    expect(scan.leaks()).not.toEqual([]);
  });

  it('finds a token that arrives in pieces', () => {
    const scan = new SecretScan();
    for (const character of `got ${token}.`) scan.text('a log', character);
    expect(scan.leaks()).not.toEqual([]);
  });

  it('finds a secret that was named after the text was read', () => {
    const scan = new SecretScan();
    scan.text('a log', secret);
    expect(scan.leaks()).toEqual([]);
    scan.protect({ 'client secret': secret });
    expect(scan.leaks()).toMatchObject([{ where: 'a log', what: 'client secret' }]);
  });

  it.each<[string, unknown]>([
    ['a property', { deep: { down: [{ token }] } }],
    ['a hidden property', Object.defineProperty({}, 'token', { value: token, enumerable: false })],
    ['a map', new Map([['token', token]])],
    ['bytes', { body: Buffer.from(token) }],
    [
      'what only JSON shows',
      { toJSON: () => ({ token }), [Symbol.for('nodejs.util.inspect.custom')]: () => 'fine' },
    ],
    ['the message of an error', new Error(`refused: ${token}`)],
    ['the cause of an error', new Error('refused', { cause: new Error('inner', { cause: { token } }) })],
    ['one error of several', new AggregateError([new Error(token)], 'all failed')],
  ])('finds a token in %s', (_, value) => {
    const scan = new SecretScan();
    scan.value('an object', value);
    expect(scan.leaks()).not.toEqual([]);
  });

  it('tells where without telling what', () => {
    const scan = new SecretScan();
    scan.text('a log', `before ${token} after`);
    expect(scan.leaks()).toEqual([{ where: 'a log', what: 'token', around: 'before ‹leak› after' }]);
  });

  it('lets everything else pass', () => {
    const scan = new SecretScan({ 'client secret': secret });
    scan.text(
      'a log',
      'The token of postgres was refreshed, valid until 2026-11-21T00:31:34.000Z. [redacted token]',
    );
    scan.value('an object', {
      id: 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb',
      digest: 'a'.repeat(64),
      on: new Date(),
    });
    expect(scan.leaks()).toEqual([]);
    expect(scan.length).toBeGreaterThan(100);
  });
});
