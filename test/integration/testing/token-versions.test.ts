import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { ManualClock, startLocalEntra, type LocalEntra } from '../../../lib/testing/index.js';
import { accessToken, askForToken, graph, send, type WireResponse } from './local-entra.fixture.js';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

describe('The tokens of the local Entra', () => {
  const clock = new ManualClock();
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({
      clock,
      additionalClients: [
        { name: 'second', identifierUris: ['api://second'], accessTokenVersion: 2 },
        { name: 'everywhere', multiTenant: true },
      ],
    });
  });
  afterAll(() => entra.stop());

  const claimsOf = (token: string) => jwt.decode(token) as jwt.JwtPayload;
  const codeOf = async (response: Promise<WireResponse>) =>
    (await response).json<{ error_codes?: number[] }>().error_codes?.[0];
  const read = async (path: string) =>
    (await send(entra, `${entra.authorityHost}/${path}`)).json<Record<string, string>>();
  const client = (name: string) => {
    const found = entra.additionalClients.find((one) => one.name === name);
    if (found === undefined) throw new Error(`There is no client "${name}".`);
    return found;
  };
  const everywhere = () => {
    const { clientId: client_id, clientSecret: client_secret } = client('everywhere');
    return { client_id, client_secret };
  };

  it('have the version of their API, and the issuer of that version', async () => {
    const [first, second] = await Promise.all(
      ['', 'v2.0/'].map((path) => read(`${entra.tenantId}/${path}.well-known/openid-configuration`)),
    );
    const ofGraph = claimsOf(await accessToken(askForToken(entra)));
    expect(ofGraph).toMatchObject({ ver: '1.0', iss: first?.issuer, appid: entra.client.clientId });
    const token = await accessToken(askForToken(entra, { scope: 'api://second/.default' }));
    const { clientId: audience } = client('second');
    const ofApi = claimsOf(token);
    expect(ofApi).toMatchObject({
      ver: '2.0',
      iss: second?.issuer,
      aud: audience,
      azp: entra.client.clientId,
    });
    expect(ofApi).not.toHaveProperty('appid');
    expect(entra.verifyToken(token, { audience }).oid).toBe(entra.client.objectId);
  });

  it('of version 2.0 name a person by the preferred username, and serve on-behalf-of', async () => {
    const scopes = ['api://second/access'];
    const person = await accessToken(
      askForToken(entra, {
        ...{ grant_type: 'refresh_token', refresh_token: entra.refreshTokens.issue({ scopes }) },
        scope: scopes[0],
      }),
    );
    expect(claimsOf(person)).toMatchObject({ preferred_username: 'nora@contoso.example', scp: 'access' });
    const { clientId: client_id, clientSecret: client_secret } = client('second');
    const exchanged = await askForToken(entra, {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      scope: `${graph}/User.Read`,
      ...{ assertion: person, client_id, client_secret },
    });
    expect(exchanged.status).toBe(200);
  });

  it('are signed with a new key after a rotation, and the older ones stay good until they are withdrawn', async () => {
    const keys = async () => {
      const { keys: all } = await read(`${entra.tenantId}/discovery/v2.0/keys`);
      return (all as unknown as { kid: string }[]).map(({ kid }) => kid);
    };
    const kidOf = (token: string) => jwt.decode(token, { complete: true })?.header.kid;
    const before = await accessToken(askForToken(entra));
    entra.rotateKeys();
    const after = await accessToken(askForToken(entra));
    expect(await keys()).toEqual([kidOf(after), kidOf(before)]);
    expect(kidOf(after)).not.toBe(kidOf(before));
    for (const token of [before, after]) entra.verifyToken(token, { audience: graph });
    entra.rotateKeys({ withdraw: true });
    expect(await keys()).toHaveLength(1);
    expect(() => entra.verifyToken(after, { audience: graph })).toThrow('not signed by this Entra');
  });

  it('live 60 to 90 minutes as Entra draws it, and 20 to 28 hours for clients that understand challenges', async () => {
    const claims = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } });
    const lives = async (changes: Record<string, string>) => {
      const responses = Array.from({ length: 20 }, () => askForToken(entra, changes));
      return (await Promise.all(responses)).map((one) => one.json<{ expires_in: number }>().expires_in);
    };
    const [plain, evaluated, ofApi] = [
      await lives({}),
      await lives({ claims }),
      await lives({ claims, scope: 'api://second/.default' }),
    ];
    for (const short of [plain, ofApi]) {
      expect(new Set(short).size).toBeGreaterThan(10);
      expect([Math.min(...short) >= 3600, Math.max(...short) < 5400]).toEqual([true, true]);
    }
    expect([Math.min(...evaluated) >= 20 * 3600, Math.max(...evaluated) < 28 * 3600]).toEqual([true, true]);
    await using drawn = await startLocalEntra({ random: () => 0.5 });
    expect((await askForToken(drawn)).json()).toMatchObject({ expires_in: 4500 });
    drawn.tokenLifetimeInSeconds = 3600;
    expect((await askForToken(drawn)).json()).toMatchObject({ expires_in: 3600 });
  });

  describe('common and organizations', () => {
    it.each(['common', 'organizations'])('/%s leads a multi-tenant application home', async (tenantId) => {
      const refreshToken = entra.refreshTokens.issue({ client: client('everywhere') });
      const token = await accessToken(
        askForToken(
          entra,
          { grant_type: 'refresh_token', refresh_token: refreshToken, ...everywhere() },
          { tenantId },
        ),
      );
      expect(claimsOf(token).tid).toBe(entra.tenantId);
      const { issuer } = await read(`${tenantId}/v2.0/.well-known/openid-configuration`);
      expect(issuer).toBe(`${entra.authorityHost}/{tenantid}/v2.0`);
    });

    it('refuse an application of one tenant, and one without a person', async () => {
      const options = { tenantId: 'common' };
      const refreshToken = entra.refreshTokens.issue();
      const ofOne = { grant_type: 'refresh_token', refresh_token: refreshToken };
      expect(await codeOf(askForToken(entra, ofOne, options))).toBe(50194);
      expect(await codeOf(askForToken(entra, everywhere(), options))).toBe(50059);
    });
  });

  describe('for federated assertions', () => {
    const ask = (assertion: string) =>
      askForToken(entra, {
        client_secret: undefined,
        client_assertion_type: assertionType,
        client_assertion: assertion,
      });
    const assertion = () => readFileSync(entra.client.federatedTokenFile, 'utf8');

    it('need the file of this hour, which is written anew at 80 % of its life', async () => {
      const first = assertion();
      await clock.advance(47 * 60_000);
      expect(assertion()).toBe(first);
      await clock.advance(60_000);
      expect(assertion()).not.toBe(first);
      await clock.advance(18 * 60_000);
      expect(await codeOf(ask(first))).toBe(700024);
      expect((await ask(assertion())).status).toBe(200);
      expect(statSync(entra.client.federatedTokenFile).mode & 0o777).toBe(0o600);
    });

    it('are refused when the machine slept, until the file is renewed', async () => {
      assertion();
      clock.jump(2 * 3_600_000);
      expect(await codeOf(ask(assertion()))).toBe(700024);
      entra.renewFederatedToken();
      expect((await ask(assertion())).status).toBe(200);
    });
  });
});
