import type { ServerResponse } from 'node:http';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';
import { MemorySignInStore } from 'nestjs-entra-auth/users';

import { eventually } from '../../support/eventually.js';
import { ScriptedTokenServer, type ReceivedForm } from '../../support/scripted-token-server.js';
import { SecretScan } from '../../support/secret-scan.js';
import { jwt } from '../../support/tokens.js';
import { startUserTokens } from '../../support/users/user-tokens.js';

const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
const clientId = '00001111-aaaa-2222-bbbb-3333cccc4444';
const clientSecret = 'the secret of the application';
const requestTimeoutInMs = 5_000;
/** Of real time, for a request that may be hanging. */
const patienceInMs = 500;
const oidOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

let server: ScriptedTokenServer;
let clock: ManualClock;
let store: MemorySignInStore;
let tokens: ReturnType<typeof startUserTokens>;
let issued = 0;

const seconds = (): number => Math.floor(clock.now() / 1000);
const accessToken = (oid: string): string =>
  jwt({
    aud: 'https://graph.microsoft.com',
    oid,
    tid: tenantId,
    exp: seconds() + 3600,
    uti: String(++issued),
  });
const assertionOf = (n: number): string =>
  jwt({ aud: clientId, azp: 'client', exp: seconds() + 7200, oid: oidOf(n), scp: 'access', tid: tenantId });
const refreshTokenOf = (n: number, use = 0): string =>
  `refresh of ${oidOf(n)} number ${use}`.replaceAll(' ', '_');

/** Whose token a request asks for. */
function askedFor({ assertion, refresh_token: refreshToken = '' }: ReceivedForm['form']): string {
  if (assertion === undefined) return refreshToken.split('_')[2] ?? '';
  const claims = Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(claims) as { oid: string }).oid;
}
const bodyFor = (oid: string): Record<string, unknown> => ({
  ...{ token_type: 'Bearer', expires_in: 3600, access_token: accessToken(oid) },
  refresh_token: refreshTokenOf(Number(oid.slice(-12)), ++issued),
});
const good = ({ form }: ReceivedForm, response: ServerResponse): void =>
  void response.writeHead(200, json).end(JSON.stringify(bodyFor(askedFor(form))));
const json = { 'content-type': 'application/json' };
const page = `<html><body>${'<p>Sign in to the network'.repeat(50)}</body></html>`;
const html = { 'content-type': 'text/html' };

type Answer = (body: string, response: ServerResponse, oid: string) => void;

const answers: [string, Answer, RegExp][] = [
  ['the page of a proxy', (_, response) => void response.writeHead(502, html).end(page), /status 502/],
  ['a page of success', (_, response) => void response.writeHead(200, html).end(page), /JSON/],
  ['half of the body', (body, response) => void response.writeHead(200, json).end(body.slice(0, 80)), /JSON/],
  [
    'two megabytes',
    (body, response) => {
      response.on('error', () => undefined);
      response.writeHead(200, json).end(`${body.slice(0, -1)},"pad":"${'x'.repeat(2 ** 21)}"}`);
    },
    /bytes|larger|long/,
  ],
  ['nothing', (_, response) => void response.writeHead(200, json).end(), /JSON|empty/],
  [
    'a redirect',
    (_, response) => void response.writeHead(302, { location: 'https://example.com/token' }).end(),
    /302/,
  ],
  [
    'garbage said to be gzip',
    (_, response) =>
      void response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end('\x1f\x8bgarbage'),
    /compressed form \(gzip\)/,
  ],
  [
    'a body that is cut by the end of the connection',
    (body, response) => {
      response.writeHead(200, { ...json, 'content-length': String(body.length) });
      response.write(body.slice(0, 80), () => response.destroy());
    },
    /connection|ended|aborted|ECONNRESET|closed/i,
  ],
  [
    'chunks that are cut by the end of the connection',
    (body, response) => {
      response.writeHead(200, json);
      response.write(body.slice(0, 80), () => response.destroy());
    },
    /connection|ended|aborted|ECONNRESET|closed/i,
  ],
  [
    'a body that does not end',
    (body, response) => void response.writeHead(200, json).write(body.slice(0, -1)),
    /5000 ms|in time/,
  ],
  [
    'a body that goes on for ever',
    (_, response) => {
      response.on('error', () => undefined);
      response.writeHead(200, json);
      const chunk = Buffer.alloc(65_536, ' ');
      const more = (): void => {
        if (!response.destroyed) response.write(chunk, more);
      };
      more();
    },
    /bytes|larger|long/,
  ],
  [
    'the token of another user',
    (_, response) => void response.writeHead(200, json).end(JSON.stringify(bodyFor(oidOf(666)))),
    /another user/,
  ],
];

beforeAll(async () => {
  server = await ScriptedTokenServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  clock = new ManualClock();
  store = new MemorySignInStore(clock);
  server.received.length = 0;
  server.answer(good);
  const { authorityHost, certificateAuthority } = server;
  const client = {
    tenantId,
    clientId,
    clientSecret,
    authorityHost,
    certificateAuthority,
    requestTimeoutInMs,
  };
  tokens = startUserTokens({ client, resources: { graph: {} }, signIns: { store } }, { clock });
});
afterEach(() => tokens.stop());

/** Answers the requests for users in the place of Entra. */
function answerWith(answer: Answer, ...users: number[]): void {
  const oids = users.map(oidOf);
  server.answer((received, response) => {
    const oid = askedFor(received.form);
    if (!oids.includes(oid)) return good(received, response);
    answer(JSON.stringify(bodyFor(oid)), response, oid);
  });
}
/** Lets the deadline of requests pass once they have arrived; what is refused at once is over by then. */
async function outcome<T>(promise: Promise<T>, arrived: number): Promise<unknown> {
  let isOver = false;
  const settled = promise.then(
    () => 'served' as const,
    (error: unknown) => error,
  );
  void settled.then(() => (isOver = true));
  await eventually(() => server.received.length >= arrived || isOver);
  await eventually(() => isOver, patienceInMs);
  if (!isOver) await clock.advance(requestTimeoutInMs + 1);
  return settled;
}

const [ada, bob, eve] = [1, 2, 3] as const;
const adopt = (n: number): Promise<void> =>
  tokens.service.adopt(oidOf(n), {
    refresh_token: refreshTokenOf(n),
    id_token: jwt({ aud: clientId, oid: oidOf(n), tid: tenantId, exp: seconds() + 3600 }),
  });
const storedOf = async (key: string): Promise<string | undefined> =>
  (await store.of(key).load())?.value.refreshToken;

const ways: [string, (n: number) => Promise<{ getToken(): Promise<{ token: string }> }>][] = [
  [
    'on-behalf-of',
    (n) => {
      const user = tokens.service.onBehalfOf(assertionOf(n));
      return Promise.resolve({ getToken: () => user.getToken('graph') });
    },
  ],
  [
    'a sign-in',
    async (n) => {
      await adopt(n);
      const user = tokens.service.forUser(oidOf(n));
      return { getToken: () => user.getToken('graph') };
    },
  ],
];

describe.each(ways)('a token endpoint that answers a request of %s', (way, open) => {
  it.each(answers)(
    'with %s gives a typed error that says so, and no other user an error',
    async (_, answer, said) => {
      const scan = new SecretScan({ 'client secret': clientSecret, 'refresh token': refreshTokenOf(ada) });
      const [user, other] = [await open(ada), await open(bob)];
      const { token } = await other.getToken();
      answerWith(answer, ada);
      const error = await outcome(user.getToken(), 2);
      expect(error).toMatchObject({ name: 'TokenUnavailableError', code: 'ENTRA_TOKEN_UNAVAILABLE' });
      expect(String(error)).toMatch(said);
      expect(String(error).length).toBeLessThan(1_000);
      expect(await other.getToken()).toMatchObject({ token });
      expect(await (await open(eve)).getToken()).toBeDefined();
      if (way === 'a sign-in') expect(await storedOf(oidOf(ada))).toContain(oidOf(ada));
      expect(tokens.service.state()).toMatchObject({ refused: 0, unsaved: 0, pending: 0 });

      server.answer(good);
      await clock.advance(60_000);
      expect(await user.getToken()).toBeDefined();
      expect(scan.leaks()).toEqual([]);
    },
  );

  it.each(answers)('with %s fails no call while a token is held', async (_, answer) => {
    const user = await open(ada);
    const { token } = await user.getToken();
    answerWith(answer, ada);
    const before = server.received.length;
    // Half of its life is over: a refresh is due.
    await clock.advance(1_800_000);
    const lastCallAt = clock.now() + 1_760_000;
    /** Calls every ten seconds of the token's life, until something has come about. */
    const call = async (until: (served: string) => boolean): Promise<string> => {
      for (;;) {
        const served = (await user.getToken()).token;
        if (until(served) || clock.now() >= lastCallAt) return served;
        // A request that is answered must not end by its deadline for want of real time.
        await eventually(() => tokens.service.state().pending === 0, patienceInMs);
        await clock.advance(10_000);
      }
    };
    expect(await call(() => server.received.length > before)).toBe(token);
    expect(server.received.length).toBeGreaterThan(before);
    if (way === 'a sign-in') expect(await storedOf(oidOf(ada))).toContain(oidOf(ada));
    server.answer(good);
    expect(await call((served) => served !== token)).not.toBe(token);
  });
});

describe('a token endpoint that answers the beginning of a session', () => {
  it.each(answers)(
    'with %s gives a typed error that says so, and stores nothing',
    async (_, answer, said) => {
      const assertion = assertionOf(ada);
      answerWith(answer, ada);
      const error = await outcome(tokens.service.beginSession('job', assertion, 'graph'), 1);
      expect(error).toMatchObject({ name: 'TokenUnavailableError' });
      expect(String(error)).toMatch(said);
      expect(await tokens.service.listSignIns()).toEqual([]);
      server.answer(good);
      await clock.advance(60_000);
      await tokens.service.beginSession('job', assertion, 'graph');
      expect(await tokens.service.forUser('job').getToken('graph')).toBeDefined();
    },
  );
});
