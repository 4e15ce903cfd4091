import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { runProgram } from '../../../lib/cli/program.js';
import type { DoctorReport } from '../../../lib/cli/doctor/doctor-report.js';
import { describeWithRedis, LocalRedis } from '../../support/redis/local-redis.js';
import { FakeTerminal } from './fake-terminal.js';

describeWithRedis('the doctor, with Redis', () => {
  const before = { ...process.env };
  let folder: string;
  let redis: LocalRedis;

  beforeAll(async () => {
    redis = await LocalRedis.start();
    folder = mkdtempSync(join(tmpdir(), 'doctor-redis-'));
    const { entra, certificateAuthority } = redis;
    writeFileSync(join(folder, 'ca.pem'), `${entra.certificateAuthority}\n${certificateAuthority}`);
    const { tenantId, client, authorityHost } = entra;
    Object.assign(process.env, {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: client.clientId,
      AZURE_CLIENT_SECRET: client.clientSecret,
      AZURE_AUTHORITY_HOST: authorityHost,
    });
  });

  afterAll(async () => {
    process.env = before;
    rmSync(folder, { recursive: true });
    await redis[Symbol.asyncDispose]();
  });

  async function finding(port = redis.port) {
    const terminal = new FakeTerminal();
    const args = ['--redis', `localhost:${port}`, '--ca-file', join(folder, 'ca.pem'), '--json'];
    const exitCode = await runProgram(['doctor', ...args], terminal);
    const { findings } = JSON.parse(terminal.stdout) as DoctorReport;
    return { exitCode, ...findings.find(({ check }) => check === 'redis') };
  }

  it('logs in as the object id of the token', async () => {
    expect(await finding()).toMatchObject({
      exitCode: 0,
      status: 'ok',
      text: `localhost:${redis.port} accepts the token of the user "${redis.entra.client.objectId}".`,
    });
  });

  it('names a refusal with what to do', async () => {
    redis.gate.refuses = 'all';
    expect(await finding()).toMatchObject({
      exitCode: 1,
      status: 'fail',
      code: 'ENTRA_LOGIN_REFUSED',
      text: expect.stringContaining('(WRONGPASS)'),
      remedy: expect.stringContaining('data access configuration'),
    });
    redis.gate.refuses = 'none';
  });

  it('names a server that does not listen', async () => {
    expect(await finding(1)).toMatchObject({
      exitCode: 1,
      text: expect.stringContaining('ECONNREFUSED'),
      remedy: 'Check the host and the port of Redis, its firewall and its certificate.',
    });
  });
});
