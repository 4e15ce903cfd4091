import { createPrivateKey, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { StrictOidcServer, type StrictClientKind } from '../../support/strict-oidc-server.js';
import { graph, postgres } from './local-entra.fixture.js';

interface Answer {
  status: number;
  body: {
    access_token?: string;
    refresh_token?: string;
    id_token?: string;
    error?: string;
    expires_in?: number;
  };
}

describe('The strict OIDC server', () => {
  let server: StrictOidcServer;
  let agent: Agent;

  beforeAll(async () => {
    server = await StrictOidcServer.start({ accessTokenLifetimeInSeconds: 600 });
    agent = new Agent({ keepAlive: true, ca: server.certificateAuthority });
  });
  afterAll(async () => {
    agent.destroy();
    await server[Symbol.asyncDispose]();
  });

  const post = (parameters: Record<string, string>, headers: Record<string, string> = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const contentType = { 'content-type': 'application/x-www-form-urlencoded' };
      const options = { method: 'POST', agent, headers: { ...contentType, ...headers } };
      const outgoing = request(server.tokenEndpoint, options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] }),
        );
      });
      outgoing.once('error', reject);
      outgoing.end(new URLSearchParams(parameters).toString());
    });
  const redeem = (token: string, changes: Record<string, string> = {}) => {
    const { clientId: client_id, clientSecret: client_secret = '' } = server.clients.post;
    return post({ grant_type: 'refresh_token', refresh_token: token, client_id, client_secret, ...changes });
  };
  const since = async (before: { redemptions: number; reuseRevocations: number }) => {
    const { redemptions, reuseRevocations } = await server.statistics();
    return {
      redemptions: redemptions - before.redemptions,
      reuseRevocations: reuseRevocations - before.reuseRevocations,
    };
  };

  it('rotates 20 times, and accepts only the newest refresh token', async () => {
    const before = await server.statistics();
    let token = await server.issueRefreshToken();
    for (let use = 0; use < 20; use++) {
      const used = token;
      const { status, body } = await redeem(token);
      expect(status).toBe(200);
      token = body.refresh_token ?? '';
      expect(token).not.toBe(used);
      expect([await server.accepts(used), await server.accepts(token)]).toEqual([false, true]);
    }
    expect(await since(before)).toEqual({ redemptions: 20, reuseRevocations: 0 });
  });

  it('revokes the grant when a used refresh token comes again', async () => {
    const before = await server.statistics();
    const first = await server.issueRefreshToken();
    const bystander = await server.issueRefreshToken();
    const second = (await redeem(first)).body.refresh_token ?? '';
    const refused = { status: 400, body: { error: 'invalid_grant' } };
    expect(await redeem(first)).toMatchObject(refused);
    expect(await server.accepts(second)).toBe(false);
    expect(await redeem(second)).toMatchObject(refused);
    expect(await since(before)).toEqual({ redemptions: 1, reuseRevocations: 1 });
    expect(await server.accepts(bystander)).toBe(true);
  });

  it('issues tokens for the API of the scope, with an ID token for OpenID', async () => {
    const scopes = ['openid', 'offline_access', `${graph}/.default`, `${postgres}/.default`];
    const token = await server.issueRefreshToken('post', scopes);
    const { body } = await redeem(token, { scope: `${postgres}/.default openid offline_access` });
    expect(body.expires_in).toBe(600);
    expect(jwt.decode(body.access_token ?? '')).toMatchObject({
      aud: postgres,
      scope: `${postgres}/.default`,
      tid: server.tenantId,
    });
    expect(jwt.decode(body.id_token ?? '')).toMatchObject({ aud: server.clients.post.clientId });
    const ofGraph = await redeem(body.refresh_token ?? '', { scope: `${graph}/.default` });
    expect(jwt.decode(ofGraph.body.access_token ?? '')).toMatchObject({ aud: graph });
  });

  it('refuses scopes that the sign-in did not have, and keeps the refresh token', async () => {
    const token = await server.issueRefreshToken();
    expect(await redeem(token, { scope: `${postgres}/.default` })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
    expect(await server.accepts(token)).toBe(true);
  });

  it('refuses what was revoked', async () => {
    const token = await server.issueRefreshToken();
    await server.revoke(token);
    expect(await redeem(token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    await expect(server.revoke(token)).rejects.toThrow('does not know');
  });

  describe('knows its clients', () => {
    const ask = async (kind: StrictClientKind, token: string, spoilt = '') => {
      const { clientId, clientSecret = '', certificatePem = '' } = server.clients[kind];
      const grant = { grant_type: 'refresh_token', refresh_token: token };
      switch (kind) {
        case 'post':
          return post({ ...grant, client_id: clientId, client_secret: clientSecret + spoilt });
        case 'basic': {
          const pair = Buffer.from(`${clientId}:${clientSecret + spoilt}`).toString('base64');
          return post(grant, { authorization: `Basic ${pair}` });
        }
        case 'public':
          return post({ ...grant, client_id: clientId + spoilt });
        case 'privateKeyJwt': {
          const now = Math.floor(Date.now() / 1000);
          const claims = { iss: clientId, sub: clientId, aud: server.tokenEndpoint + spoilt };
          const assertion = jwt.sign(
            { ...claims, iat: now, exp: now + 60, jti: randomUUID() },
            createPrivateKey(certificatePem),
            { algorithm: 'PS256' },
          );
          return post({
            ...grant,
            client_id: clientId,
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: assertion,
          });
        }
      }
    };

    it.each<StrictClientKind>(['post', 'basic', 'privateKeyJwt', 'public'])('%s', async (kind) => {
      const token = await server.issueRefreshToken(kind);
      expect(await ask(kind, token, 'x')).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
      expect(await ask(kind, token)).toMatchObject({ status: 200 });
    });

    it('and whose refresh token it is', async () => {
      const token = await server.issueRefreshToken('basic');
      expect(await ask('public', token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    });
  });

  it('has no fault of its own', () => {
    expect(server.output).not.toContain('Error');
  });
});
