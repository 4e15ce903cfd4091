import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ManualClock,
  startLocalEntra,
  TokenRefusedError,
  type HandMadeToken,
  type LocalEntra,
  type TokenRefusedReason,
} from '../../../lib/testing/index.js';
import { accessToken, askForToken, graph } from './local-entra.fixture.js';

describe('Tokens made and checked by hand', () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({ clock });
  });
  afterAll(() => entra.stop());

  const refusalOf = (token: string): TokenRefusedReason | undefined => {
    try {
      entra.verifyToken(token, { audience: graph });
      return undefined;
    } catch (error) {
      if (!(error instanceof TokenRefusedError)) throw error;
      if (token.length >= 20) expect(error.message).not.toContain(token.slice(0, 20));
      return error.reason;
    }
  };

  const cases: [string, TokenRefusedReason | undefined, Partial<HandMadeToken>][] = [
    ['a good token', undefined, {}],
    ['a lifetime in the past', 'expired', { lifetimeInSeconds: 0 }],
    ['a beginning in the future', 'not-yet-valid', { notBeforeInSeconds: 1 }],
    ['another audience', 'audience', { audience: `${graph}/` }],
    ['another tenant', 'tenant', { tenantId: 'ffffaaaa-5555-bbbb-6666-cccc7777dddd' }],
    [
      'an issuer that does not fit the tenant',
      'tenant',
      { claims: { iss: 'https://sts.windows.net/other/' } },
    ],
    ['a foreign key', 'signature', { signedBy: 'foreign-key' }],
    ['no expiry', 'malformed', { claims: { exp: undefined } }],
  ];

  it.each(cases)('%s: %s', (_what, reason, wanted) => {
    expect(refusalOf(entra.issueToken({ audience: graph, ...wanted }))).toBe(reason);
  });

  it('a token without signature, or signed with the public key as a secret, is refused', () => {
    const [, payload] = entra.issueToken({ audience: graph }).split('.');
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const hmac = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
    expect(refusalOf(`${none}.${payload}.`)).toBe('signature');
    expect(refusalOf(`${hmac}.${payload}.AAAA`)).toBe('signature');
  });

  it('any other text is malformed', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(refusalOf(text)).toBe('malformed');
      }),
    );
  });

  it('claims win over what is made, and a client may be named', () => {
    const client = { tenantId: entra.tenantId, clientId: 'some-client', objectId: 'some-object' };
    const token = entra.issueToken({
      audience: graph,
      client,
      claims: { upn: 'ada@example.com', appid: 'given' },
    });
    expect(entra.verifyToken(token, { audience: [graph, 'other'] })).toMatchObject({
      upn: 'ada@example.com',
      appid: 'given',
      oid: 'some-object',
    });
  });

  it('tokens end on the second by the given clock', async () => {
    entra.tokenLifetimeInSeconds = 8;
    const token = await accessToken(askForToken(entra));
    clock.jump(7_999);
    expect(refusalOf(token)).toBeUndefined();
    clock.jump(1);
    expect(refusalOf(token)).toBe('expired');
  });

  it('settings that make no sense are refused', async () => {
    expect(() => (entra.tokenLifetimeInSeconds = Number.NaN)).toThrow(RangeError);
    expect(() => (entra.refreshInSeconds = -1)).toThrow(RangeError);
    expect(() => (entra.latencyInMs = -1)).toThrow(RangeError);
    await expect(startLocalEntra({ tokenLifetimeInSeconds: 0 })).rejects.toThrow('"tokenLifetimeInSeconds"');
  });

  it('tells how to get a database that was not started', () => {
    expect(() => entra.postgres).toThrow('{ postgres: true }');
  });
});
