import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { buildFixture } from '../../support/fixture-program.js';
import { RunningProgram } from '../../support/running-program.js';
import { clientSecretWithoutDiscovery, credentialKinds, ownCredential } from './credential-kinds.js';
import type { CallerOptions, Observation } from './fixtures/caller.js';

const tokenLifetimeInSeconds = 3;
const stoppedForInMs = (tokenLifetimeInSeconds + 0.5) * 1_000;
const kinds = credentialKinds.filter((kind) => kind !== clientSecretWithoutDiscovery);
// There is no such signal on Windows.
const onUnix = process.platform === 'win32' ? describe.skip : describe;

/** Asks until there is another token that is alive, at most 100 times. A refresh may precede SIGSTOP. */
async function observeAfterRefresh(
  caller: RunningProgram,
  before: Observation | undefined,
): Promise<Observation> {
  for (let patience = 100; ; patience--) {
    const observation = await caller.ask<Observation>('?');
    const { refreshes = 0, state } = observation.state ?? {};
    const isRefreshed = refreshes > (before?.state?.refreshes ?? 0) && state !== 'expired';
    if (isRefreshed || patience === 0) return observation;
    await sleep(100);
  }
}

onUnix('a process that is stopped, and continued when its token has expired', () => {
  let entra: LocalEntra;
  let programs: RunningProgram[] = [];
  const before: Observation[] = [];
  const after: Observation[] = [];

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds, managedIdentity: { cachesTokens: false } });
    await buildFixture('test/integration/faults/own-credential.ts');
    const program = await buildFixture('test/integration/faults/fixtures/caller.ts');
    const { authorityHost, tenantId, certificateAuthority } = entra;
    const { clientId, clientSecret } = entra.client;
    const address = { authorityHost, tenantId, certificateAuthority, client: { clientId, clientSecret } };
    programs = kinds.map((kind) => {
      const credential = kind === ownCredential ? undefined : kind.credential(entra);
      const options: CallerOptions = { credential, entra: address };
      const env = { ...kind.environment(entra), CALLER: JSON.stringify(options) };
      return RunningProgram.node([program], { env, name: `the caller with ${kind.title}` });
    });
    await Promise.all(programs.map((caller) => caller.said(/calling/)));
    await sleep(200);
    for (const caller of programs) before.push(await caller.ask<Observation>('?'));
    for (const caller of programs) caller.process.kill('SIGSTOP');
    await sleep(stoppedForInMs);
    for (const caller of programs) caller.process.kill('SIGCONT');
    for (const [n, caller] of programs.entries()) after.push(await observeAfterRefresh(caller, before[n]));
  });

  afterAll(async () => {
    for (const caller of programs) caller.process.kill('SIGCONT');
    await Promise.all(programs.map((caller) => caller[Symbol.asyncDispose]()));
    await entra.stop();
  });

  it.each(kinds.map(({ title }, n) => ({ title, n })))(
    'gets a new token at once, and no caller an error or the old one: $title',
    ({ n }) => {
      const [was, is] = [before[n], after[n]];
      expect(was).toMatchObject({ errors: [], expired: 0, unhandledRejections: 0 });
      expect(is).toMatchObject({ errors: [], expired: 0, unhandledRejections: 0 });
      expect(is?.calls).toBeGreaterThan(was?.calls ?? 0);
      expect(is?.state?.refreshes).toBeGreaterThan(was?.state?.refreshes ?? 0);
      expect(is?.state?.state).toMatch(/^(fresh|due)$/);
    },
  );
});
