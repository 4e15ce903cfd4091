/** The peers: each version of msal-node in node_modules, with keep-alive connections to the same server. */
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:https';
import { createRequire } from 'node:module';

import {
  accessTokenOf,
  assertionOf,
  clientId,
  idTokenOf,
  oidIn,
  oidOf,
  refreshTokenOf,
  tenantId,
} from './users-tokens.mjs';

const require = createRequire(import.meta.url);
const requireOfLater = createRequire(require.resolve('azure-identity-4-14'));

export const versions = [require, requireOfLater].map((load) => {
  const { ConfidentialClientApplication } = load('@azure/msal-node');
  return ConfidentialClientApplication;
});

export const scopes = ['User.Read'];

/** Sends as msal-node itself does, over connections that are kept open. */
function networkClient(ca) {
  const agent = new Agent({ keepAlive: true, maxSockets: 24, ca });
  const send =
    (method) =>
    (url, options = {}) =>
      new Promise((resolve, reject) => {
        const outgoing = request(url, { method, agent, headers: options.headers }, (incoming) => {
          const chunks = [];
          incoming.on('data', (chunk) => chunks.push(chunk));
          incoming.on('end', () =>
            resolve({
              headers: incoming.headers,
              status: incoming.statusCode,
              body: JSON.parse(Buffer.concat(chunks).toString()),
            }),
          );
        });
        outgoing.on('error', reject).end(options.body);
      });
  return { sendGetRequestAsync: send('GET'), sendPostRequestAsync: send('POST') };
}

export function createMsal(Application, { authorityHost, certificateAuthority }) {
  const base = `${authorityHost}/${tenantId}`;
  const host = new URL(authorityHost).host;
  return new Application({
    auth: {
      clientId,
      clientSecret: 'a secret of the benchmark',
      authority: base,
      knownAuthorities: [host],
      authorityMetadata: JSON.stringify({
        issuer: `${base}/v2.0`,
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        end_session_endpoint: `${base}/oauth2/v2.0/logout`,
        jwks_uri: `${base}/discovery/v2.0/keys`,
      }),
      cloudDiscoveryMetadata: JSON.stringify({
        tenant_discovery_endpoint: `${base}/v2.0/.well-known/openid-configuration`,
        'api-version': '1.1',
        metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
      }),
    },
    system: { networkClient: networkClient(certificateAuthority) },
  });
}

export const exchange = (msal, assertion) => msal.acquireTokenOnBehalfOf({ oboAssertion: assertion, scopes });

/**
 * Fills the cache with so many users, as that many exchanges would, which take msal-node an hour: what it wrote for the first
 * user is repeated for the others.
 */
export async function fill(msal, assertions) {
  const first = await exchange(msal, assertions[0]);
  const cache = msal.getTokenCache();
  const written = JSON.parse(cache.serialize());
  const hashOf = (assertion) => createHash('sha256').update(assertion).digest('base64url');
  const seed = { oid: oidOf(0), hash: hashOf(assertions[0]) };
  const filled = Object.fromEntries(Object.keys(written).map((section) => [section, {}]));
  assertions.forEach((assertion, n) => {
    const oid = oidOf(n);
    const hash = hashOf(assertion);
    const own = (text) => text.replaceAll(seed.oid, oid).replaceAll(seed.hash, hash);
    const secrets = {
      AccessToken: accessTokenOf(oid),
      IdToken: idTokenOf(oid),
      RefreshToken: refreshTokenOf(oid),
    };
    for (const [section, entries] of Object.entries(written)) {
      for (const [key, entry] of Object.entries(entries)) {
        const copy = JSON.parse(own(JSON.stringify(entry)));
        if (section in secrets) copy.secret = secrets[section];
        filled[section][own(key)] = copy;
      }
    }
  });
  cache.deserialize(JSON.stringify(filled));
  await check(msal, assertions, first);
}

/** A cache that was filled wrongly would be a peer of straw. */
async function check(msal, assertions, first) {
  const n = assertions.length - 1;
  const { fromCache, accessToken } = await exchange(msal, assertions[n]);
  const isRight = fromCache && oidIn(accessToken) === oidOf(n);
  if (!isRight || first.fromCache) throw new Error('The cache of msal-node does not hold what it should.');
}

export { assertionOf };
