import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type Fault, type LocalEntra } from 'nestjs-entra-auth/testing';

import { createEngine } from '../../support/engine.js';
import { MachineClock } from '../../support/machine-clock.js';
import { startProtectedServer, type ProtectedServer } from '../../support/protected-server.js';
import { azureClients } from './azure-clients.js';
import { tenantId } from './describe-client.js';

type Engine = ReturnType<typeof createEngine>;

const minute = 60_000;
// Of real time, and only for a test that is about to fail.
const patienceInMs = 60_000;
const resources = { storage: {}, keyvault: {} };
const cases = [
  { ...azureClients.blob, audience: 'https://storage.azure.com' },
  { ...azureClients.keyVault, audience: 'https://vault.azure.net' },
];
const faults: [string, Fault][] = [
  ['answers 503', { kind: 'http-status', status: 503 }],
  ['hangs', { kind: 'hang-before-headers' }],
];

describe.each(cases)('$name, with a configured client secret', ({ challenge, body, connect, audience }) => {
  let clock: MachineClock;
  let entra: LocalEntra;
  let server: ProtectedServer;
  let service: Engine['service'];
  let registry: Engine['registry'];

  beforeEach(async () => {
    clock = new MachineClock();
    clock.install();
    entra = await startLocalEntra({ tenantId, clock, tokenLifetimeInSeconds: 3600 });
    server = await startProtectedServer(challenge, body);
    const { authorityHost, certificateAuthority } = entra;
    const { clientId, clientSecret } = entra.client;
    const application = { tenantId, clientId, clientSecret, authorityHost, certificateAuthority };
    const credential = { kind: 'client-secret', ...application } as const;
    ({ service, registry } = createEngine({ credential, clock, resources }));
    await service.onModuleInit();
  });

  afterEach(async () => {
    const closed = service.onApplicationShutdown();
    await clock.advance(3_000);
    await closed;
    clock.uninstall();
    await server.stop();
    await entra.stop();
  });

  const states = (): string[] => service.state().map(({ state }) => state);

  /** Lets no time pass while an attempt is under way: the next one is planned when it ends. */
  const attemptsEnd = async (isEnough = () => false): Promise<void> => {
    const patience = performance.now() + patienceInMs;
    while (registry.getTimeouts().length < states().length && !isEnough()) {
      if (performance.now() > patience) throw new Error('An attempt did not come to its end.');
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it.each(faults)('is served from memory while the token endpoint %s', async (_, fault) => {
    const early = connect(server, service);
    await early();
    await connect(server, service)();
    expect(entra.requests.token).toBe(2);

    await entra.faults.set('token', fault);
    for (let passed = 0; passed < 50 * minute; passed += 5 * minute) {
      await early();
      await connect(server, service)();
      // Two tokens are due after half of their life, and not before.
      if (passed <= 25 * minute) expect(entra.requests.token).toBe(2);
      for (let step = 0; step < 5 * minute; step += 5_000) {
        await clock.advance(5_000);
        // The deadline of an attempt is in the clock's time, and its request needs real time. One that hangs has no end.
        await attemptsEnd(() => fault.kind === 'hang-before-headers' && entra.requests.token > 2);
      }
    }
    expect(entra.requests.token).toBeGreaterThan(2);
    expect(states()).toEqual(['degraded', 'degraded']);
    expect(new Set(server.tokens).size).toBe(1);

    await entra.faults.clear();
    // Requests that hang already stay so until their deadline.
    await clock.advance(10_000);
    for (let step = 0; step < 30 && states().includes('degraded'); step++) {
      await attemptsEnd();
      await clock.advance(10_000);
    }
    await attemptsEnd();
    expect(states()).toEqual(['fresh', 'fresh']);
    await connect(server, service)();
    expect(new Set(server.tokens).size).toBe(2);
    for (const token of new Set(server.tokens)) entra.verifyToken(token, { audience });
    expect(service.state().map(({ resource }) => resource)).toEqual(Object.keys(resources));
  });
});
