import { expect, it } from '@jest/globals';
import { request } from 'node:https';
import { json } from 'node:stream/consumers';

import { Injectable, Module } from '@nestjs/common';
import {
  EntraAuthModule,
  EntraTokenService,
  type AccessToken,
  type TokenCredential,
} from 'nestjs-entra-auth';

import { EndToEnd } from '../support/e2e.js';

const e2e = new EndToEnd(() => ({ client: { graphPermissions: ['Organization.Read.All'] } }));

function call<Answer>(url: string, headers: Record<string, string>, body?: URLSearchParams): Promise<Answer> {
  const options = { ca: e2e.entra.certificateAuthority, headers, method: body ? 'POST' : 'GET' };
  return new Promise((resolve, reject) => {
    request(url, options, (response) => resolve(json(response) as Promise<Answer>))
      .on('error', reject)
      .end(body?.toString());
  });
}

/** What an application writes that wants nothing of `@azure/identity`. */
class OwnCredential implements TokenCredential {
  async getToken(scopes: string | string[]): Promise<AccessToken> {
    const { authorityHost, tenantId, client } = e2e.entra;
    const answer = await call<{ access_token: string; expires_in: number }>(
      `${authorityHost}/${tenantId}/oauth2/v2.0/token`,
      { 'content-type': 'application/x-www-form-urlencoded' },
      new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client.clientId,
        client_secret: client.clientSecret,
        scope: [scopes].flat().join(' '),
      }),
    );
    return { token: answer.access_token, expiresOnTimestamp: Date.now() + answer.expires_in * 1000 };
  }
}

@Injectable()
class Organization {
  constructor(private readonly tokens: EntraTokenService) {}

  async read(): Promise<{ value: { id: string }[] }> {
    const { token } = await this.tokens.getToken('graph');
    return call(`${e2e.entra.graphUrl}/v1.0/organization`, { authorization: `Bearer ${token}` });
  }
}

@Module({
  imports: [EntraAuthModule.forRoot({ credential: new OwnCredential(), resources: { graph: {} } })],
  providers: [Organization],
})
class GraphOnlyModule {}

it('an application that wants only Graph calls it with a token from a credential of its own', async () => {
  await using app = await e2e.boot(GraphOnlyModule);

  expect(await app.get(Organization).read()).toMatchObject({ value: [{ id: e2e.entra.tenantId }] });
  expect(e2e.entra.requests).toMatchObject({ token: 1, graph: 1 });
});

e2e.letsNoSecretOut();
