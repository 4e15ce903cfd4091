import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { EntraAuthModuleOptions } from 'nestjs-entra-auth';

import type { EntraTokenService } from '../../../lib/nest/entra-token.service.js';
import { createEngine } from '../../support/engine.js';
import { startProtectedServer, type ProtectedServer } from '../../support/protected-server.js';
import { jwt } from '../../support/tokens.js';

const minute = 60_000;
const hour = 60 * minute;
export const tenantId = '11111111-aaaa-4bbb-8ccc-222222222222';

/** A real client of a service, which gets its tokens from the token service. */
export interface ServiceClient {
  name: string;
  challenge: string;
  body: string;
  resources: NonNullable<EntraAuthModuleOptions['resources']>;
  /** Makes a new client, with an empty cache of its own, and returns how to call the service. */
  connect: (server: ProtectedServer, tokens: EntraTokenService) => () => Promise<unknown>;
}

/** What a test of a client has: the service and the token service, both new for each test. */
export interface ClientFixture {
  server: ProtectedServer;
  engine: ReturnType<typeof createEngine>;
  /** How many tokens the configuration asks for. */
  configured: number;
}

/** Describes what holds for every client, and what `more` adds for this one. */
export function describeClient(client: ServiceClient, more: (fixture: ClientFixture) => void): void {
  describe(client.name, () => {
    const fixture = { configured: Object.keys(client.resources).length } as ClientFixture;
    startForEachTest(fixture, client);
    isServedForTwoLives(fixture, client);
    isServedInOutages(fixture, client);
    more(fixture);
  });
}

function startForEachTest(fixture: ClientFixture, { challenge, body, resources }: ServiceClient): void {
  beforeEach(async () => {
    fixture.server = await startProtectedServer(challenge, body);
    fixture.engine = createEngine({ resources });
    const { credential, clock, service } = fixture.engine;
    // The clients' own caches follow the clock of the test.
    jest.spyOn(Date, 'now').mockImplementation(() => clock.now());
    credential.answer(() => {
      const expiresOnTimestamp = clock.now() + hour;
      const claims = { tid: tenantId, exp: expiresOnTimestamp / 1_000, n: credential.calls.length };
      return { token: jwt(claims), expiresOnTimestamp };
    });
    await service.onModuleInit();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    const closed = fixture.engine.service.onApplicationShutdown();
    await fixture.engine.clock.advance(3_000);
    await closed;
    await fixture.server.stop();
  });
}

function isServedForTwoLives(fixture: ClientFixture, { resources, connect }: ServiceClient): void {
  it('asks for no token beyond the configured ones, the first and later ones, for two lives', async () => {
    const { server, configured } = fixture;
    const { service, credential, clock } = fixture.engine;
    const first = connect(server, service);
    await first();
    await connect(server, service)();
    expect(credential.calls).toHaveLength(configured);
    for (let passed = 0; passed < 2 * hour; passed += 14 * minute) {
      await clock.advance(14 * minute);
      await first();
      await connect(server, service)();
    }
    // Those of the boot and their refreshes at half of each life.
    expect(credential.calls.length).toBeLessThanOrEqual(configured * 5);
    expect(service.state().map(({ resource }) => resource)).toEqual(Object.keys(resources));
    expect(server.tokens).toHaveLength(2 * 10);
  });
}

function isServedInOutages(fixture: ClientFixture, { connect }: ServiceClient): void {
  it.each([
    ['fails', () => fixture.engine.credential.fail()],
    ['hangs', () => fixture.engine.credential.hang()],
  ])('is served from memory while the token endpoint %s', async (_, breakDown) => {
    const { server, configured } = fixture;
    const { service, credential, clock } = fixture.engine;
    const early = connect(server, service);
    await early();
    breakDown();
    await early();
    await connect(server, service)();
    expect(credential.calls).toHaveLength(configured);
    await clock.advance(55 * minute);
    await early();
    await connect(server, service)();
    expect(service.state().map(({ state }) => state)).toEqual(Array(configured).fill('degraded'));
    expect(credential.calls.every(({ options }) => options.enableCae === undefined)).toBe(true);
    expect(credential.calls.every(({ options }) => options.tenantId === undefined)).toBe(true);
  });
}
