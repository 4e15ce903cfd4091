import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  EntraAuthModule,
  EntraTokenHealthIndicator,
  EntraTokenService,
  type TokenEvent,
} from 'nestjs-entra-auth';

import { ScriptedTokenServer } from '../../support/scripted-token-server.js';
import { SecretScan } from '../../support/secret-scan.js';

const tenantId = '5f1f3a52-1d2e-4a52-9e0a-3c1b8f0f6a11';
const clientId = '0b6f2f0e-6c1d-4f6e-8a55-2f3f3cb0c0de';
const clientSecret = 'zQ8~short.Secret+/=&<"1';
let server: ScriptedTokenServer;
let app: TestingModule;
let lines: string[];

beforeAll(async () => {
  server = await ScriptedTokenServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  lines = [];
  for (const level of ['log', 'warn', 'error', 'debug'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation((...words: unknown[]) => {
      lines.push(words.map(String).join(' '));
    });
});
afterEach(async () => {
  await app.close();
  jest.restoreAllMocks();
});

function discoveryOf(host: string): object {
  return {
    token_endpoint: `${host}/${tenantId}/oauth2/v2.0/token`,
    authorization_endpoint: `${host}/${tenantId}/oauth2/v2.0/authorize`,
    issuer: `${host}/${tenantId}/v2.0`,
    jwks_uri: `${host}/${tenantId}/discovery/v2.0/keys`,
  };
}

/** A token endpoint that repeats in its answer what it was sent, as some gateways do. */
function answerWith(status: number, body: string, contentType: string): void {
  server.answer(({ path }, response) => {
    if (path.includes('openid-configuration')) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(discoveryOf(server.authorityHost)));
      return;
    }
    response.writeHead(status, { 'content-type': contentType, 'set-cookie': `echo=${clientSecret}` });
    response.end(body);
  });
}

describe('a token endpoint that repeats the client secret', () => {
  const asJson = (description: string): string =>
    JSON.stringify({ error: 'invalid_client', error_description: description });

  it.each([
    [
      'in its description',
      401,
      'application/json',
      asJson(`AADSTS7000215: Invalid secret '${clientSecret}'.`),
    ],
    [
      'as it was sent',
      401,
      'application/json',
      asJson(`AADSTS7000215: ${encodeURIComponent(clientSecret)}.`),
    ],
    ['in Base64', 400, 'application/json', asJson(`AADSTS7000215: ${btoa(clientSecret)}.`)],
    ['in a page', 502, 'text/html', `<html><p>sent ${clientSecret.replace('&', '&amp;')}</p></html>`],
    [
      'in a text',
      503,
      'text/plain',
      `client_id=${clientId}&client_secret=${encodeURIComponent(clientSecret)}`,
    ],
  ])('%s: error, log, event, state and health are free of it', async (_, status, contentType, body) => {
    answerWith(status, body, contentType);
    app = await Test.createTestingModule({
      imports: [
        EntraAuthModule.forRoot({
          credential: {
            kind: 'client-secret',
            ...{ tenantId, clientId, clientSecret },
            authorityHost: server.authorityHost,
            certificateAuthority: server.certificateAuthority,
          },
          resources: { graph: {} },
          startup: 'lazy',
        }),
      ],
    }).compile();
    await app.init();
    const tokens = app.get(EntraTokenService);
    const events: TokenEvent[] = [];
    tokens.events.subscribe((event) => void events.push(event));
    const error: unknown = await tokens.getToken('graph').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'TokenUnavailableError', statusCode: status });
    expect(events.map(({ type }) => type)).toEqual(['refresh-failed']);
    expect(lines.join('\n')).toContain('graph');

    const scan = new SecretScan({ 'client secret': clientSecret });
    scan.value('error', error);
    scan.value('events', events);
    scan.value('state', tokens.state());
    scan.value('health', app.get(EntraTokenHealthIndicator).isHealthy('entra'));
    scan.text('log', lines.join('\n'));
    expect(scan.leaks()).toEqual([]);
  });
});
