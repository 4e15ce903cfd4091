import { describe, expect, it } from '@jest/globals';
import { ConfigService } from '@nestjs/config';

import {
  validateEnvironment,
  type EnvironmentVariables,
} from '../../../sample-app/config/environment-variables.js';
import { AzurePlatform } from '../../../sample-app/platform/azure.platform.js';

const environment = {
  ...{ PGHOST: 'example.postgres.database.azure.com', PGUSER: 'app', PGDATABASE: 'notes' },
  API_CLIENT_ID: '00001111-aaaa-2222-bbbb-3333cccc4444',
  API_TENANT_ID: 'aaaabbbb-0000-cccc-1111-dddd2222eeee',
  SIGN_IN_KEY: 'A'.repeat(43),
  PUBLIC_URL: 'https://app.example',
};

function platformOf(added: Record<string, string | undefined>): AzurePlatform {
  const variables = validateEnvironment({ ...environment, ...added });
  return new AzurePlatform(new ConfigService<EnvironmentVariables, true>(variables));
}

describe('the sample on Azure', () => {
  it.each(['https://login.microsoftonline.us', 'https://login.microsoftonline.us/'])(
    'finds the issuer of tokens below AZURE_AUTHORITY_HOST=%s',
    (AZURE_AUTHORITY_HOST) => {
      const { registration } = platformOf({ AZURE_AUTHORITY_HOST });
      expect(registration?.authorityHost).toBe('https://login.microsoftonline.us');
    },
  );

  it('serves no persons without a registration', () => {
    expect(platformOf({ API_CLIENT_ID: undefined }).registration).toBeUndefined();
  });
});
