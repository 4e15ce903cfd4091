import { expect, it } from '@jest/globals';
import { EntraOptionsError } from 'nestjs-entra-auth';

import { authorityHosts, authorityOption } from '../../../lib/entra/clouds.js';

it('knows the authority of each national cloud', () => {
  expect(authorityHosts).toEqual({
    public: 'https://login.microsoftonline.com',
    usgov: 'https://login.microsoftonline.us',
    china: 'https://login.chinacloudapi.cn',
  });
});

it.each([
  ['https://login.microsoftonline.us', 'https://login.microsoftonline.us'],
  ['https://login.example/', 'https://login.example'],
  ['https://login.example:8443/adfs//', 'https://login.example:8443/adfs'],
])('takes the authority %s as %s', (given, authority) => {
  expect(authorityOption('authorityHost', given)).toBe(authority);
});

it.each([
  ['http', 'http://login.example', 'not a plain https URL'],
  ['a user name', 'https://user@login.example', 'not a plain https URL'],
  ['a query', 'https://login.example/?a=1', 'not a plain https URL'],
  ['a fragment', 'https://login.example/#a', 'not a plain https URL'],
  ['no scheme', 'login.example', 'not a plain https URL'],
  ['a number', 7, '7'],
])('refuses an authority with %s', (_, given, found) => {
  const refused = (): unknown => authorityOption('authorityHost', given);
  expect(refused).toThrow(EntraOptionsError);
  expect(refused).toThrow(`Invalid option "authorityHost": ${found}.`);
});
