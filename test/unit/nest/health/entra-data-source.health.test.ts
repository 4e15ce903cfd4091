import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { EntraDataSourceHealthIndicator } from '../../../../lib/nest/health/entra-data-source.health.js';
import type { DataSources } from '../../../../lib/database/data-sources.js';

describe('EntraDataSourceHealthIndicator', () => {
  it.each([
    ['timeout', { timeout: 500 }, 'Did you mean "timeoutInMs"?'],
    ['name', { name: 7 }, 'Give the name of a data source, or leave it out.'],
    ['options', null, 'Give an object such as { timeoutInMs: 2_000 }.'],
  ])('refuses a wrong "%s" before it connects', async (option, options, fix) => {
    const dataSources = {} as DataSources;
    const indicator = new EntraDataSourceHealthIndicator(dataSources, new ManualClock());
    const error = { code: 'ENTRA_OPTIONS_INVALID', option, fix: expect.stringContaining(fix) };
    await expect(indicator.isHealthy('database', options as object)).rejects.toMatchObject(error);
  });
});
