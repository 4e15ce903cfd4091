import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RefreshTokenCredential } from 'nestjs-entra-auth';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { createEngine } from '../../support/engine.js';
import { ScriptedTokenServer } from '../../support/scripted-token-server.js';

const hour = 3_600_000;
let server: ScriptedTokenServer;

beforeAll(async () => {
  server = await ScriptedTokenServer.start();
});
afterAll(() => server.stop());

it.each([
  ['ahead', 2 * hour],
  ['behind', -2 * hour],
])('a clock that is %s is told by the `Date` of the token endpoint', async (_, ahead) => {
  const clock = new ManualClock(Date.now() + ahead);
  const credential = new RefreshTokenCredential({
    tenantId: '22222222-2222-4222-8222-222222222222',
    clientId: '33333333-3333-4333-8333-333333333333',
    authorityHost: server.authorityHost,
    certificateAuthority: server.certificateAuthority,
    refreshToken: 'refresh-0',
    offlineAccess: true,
    clock,
  });
  const { service, events } = createEngine({ credential, clock });
  server.rotate();
  const { expiresOnTimestamp } = await service.getToken('graph');
  expect(expiresOnTimestamp).toBeGreaterThan(clock.now());
  const told = service.state('graph')[0]?.clockAheadInMs ?? 0;
  expect(Math.abs(told - ahead)).toBeLessThan(30_000);
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'clock-skew', resource: 'graph', clockAheadInMs: told }),
  );
  await service.onApplicationShutdown();
});
