import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import type { ClientAuthentication } from '../../../lib/refresh-token/client-authentication/client-authentication.js';
import { reusedAuthentication } from '../../../lib/users/client-proof.js';

describe('a signature of the application', () => {
  let clock: ManualClock;
  let signed: string[];
  let proof: ClientAuthentication;
  let fails: boolean;
  const at = (tenantId: string) => ({
    tenantId,
    clientId: 'client',
    tokenEndpoint: `https://login/${tenantId}`,
  });

  beforeEach(() => {
    clock = new ManualClock();
    signed = [];
    fails = false;
    const authenticate: ClientAuthentication['authenticate'] = ({ tokenEndpoint }) => {
      signed.push(tokenEndpoint);
      if (fails) return Promise.reject(new Error('the file is missing'));
      return Promise.resolve({ parameters: {}, headers: {}, secrets: [] });
    };
    proof = reusedAuthentication({ authenticate }, clock);
  });

  it('serves for a minute, in each of the tenants that take turns', async () => {
    for (let n = 0; n < 10; n++) for (const tenant of ['a', 'b', 'c']) await proof.authenticate(at(tenant));
    expect(signed).toHaveLength(3);
    await clock.advance(60_000);
    await proof.authenticate(at('b'));
    expect(signed).toHaveLength(4);
  });

  it('is kept for so many tenants that a list of them does not grow without end', async () => {
    for (let n = 0; n < 1_001; n++) await proof.authenticate(at(String(n)));
    await proof.authenticate(at('1000'));
    expect(signed).toHaveLength(1_001);
    await proof.authenticate(at('0'));
    expect(signed).toHaveLength(1_002);
  });

  it('that failed is made again', async () => {
    fails = true;
    await expect(proof.authenticate(at('a'))).rejects.toThrow('missing');
    fails = false;
    await proof.authenticate(at('a'));
    expect(signed).toHaveLength(2);
  });
});
