import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createEntraDataSource, RefreshTokenCredential, type CredentialState } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import type { DataSource } from 'typeorm';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { FaultyStore } from '../../support/faulty-store.js';
import { databaseAudience, HandMadeCredential, localDataSource } from '../../support/local-database.js';
import { ScriptedTokenServer } from '../../support/scripted-token-server.js';

let entra: LocalEntra;
let server: ScriptedTokenServer;
let store: FaultyStore;
let clock: ManualClock;

beforeAll(async () => {
  [entra, server] = await Promise.all([startLocalEntra({ postgres: true }), ScriptedTokenServer.start()]);
});

afterAll(() => Promise.all([entra.stop(), server.stop()]));

beforeEach(() => {
  clock = new ManualClock();
  store = new FaultyStore({ refreshToken: 'stored', obtainedOnTimestamp: clock.now() });
  store.saveFault = new Error('The disk is busy.');
  server.send({
    token_type: 'Bearer',
    access_token: entra.issueToken({ audience: databaseAudience, lifetimeInSeconds: 3600 }),
    expires_in: 3600,
    refresh_token: 'renewed',
  });
});

function createDataSource(): Promise<DataSource> {
  const { authorityHost, certificateAuthority } = server;
  const credential = new RefreshTokenCredential({
    tenantId: 'contoso.example',
    clientId: 'client',
    clientSecret: 'secret',
    authorityHost,
    certificateAuthority,
    store,
    clock,
    shutdownTimeoutInMs: 3_000,
  });
  return createEntraDataSource({ credential, clock, dataSource: localDataSource(entra) });
}

describe('a data source outside Nest', () => {
  it('stores at its end what could not be stored before, and can be initialized again', async () => {
    const dataSource = await createDataSource();
    await dataSource.initialize();
    expect(await store.refreshToken()).toBe('stored');
    store.saveFault = undefined;
    await dataSource.destroy();
    expect(await store.refreshToken()).toBe('renewed');
    await dataSource.initialize();
    expect(await dataSource.query('select 1 as one')).toEqual([{ one: 1 }]);
    await dataSource.destroy();
  });

  it('gives the credential that moment when it could not be initialized, too', async () => {
    let flushes = 0;
    const state = (): CredentialState => ({ name: 'degraded', obtainedOn: null, expiresBy: null });
    const flush = (): Promise<void> => Promise.resolve(void flushes++);
    const credential = Object.assign(new HandMadeCredential(entra), { state, flush });
    const dataSource = await createEntraDataSource({
      credential,
      dataSource: { ...localDataSource(entra), username: 'nobody-knows-me' },
    });
    await expect(dataSource.initialize()).rejects.toMatchObject({ code: 'ENTRA_LOGIN_REFUSED' });
    expect(flushes).toBe(1);
  });

  it('ends after `shutdownTimeoutInMs` when the store does not answer', async () => {
    const dataSource = await createDataSource();
    await dataSource.initialize();
    store.saveFault = 'hang';
    let ended = false;
    const end = dataSource.destroy().then(() => (ended = true));
    while (dataSource.isInitialized) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(2_999);
    expect(ended).toBe(false);
    await clock.advance(1);
    await end;
  });
});
