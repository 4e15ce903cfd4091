import { request, type IncomingMessage } from 'node:http';

import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, UnauthorizedException, type CanActivate, type INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { EntraAuthModule, EntraTokenService } from 'nestjs-entra-auth';
import {
  EntraDashboardModule,
  type DashboardExtension,
  type DashboardState,
  type EntraDashboardOptions,
} from 'nestjs-entra-auth/dashboard';

import { FakeCredential } from '../../support/fake-credential.js';

const applications: INestApplication[] = [];
const streams: IncomingMessage[] = [];

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.destroy();
  for (const app of applications.splice(0)) await app.close();
});

@Injectable()
class SecretGuard implements CanActivate {
  constructor(private readonly tokens: EntraTokenService) {}

  canActivate(): boolean {
    if (this.tokens.state().length > 100) return true;
    throw new UnauthorizedException('Who are you?');
  }
}

@Injectable()
class Extension implements DashboardExtension {
  readonly ran: string[] = [];

  figures() {
    return [{ label: 'failed calls', value: 0 }];
  }

  actions() {
    return [{ name: 'break', label: 'Break it' }];
  }

  run(action: string): string {
    this.ran.push(action);
    if (this.ran.length > 1)
      throw new Error('It is broken already. eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln');
    return 'It is broken.';
  }
}

const adapters = {
  Express: () => new ExpressAdapter(),
  Fastify: () => new FastifyAdapter(),
};

async function boot(
  platform: keyof typeof adapters,
  options: EntraDashboardOptions = {},
  prepare: (app: INestApplication) => void = () => undefined,
) {
  const credential = new FakeCredential(Date.now);
  const testing = await Test.createTestingModule({
    imports: [
      EntraAuthModule.forRoot({ credential, resources: { graph: {} } }),
      EntraDashboardModule.forRoot(options),
    ],
    providers: [Extension],
  }).compile();
  const app = testing.createNestApplication(adapters[platform](), { logger: false });
  applications.push(app);
  prepare(app);
  await app.listen(0, '127.0.0.1');
  return { app, credential, url: (await app.getUrl()).replace('[::1]', 'localhost') };
}

const get = (url: string, init: RequestInit = {}) =>
  fetch(url, { signal: AbortSignal.timeout(60_000), ...init });

/** Opens the stream of a dashboard. */
function open(url: string, host?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false, ...(host && { headers: { host } }) }, (response) => {
      streams.push(response);
      resolve(response.setEncoding('utf8'));
    })
      .on('error', reject)
      .end();
  });
}

/** The next states that a stream brings. */
async function* statesOf(stream: IncomingMessage): AsyncGenerator<DashboardState> {
  let text = '';
  for await (const chunk of stream) {
    text += chunk as string;
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      if (message.startsWith('data: ')) yield JSON.parse(message.slice(6)) as DashboardState;
    }
  }
}

describe.each(['Express', 'Fastify'] as const)('a dashboard on %s', (platform) => {
  it('serves the page with a policy that lets nothing else in', async () => {
    const { url } = await boot(platform);
    const response = await get(`${url}/entra`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'sha256-/) as unknown,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store, no-transform',
      'referrer-policy': 'no-referrer',
    });
    expect(await response.text()).toMatch(/^<!doctype html>/);
  });

  it('serves the state as JSON, without the token', async () => {
    const { url, app } = await boot(platform);
    const { token } = await app.get(EntraTokenService).getToken('graph');
    const text = await (await get(`${url}/entra/state`)).text();
    expect(JSON.parse(text)).toMatchObject({
      title: 'Entra tokens',
      resources: [{ resource: 'graph', state: 'fresh', refreshes: 1, lives: [{ number: 1 }] }],
    });
    expect(text).not.toContain(token);
  });

  it('brings what happens, as it happens', async () => {
    const { url, app, credential } = await boot(platform);
    const stream = await open(`${url}/entra/events`);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
    const states = statesOf(stream);
    expect((await states.next()).value).toMatchObject({ resources: [{ state: 'fresh' }] });
    credential.fail();
    await app
      .get(EntraTokenService)
      .refresh('graph')
      .catch(() => undefined);
    for await (const { resources, events } of states) {
      if (resources[0]?.state !== 'degraded') continue;
      expect(events[0]).toMatchObject({ type: 'refresh-failed', subject: 'graph' });
      break;
    }
  });

  it('takes so many watchers at most, and a new one when another has gone', async () => {
    const { url } = await boot(platform, { maxWatchers: 2 });
    const first = await open(`${url}/entra/events`);
    await open(`${url}/entra/events`);
    const refused = await get(`${url}/entra/events`);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toEqual({ message: expect.stringMatching(/Try again later/) as unknown });
    first.destroy();
    let status = 503;
    for (let tries = 0; status === 503 && tries < 100; tries++) {
      const again = await open(`${url}/entra/events`);
      status = again.statusCode ?? 0;
    }
    expect(status).toBe(200);
  });

  it('lets the application end while it is watched', async () => {
    const { url, app } = await boot(platform);
    const stream = await open(`${url}/entra/events`);
    stream.resume();
    const ended = new Promise((resolve) => stream.once('end', resolve));
    const startedAt = performance.now();
    await app.close();
    applications.length = 0;
    await ended;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('asks the guard before each of its routes', async () => {
    const { url } = await boot(platform, { guard: SecretGuard, extension: Extension });
    for (const path of ['', '/state', '/events']) {
      const { status, headers } = await get(`${url}/entra${path}`);
      expect([path, status, headers.get('content-type')]).toEqual([path, 401, expect.stringMatching(/json/)]);
    }
    const headers = { 'x-entra-dashboard': '1' };
    expect((await get(`${url}/entra/actions/break`, { method: 'POST', headers })).status).toBe(401);
  });

  it('answers without a guard only what is addressed to this machine', async () => {
    const { url } = await boot(platform);
    expect((await open(`${url}/entra/state`, 'localhost:80')).statusCode).toBe(200);
    expect((await open(`${url}/entra/state`, 'attacker.example')).statusCode).toBe(403);
    expect((await open(`${url}/entra/events`, 'attacker.example')).statusCode).toBe(403);
  });

  it('runs an action for the page alone, and reports what came of it', async () => {
    const { url, app } = await boot(platform, { path: '/', extension: Extension });
    const post = async (name: string, headers: Record<string, string>) => {
      const response = await get(`${url}/actions/${name}`, { method: 'POST', headers });
      return [response.status, ((await response.json()) as { message: string }).message];
    };
    const own = { 'x-entra-dashboard': '1' };
    expect(await post('break', {})).toEqual([403, 'Send the header "x-entra-dashboard: 1".']);
    expect(await post('mend', own)).toEqual([404, 'There is no such action.']);
    expect(app.get(Extension).ran).toEqual([]);
    expect(await post('break', own)).toEqual([200, 'It is broken.']);
    expect(await post('break', own)).toEqual([500, 'It is broken already. [redacted token]']);
    expect(await (await get(`${url}/state`)).json()).toMatchObject({
      figures: [{ label: 'failed calls', value: '0' }],
    });
  });

  it('lies below the prefix of the application, and is not part of its API', async () => {
    const { url, app } = await boot(platform, {}, (one) => one.setGlobalPrefix('internal'));
    expect((await get(`${url}/internal/entra`)).status).toBe(200);
    const { paths } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    expect(paths).toEqual({});
  });

  it('answers HEAD without a stream', async () => {
    const { url } = await boot(platform, { maxWatchers: 1 });
    for (const path of ['', '/state', '/events']) {
      expect((await get(`${url}/entra${path}`, { method: 'HEAD' })).status).toBe(200);
    }
    expect((await open(`${url}/entra/events`)).statusCode).toBe(200);
  });
});

describe('a dashboard that misses something', () => {
  const start = async (...imports: Parameters<typeof Test.createTestingModule>[0]['imports'] & object) => {
    const testing = await Test.createTestingModule({ imports }).compile();
    await testing.createNestApplication({ logger: false }).init();
  };

  it('does not start without EntraAuthModule', async () => {
    await expect(start(EntraDashboardModule.forRoot())).rejects.toMatchObject({
      code: 'ENTRA_OPTIONS_INVALID',
      message: expect.stringMatching(/Import EntraAuthModule\.forRoot/) as unknown,
    });
  });

  it('does not start with an extension that no module provides', async () => {
    const auth = EntraAuthModule.forRoot({
      credential: new FakeCredential(Date.now),
      resources: { graph: {} },
    });
    await expect(start(auth, EntraDashboardModule.forRoot({ extension: Extension }))).rejects.toMatchObject({
      option: 'extension',
      message: expect.stringMatching(/Extension is not registered/) as unknown,
    });
  });
});
