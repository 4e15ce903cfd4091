import { afterEach, beforeAll, afterAll, describe, expect, it } from '@jest/globals';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { assertionOf, makeCaller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const identityId = 'dddddddd-0000-1111-2222-eeeeeeeeeeee';

describe('the proof of the application that exchanges tokens', () => {
  const clock = new ManualClock();
  let entra: LocalEntra;
  let stop: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    entra = await startLocalEntra({
      clock,
      tokenLifetimeInSeconds: 3600,
      client: { managedIdentities: [identityId] },
      additionalClients: [{ name: 'identity', objectId: identityId }, { name: 'stranger' }],
    });
    process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] = entra.imdsUrl;
  });
  afterAll(async () => {
    delete process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'];
    await entra.stop();
  });
  afterEach(async () => {
    entra.requests.reset();
    await stop?.();
  });

  const exchange = async (options: Parameters<typeof startUserTokens>[0], client?: { clientId: string }) => {
    const tokens = startUserTokens(options, {
      clock,
      ...(client && { credential: { kind: 'managed-identity', clientId: client.clientId } }),
    });
    stop = tokens.stop;
    const callers = Array.from({ length: 20 }, () => assertionOf(entra, makeCaller()));
    return Promise.all(callers.map((caller) => tokens.service.onBehalfOf(caller).getToken('graph')));
  };
  const withIdentity = () => {
    const options = userOptions(entra, { client: { clientAssertion: 'managed-identity' } });
    return options;
  };

  it('is the managed identity of the module, asked for once, without any secret', async () => {
    const [identity] = entra.additionalClients;
    expect(await exchange(withIdentity(), identity)).toHaveLength(20);
    expect(entra.requests.imds).toBe(1);
    expect(entra.requests.token).toBe(20);
  });

  it('is refused when the application does not trust the identity, in words for the operator', async () => {
    const [, stranger] = entra.additionalClients;
    await expect(exchange(withIdentity(), stranger)).rejects.toMatchObject({
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      aadsts: 700213,
      retryable: false,
    });
  });

  it('is a certificate', async () => {
    const options = userOptions(entra, { client: { clientCertificate: entra.client.certificatePath } });
    expect(await exchange(options)).toHaveLength(20);
  });

  it('is a function of the application', async () => {
    const options = userOptions(entra, { client: { clientAssertion: () => 'not a JWT' } });
    await expect(exchange(options)).rejects.toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE' });
  });

  it.each([
    [{ clientAssertion: undefined, clientSecret: undefined }, /"users.client": neither a secret nor/],
    [{ clientSecret: 'a', clientCertificate: 'b' }, /given together with/],
    [
      { clientSecret: undefined, clientAssertion: 'managed identity' },
      /"users.client.clientAssertion": a string/,
    ],
    [{ clientId: 'my-app' }, /"users.client.clientId": not a GUID/],
    [{ audiences: [] }, /"users.client.audiences": an empty array/],
  ])('is checked at boot: %j', (client, message) => {
    const options = userOptions(entra);
    const wrong = { ...options, client: { ...options.client, ...client } } as unknown as typeof options;
    expect(() => startUserTokens(wrong)).toThrow(message);
  });
});
