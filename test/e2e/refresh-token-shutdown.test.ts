import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FileRefreshTokenStore } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { RunningProgram } from '../support/running-program.js';

let entra: LocalEntra;
let directory: string;

beforeAll(async () => {
  entra = await startLocalEntra();
  entra.refreshTokens.rotation = 'strict';
  entra.latencyInMs = 4_000;
  directory = mkdtempSync(join(tmpdir(), 'shutdown-'));
});
afterAll(async () => {
  await entra?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function endDuringRedemption(options: object): Promise<{ stored: string | undefined; output: string }> {
  const path = join(directory, `${Object.keys(options).length}.json`);
  const { tenantId, clientId, clientSecret } = entra.client;
  const { authorityHost, certificateAuthority } = entra;
  const SETTINGS = JSON.stringify({
    ...{ tenantId, clientId, clientSecret, authorityHost, certificateAuthority, path },
    refreshToken: entra.refreshTokens.issue(),
    ...options,
  });
  const before = entra.requests.token;
  const fixture = 'test/e2e/fixtures/refresh-token/shutdown.ts';
  await using program = RunningProgram.node(['--import', './test/support/typescript.mjs', fixture], {
    env: { SETTINGS },
  });
  await program.said(/asked/);
  while (entra.requests.token === before) await sleep(20);
  await program.end('SIGTERM');
  const stored = (await new FileRefreshTokenStore({ path }).load())?.value.refreshToken;
  return { stored, output: program.output };
}

it('SIGTERM during a redemption that takes four seconds loses no refresh token', async () => {
  const { stored, output } = await endDuringRedemption({});
  expect(entra.refreshTokens.accepts(stored ?? '')).toBe(true);
  expect(output).not.toMatch(/given up/);
});

it('and one that is given up earlier by choice is told', async () => {
  const { stored, output } = await endDuringRedemption({ shutdownTimeoutInMs: 500 });
  expect(stored).toBeUndefined();
  expect(output).toMatch(/"graph": The credential was given up after 500 ms/);
});
