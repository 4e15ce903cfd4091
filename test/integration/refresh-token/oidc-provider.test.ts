import { Agent } from 'node:https';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  MemoryRefreshTokenStore,
  RefreshTokenCredential,
  type RefreshTokenCredentialOptions,
} from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { databaseAudience, graphAudience } from '../../support/local-entra.js';
import { StrictOidcServer, type StrictClientKind } from '../../support/strict-oidc-server.js';

const graph = `${graphAudience}/.default`;
const postgres = `${databaseAudience}/.default`;
const scopes = ['offline_access', graph, postgres];

/** A server where each refresh token is good for one use. */
interface StrictServer {
  options: RefreshTokenCredentialOptions;
  issue(): string | Promise<string>;
  accepts(token: string): boolean | Promise<boolean>;
  statistics(): Statistics | Promise<Statistics>;
}
interface Statistics {
  redemptions: number;
  reuseRevocations: number;
}

const agents: Agent[] = [];
let entra: LocalEntra;
let oidc: StrictOidcServer;

beforeAll(async () => {
  [entra, oidc] = await Promise.all([startLocalEntra(), StrictOidcServer.start()]);
  entra.refreshTokens.rotation = 'strict';
});
afterAll(async () => {
  for (const agent of agents) agent.destroy();
  await Promise.all([entra.stop(), oidc[Symbol.asyncDispose]()]);
});

/** Connections that are kept: the handshakes would take most of the time. */
function addressOf({ tenantId, authorityHost, certificateAuthority }: LocalEntra | StrictOidcServer) {
  const agent = new Agent({ keepAlive: true, ca: certificateAuthority });
  agents.push(agent);
  return { tenantId, authorityHost, certificateAuthority, agent };
}

function ofEntra(): StrictServer {
  const { clientId, clientSecret } = entra.client;
  return {
    options: { ...addressOf(entra), clientId, clientSecret },
    issue: () => entra.refreshTokens.issue({ scopes }),
    accepts: (token) => entra.refreshTokens.accepts(token),
    statistics: () => entra.refreshTokens,
  };
}

function ofOidcProvider(kind: StrictClientKind = 'post'): StrictServer {
  const { clientId, clientSecret, certificatePem } = oidc.clients[kind];
  return {
    options: {
      ...addressOf(oidc),
      clientId,
      ...(clientSecret !== undefined && { clientSecret }),
      ...(kind === 'basic' && { clientAuthentication: 'client_secret_basic' }),
      ...(certificatePem !== undefined && { clientCertificate: certificatePem }),
    },
    issue: () => oidc.issueRefreshToken(kind, scopes),
    accepts: (token) => oidc.accepts(token),
    statistics: () => oidc.statistics(),
  };
}

async function watch(server: StrictServer): Promise<() => Promise<Statistics>> {
  const before = { ...pick(await server.statistics()) };
  return async () => {
    const now = pick(await server.statistics());
    return {
      redemptions: now.redemptions - before.redemptions,
      reuseRevocations: now.reuseRevocations - before.reuseRevocations,
    };
  };
}

const pick = ({ redemptions, reuseRevocations }: Statistics): Statistics => ({
  redemptions,
  reuseRevocations,
});

async function credentialOn(server: StrictServer) {
  const refreshToken = await server.issue();
  const store = new MemoryRefreshTokenStore();
  const credential = new RefreshTokenCredential({ ...server.options, refreshToken, store });
  const stored = async () => (await store.load())?.value.refreshToken ?? '';
  return { credential, stored, refreshToken };
}

describe.each([
  ['the local Entra, strict', ofEntra],
  ['oidc-provider', ofOidcProvider],
])('A refresh token at %s', (_name, serverOf) => {
  it('is rotated 1,000 times in a row', async () => {
    const server = serverOf();
    const since = await watch(server);
    const { credential, stored, refreshToken } = await credentialOn(server);
    const seen = new Set([refreshToken]);
    for (let rotation = 0; rotation < 1_000; rotation++) {
      const response = await credential.redeem({ scopes: graph });
      seen.add(response.refreshToken ?? '');
    }
    expect(seen.size).toBe(1_001);
    expect(await since()).toEqual({ redemptions: 1_000, reuseRevocations: 0 });
    expect(await server.accepts(await stored())).toBe(true);
    expect([...seen].pop()).toBe(await stored());
    await credential.close();
  });

  it('is redeemed once for 50 callers at the same time, 50 times', async () => {
    const server = serverOf();
    const since = await watch(server);
    const { credential, stored } = await credentialOn(server);
    const tokens = new Set<string>();
    for (let rotation = 0; rotation < 50; rotation++) {
      const calls = Array.from({ length: 50 }, () => credential.getToken(graph));
      const distinct = new Set((await Promise.all(calls)).map(({ token }) => token));
      expect(distinct.size).toBe(1);
      for (const token of distinct) tokens.add(token);
    }
    expect(tokens.size).toBe(50);
    expect(await since()).toEqual({ redemptions: 50, reuseRevocations: 0 });
    expect(await server.accepts(await stored())).toBe(true);
    await credential.close();
  });

  it('serves several APIs at the same time, one after the other', async () => {
    const server = serverOf();
    const since = await watch(server);
    const { credential, stored } = await credentialOn(server);
    for (let rotation = 0; rotation < 20; rotation++) {
      const wishes = [graph, postgres, graph, postgres];
      const audiences = (await Promise.all(wishes.map((scope) => credential.getToken(scope)))).map(
        ({ token }) => audienceOf(token),
      );
      expect(audiences).toEqual([graphAudience, databaseAudience, graphAudience, databaseAudience]);
    }
    expect(await since()).toEqual({ redemptions: 40, reuseRevocations: 0 });
    expect(await server.accepts(await stored())).toBe(true);
    await credential.close();
  });

  it('ends when an old copy of it is redeemed, and the failure names the remedy', async () => {
    const server = serverOf();
    const since = await watch(server);
    const { credential, refreshToken } = await credentialOn(server);
    await credential.redeem({ scopes: graph });
    const thief = new RefreshTokenCredential({ ...server.options, refreshToken });
    const refusal = { retryable: false, code: expect.stringMatching(/REAUTHENTICATION|REFRESH_TOKEN/) };
    await expect(thief.getToken(graph)).rejects.toMatchObject(refusal);
    await expect(credential.redeem({ scopes: graph })).rejects.toMatchObject(refusal);
    expect(credential.state().name).toBe('reauthentication-required');
    expect(await since()).toEqual({ redemptions: 1, reuseRevocations: 1 });
    await Promise.all([credential.close(), thief.close()]);
  });
});

it.each<StrictClientKind>(['post', 'basic', 'privateKeyJwt', 'public'])(
  'oidc-provider authenticates a client by %s',
  async (kind) => {
    const server = ofOidcProvider(kind);
    const since = await watch(server);
    const { credential, stored } = await credentialOn(server);
    for (let rotation = 0; rotation < 3; rotation++) await credential.redeem({ scopes: postgres });
    expect(await since()).toEqual({ redemptions: 3, reuseRevocations: 0 });
    expect(await server.accepts(await stored())).toBe(true);
    await credential.close();
  },
);

function audienceOf(token: string): unknown {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return (claims as { aud?: unknown }).aud;
}
