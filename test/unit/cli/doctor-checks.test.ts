import { describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { clockFinding } from '../../../lib/cli/doctor/check-authority.js';
import { checkCredential } from '../../../lib/cli/doctor/check-credential.js';
import { connectDataSource, serverOf } from '../../../lib/cli/doctor/check-data-source.js';
import { checkCloud } from '../../../lib/cli/doctor/check-server.js';
import type { DoctorContext } from '../../../lib/cli/doctor/doctor-context.js';

describe('the cloud of a server', () => {
  const check = (host: string, cloud: 'public' | 'usgov' | 'china') =>
    checkCloud({ host, port: 5432, database: 'a', username: undefined, ca: undefined }, cloud);

  it.each([
    ['db.postgres.database.azure.com', 'public', 'ok', 'The server is in the cloud "public".'],
    ['DB.postgres.database.azure.com', 'public', 'ok', 'The server is in the cloud "public".'],
    ['db.postgres.database.usgovcloudapi.net', 'usgov', 'ok', 'The server is in the cloud "usgov".'],
    [
      'db.postgres.database.chinacloudapi.cn',
      'public',
      'fail',
      'The server is in the cloud "china", and tokens are asked for in "public".',
    ],
  ] as const)('%s, asked for in %s: %s', (host, cloud, status, text) => {
    expect(check(host, cloud)).toEqual([expect.objectContaining({ check: 'cloud', status, text })]);
  });

  it.each(['localhost', 'postgres.database.azure.com.example'])('is not known of %s', (host) => {
    expect(check(host, 'public')).toEqual([]);
  });
});

describe("this machine's clock", () => {
  const now = Date.UTC(2026, 0, 1);
  const ahead = (inMs: number) => clockFinding(new Date(now - inMs).toUTCString(), now);

  it.each([
    [59_000, 'ok', '59 s ahead of'],
    [60_000, 'warn', '60 s ahead of'],
    [-299_000, 'warn', '299 s behind'],
    [300_000, 'fail', '300 s ahead of'],
    [-7_200_000, 'fail', '7200 s behind'],
    [0, 'ok', '0 s behind'],
  ])('that is ahead by %d ms: %s', (inMs, status, words) => {
    expect(ahead(inMs)).toMatchObject({
      check: 'clock',
      status,
      text: `This machine's clock is ${words} the authority's.`,
      facts: { clockAheadInSeconds: inMs / 1_000 },
    });
  });

  it.each([undefined, 'soon'])('is not known from %p', (date) => {
    expect(clockFinding(date, now).status).toBe('warn');
  });
});

describe('the credential of a machine', () => {
  const link = (title: string, reason: string | Error | undefined, more: object = {}) => ({
    title,
    decides: false,
    refusal: () =>
      reason instanceof Error
        ? Promise.reject(reason)
        : Promise.resolve(reason && { reason, passing: false }),
    ...more,
  });
  const check = async (...links: object[]): Promise<string[]> =>
    (await checkCredential({ links } as unknown as DoctorContext)).map(
      ({ status, text, remedy }) => `${status}: ${text} ${remedy ?? ''}`,
    );

  it('is the first that can be asked', async () => {
    const lines = [
      'ok: environment is skipped: not set. ',
      'ok: workload is skipped: broken. ',
      'ok: managed is asked: others follow if it gives none. ',
    ];
    const [unset, broken] = [link('environment', 'not set'), link('workload', new Error('broken'))];
    expect(await check(unset, broken, link('managed', undefined), link('cli', undefined))).toEqual(lines);
    expect(await check(link('environment', undefined, { decides: true }))).toEqual([
      'ok: environment is asked: it is configured, so that no other is asked. ',
    ]);
  });

  it.each([
    ['with a tool for developers', { signIn: 'az login' }, "On a developer's machine install the Azure CLI"],
    ['without one', {}, 'On Azure assign a managed identity'],
  ])('may be none, %s', async (_, more, remedy) => {
    const lines = await check(link('cli', 'not installed', more));
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain(`fail: No credential is configured on this machine. ${remedy}`);
  });
});

describe('a data source of the application', () => {
  function fake(failsIn?: 'initialize' | 'query') {
    const calls: string[] = [];
    const call = (name: string) => (): Promise<void> => {
      calls.push(name);
      if (name === failsIn) return Promise.reject(new Error('It is down.'));
      if (name === 'initialize') source.isInitialized = true;
      return Promise.resolve();
    };
    const options: object = { type: 'postgres', host: 'db.example' };
    const source = { options, isInitialized: false, initialize: call('initialize') };
    const dataSource = Object.assign(source, { query: call('query'), destroy: call('destroy') });
    return { calls, dataSource: dataSource as unknown as DataSource };
  }

  it.each([
    [undefined, 'ok', ['initialize', 'query', 'destroy']],
    ['query', 'fail', ['initialize', 'query', 'destroy']],
    ['initialize', 'fail', ['initialize']],
  ] as const)('whose %s fails: %s, and it is closed', async (failsIn, status, expected) => {
    const { calls, dataSource } = fake(failsIn);
    expect(await connectDataSource(dataSource)).toEqual([
      expect.objectContaining({ check: 'login', status }),
    ]);
    expect(calls).toEqual(expected);
  });

  it.each<[object, object | undefined]>([
    [
      { type: 'postgres', host: 'h' },
      { host: 'h', port: 5432, database: 'postgres' },
    ],
    [
      { type: 'postgres', host: 'h', port: 6432, database: 'd', username: 'u', ssl: { ca: 'c' } },
      { host: 'h', port: 6432, database: 'd', username: 'u', ca: 'c' },
    ],
    [{ type: 'postgres', host: 'h', ssl: true }, { ca: undefined }],
    [{ type: 'postgres' }, undefined],
    [{ type: 'mysql', host: 'h' }, undefined],
  ])('%j leads to the server %j', (options, expected) => {
    const server = serverOf({ options } as unknown as DataSource);
    if (expected === undefined) expect(server).toBeUndefined();
    else expect(server).toMatchObject(expected);
  });
});
