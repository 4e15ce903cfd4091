import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseClaimsChallenge } from 'nestjs-entra-auth';
import type { HandMadeToken, LocalUser } from 'nestjs-entra-auth/testing';

import { ensureBuilt } from '../support/build.js';
import { EndToEnd } from '../support/e2e.js';
import type { RunningProgram } from '../support/running-program.js';
import { sampleUrl, startSample } from '../support/sample.js';
import { assertionOf } from '../support/users/callers.js';

const clientId = '00001111-aaaa-2222-bbbb-3333cccc4444';
const identityId = 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb';
const publicUrl = 'https://notes.example';
const tokenLifetimeInSeconds = 4;

const person = (name: string): LocalUser => ({
  name,
  objectId: randomUUID(),
  userPrincipalName: `${name.toLowerCase()}@contoso.example`,
  mail: [{ subject: `For ${name}` }, { subject: `Old news for ${name}`, isRead: true }],
});
const [ada, ben, cleo, dan] = [person('Ada'), person('Ben'), person('Cleo'), person('Dan')];

interface Answer {
  status: number;
  challenge: string | null;
  body: unknown;
}

beforeAll(() => ensureBuilt());

describe('the sample application and the persons that it serves', () => {
  const e2e = new EndToEnd(() => ({
    client: {
      clientId,
      objectId: identityId,
      graphPermissions: ['Organization.Read.All'],
      delegatedPermissions: ['https://graph.microsoft.com/Mail.Read'],
      redirectUris: [`${publicUrl}/sign-in/callback`],
      accessTokenVersion: 2,
      // No secret: the managed identity is a federated credential of the registration.
      managedIdentities: [identityId],
    },
    users: [ada, ben, cleo, dan],
    tokenLifetimeInSeconds,
    postgres: { rights: 'migrations' },
    managedIdentity: { cachesTokens: false },
  }));
  let sample: RunningProgram;
  let address: string;

  beforeAll(async () => {
    const { entra } = e2e;
    // A server that takes each refresh token once, as Entra does not: what it accepts, every server does.
    entra.refreshTokens.rotation = 'strict';
    const { postgres, graphUrl, tenantId, authorityHost } = entra;
    const env = {
      ...entra.environment('app-service'),
      PGHOST: postgres.host,
      PGPORT: String(postgres.port),
      PGDATABASE: postgres.database,
      PGUSER: postgres.username,
      GRAPH_URL: graphUrl,
      AZURE_AUTHORITY_HOST: authorityHost,
      API_CLIENT_ID: clientId,
      API_TENANT_ID: tenantId,
      SIGN_IN_KEY: randomBytes(32).toString('base64url'),
      PUBLIC_URL: publicUrl,
      DIGEST_INTERVAL_SECONDS: '1',
    };
    e2e.scan.protect({ 'key of the store': env.SIGN_IN_KEY });
    sample = startSample({ scan: e2e.scan, name: 'the sample with persons', env });
    address = await sample.said(sampleUrl);
  });
  afterAll(() => sample?.[Symbol.asyncDispose]());

  /** A token for the API of the sample, as a front end of that person gets it. */
  const tokenOf = (user: LocalUser, changes: Partial<HandMadeToken> = {}): string => {
    const { authorityHost, tenantId } = e2e.entra;
    return assertionOf(e2e.entra, user, {
      audience: clientId,
      ...changes,
      claims: {
        iss: `${authorityHost}/${changes.tenantId ?? tenantId}/v2.0`,
        ver: '2.0',
        azp: 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb',
        appid: undefined,
        ...changes.claims,
      },
    });
  };
  const call = async (path: string, token?: string, method = 'GET'): Promise<Answer> => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(60_000);
    const response = await fetch(`${address}${path}`, { method, headers, signal });
    const text = await response.text();
    e2e.scan.text(`answers to ${path}`, text);
    const challenge = response.headers.get('www-authenticate');
    return { status: response.status, challenge, body: JSON.parse(text) as unknown };
  };
  const mailOf = (user: LocalUser, changes?: Partial<HandMadeToken>) =>
    call('/me/mail', tokenOf(user, changes));

  /** Begins a sign-in as a browser does: its cookie, and where it is sent. */
  const begin = async (): Promise<{ cookie: string; url: URL; attributes: string }> => {
    const response = await fetch(`${address}/sign-in`, { redirect: 'manual' });
    expect(response.status).toBe(302);
    const [cookie = '', ...attributes] = response.headers.get('set-cookie')?.split('; ') ?? [];
    return {
      cookie,
      url: new URL(response.headers.get('location') ?? ''),
      attributes: attributes.join('; '),
    };
  };
  const comeBack = async (back: URL, cookie: string | undefined): Promise<Answer> => {
    const headers: Record<string, string> = cookie === undefined ? {} : { cookie };
    const response = await fetch(`${address}${back.pathname}${back.search}`, { headers });
    const text = await response.text();
    e2e.scan.text('answers to the browser', text);
    return { status: response.status, challenge: null, body: JSON.parse(text) as unknown };
  };
  const signIn = async (user: LocalUser): Promise<Answer> => {
    const { cookie, url } = await begin();
    return comeBack(e2e.entra.signIns.authorize(url, user.userPrincipalName).url, cookie);
  };
  const digestOf = (user: LocalUser) => call('/me/digest', tokenOf(user));
  const readAtOf = async (user: LocalUser): Promise<number> =>
    Date.parse(((await digestOf(user)).body as { readAt: string }).readAt);
  const until = async (isDone: () => boolean | Promise<boolean>): Promise<void> => {
    for (let patience = 300; patience > 0; patience--) {
      if (await isDone()) return;
      await sleep(100);
    }
    throw new Error(`It did not come about. The sample said:\n${sample.output}`);
  };

  describe('who call it', () => {
    it.each<[string, () => string | undefined]>([
      ['no token', () => undefined],
      ['garbage', () => 'garbage'],
      ['an expired token', () => tokenOf(ada, { lifetimeInSeconds: -1 })],
      ['a token for Graph', () => tokenOf(ada, { audience: 'https://graph.microsoft.com' })],
      ['a token for another API', () => tokenOf(ada, { audience: randomUUID() })],
      ['a token of another tenant', () => tokenOf(ada, { tenantId: randomUUID() })],
      ['a forged token', () => tokenOf(ada, { signedBy: 'foreign-key' })],
      ['a token that never ends', () => tokenOf(ada, { claims: { exp: undefined } })],
      ['a token of version 1.0', () => assertionOf(e2e.entra, ada, { audience: clientId })],
      ['a token of an application', () => e2e.entra.issueToken({ audience: clientId })],
      [
        'an unsigned token',
        () => {
          const [, payload] = tokenOf(ada).split('.');
          const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
          return `${header}.${payload}.`;
        },
      ],
    ])('are refused with %s, without a request for a token', async (_, make) => {
      const token = make();
      for (const [path, method] of [
        ['/me/mail', 'GET'],
        ['/me/digest', 'GET'],
        ['/me/sign-in', 'DELETE'],
      ] as const) {
        const { status, challenge, body } = await call(path, token, method);
        expect({ status, body }).toMatchObject({ status: 401, body: { error: 'Unauthorized' } });
        expect(challenge).toContain(`authorization_uri="${e2e.entra.authorityHost}/`);
        expect(challenge?.includes('error="invalid_token"')).toBe(token !== undefined);
      }
      expect(e2e.entra.requests.token).toBe(0);
    });

    it('are refused with a token that lacks the scope, without a request for a token', async () => {
      const { status, challenge } = await mailOf(ada, { claims: { scp: 'something.else' } });
      expect(status).toBe(403);
      expect(challenge).toContain('error="insufficient_scope", scope="access_as_user"');
      expect(e2e.entra.requests.token).toBe(0);
    });

    it('get the own mail, by one exchange for many calls', async () => {
      const tokens = [ada, ben].map((user) => ({ user, token: tokenOf(user) }));
      const answers = await Promise.all(
        [...tokens, ...tokens, ...tokens].map(async ({ user, token }) => ({
          user,
          answer: await call('/me/mail', token),
        })),
      );
      for (const { user, answer } of answers) {
        expect(answer.status).toBe(200);
        expect((answer.body as { subject: string }[]).map(({ subject }) => subject).sort()).toEqual([
          `For ${user.name}`,
          `Old news for ${user.name}`,
        ]);
      }
      expect(e2e.entra.requests.token).toBe(2);
    });

    it("hand Entra's claims to the front end when it wants more of that person, and of no other", async () => {
      e2e.entra.signIns.refuse(ada.objectId, 50076);
      const { status, challenge, body } = await mailOf(ada);
      expect({ status, body }).toEqual({
        status: 401,
        body: { statusCode: 401, message: 'Unauthorized', error: 'insufficient_claims' },
      });
      expect(JSON.parse(parseClaimsChallenge(challenge) ?? '')).toHaveProperty('access_token.capolids');
      expect(await mailOf(ben)).toMatchObject({ status: 200 });
      e2e.entra.signIns.refuse(ada.objectId, undefined);
      expect(await mailOf(ada)).toMatchObject({ status: 200 });
    });

    it('are served with the keys that are known while those of Entra cannot be read', async () => {
      await e2e.entra.faults.set('jwks', { kind: 'http-status', status: 500 });
      expect(await mailOf(ben)).toMatchObject({ status: 200 });
      await e2e.entra.faults.clear();
    });

    it('get 503 while Entra gives no token, and are served when it does again', async () => {
      await e2e.entra.faults.set('token', { kind: 'http-status', status: 500 });
      expect(await mailOf(ben)).toMatchObject({ status: 503, body: { error: 'ENTRA_TOKEN_UNAVAILABLE' } });
      await e2e.entra.faults.clear();
      await until(async () => (await mailOf(ben)).status === 200);
    });
  });

  describe('who sign in', () => {
    it('are sent to Entra with PKCE, state and nonce, and a cookie that only this server can read', async () => {
      const { url, cookie, attributes } = await begin();
      expect(`${url.origin}${url.pathname}`).toBe(
        `${e2e.entra.authorityHost}/${e2e.entra.tenantId}/oauth2/v2.0/authorize`,
      );
      const query = Object.fromEntries(url.searchParams);
      expect(query).toEqual({
        client_id: clientId,
        response_type: 'code',
        redirect_uri: `${publicUrl}/sign-in/callback`,
        scope: 'openid profile offline_access https://graph.microsoft.com/Mail.Read',
        state: expect.stringMatching(/^[\w-]{43}$/) as unknown,
        nonce: expect.stringMatching(/^[\w-]{43}$/) as unknown,
        code_challenge: expect.stringMatching(/^[\w-]{43}$/) as unknown,
        code_challenge_method: 'S256',
      });
      expect(attributes).toBe('Max-Age=600; Path=/sign-in; HttpOnly; SameSite=Lax; Secure');
      expect(Buffer.from(cookie, 'base64url').toString()).not.toContain(query['state']);
    });

    it('come back to the browser that left, with the code that it was given, or are refused', async () => {
      const [mine, other] = [await begin(), await begin()];
      const authorize = (url: URL): URL => e2e.entra.signIns.authorize(url, ada.userPrincipalName).url;
      const back = authorize(mine.url);
      const redemptions = e2e.entra.requests.token;
      const tampered = `${mine.cookie.slice(0, -3)}AAA`;
      for (const cookie of [undefined, 'sign-in=', 'sign-in=garbage', tampered, other.cookie]) {
        expect(await comeBack(back, cookie)).toMatchObject({ status: 400 });
      }
      expect(e2e.entra.requests.token).toBe(redemptions);

      // The code of another sign-in, whose verifier this browser does not have.
      const injected = new URL(back);
      injected.searchParams.set('code', authorize(other.url).searchParams.get('code') ?? '');
      expect(await comeBack(injected, mine.cookie)).toMatchObject({ status: 400 });
      const denied = new URL(back);
      denied.search = new URLSearchParams({
        error: 'access_denied',
        state: back.searchParams.get('state') ?? '',
      }).toString();
      expect(await comeBack(denied, mine.cookie)).toMatchObject({ status: 403 });
      expect(await digestOf(ada)).toMatchObject({ status: 404 });
      expect(await e2e.entra.postgres.query('SELECT name FROM entra_sign_in')).toEqual([]);
    });

    it.each(['nonce', 'audience'] as const)('are refused with an ID token of another %s', async (wrong) => {
      await e2e.entra.faults.set('token', { kind: 'mismatched-id-token', wrong });
      expect(await signIn(ada)).toMatchObject({ status: 400 });
      await e2e.entra.faults.clear();
      expect(await e2e.entra.postgres.query('SELECT name FROM entra_sign_in')).toEqual([]);
    });

    it('have their mail read while they are away, each the own, while refresh tokens rotate', async () => {
      for (const user of [cleo, dan]) expect(await signIn(user)).toMatchObject({ status: 200 });
      for (const user of [cleo, dan]) {
        await until(async () => (await digestOf(user)).status === 200);
        expect((await digestOf(user)).body).toMatchObject({ unread: 1, waitsForSignIn: false });
      }
      const [begun, redeemed] = [await readAtOf(cleo), e2e.entra.refreshTokens.redemptions];
      await until(() => e2e.entra.refreshTokens.redemptions >= redeemed + 4);
      const now = Date.now();
      await until(async () => (await readAtOf(cleo)) > now && (await readAtOf(dan)) > now);
      expect(await readAtOf(cleo)).toBeGreaterThan(begun);
      expect(e2e.entra.refreshTokens.reuseRevocations).toBe(0);
    });

    it('are stored by ids alone, and encrypted', async () => {
      const rows = await e2e.entra.postgres.query('SELECT name, record FROM entra_sign_in');
      const { tenantId } = e2e.entra;
      expect(rows.map(({ name }) => name).sort()).toEqual(
        [cleo, dan].map(({ objectId }) => `${tenantId}.${objectId}`).sort(),
      );
      for (const { record } of rows) {
        const { value } = JSON.parse(String(record)) as { value: Record<string, string> };
        expect(Object.keys(value)).toEqual(['refreshToken', 'obtainedOnTimestamp']);
        const [header = '', ...parts] = value['refreshToken']?.split('.') ?? [];
        expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ enc: 'A256GCM' });
        expect(parts).toHaveLength(4);
      }
    });

    it('wait for a sign-in after their sessions were revoked, alone, and go on after it', async () => {
      e2e.entra.revokeSessions(cleo);
      await until(async () => ((await digestOf(cleo)).body as { waitsForSignIn: boolean }).waitsForSignIn);
      const now = Date.now();
      await until(async () => (await readAtOf(dan)) > now);
      expect((await digestOf(dan)).body).toMatchObject({ waitsForSignIn: false });

      // Tokens of the same second as the revocation are not challenged, those of before are.
      await sleep(1_100);
      expect(await signIn(cleo)).toMatchObject({ status: 200 });
      await until(async () => !((await digestOf(cleo)).body as { waitsForSignIn: boolean }).waitsForSignIn);
      expect(await readAtOf(cleo)).toBeGreaterThan(now);
    });

    it('are forgotten by DELETE, with all that was found, and nothing is redeemed for them any more', async () => {
      const remove = (user: LocalUser) => call('/me/sign-in', tokenOf(user), 'DELETE');
      expect(await remove(cleo)).toMatchObject({ status: 200, body: { wasSignedIn: true } });
      expect(await remove(cleo)).toMatchObject({ status: 200, body: { wasSignedIn: false } });
      expect(await digestOf(cleo)).toMatchObject({ status: 404 });
      const now = Date.now();
      await until(async () => (await readAtOf(dan)) > now + 1_000);
      expect(await digestOf(cleo)).toMatchObject({ status: 404 });

      expect(await remove(dan)).toMatchObject({ body: { wasSignedIn: true } });
      const redeemed = e2e.entra.refreshTokens.redemptions;
      await sleep((tokenLifetimeInSeconds + 2) * 1_000);
      expect(e2e.entra.refreshTokens.redemptions).toBe(redeemed);
      for (const table of ['entra_sign_in', 'mail_digests']) {
        expect(await e2e.entra.postgres.query(`SELECT * FROM ${table}`)).toEqual([]);
      }
    });
  });

  it('names no person in its output', () => {
    for (const { name, userPrincipalName, objectId } of [ada, ben, cleo, dan]) {
      for (const word of [name, userPrincipalName, objectId]) expect(sample.output).not.toContain(word);
    }
  });

  e2e.letsNoSecretOut();
});
