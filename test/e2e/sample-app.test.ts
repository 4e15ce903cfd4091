import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';

import { ensureBuilt, repositoryRoot } from '../support/build.js';
import { EndToEnd } from '../support/e2e.js';
import { findProgram } from '../support/installed-server.js';
import { RunningProgram } from '../support/running-program.js';
import { sampleUrl, startSample } from '../support/sample.js';
import { SecretScan } from '../support/secret-scan.js';

const withRedis = findProgram('redis-server') !== undefined;
/** What there is only with Redis. */
const ifRedis = <T>(value: T): T[] => (withRedis ? [value] : []);
const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;

async function get(address: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(address, { signal: AbortSignal.timeout(60_000) });
  return { status: response.status, body: await response.json() };
}

async function post(address: string, body: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(60_000),
  });
  return { status: response.status, body: await response.json() };
}

/** Where the local Entra sends a browser. Its certificate is of an authority that this process does not know. */
async function redirectOf(url: URL): Promise<URL> {
  const asked = request(url, { rejectUnauthorized: false }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  return new URL(response.headers.location ?? '');
}

beforeAll(() => ensureBuilt());

describe('the sample application, started with nothing but a port', () => {
  const scan = new SecretScan();
  let sample: RunningProgram;
  let address: string;

  beforeAll(async () => {
    sample = startSample({ scan, name: 'the sample', startsPostgres: true });
    address = await sample.said(sampleUrl);
  });

  afterAll(() => sample?.[Symbol.asyncDispose]());

  it('prints what it is connected to, and what to open', () => {
    expect(sample.output).toMatch(/local Entra, PostgreSQL.*60 s.*without a password/);
    expect(sample.output).toContain(`${address}/api`);
  });

  it('keeps notes', async () => {
    expect(await get(`${address}/notes`)).toEqual({ status: 200, body: [] });
    const texts = ["Robert'); DROP TABLE notes;--", '  ünïcödé 🗒️  '];
    for (const text of texts) {
      expect(await post(`${address}/notes`, JSON.stringify({ text }))).toMatchObject({ status: 201 });
    }
    expect(await get(`${address}/notes`)).toEqual({
      status: 200,
      body: [
        { id: 2, text: 'ünïcödé 🗒️', createdAt: isoTime },
        { id: 1, text: texts[0], createdAt: isoTime },
      ],
    });
  });

  it.each([
    ['no text', '{}', /text must be a string of 1 to 1000 characters/],
    ['an empty text', '{"text":"  "}', /text must be a string of 1 to 1000 characters/],
    ['a number', '{"text":7}', /text must be a string of 1 to 1000 characters/],
    ['too much text', JSON.stringify({ text: 'x'.repeat(1001) }), /text must be a string of 1 to 1000/],
    ['an unknown property', '{"text":"a","id":7}', /property id should not exist/],
    ['an array', '[]', /text must be a string of 1 to 1000 characters/],
    ['broken JSON', '{"text":', /JSON/],
  ])('refuses %s with 400 and a clear message', async (_, body, message) => {
    const answer = await post(`${address}/notes`, body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toMatch(message);
  });

  it('calls Graph as itself', async () => {
    expect(await get(`${address}/organization`)).toEqual({
      status: 200,
      body: { id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown, displayName: 'Contoso' },
    });
  });

  it('signs a person in with the local Entra, and serves callers with a token alone', async () => {
    const begun = await fetch(`${address}/sign-in`, { redirect: 'manual' });
    const entrance = new URL(begun.headers.get('location') ?? '');
    entrance.searchParams.set('username', 'omar@contoso.example');
    const back = await redirectOf(entrance);
    expect(back.href).toMatch(/^http:\/\/localhost:\d+\/sign-in\/callback\?code=/);
    const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
    const arrived = await fetch(back, { headers: { cookie } });
    expect(arrived.status).toBe(200);
    expect(await arrived.text()).toMatch(/You have signed in/);
    expect(await get(`${address}/me/mail`)).toMatchObject({ status: 401 });
  });

  it('is alive and ready', async () => {
    expect(await get(`${address}/health/live`)).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await get(`${address}/health/ready`)).toMatchObject({
      status: 200,
      body: { status: 'ok', info: { tokens: { status: 'up' }, database: { status: 'up' } } },
    });
  });

  it('shows its tokens and its database in /status, and nothing else', async () => {
    const token = (resource: string): object => ({
      resource,
      state: expect.stringMatching(/^(fresh|due)$/) as unknown,
      acquiredAt: isoTime,
      expiresAt: isoTime,
      nextRefreshAt: isoTime,
      refreshes: expect.any(Number) as unknown,
      failures: 0,
    });
    const { status, body } = await get(`${address}/status`);
    expect(status).toBe(200);
    expect(body).toEqual({
      tokens: [token('postgres'), token('graph'), ...ifRedis(token('redis'))],
      database: {
        logins: expect.any(Number) as unknown,
        loginFailures: 0,
        queries: expect.any(Number) as unknown,
        queryFailures: 0,
      },
    });
    const { database } = body as { database: { logins: number; queries: number } };
    expect(database.logins).toBeGreaterThanOrEqual(2);
    expect(database.queries).toBeGreaterThanOrEqual(4);
  });

  it('serves Swagger UI with every route', async () => {
    const page = await fetch(`${address}/api`);
    expect(page.headers.get('content-type')).toMatch(/text\/html/);
    expect(await page.text()).toContain('swagger-ui');
    const { body } = await get(`${address}/api-json`);
    expect(Object.keys((body as { paths: object }).paths).sort()).toEqual(
      [
        ...['/health/live', '/health/ready', '/organization', '/notes', '/status'],
        ...['/me/mail', '/me/digest', '/me/sign-in'],
        ...ifRedis(['/reminders', '/summary']).flat(),
      ].sort(),
    );
  });

  it('describes every route: what it does, what it answers with an example, and how it fails', async () => {
    interface Operation {
      summary?: string;
      responses: Record<string, { content?: Record<string, { schema?: object }> }>;
    }
    const { body } = await get(`${address}/api-json`);
    const { paths, components } = body as {
      paths: Record<string, Record<string, Operation>>;
      components: { schemas: Record<string, { properties: Record<string, object> }> };
    };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, operation })),
    );
    expect(operations).toHaveLength(withRedis ? 12 : 9);
    for (const { route, operation } of operations) {
      const failures = Object.keys(operation.responses).filter((status) => status >= '400');
      const canFail = route !== 'get /status';
      expect([route, operation.summary, failures.length > 0]).toEqual([route, expect.any(String), canFail]);
      for (const [status, { content }] of Object.entries(operation.responses)) {
        expect([route, status, content?.['application/json']?.schema]).toEqual([
          route,
          status,
          expect.anything(),
        ]);
      }
    }
    const without = Object.entries(components.schemas).flatMap(([schema, { properties }]) =>
      Object.entries(properties).flatMap(([name, property]) =>
        ['example', 'enum', 'format', 'items', 'allOf', '$ref'].some((key) => key in property)
          ? []
          : [`${schema}.${name}`],
      ),
    );
    expect(without).toEqual([]);
  });

  it('leaves no PostgreSQL and no file when it is killed with SIGKILL', async () => {
    expect(sample.belongings()).toContainEqual(expect.stringMatching(/postgres/));
    expect(await sample.end('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    expect(await sample.leftovers()).toEqual([]);
  });

  it('has let no token out', () => {
    expect(scan.length).toBeGreaterThan(1_000);
    expect(scan.leaks()).toEqual([]);
  });
});

describe('the sample application on another platform', () => {
  const e2e = new EndToEnd(() => ({
    client: { graphPermissions: ['Organization.Read.All'] },
    tokenLifetimeInSeconds: 6,
    postgres: { rights: 'migrations' },
    // A platform that caches would answer a refused token with the same one.
    managedIdentity: { cachesTokens: false },
  }));

  // As in Azure: the environment tells where the database is and which managed identity there is.
  const azure = (changes: Record<string, string | undefined> = {}): Record<string, string | undefined> => {
    const { postgres, graphUrl } = e2e.entra;
    return {
      ...e2e.entra.environment('app-service'),
      PGHOST: postgres.host,
      PGPORT: String(postgres.port),
      PGDATABASE: postgres.database,
      PGUSER: postgres.username,
      GRAPH_URL: graphUrl,
      ...changes,
    };
  };
  const start = (env: Record<string, string | undefined>): RunningProgram =>
    startSample({ scan: e2e.scan, name: 'the sample on Azure', env });

  describe('that it finds in its environment', () => {
    let sample: RunningProgram;
    let address: string;

    beforeAll(async () => {
      sample = start(azure());
      address = await sample.said(sampleUrl);
    });

    afterAll(() => sample?.[Symbol.asyncDispose]());

    it('runs unchanged with DefaultAzureCredential and a managed identity, and starts nothing of its own', async () => {
      expect(await post(`${address}/notes`, '{"text":"from Azure"}')).toMatchObject({ status: 201 });
      expect(await get(`${address}/organization`)).toMatchObject({
        status: 200,
        body: { displayName: 'Contoso' },
      });
      expect(await get(`${address}/health/ready`)).toMatchObject({ status: 200 });
      expect(await e2e.entra.postgres.query('SELECT text FROM notes')).toEqual([{ text: 'from Azure' }]);
      expect(e2e.entra.requests.appService).toBeGreaterThanOrEqual(2);
      expect(e2e.entra.postgres.logins.refused).toBe(0);
      expect(sample.belongings()).toEqual([]);
    });

    it('takes a new token when Graph refuses one before its time', async () => {
      await e2e.entra.faults.set('graph', { kind: 'http-status', status: 401 }, { times: 1 });
      e2e.entra.requests.reset();

      expect(await get(`${address}/organization`)).toMatchObject({
        status: 200,
        body: { displayName: 'Contoso' },
      });
      expect(e2e.entra.requests.graph).toBe(2);
      expect(e2e.entra.requests.forResource('https://graph.microsoft.com')).toBeGreaterThanOrEqual(1);
    });

    it('answers 502 and lives on while Graph is broken', async () => {
      for (const kind of ['connection-refused', 'connection-reset', 'html-page', 'invalid-json'] as const) {
        await e2e.entra.faults.set('graph', { kind });
        expect(await get(`${address}/organization`)).toMatchObject({ status: 502 });
      }
      await e2e.entra.faults.clear();
      expect(await get(`${address}/organization`)).toMatchObject({ status: 200 });
    });

    it('ends on SIGTERM', async () => {
      const { code, signal } = await sample.end('SIGTERM');
      expect(code === 0 || signal === 'SIGTERM').toBe(true);
    });
  });

  it('answers 503 and is not ready, but alive, while the database refuses it, and recovers', async () => {
    await using sample = start(azure());
    const address = await sample.said(sampleUrl);
    const { username } = e2e.entra.postgres;
    await e2e.entra.postgres.createRole({
      name: username,
      objectId: 'cccccccc-0000-1111-2222-dddddddddddd',
    });
    e2e.entra.postgres.dropConnections();

    const answer = await post(`${address}/notes`, '{"text":"lost"}');
    expect(answer).toMatchObject({ status: 503, body: { error: 'ENTRA_LOGIN_REFUSED' } });
    expect(JSON.stringify(answer.body)).not.toContain(username);
    expect(await get(`${address}/health/ready`)).toMatchObject({ status: 503 });
    expect(await get(`${address}/health/live`)).toMatchObject({ status: 200 });
    expect(sample.output).toMatch(/pgaadauth_create_principal/);

    await e2e.entra.postgres.createRole({ name: username, objectId: e2e.entra.client.objectId });
    expect(await post(`${address}/notes`, '{"text":"kept"}')).toMatchObject({ status: 201 });
  });

  it.each([
    ['a port that is none', { PORT: 'eighty' }, /PORT must be an integer/],
    ['a host but no database', { PGDATABASE: undefined }, /PGDATABASE is needed when PGHOST is set/],
    [
      'a registration of no tenant',
      { API_CLIENT_ID: randomUUID() },
      /API_TENANT_ID must be the id of the tenant/,
    ],
    ['a registration without a key', { API_CLIENT_ID: randomUUID() }, /SIGN_IN_KEY must be 32 bytes/],
    [
      'an address that is not https',
      { API_CLIENT_ID: randomUUID(), PUBLIC_URL: 'http://notes.example' },
      /PUBLIC_URL must be an https URL/,
    ],
    ['a host but no role', { PGUSER: undefined }, /PGUSER is needed when PGHOST is set/],
  ])('does not start with %s, and reports it', async (_, changes, message) => {
    await using sample = start(azure(changes));
    expect(await sample.end(undefined, 60_000)).toMatchObject({ code: 1 });
    expect(sample.output).toMatch(message);
  });

  it('does not start as a role that it may not have, and tells what to do', async () => {
    await using sample = start(azure({ PGUSER: 'Somebody' }));
    expect(await sample.end(undefined, 60_000)).toMatchObject({ code: 1 });
    expect(sample.output).toMatch(/refused the login of the role "Somebody".*pgaadauth_create_principal/s);
  });

  e2e.letsNoSecretOut();
});

describe('the one line that a newcomer types', () => {
  const clone = join(repositoryRoot, '.test-output', `clone-${process.pid}`);

  // What git would check out, next to the installed packages.
  beforeAll(() => {
    mkdirSync(clone, { recursive: true });
    for (const file of [
      'package.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'scripts',
      'lib',
      'sample-app',
    ]) {
      cpSync(join(repositoryRoot, file), join(clone, file), { recursive: true });
    }
  });

  afterAll(() => rmSync(clone, { recursive: true, force: true }));

  it('builds and starts everything, and Ctrl-C ends it all', async () => {
    const scan = new SecretScan();
    const options = { cwd: clone, env: { PORT: '0' }, ownGroup: true, scan, startsPostgres: true };
    await using npm = new RunningProgram('npm', ['start'], options);
    const address = await npm.said(sampleUrl);
    expect(await post(`${address}/notes`, '{"text":"hello"}')).toMatchObject({ status: 201 });
    expect(npm.belongings()).toContainEqual(expect.stringMatching(/postgres/));

    // A terminal sends the signal to every process of the group.
    process.kill(-(npm.process.pid ?? 0), 'SIGINT');

    await npm.end();
    expect(await npm.leftovers()).toEqual([]);
    await expect(fetch(`${address}/health/live`)).rejects.toThrow();
    expect(scan.leaks()).toEqual([]);
  });
});
