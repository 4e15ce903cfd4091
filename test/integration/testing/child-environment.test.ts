import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type EnvironmentKind, type LocalEntra } from '../../../lib/testing/index.js';
import { graph } from './local-entra.fixture.js';

const run = promisify(execFile);

/** Asks the default credential, then Graph: with nothing but its environment to lead it. */
const program = `
const { DefaultAzureCredential } = require('@azure/identity');
const credential = new DefaultAzureCredential({ disableInstanceDiscovery: true, retryOptions: { maxRetries: 0 } });
(async () => {
  const { token } = await credential.getToken('${graph}/.default');
  const response = await fetch(process.env.GRAPH_URL + '/v1.0/organization', { headers: { authorization: 'Bearer ' + token } });
  process.stdout.write(JSON.stringify({ status: response.status, body: await response.json(), token }));
})();
`;

describe('A child process with the environment of the local Entra', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({ client: { graphPermissions: ['Organization.Read.All'] } });
  });
  afterAll(() => entra.stop());
  beforeEach(() => entra.requests.reset());

  const kinds: [EnvironmentKind, 'token' | 'imds' | 'appService'][] = [
    ['client-secret', 'token'],
    ['client-certificate', 'token'],
    ['workload-identity', 'token'],
    ['imds', 'imds'],
    ['app-service', 'appService'],
  ];

  it.each(kinds)('%s: DefaultAzureCredential finds it and Graph takes the token', async (kind, endpoint) => {
    const env = { PATH: process.env.PATH, ...entra.environment(kind), GRAPH_URL: entra.graphUrl };
    const { stdout } = await run(process.execPath, ['-e', program], { env });
    const result = JSON.parse(stdout) as { status: number; body: object; token: string };
    expect(result).toMatchObject({ status: 200, body: { value: [{ id: entra.tenantId }] } });
    expect(entra.verifyToken(result.token, { audience: graph }).appid).toBe(entra.client.clientId);
    expect(entra.requests[endpoint]).toBe(1);
    expect(entra.requests.graph).toBe(1);
  });
});
