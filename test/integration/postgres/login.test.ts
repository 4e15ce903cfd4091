import { createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';

import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  createEntraDataSource,
  DatabaseLoginRefusedError,
  InsecureConnectionError,
  isEntraAuthError,
  type AccessToken,
  type TokenCredential,
  type TokenEvent,
} from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { filter } from 'rxjs';
import { DataSource, type DataSourceOptions } from 'typeorm';

import {
  createDataSourceFactory,
  HandMadeCredential,
  localDataSource,
} from '../../support/local-database.js';
import { whatEndsTheProcess } from '../../support/what-ends-the-process.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({
    postgres: true,
    additionalClients: [{ name: 'reporter' }],
  });
  const [reporter] = entra.additionalClients;
  await entra.postgres.createRole({ name: 'reporter', objectId: reporter?.objectId ?? '' });
});

afterAll(() => entra.stop());

async function connect(
  setup: ReturnType<typeof createDataSourceFactory>,
  name?: string,
): Promise<DataSource> {
  return new DataSource((await setup.factory.createTypeOrmOptions(name)) as DataSourceOptions).initialize();
}

/** What pg calls for a password, with the connection that it is for. */
interface PasswordOption {
  password: (target: object) => Promise<string>;
}

const currentUser = async (dataSource: DataSource): Promise<unknown> =>
  (await dataSource.query<{ name: string }[]>('select current_user as name'))[0]?.name;

const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((resource) => /^(TCPSocket|TLS)Wrap$/.test(resource)).length;

describe('a data source', () => {
  it('logs in although a listener to its logins throws, which the log reports without the token', async () => {
    const credential = new HandMadeCredential(entra);
    const setup = createDataSourceFactory({
      credential,
      resources: { postgres: {} },
      dataSource: localDataSource(entra),
    });
    const lines = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    setup.factory.logins.subscribe(() => {
      throw new Error('password=hunter2');
    });
    setup.factory.logins
      .pipe(filter(({ outcome }) => outcome === 'accepted'))
      .subscribe(() => Promise.reject(new Error('too late')) as never);
    const ends = await whatEndsTheProcess(async () => {
      const dataSource = await connect(setup);
      expect(await currentUser(dataSource)).toBe(entra.postgres.username);
      await dataSource.destroy();
    });
    expect(ends).toEqual([]);
    expect(setup.logins.map(({ outcome }) => outcome)).toEqual(['accepted']);
    expect(lines.mock.calls.map(([line]) => String(line))).toEqual([
      'A listener to the events of EntraAuth threw: password=[redacted]',
      'A listener to the events of EntraAuth threw: too late',
    ]);
    lines.mockRestore();
  });

  it('logs in with a token, without Nest, from options or from a URL', async () => {
    const credential = new HandMadeCredential(entra);
    const { host, port, database, username, ssl } = localDataSource(entra);
    const url = `postgres://${username}@${host}:${port}/${database}?sslmode=verify-full`;
    for (const dataSource of [localDataSource(entra), { type: 'postgres', url, ssl } as const]) {
      const connected = await (await createEntraDataSource({ credential, dataSource })).initialize();
      expect(await currentUser(connected)).toBe(entra.client.name);
      await connected.destroy();
    }
  });

  it('reports each physical login', async () => {
    const setup = createDataSourceFactory({
      credential: new HandMadeCredential(entra),
      dataSource: localDataSource(entra),
    });
    const dataSource = await connect(setup);
    await Promise.all(Array.from({ length: 4 }, () => dataSource.query('select pg_sleep(0.05)')));
    await dataSource.destroy();
    expect(setup.logins).toHaveLength(4);
    expect(setup.logins[0]).toMatchObject({
      dataSource: 'default',
      resource: 'postgres',
      role: entra.client.name,
      host: 'localhost',
      outcome: 'accepted',
    });
    expect(setup.logins[0]?.tokenExpiresAt?.getTime()).toBeGreaterThan(Date.now());
  });

  it('makes the driver forget the token after the login', async () => {
    const setup = createDataSourceFactory({
      credential: new HandMadeCredential(entra),
      dataSource: localDataSource(entra),
    });
    const dataSource = await connect(setup);
    const { token } = await setup.service.getToken('postgres');
    expect(inspect(dataSource.driver, { depth: 12, showHidden: true })).not.toContain(token);
    await dataSource.destroy();
  });

  it('logs in to a master and its replicas alike', async () => {
    const { type, ...endpoint } = localDataSource(entra);
    const setup = createDataSourceFactory({
      credential: new HandMadeCredential(entra),
      dataSource: { type, replication: { master: endpoint, slaves: [endpoint] } },
    });
    const dataSource = await connect(setup);
    for (const mode of ['master', 'slave'] as const) {
      const runner = dataSource.createQueryRunner(mode);
      expect(await runner.query('select current_user as name')).toEqual([{ name: entra.client.name }]);
      await runner.release();
    }
    await dataSource.destroy();
    expect(setup.logins.length).toBeGreaterThanOrEqual(2);
  });

  it('keeps the identities of several data sources apart', async () => {
    const [reporter] = entra.additionalClients;
    const own = new HandMadeCredential(entra);
    const other = new HandMadeCredential(entra, reporter === undefined ? {} : { client: reporter });
    const setup = createDataSourceFactory({
      credential: own,
      resources: {
        reports: { scopes: 'https://ossrdbms-aad.database.windows.net/.default', credential: other },
      },
      dataSource: {
        default: localDataSource(entra),
        reports: { ...localDataSource(entra), username: 'reporter', resource: 'reports' },
      },
    });
    const dataSources = [await connect(setup), await connect(setup, 'reports')];
    expect(await Promise.all(dataSources.map(currentUser))).toEqual([entra.client.name, 'reporter']);
    await Promise.all(dataSources.map((dataSource) => dataSource.destroy()));
    expect([own.calls, other.calls]).toEqual([1, 1]);
  });

  it('finds its role in the token when it has no username', async () => {
    const credential = new HandMadeCredential(entra, { claims: { upn: entra.client.name } });
    const { username: _, ...dataSource } = localDataSource(entra);
    const setup = createDataSourceFactory({ credential, dataSource });
    const connected = await connect(setup);
    expect(await currentUser(connected)).toBe(entra.client.name);
    await connected.destroy();
    expect(credential.calls).toBe(1);
  });

  it('looks for its role in a token for Azure Resource Manager too, and then at its fallback', async () => {
    const identity = `/subscriptions/1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${entra.client.name}`;
    const nameless = new HandMadeCredential(entra, { claims: { upn: undefined, xms_mirid: undefined } });
    const managed = new HandMadeCredential(entra, { claims: { xms_mirid: identity } });
    const credential: TokenCredential = {
      getToken: (scopes) => (String(scopes).includes('management') ? managed : nameless).getToken(),
    };
    const { username, ...dataSource } = localDataSource(entra);
    for (const options of [
      { credential, dataSource },
      { credential: nameless, dataSource: { ...dataSource, fallbackUsername: username } },
    ]) {
      const connected = await connect(createDataSourceFactory(options));
      expect(await currentUser(connected)).toBe(entra.client.name);
      await connected.destroy();
    }
  });

  it('asks for a username when no token carries a valid role name', async () => {
    const { username: _, ...dataSource } = localDataSource(entra);
    for (const claims of [{ appid: undefined }, { upn: 'x'.repeat(64) }]) {
      const setup = createDataSourceFactory({
        credential: new HandMadeCredential(entra, { claims }),
        dataSource,
      });
      const error: unknown = await setup.factory.createTypeOrmOptions().catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'ENTRA_ROLE_NAME_UNKNOWN' });
      expect((error as Error).message).toContain(
        `"username": the name of the role of the principal with the object id "${entra.client.objectId}"`,
      );
    }
  });

  it('names the data sources that there are when asked for another', async () => {
    const { factory } = createDataSourceFactory({
      credential: new HandMadeCredential(entra),
      dataSource: localDataSource(entra),
    });
    await expect(factory.createTypeOrmOptions('other')).rejects.toThrow(
      /"other" is not configured \(configured: "default"\)/,
    );
  });
});

describe('a login that the server refuses', () => {
  it('is repeated once with a new token when the token was at fault', async () => {
    const credential = new HandMadeCredential(entra);
    const setup = createDataSourceFactory({ credential, dataSource: localDataSource(entra) });
    entra.postgres.revoke((await setup.service.getToken('postgres')).token);
    const dataSource = await connect(setup);
    expect(await currentUser(dataSource)).toBe(entra.client.name);
    await dataSource.destroy();
    expect(setup.logins.map(({ outcome }) => outcome)).toEqual(['refused', 'accepted']);
    expect(credential.calls).toBe(2);
  });

  it('is repeated with the newer token that is held by then, and asks for none', async () => {
    const credential = new HandMadeCredential(entra);
    const setup = createDataSourceFactory({ credential, dataSource: localDataSource(entra) });
    const forced: TokenEvent[] = [];
    setup.service.events.subscribe((event) => event.type === 'rejected' && forced.push(event));
    const options = (await setup.factory.createTypeOrmOptions()) as DataSourceOptions & PasswordOption;
    const presented: string[] = [];
    const password: PasswordOption['password'] = async (target) => {
      const token = await options.password(target);
      presented.push(token);
      if (presented.length === 1) {
        // The token is refreshed while it is on its way to the server.
        entra.postgres.revoke(token);
        await setup.service.refresh('postgres');
      }
      return token;
    };
    const dataSource = await new DataSource({ ...options, password } as DataSourceOptions).initialize();
    expect(await currentUser(dataSource)).toBe(entra.client.name);
    await dataSource.destroy();
    expect(setup.logins.map(({ outcome }) => outcome)).toEqual(['refused', 'accepted']);
    expect(presented).toEqual([expect.any(String), (await setup.service.getToken('postgres')).token]);
    expect(presented[0]).not.toBe(presented[1]);
    expect({ forced: forced.length, calls: credential.calls }).toEqual({ forced: 0, calls: 2 });
  });

  it('is not repeated with the token that was refused, when the credential has no other', async () => {
    const credential = new HandMadeCredential(entra);
    const only = await credential.getToken();
    const getToken = (): Promise<AccessToken> => Promise.resolve(only);
    const setup = createDataSourceFactory({ credential: { getToken }, dataSource: localDataSource(entra) });
    entra.postgres.revoke(only.token);
    await expect(connect(setup)).rejects.toThrow(DatabaseLoginRefusedError);
    expect(setup.logins.map(({ outcome }) => outcome)).toEqual(['refused']);
  });

  it('costs one request for a token, however many are refused together', async () => {
    const credential = new HandMadeCredential(entra);
    const setup = createDataSourceFactory({
      credential,
      dataSource: { ...localDataSource(entra), poolSize: 30 },
    });
    const dataSource = await connect(setup);
    entra.postgres.revoke((await setup.service.getToken('postgres')).token);
    await Promise.all(Array.from({ length: 30 }, () => dataSource.query('select pg_sleep(0.2)')));
    await dataSource.destroy();
    expect(credential.calls).toBe(2);
    expect(setup.logins.filter(({ outcome }) => outcome === 'refused').length).toBeGreaterThan(0);
  });

  it('explains a wrong role, and does not hammer the token endpoint for it', async () => {
    const credential = new HandMadeCredential(entra);
    const setup = createDataSourceFactory({
      credential,
      dataSource: { ...localDataSource(entra), username: "o'role" },
    });
    const refused = await connect(setup).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DatabaseLoginRefusedError);
    expect(refused).toMatchObject({
      code: 'ENTRA_LOGIN_REFUSED',
      sqlState: '28P01',
      role: "o'role",
      resource: 'postgres',
      retryable: false,
      cause: { code: '28P01' },
    });
    expect((refused as Error).message).toContain(
      `pgaadauth_create_principal_with_oid('o''role', '${entra.client.objectId}', 'service', false, false)`,
    );
    for (let n = 0; n < 20; n++) await expect(connect(setup)).rejects.toThrow(DatabaseLoginRefusedError);
    expect(credential.calls).toBe(2);
  });
});

describe('a server that cannot be reached', () => {
  it.each([
    ['refuses connections', { port: 1 }, /ECONNREFUSED/],
    ['has no address', { host: 'no-such-host.invalid' }, /ENOTFOUND|EAI_AGAIN/],
  ])('and %s is named with the reason and the remedy, and tried again at boot', async (_, wrong, reason) => {
    const setup = createDataSourceFactory({
      credential: new HandMadeCredential(entra),
      dataSource: { ...localDataSource(entra), ...wrong },
    });
    const { toRetry } = await setup.factory.createTypeOrmOptions();
    const error: unknown = await connect(setup).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ENTRA_DATABASE_UNREACHABLE', retryable: true });
    expect((error as Error).message).toMatch(reason);
    expect(toRetry?.(error)).toBe(true);
  });

  it('and does not answer is given up at the deadline', async () => {
    const setup = createDataSourceFactory({
      credential: new HandMadeCredential(entra),
      dataSource: { ...localDataSource(entra), connectTimeoutMS: 100 },
    });
    entra.postgres.pause();
    try {
      await expect(connect(setup)).rejects.toMatchObject({ code: 'ENTRA_DATABASE_UNREACHABLE' });
    } finally {
      entra.postgres.resume();
    }
  });
});

describe('a login that cannot get a token', () => {
  it('fails before the driver gives up, and names what it waited for', async () => {
    const clock = new ManualClock();
    const setup = createDataSourceFactory({
      credential: { getToken: () => new Promise(() => undefined) },
      dataSource: localDataSource(entra),
      startup: 'lazy',
      clock,
    });
    const socketsBefore = openSockets();
    const failure = connect(setup).catch((error: unknown) => error);
    while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(12_000);
    expect(await failure).toMatchObject({ code: 'ENTRA_TIMEOUT' });
    while (openSockets() > socketsBefore) await new Promise((resolve) => setImmediate(resolve));
    const closed = setup.service.onApplicationShutdown();
    await clock.advance(2_000);
    await closed;
  });

  it('fails with the reason, and is not repeated in vain by TypeOrmModule', async () => {
    const setup = createDataSourceFactory({
      credential: { getToken: () => Promise.reject(new Error('AADSTS7000222: expired')) },
      dataSource: localDataSource(entra),
      startup: 'lazy',
    });
    const { toRetry } = await setup.factory.createTypeOrmOptions();
    const failure: unknown = await connect(setup).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE', aadsts: 7000222 });
    expect(toRetry?.(failure)).toBe(false);
    expect(toRetry?.(new Error('connect ECONNREFUSED'))).toBe(true);
  });
});

describe('a token', () => {
  it('never leaves for a server without TLS, with another certificate, or by another name', async () => {
    const received: Buffer[] = [];
    const sockets = new Set<Socket>();
    // Says "no TLS" to everybody, and would ask for a password in clear.
    const hostile = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        received.push(data);
        socket.write('N');
      });
    });
    await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve));
    const { port } = hostile.address() as { port: number };
    const credential = new HandMadeCredential(entra);
    const right = localDataSource(entra);
    const cases = [
      { ...right, port },
      { ...right, ssl: true as const },
      { ...right, host: '127.0.0.2' },
    ];
    const codes: unknown[] = [];
    for (const dataSource of cases) {
      const setup = createDataSourceFactory({ credential, dataSource, startup: 'lazy' });
      const error: unknown = await connect(setup).catch((e: unknown) => e);
      codes.push(isEntraAuthError(error) ? error.code : error);
    }
    expect(codes).toEqual([
      'ENTRA_INSECURE_CONNECTION',
      'ENTRA_INSECURE_CONNECTION',
      'ENTRA_DATABASE_UNREACHABLE',
    ]);
    expect(Buffer.concat(received).toString('latin1')).not.toMatch(/eyJ/);
    expect(credential.calls).toBe(0);
    for (const socket of sockets) socket.destroy();
    hostile.close();
  });

  it('is not given to a connection that is not the verified one that was configured', async () => {
    const credential = new HandMadeCredential(entra);
    const setup = createDataSourceFactory({
      credential,
      dataSource: localDataSource(entra),
      startup: 'lazy',
    });
    const { password } = (await setup.factory.createTypeOrmOptions()) as unknown as PasswordOption;
    const verified = { rejectUnauthorized: true };
    await expect(password({ host: 'localhost', ssl: false })).rejects.toThrow(InsecureConnectionError);
    await expect(password({ host: 'localhost', ssl: true })).rejects.toThrow(InsecureConnectionError);
    await expect(password({ host: 'localhost', ssl: { rejectUnauthorized: false } })).rejects.toThrow(
      /not verified/,
    );
    await expect(password({ host: 'evil.example', ssl: verified })).rejects.toThrow(
      /"evil.example" is not configured/,
    );
    expect(credential.calls).toBe(0);
    await expect(password({ host: 'localhost', ssl: verified })).resolves.toMatch(/^eyJ/);
  });
});
