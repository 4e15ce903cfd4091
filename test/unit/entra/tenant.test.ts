import { describe, expect, it } from '@jest/globals';

import { clientIdOption, isTenantGuid, sameTenant, tenantOption } from '../../../lib/entra/tenant.js';

const guid = '11111111-AAAA-4bbb-8ccc-222222222222';

describe('a tenant', () => {
  it.each([guid, 'contoso.onmicrosoft.com', 'Contoso.example', 'common', 'a', '7'])('may be %s', (tenant) => {
    expect(tenantOption('tenantId', tenant)).toBe(tenant);
  });

  it.each<[string, unknown, string]>([
    ['a URL', 'https://contoso.example', 'not a tenant'],
    ['one with a slash', 'contoso/x', 'not a tenant'],
    ['one that begins with a dot', '.contoso', 'not a tenant'],
    ['one that ends with a dash', 'contoso-', 'not a tenant'],
    ['a placeholder', '<tenant>', 'not a tenant'],
    ['nothing', undefined, 'missing'],
    ['an empty text', '', 'an empty string'],
  ])('may not be %s', (_, value, given) => {
    expect(() => tenantOption('tenantId', value)).toThrow(
      `Invalid option "tenantId": ${given}. Use the tenant's GUID or a verified domain.`,
    );
  });

  it('is the same whatever the case of its letters', () => {
    expect(sameTenant(guid, guid.toLowerCase())).toBe(true);
    expect(sameTenant('Contoso.example', 'contoso.EXAMPLE')).toBe(true);
    expect(sameTenant(undefined, undefined)).toBe(true);
    expect(sameTenant(guid, 'contoso.example')).toBe(false);
    expect(sameTenant('aaa', 'aab')).toBe(false);
    expect(sameTenant(undefined, guid)).toBe(false);
    expect(sameTenant(guid, undefined)).toBe(false);
  });

  it('is a GUID or a domain', () => {
    expect([guid, guid.toLowerCase()].every(isTenantGuid)).toBe(true);
    expect([undefined, '', 'contoso.example', `${guid}0`, `0${guid}`, guid.slice(1)].some(isTenantGuid)).toBe(
      false,
    );
  });
});

describe('a client id', () => {
  it('is a GUID', () => {
    expect(clientIdOption('clientId', guid)).toBe(guid);
  });

  it.each<[string, unknown, string]>([
    ['a name', 'my-app', 'not a GUID'],
    ['a GUID in quotation marks', `"${guid}"`, 'not a GUID'],
    ['nothing', undefined, 'missing'],
  ])('is not %s', (_, value, given) => {
    expect(() => clientIdOption('clientId', value)).toThrow(
      `Invalid option "clientId": ${given}. Use the application (client) id, a GUID without quotation marks.`,
    );
  });
});
