import { Agent, request } from 'node:https';
import { request as plainRequest, type IncomingHttpHeaders } from 'node:http';
import type { LocalEntra } from '../../../lib/testing/index.js';

export const graph = 'https://graph.microsoft.com';
export const postgres = 'https://ossrdbms-aad.database.windows.net';

/** What a response looked like on the wire. */
export interface WireResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  json: <T = Record<string, unknown>>() => T;
}

/** A request over a connection of its own; rejects with the socket's error, or after `timeoutInMs`. */
export function send(
  entra: LocalEntra,
  url: string,
  options: {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    timeoutInMs?: number;
    signal?: AbortSignal;
  } = {},
): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const tls = { ca: entra.certificateAuthority, agent: new Agent({ keepAlive: false }) };
    const plain = url.startsWith('http:');
    const { method = 'GET', headers = {} } = options;
    const outgoing = plain
      ? plainRequest(url, { method, headers })
      : request(url, { method, headers, ...tls });
    options.signal?.addEventListener('abort', () => outgoing.destroy(new Error('given up')));
    const timer = setTimeout(() => outgoing.destroy(new Error('timed out')), options.timeoutInMs ?? 30_000);
    outgoing.once('close', () => clearTimeout(timer));
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.once('error', reject);
      response.once('end', () => {
        const status = response.statusCode ?? 0;
        resolve({ status, headers: response.headers, body, json: <T>() => JSON.parse(body) as T });
      });
    });
    outgoing.end(options.body);
  });
}

/** Asks the token endpoint with the secret of the first client; `changes` replace or, undefined, remove parameters. */
export function askForToken(
  entra: LocalEntra,
  changes: Record<string, string | undefined> = {},
  options: {
    tenantId?: string;
    headers?: Record<string, string>;
    timeoutInMs?: number;
    signal?: AbortSignal;
  } = {},
): Promise<WireResponse> {
  const parameters: Record<string, string | undefined> = {
    grant_type: 'client_credentials',
    client_id: entra.client.clientId,
    client_secret: entra.client.clientSecret,
    scope: `${graph}/.default`,
    ...changes,
  };
  const present = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const { tenantId = entra.tenantId, headers, timeoutInMs, signal } = options;
  return send(entra, `${entra.authorityHost}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(present).toString(),
    ...(timeoutInMs === undefined ? {} : { timeoutInMs }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The access token of a successful response. */
export async function accessToken(response: Promise<WireResponse>): Promise<string> {
  const { access_token: token } = (await response).json<{ access_token?: string }>();
  if (token === undefined) throw new Error('The response has no access token.');
  return token;
}

/** Options that lead a credential of `@azure/identity` to the local Entra. */
export function credentialOptions(entra: LocalEntra) {
  return {
    authorityHost: entra.authorityHost,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: entra.certificateAuthority },
    retryOptions: { maxRetries: 0 },
  };
}
