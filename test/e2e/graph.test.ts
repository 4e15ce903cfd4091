import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { repositoryRoot } from '../support/build.js';
import { EndToEnd } from '../support/e2e.js';
import { buildFixture } from '../support/fixture-program.js';
import { graphAudience } from '../support/local-entra.js';
import { RunningProgram } from '../support/running-program.js';
import type { GraphAppRound, GraphAppSettings } from './fixtures/graph-app.js';

describe('an application with the Microsoft Graph SDK', () => {
  const e2e = new EndToEnd(() => ({ client: { graphPermissions: ['Organization.Read.All'] } }));
  let app: RunningProgram;

  beforeAll(async () => {
    const { authorityHost, tenantId, client, graphUrl, certificateAuthorityFile } = e2e.entra;
    const { clientId, clientSecret } = client;
    const settings: GraphAppSettings = { authorityHost, tenantId, clientId, clientSecret, graphUrl };
    await buildFixture('docs/recipes/graph.ts');
    app = RunningProgram.node([await buildFixture('test/e2e/fixtures/graph-app.ts')], {
      env: { SETTINGS: JSON.stringify(settings), NODE_EXTRA_CA_CERTS: certificateAuthorityFile },
      scan: e2e.scan,
      name: 'the application',
    });
    await app.said(/^ready$/m);
  });

  afterAll(() => app?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    e2e.entra.graphAuthenticationContext = undefined;
    await e2e.entra.faults.clear();
    e2e.entra.requests.reset();
  });

  const call = (times = 1): Promise<GraphAppRound> => app.ask(String(times));
  const calls = (): { graph: number; token: number } => ({
    graph: e2e.entra.requests.graph,
    token: e2e.entra.requests.forResource(graphAudience),
  });
  const organization = (): object => ({ id: e2e.entra.tenantId });

  it('is written as the README tells', () => {
    const recipe = readFileSync(join(repositoryRoot, 'docs/recipes/graph.ts'), 'utf8');
    expect(readFileSync(join(repositoryRoot, 'README.md'), 'utf8')).toContain(`\`\`\`ts\n${recipe}\`\`\`\n`);
  });

  it('calls Graph with the token that is held', async () => {
    expect((await call()).answers).toEqual([organization()]);
    expect(calls()).toEqual({ graph: 1, token: 0 });
  });

  it('answers a claims challenge with one new token, which then serves every call', async () => {
    e2e.entra.graphAuthenticationContext = 'c1';

    expect((await call()).answers).toEqual([organization()]);
    expect(calls()).toEqual({ graph: 2, token: 1 });

    expect((await call()).answers).toEqual([organization()]);
    expect(calls()).toEqual({ graph: 3, token: 1 });
  });

  it('answers the challenge that follows a revocation with one new token', async () => {
    // Tokens of the second of the revocation are spared.
    await setTimeout(1_100);
    e2e.entra.revokeSessions(e2e.entra.client);

    expect((await call()).answers).toEqual([organization()]);
    expect(calls()).toEqual({ graph: 2, token: 1 });
  });

  it('makes one token request for 50 calls that are challenged at the same time', async () => {
    e2e.entra.graphAuthenticationContext = 'c2';

    expect((await call(50)).answers).toEqual(Array.from({ length: 50 }, organization));

    // Calls that found no free connection at first may already have gone out with the new token.
    expect(calls().graph).toBeGreaterThan(50);
    expect(calls().graph).toBeLessThanOrEqual(100);
    expect(calls().token).toBe(1);
  });

  it('leaves 429 with Retry-After to the SDK, which waits and succeeds with the same token', async () => {
    e2e.entra.throttleGraph(1);

    const { answers, tookInMs } = await call();

    expect(answers).toEqual([organization()]);
    expect(tookInMs).toBeGreaterThan(990);
    expect(calls()).toEqual({ graph: 2, token: 0 });
  });

  it('lets a second 401 through as the error of the SDK', async () => {
    e2e.entra.graphAuthenticationContext = 'c3';
    await e2e.entra.faults.set('token', { kind: 'same-token' });

    expect((await call()).answers).toEqual([{ statusCode: 401, code: 'InvalidAuthenticationToken' }]);
    expect(calls()).toEqual({ graph: 1, token: 1 });

    const claims = Buffer.from('{"access_token":{"nbf":{"essential":true,"value":"1"}}}').toString('base64');
    const headers = { 'www-authenticate': `Bearer error="insufficient_claims", claims="${claims}"` };
    const body = { error: { code: 'InvalidAuthenticationToken', message: 'Revoked.' } };
    await e2e.entra.faults.clear('token');
    await e2e.entra.faults.set('graph', { kind: 'http-status', status: 401, headers, body });
    e2e.entra.requests.reset();

    expect((await call()).answers).toEqual([{ statusCode: 401, code: 'InvalidAuthenticationToken' }]);
    expect(calls()).toEqual({ graph: 2, token: 1 });
  });

  it('lets 401 through while no other token can be had', async () => {
    e2e.entra.graphAuthenticationContext = 'c4';
    await e2e.entra.faults.set('token', { kind: 'entra-error', code: 50076 });

    expect((await call()).answers).toEqual([{ statusCode: 401, code: 'InvalidAuthenticationToken' }]);
    expect(calls().graph).toBe(1);
  });

  e2e.letsNoSecretOut();
});
