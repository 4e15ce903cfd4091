/** A program that serves `oidc-provider` and answers its parent's questions until that goes away. */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import Provider, { type Context } from 'oidc-provider';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { createClientCertificate } from '../../../lib/testing/certificates/client-certificate.js';
import { accountId, providerConfiguration, resourcesOf } from './provider.configuration.js';
import type {
  StrictClient,
  StrictClientKind,
  StrictServerAddress,
  StrictServerQuestion,
  StrictServerSettings,
} from './protocol.js';

const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
const settings = JSON.parse(process.argv[2] ?? '{}') as StrictServerSettings;

const authority = new CertificateAuthority();
const server = createServer(authority.issueServerCertificate());
await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
const authorityHost = `https://localhost:${(server.address() as AddressInfo).port}`;
const clients = createClients();
const provider = new Provider(authorityHost, providerConfiguration({ tenantId, clients, settings }));
server.on('request', provider.callback());

const statistics = { redemptions: 0, refusals: 0, reuseRevocations: 0 };
provider.on('grant.success', ({ oidc }: Context) => {
  if (oidc.params['grant_type'] === 'refresh_token') statistics.redemptions += 1;
});
provider.on('grant.error', () => (statistics.refusals += 1));
provider.on('grant.revoked', () => (statistics.reuseRevocations += 1));
provider.on('server_error', (_context: Context, error: Error) => process.stderr.write(`${error.stack}\n`));

process.on('message', (question: string) => {
  void answer(JSON.parse(question) as StrictServerQuestion).then(
    (value) => process.send?.({ value }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
process.on('disconnect', () => process.exit());
process.stdout.write('listening\n');

async function answer(question: StrictServerQuestion): Promise<unknown> {
  switch (question.kind) {
    case 'address':
      return {
        authorityHost,
        tenantId,
        certificateAuthority: authority.certificate,
        clients,
      } satisfies StrictServerAddress;
    case 'issue':
      return issue(question.client, question.scopes);
    case 'accepts':
      return accepts(question.token);
    case 'revoke':
      return revoke(question.token);
    case 'statistics':
      return statistics;
  }
}

/** Does what the authorization endpoint would do when the user has signed in and consented. */
async function issue(kind: StrictClientKind, scopes: readonly string[]): Promise<string> {
  const client = await provider.Client.find(clients[kind].clientId);
  if (client === undefined) throw new Error(`There is no client "${kind}".`);
  const resources = resourcesOf(scopes);
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  grant.addOIDCScope(scopes.filter((scope) => !scope.includes('/')).join(' '));
  for (const resource of resources) {
    const ofResource = scopes.filter((scope) => scope.startsWith(`${resource}/`));
    grant.addResourceScope(resource, ofResource.join(' '));
  }
  const token = new provider.RefreshToken({
    accountId,
    client,
    grantId: await grant.save(),
    gty: 'authorization_code',
    resource: resources,
    scope: scopes.join(' '),
    rotations: 0,
  });
  return token.save();
}

async function accepts(value: string): Promise<boolean> {
  const token = await provider.RefreshToken.find(value);
  return token?.isValid === true && (await provider.Grant.find(token.grantId)) !== undefined;
}

async function revoke(value: string): Promise<void> {
  const token = await provider.RefreshToken.find(value);
  if (token === undefined) throw new Error('The server does not know this refresh token.');
  await provider.RefreshToken.revokeByGrantId(token.grantId);
  await (await provider.Grant.find(token.grantId))?.destroy();
}

function createClients(): Record<StrictClientKind, StrictClient> {
  const secret = (): string => randomBytes(30).toString('base64url');
  const clientId = randomUUID();
  const { pem } = createClientCertificate(clientId);
  return {
    post: { clientId: randomUUID(), clientSecret: secret() },
    basic: { clientId: randomUUID(), clientSecret: secret() },
    privateKeyJwt: { clientId, certificatePem: pem },
    public: { clientId: randomUUID() },
  };
}
