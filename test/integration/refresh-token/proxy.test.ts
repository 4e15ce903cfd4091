import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RefreshTokenCredential, type RefreshTokenCredentialOptions } from 'nestjs-entra-auth';

import { proxyOfEnvironment } from '../../../lib/common/proxy-of-environment.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { ScriptedTokenServer } from '../../support/scripted-token-server.js';
import { SecretScan } from '../../support/secret-scan.js';

const graph = 'https://graph.microsoft.com/.default';
const names = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy', 'NO_PROXY', 'no_proxy'];

/** A proxy that knows CONNECT, and answers it with a status. */
class ConnectProxy {
  status = 200;
  silent = false;
  readonly asked: { target: string; authorization: string | undefined }[] = [];
  readonly sockets = new Set<Socket>();
  readonly #server = createServer();

  async start(): Promise<void> {
    this.#server.on('connection', (socket: Socket) => this.sockets.add(socket));
    this.#server.on('connect', (request: IncomingMessage, client: Socket) => this.#serve(request, client));
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve({ url = '', headers }: IncomingMessage, client: Socket): void {
    this.asked.push({ target: url, authorization: headers['proxy-authorization'] });
    client.on('error', () => undefined);
    if (this.silent) return void client.on('end', () => client.end()).resume();
    if (this.status !== 200) return void client.end(`HTTP/1.1 ${this.status} No\r\n\r\n`);
    const upstream = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client);
      client.pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  }
}

let server: ScriptedTokenServer;
let proxy: ConnectProxy;
let before: Record<string, string | undefined>;

beforeAll(async () => {
  server = await ScriptedTokenServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  server.reset();
  before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  for (const name of names) Reflect.deleteProperty(process.env, name);
  proxy = new ConnectProxy();
  await proxy.start();
});
afterEach(async () => {
  for (const name of names) {
    if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before[name];
  }
  await proxy.stop();
});

const credentialWith = (options: Partial<RefreshTokenCredentialOptions> = {}) =>
  new RefreshTokenCredential({
    tenantId: 'contoso.example',
    clientId: 'the-client',
    authorityHost: server.authorityHost,
    certificateAuthority: server.certificateAuthority,
    refreshToken: 'first',
    ...options,
  });
const failureOf = (credential: RefreshTokenCredential): Promise<unknown> =>
  credential.getToken(graph).catch((error: unknown) => error);

describe('a proxy of the environment', () => {
  it.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'])(
    'in %s is used, with TLS to the authority',
    async (name) => {
      process.env[name] = `http://user:p%40ss@${proxy.host}`;
      await expect(credentialWith().getToken(graph)).resolves.toMatchObject({ token: 'access-1' });
      const target = server.authorityHost.replace('https://', '');
      const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
      expect(proxy.asked).toEqual([{ target, authorization }]);
    },
  );

  it('cannot be the authority: its certificate is verified through it', async () => {
    process.env['HTTPS_PROXY'] = proxy.host;
    expect(String(await failureOf(credentialWith({ certificateAuthority: undefined })))).toMatch(
      /certificate/,
    );
    const authorityHost = server.authorityHost.replace('localhost', '0.0.0.0');
    expect(String(await failureOf(credentialWith({ authorityHost })))).toMatch(/is not in the cert's list/);
    expect(proxy.asked).toHaveLength(2);
    expect(server.received).toHaveLength(0);
  });

  it.each(['localhost', '*', 'other.example, localhost', '.localhost'])(
    'is not used for NO_PROXY=%s',
    async (list) => {
      Object.assign(process.env, { HTTPS_PROXY: `http://${proxy.host}`, NO_PROXY: list });
      await credentialWith().getToken(graph);
      expect(proxy.asked).toEqual([]);
    },
  );

  it('is not used with an agent', async () => {
    process.env['HTTPS_PROXY'] = `http://${proxy.host}`;
    const agent = new Agent();
    await credentialWith({ agent }).getToken(graph);
    agent.destroy();
    expect(proxy.asked).toEqual([]);
  });

  it.each([
    [407, false, /asks for its own user name and password \(status 407\)/],
    [403, false, /did not connect .* \(status 403\)/],
    [500, true, /did not connect .* \(status 500\)/],
    [502, true, /did not connect .* \(status 502\)/],
  ])('that answers %d is reported as that, without its credentials', async (status, retryable, message) => {
    proxy.status = status;
    process.env['HTTPS_PROXY'] = `http://user:pass-of-proxy@${proxy.host}`;
    const error = await failureOf(credentialWith());
    expect(error).toMatchObject({ code: 'ENTRA_TOKEN_REQUEST_FAILED', retryable });
    expect(String(error)).toMatch(message);
    const scan = new SecretScan({ password: 'pass-of-proxy', pair: btoa('user:pass-of-proxy') });
    scan.value('error', error);
    expect(scan.leaks()).toEqual([]);
  });

  it('that cannot be reached, and one that is not a URL, are named', async () => {
    process.env['HTTPS_PROXY'] = 'http://user:pass@127.0.0.1:1';
    expect(String(await failureOf(credentialWith()))).toMatch(
      /proxy 127.0.0.1:1 .* not be reached \(ECONNREFUSED\)/,
    );
    process.env['HTTPS_PROXY'] = 'socks5://user:pass@127.0.0.1:1';
    const error = await failureOf(credentialWith());
    expect(String(error)).toMatch(/HTTPS_PROXY does not hold the URL of an HTTP proxy/);
    expect(String(error)).not.toMatch(/user|pass/);
  });

  it('that does not answer is left after the deadline, and its connection closed', async () => {
    proxy.silent = true;
    process.env['HTTPS_PROXY'] = `http://${proxy.host}`;
    const clock = new ManualClock(0);
    const failure = failureOf(credentialWith({ clock }));
    while (proxy.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const [socket] = proxy.sockets;
    const closed = once(socket!, 'close');
    await clock.advance(10_000);
    expect(String(await failure)).toMatch(/longer than 10000 ms/);
    await closed;
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('proxyOfEnvironment', () => {
  const of = (noProxy: string, url = 'https://login.microsoftonline.com/x') =>
    proxyOfEnvironment(new URL(url), { HTTPS_PROXY: 'http://p:1', NO_PROXY: noProxy }) === undefined;

  it.each([
    ['', false],
    ['microsoftonline.com', true],
    ['.microsoftonline.com', true],
    ['*.microsoftonline.com', true],
    ['LOGIN.microsoftonline.com', true],
    ['online.com', false],
    ['login.microsoftonline.com:443', true],
    ['login.microsoftonline.com:8443', false],
    ['a login.microsoftonline.com', true],
  ])('with NO_PROXY=%s exempts: %s', (list, exempt) => {
    expect(of(list)).toBe(exempt);
  });

  it.each(['[::1]', '::1', '[::1]:443'])('exempts an IPv6 address written as %s', (entry) => {
    expect(of(entry, 'https://[::1]/')).toBe(true);
  });

  it('prefers HTTPS_PROXY to ALL_PROXY', () => {
    const env = { ALL_PROXY: 'http://all:1', HTTPS_PROXY: 'https:1' };
    expect(proxyOfEnvironment(new URL('https://x'), { ...env, HTTPS_PROXY: 'one:1' })?.host).toBe('one:1');
  });
});
