import { expect, it } from '@jest/globals';

import { azureClients, localTables } from './azure-clients.js';
import { describeClient } from './describe-client.js';

const resources = { storage: {}, keyvault: {}, tables: { scopes: localTables } };

for (const client of Object.values(azureClients).map((each) => ({ ...each, resources }))) {
  describeClient(client, (fixture) => {
    it('is served the same when it answers a challenge that names the tenant', async () => {
      const { server, engine, configured } = fixture;
      const { service, credential } = engine;
      credential.fail();
      // A Key Vault client begins with a request without a token, and is challenged anyway.
      server.challengeNext = client.challenge.includes('vault') ? 0 : 1;
      await client.connect(server, service)();
      expect(server.tokens).toHaveLength(1);
      expect(credential.calls).toHaveLength(configured);
    });
  });
}
