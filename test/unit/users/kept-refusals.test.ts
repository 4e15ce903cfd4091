import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { InvalidClientError } from '../../../lib/entra/token-endpoint.error.js';
import { MemoryRefreshTokenStore } from '../../../lib/store/memory.refresh-token-store.js';
import { signInPlace } from '../../../lib/users/challenge.js';
import { AttentiveStore } from '../../../lib/users/sign-ins/attentive-store.js';
import { TenantPauses } from '../../../lib/users/tenant-pauses.js';
import { UserEntry } from '../../../lib/users/user-entry.js';
import { UserInteractionRequiredError } from '../../../lib/users/user-token.error.js';
import { failedCall } from '../../support/failed-call.js';

const graph = { name: 'graph', scopes: [], enableCae: false, expectations: {} };
const interaction = (cause: Error): UserInteractionRequiredError => {
  const place = signInPlace('https://login.microsoftonline.com', 'tenant', 'client');
  const details = { place, aadsts: 50076, claims: undefined, oauthError: undefined, cause };
  return new UserInteractionRequiredError('graph', 'Entra wants the user.', details);
};
const invalidClient = (cause: Error): InvalidClientError =>
  new InvalidClientError('The secret is wrong.', 'Check it.', { cause, statusCode: 401 });

describe('what has sent a request, with the token of its caller, is not kept alive by its refusal', () => {
  it('in the entry of the user', async () => {
    const { error, isCollected } = await failedCall(interaction);
    const slot = new UserEntry('key', Infinity, undefined).slotOf(graph);
    slot.refusal = { error, at: 0, claims: undefined };
    expect(await isCollected()).toBe(true);
    expect(slot.refusal.error).toBe(error);
  });

  it('of the application, while its tenant is left alone', async () => {
    const { error, isCollected } = await failedCall(invalidClient);
    const pauses = new TenantPauses(new ManualClock());
    pauses.failed('tenant', error);
    expect(await isCollected()).toBe(true);
    expect(pauses.refusalFor('tenant', 1)).toBe(error);
  });

  it('of a stored sign-in', async () => {
    const { error, isCollected } = await failedCall(interaction);
    const store = new AttentiveStore(
      new MemoryRefreshTokenStore({ refreshToken: 'a refresh token', obtainedOnTimestamp: 0 }),
      () => undefined,
    );
    await store.load();
    store.refuse(error);
    expect(await isCollected()).toBe(true);
    expect(store.refusal?.error).toBe(error);
  });
});
