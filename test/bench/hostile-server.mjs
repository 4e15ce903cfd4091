/** A token endpoint that means no good, in a thread of its own so that its work does not count as ours. */
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import { parentPort } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';

import { selfSigned } from './self-signed.mjs';

const megabyte = 1024 * 1024;
const description = (text) => JSON.stringify({ error: 'invalid_request', error_description: text });
const text = (unit) => unit.repeat(Math.floor(megabyte / unit.length));

/** @type {Record<string, { status: number, body: string | Buffer, headers?: Record<string, string> }>} */
const answers = {
  'run without a break': { status: 400, body: description(text('A')) },
  'headers of tokens': { status: 400, body: description(text('eyJ')) },
  'parts of tokens': { status: 400, body: description(text('eyJa.')) },
  'names of secrets': { status: 400, body: description(text('client_secret=\\"')) },
  spaces: { status: 400, body: description(`password${text(' ')}`) },
  'many codes': { status: 400, body: description(text('AADSTS')) },
  page: { status: 502, body: text('<p>Bad gateway</p>'), headers: { 'content-type': 'text/html' } },
  'nested arrays': { status: 200, body: '['.repeat(megabyte / 2) + ']'.repeat(megabyte / 2) },
  'nested objects': { status: 400, body: `{"error":${'{"a":'.repeat(180_000)}1${'}'.repeat(180_000)}}` },
  'long token': {
    status: 200,
    body: JSON.stringify({ token_type: 'Bearer', expires_in: 3600, access_token: text('A') }),
  },
  'larger than announced': { status: 200, body: text('A').repeat(64) },
  'compressed zeros': {
    status: 200,
    body: gzipSync(
      Buffer.concat([
        Buffer.from('{"token_type":"Bearer","expires_in":3600,"access_token":"'),
        Buffer.alloc(400 * megabyte, 'A'),
        Buffer.from('"}'),
      ]),
    ),
    headers: { 'content-encoding': 'gzip' },
  },
};

const tenantOf = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const tenants = Object.fromEntries(Object.keys(answers).map((name, n) => [tenantOf(n), name]));

function answer(request, response, { status, body, headers }) {
  response.on('error', () => undefined);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  request.resume().on('end', () => response.end(body));
}

const { cert, key } = await selfSigned();
const authority = createServer({ cert, key }, (request, response) => {
  const [, tenant = ''] = (request.url ?? '').split('/');
  if (!request.url?.includes('openid-configuration'))
    return answer(request, response, answers[tenants[tenant]]);
  const host = `https://localhost:${authority.address().port}/${tenant}`;
  const body = JSON.stringify({
    token_endpoint: `${host}/oauth2/v2.0/token`,
    authorization_endpoint: `${host}/oauth2/v2.0/authorize`,
    issuer: `${host}/v2.0`,
    jwks_uri: `${host}/discovery/v2.0/keys`,
  });
  answer(request, response, { status: 200, body });
});
/** Managed identity names its answer in the resource. */
const imds = createHttpServer((request, response) => {
  const resource = new URL(request.url ?? '', 'http://localhost').searchParams.get('resource') ?? '';
  answer(
    request,
    response,
    answers[tenants[resource.replace('https://', '')]] ?? { status: 400, body: '{}' },
  );
});
await Promise.all(
  [authority, imds].map((server) => new Promise((resolve) => server.listen(0, 'localhost', resolve))),
);
parentPort?.postMessage({
  tenants,
  certificateAuthority: cert,
  authorityHost: `https://localhost:${authority.address().port}`,
  imdsUrl: `http://localhost:${imds.address().port}`,
});
