import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startLocalEntra } from 'nestjs-entra-auth/testing';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { MachineClock } from '../../support/machine-clock.js';
import { repairNameLookup } from '../faults/name-lookup.js';
import { azureIdentityVersions } from './azure-identity-versions.js';
import { failingBoot, startupTimeoutInMs } from './mistakes/boot.js';
import { fileMistakes } from './mistakes/file-mistakes.js';
import { machineMistakes } from './mistakes/machine-mistakes.js';
import type { Ground, Mistake } from './mistakes/mistake.js';
import { outages, tokens } from './mistakes/outages.js';
import { refusals } from './mistakes/refusals.js';

const environment = { ...process.env };
const clock = new MachineClock();
let ground: Ground;

beforeAll(async () => {
  ground = {
    entra: await startLocalEntra({ clock: { now: clock.trueTime } }),
    directory: mkdtempSync(join(tmpdir(), 'mistakes-')),
    foreignAuthority: new CertificateAuthority().certificate,
  };
});

afterAll(async () => {
  rmSync(ground.directory, { recursive: true });
  await ground.entra.stop();
});

beforeEach(() => {
  clock.install();
  process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] = ground.entra.imdsUrl;
});

afterEach(async () => {
  clock.uninstall();
  repairNameLookup();
  process.env = { ...environment };
  await ground.entra.faults.clear();
});

/** The message without what differs between runs. */
const withoutChance = (message: string): string =>
  message
    .replaceAll(ground.directory, '<directory>')
    .replace(/(localhost|login\.example|127\.0\.0\.1):\d+/g, '$1:<port>')
    .replace(/Trace ID: [\da-f-]{36} Correlation ID: [\da-f-]{36} Timestamp: [\d-]{10} [\d:]{8}Z/g, '<ids>')
    .replace(/Correlation ID: [\da-f-]{36} - Trace ID: [\da-f-]{36}/g, '<ids>')
    .replace(/Timestamp: [\d-]{10} [\d:]{8}Z/g, 'Timestamp: <time>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>');

/** What must be repaired ends the start at once; what may pass has all the time that the start is given. */
const expectedOf = ({ message, attempts, resources = { graph: {} } }: Mistake) => {
  const [resource = ''] = Object.keys(resources);
  const cause = `No access token could be obtained for the resource "${resource}": ${message}`;
  if (attempts === undefined) {
    const error = { code: 'ENTRA_TOKEN_UNAVAILABLE', retryable: false };
    return { message: cause, error, attempts: 1, tookInMs: 0 };
  }
  const waited = `Waiting at start-up for the first access token of "${resource}" took longer than 30000 ms.`;
  return {
    message: `${waited} ${cause} To boot without waiting, set "startup" to "background".`,
    error: {
      code: 'ENTRA_TIMEOUT',
      retryable: true,
      cause: { code: 'ENTRA_TOKEN_UNAVAILABLE', retryable: true },
    },
    attempts,
    tookInMs: startupTimeoutInMs,
  };
};

const mistakes = [...refusals, ...outages, ...tokens, ...fileMistakes, ...machineMistakes];
const [first = '', ...others] = Object.keys(azureIdentityVersions);
const boots: [string, string, Mistake][] = [
  ...mistakes.map((mistake): [string, string, Mistake] => [mistake.title, first, mistake]),
  ...others.flatMap((version) =>
    [...refusals, ...outages, ...tokens].map((mistake): [string, string, Mistake] => [
      mistake.title,
      version,
      mistake,
    ]),
  ),
];

describe('a start that gets no token', () => {
  it.each(boots)('tells the cause and the remedy: %s (@azure/identity %s)', async (_, version, mistake) => {
    await mistake.prepare?.(ground);
    const load = azureIdentityVersions[version];
    if (load === undefined) throw new Error(version);
    const boot = await failingBoot(mistake, ground, clock, load);
    const { message, ...expected } = expectedOf(mistake);
    expect(withoutChance(boot.error.message)).toBe(message);
    expect(boot).toMatchObject({ ...expected, pendingTimers: 0 });
  });
});
