import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createRemoteJWKSet, customFetch, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';

const minute = 60_000;

describe('the keys that an application validates callers with, by jose', () => {
  afterEach(() => void jest.restoreAllMocks());

  it.each([
    [undefined, /Expected 200 OK/],
    [24 * 60 * minute, undefined],
  ])(
    'serve through an outage of an hour only with a longer `cacheMaxAge`: %s',
    async (cacheMaxAge, failure) => {
      const { publicKey, privateKey } = await generateKeyPair('RS256');
      const keys = [{ ...(await exportJWK(publicKey)), kid: 'key', alg: 'RS256', use: 'sig' }];
      const header = { alg: 'RS256', kid: 'key' };
      const token = await new SignJWT().setProtectedHeader(header).setExpirationTime('2h').sign(privateKey);
      let isUp = true;
      const respond = () =>
        Promise.resolve(isUp ? Response.json({ keys }) : new Response('', { status: 503 }));
      const remote = createRemoteJWKSet(new URL('https://login.example/keys'), {
        [customFetch]: respond,
        ...(cacheMaxAge !== undefined && { cacheMaxAge }),
      });
      await jwtVerify(token, remote);

      isUp = false;
      const later = Date.now() + 60 * minute;
      jest.spyOn(Date, 'now').mockReturnValue(later);
      const verified = jwtVerify(token, remote);
      await (failure === undefined
        ? expect(verified).resolves.toBeDefined()
        : expect(verified).rejects.toThrow(failure));
    },
  );
});
