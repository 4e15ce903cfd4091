import { beforeEach, expect, it, jest } from '@jest/globals';
import { HttpMethod, RequestInformation } from '@microsoft/kiota-abstractions';
import { AzureIdentityAuthenticationProvider } from '@microsoft/kiota-authentication-azure';
import { GraphRequestAdapter } from '@microsoft/msgraph-sdk';

import { createGraphClient } from '../../../docs/recipes/graph.js';
import { trustingFetch } from '../../support/trusting-fetch.js';
import { describeClient, type ServiceClient } from './describe-client.js';

const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
const graph = {
  challenge: `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`,
  body: '{"value":[]}',
  resources: { graph: {} },
};
const scopes = ['https://graph.microsoft.com/.default'];

const clients: ServiceClient[] = [
  {
    ...graph,
    name: 'a Graph client of Kiota, which can handle claims challenges',
    connect: ({ url }, tokens) => {
      // A host with its port would match none, and the request would go out without a token.
      const allowed = new Set([new URL(url).hostname]);
      const provider = new AzureIdentityAuthenticationProvider(tokens, scopes, undefined, allowed);
      const adapter = new GraphRequestAdapter(provider);
      return async () => {
        const request = new RequestInformation(HttpMethod.GET);
        request.URL = `${url}/v1.0/organization`;
        const body = await adapter.sendPrimitive<ArrayBuffer>(request, 'ArrayBuffer', undefined);
        expect(new TextDecoder().decode(body)).toBe(graph.body);
      };
    },
  },
  {
    ...graph,
    name: 'a Graph client of the recipe',
    connect: ({ url: baseUrl }, tokens) => {
      const customHosts = new Set([new URL(baseUrl).hostname]);
      const client = createGraphClient(tokens, { baseUrl, customHosts });
      return async () => expect(await client.api('/organization').get()).toMatchObject({ value: [] });
    },
  },
];

for (const client of clients) {
  describeClient(client, (fixture) => {
    // Both clients send with the `fetch` of the process unless they are told otherwise.
    beforeEach(() => {
      jest.spyOn(globalThis, 'fetch').mockImplementation(trustingFetch(fixture.server.certificateAuthority));
    });

    it('answers a claims challenge with one new token, which then serves the later ones', async () => {
      const { server, engine } = fixture;
      const call = client.connect(server, engine.service);
      await call();
      server.challengeNext = 1;
      await call();
      await call();
      await client.connect(server, engine.service)();
      expect(engine.credential.calls.map(({ options }) => options.claims)).toEqual([undefined, claims]);
      const [first, ...later] = server.tokens;
      expect(later).toHaveLength(3);
      expect(new Set(later).size).toBe(1);
      expect(later).not.toContain(first);
    });
  });
}
