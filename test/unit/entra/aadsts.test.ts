import { describe, expect, it } from '@jest/globals';

import {
  aadstsMeaning,
  aadstsTable,
  clientCodes,
  expiredCodes,
  findAadsts,
  resourceCodes,
  signInCodes,
  type AadstsKind,
} from '../../../lib/entra/aadsts.js';

/** Number, kind, whether to try again without a repair, and what the remedy contains. */
const rows: readonly [number, AadstsKind, boolean, string][] = [
  [28002, 'scope', false, 'Check the scope: it is not valid'],
  [28003, 'scope', false, 'Give a scope: it is empty'],
  [40010, 'passing', true, 'Entra is busy or unwell; try again'],
  [50001, 'scope', false, 'Check the scope: the tenant does not know'],
  [50005, 'interaction', false, 'A Conditional Access policy requires a supported platform;'],
  [50012, 'client', false, 'Check the client certificate: its signature or its'],
  [50013, 'sign-in', false, 'The assertion is malformed, expired or for'],
  [50020, 'account', false, 'Add the account to the tenant as'],
  [50033, 'passing', true, 'Entra is busy or unwell; try again'],
  [50034, 'account', false, 'Check the account: it does not exist in'],
  [50053, 'passing', true, 'The account is locked for a while after failed sign-ins'],
  [50055, 'account', false, 'The password of the account has expired;'],
  [50057, 'account', false, 'The account is disabled; an administrator must'],
  [50059, 'tenant', false, 'Check the tenant id: it is missing from'],
  [50072, 'interaction', false, 'The user must register for multi-factor authentication'],
  [50074, 'interaction', false, 'Multi-factor authentication is required. Sign in again'],
  [50076, 'interaction', false, 'Multi-factor authentication is required. Sign in again'],
  [50078, 'interaction', false, 'The last multi-factor authentication was too long'],
  [50079, 'interaction', false, 'The user must register for multi-factor authentication'],
  [50085, 'sign-in', false, 'Sign in again and store the new'],
  [50087, 'passing', true, 'Entra is busy or unwell; try again'],
  [50089, 'sign-in', false, 'Sign in again and store the new'],
  [50097, 'interaction', false, 'A Conditional Access policy requires a registered device;'],
  [50105, 'account', false, 'Assign the account, or a group that'],
  [50126, 'account', false, 'Check the user name and the password'],
  [50128, 'tenant', false, 'Check the tenant id: its domain name is'],
  [50129, 'interaction', false, 'A Conditional Access policy requires a registered device;'],
  [50131, 'interaction', false, 'A Conditional Access policy blocks the sign-in; an'],
  [50132, 'sign-in', false, 'The password has changed or expired. Sign'],
  [50133, 'sign-in', false, 'The password has changed or expired. Sign'],
  [50144, 'account', false, 'The password of the account has expired;'],
  [50158, 'interaction', false, 'A Conditional Access policy requires a check by'],
  [50173, 'sign-in', false, 'The grant was revoked. Sign in again'],
  [50194, 'setup', false, 'Use the id of a tenant in'],
  [50196, 'passing', true, 'Too many identical requests in a short'],
  [51004, 'account', false, 'Check the account: it does not exist in'],
  [53000, 'interaction', false, 'A Conditional Access policy requires a compliant device;'],
  [53001, 'interaction', false, 'A Conditional Access policy requires a domain-joined device;'],
  [53002, 'interaction', false, 'A Conditional Access policy requires an approved application;'],
  [53003, 'interaction', false, 'A Conditional Access policy blocks the application; an'],
  [53004, 'interaction', false, 'A risk blocks the user from registering'],
  [53011, 'interaction', false, 'The account is blocked because of its'],
  [65001, 'consent', false, 'Grant consent for the application in Entra'],
  [65004, 'consent', false, 'Sign in again and consent to the'],
  [65005, 'consent', false, 'Add the permissions of the resource to'],
  [70000, 'sign-in', false, 'The refresh token is not one of'],
  [70001, 'client', false, 'The application is disabled or not registered'],
  [70002, 'client', false, 'Check the client secret: it is not the'],
  [70008, 'expired', false, 'The refresh token has expired, since it'],
  [70011, 'scope', false, 'Check the scope: client credentials take the form'],
  [70012, 'passing', true, 'Entra is busy or unwell; try again'],
  [70021, 'client', false, 'whose issuer, subject and audience are those of the assertion'],
  [70043, 'interaction', false, 'The refresh token is older than the'],
  [90002, 'tenant', false, 'Check the tenant id: Entra ID does not'],
  [90006, 'passing', true, 'Entra is busy or unwell; try again'],
  [90008, 'consent', false, 'Grant consent for the application in Entra'],
  [90012, 'passing', true, 'Entra is busy or unwell; try again'],
  [90024, 'passing', true, 'Entra is busy or unwell; try again'],
  [90033, 'passing', true, 'Entra is busy or unwell; try again'],
  [90038, 'tenant', false, 'Check the tenant id and the cloud:'],
  [90055, 'passing', true, 'Entra is busy or unwell; try again'],
  [90090, 'passing', true, 'Entra is busy or unwell; try again'],
  [90091, 'passing', true, 'Entra is busy or unwell; try again'],
  [90094, 'consent', false, 'An administrator must grant consent for the'],
  [90095, 'consent', false, 'An administrator must grant consent for the'],
  [500011, 'scope', false, 'Check the scope, or have the service'],
  [500021, 'tenant', false, 'Access between the two tenants is blocked'],
  [500022, 'tenant', false, 'Access between the two tenants is blocked'],
  [500133, 'sign-in', false, 'The assertion has expired. Sign in again'],
  [500212, 'tenant', false, 'Access between the two tenants is blocked'],
  [500213, 'tenant', false, 'Access between the two tenants is blocked'],
  [500341, 'account', false, 'The account was deleted from the tenant'],
  [530003, 'interaction', false, 'A Conditional Access policy requires a managed device;'],
  [530032, 'interaction', false, 'A Conditional Access policy blocks the sign-in; an'],
  [530034, 'interaction', false, 'The account is blocked because of its'],
  [530035, 'interaction', false, 'Security defaults block the sign-in; an administrator'],
  [650052, 'scope', false, 'Subscribe to the service that the scope'],
  [650054, 'scope', false, 'Check the scope: its resource has been removed'],
  [650056, 'consent', false, 'Add the permissions of the resource to'],
  [650057, 'scope', false, 'Add the resource to the API permissions'],
  [700011, 'client', false, 'Check the client id and the tenant: the'],
  [700016, 'client', false, 'Check the client id and the tenant: the'],
  [700020, 'interaction', false, 'The sign-in needs the user. Sign in'],
  [700021, 'client', false, 'Check the client id: the assertion was made'],
  [700022, 'scope', false, 'Ask for the scopes of one resource'],
  [700023, 'client', false, 'Check the authority host and the tenant:'],
  [700024, 'client', false, 'The client assertion is outside its validity;'],
  [700025, 'client', false, 'The application is a public client: leave'],
  [700027, 'client', false, 'Register the certificate with the application, or'],
  [700030, 'client', false, 'Check the client certificate: its subject name is'],
  [700081, 'expired', false, 'The refresh token is past its longest'],
  [700082, 'expired', false, 'The refresh token has expired, since it'],
  [700084, 'expired', false, 'The refresh token of a single-page application'],
  [700211, 'client', false, 'whose issuer is that of the assertion'],
  [700212, 'client', false, 'whose audience is that of the assertion'],
  [700213, 'client', false, 'whose subject is that of the assertion'],
  [700229, 'client', false, 'Use the token of an application as'],
  [900021, 'tenant', false, 'Check the tenant id: it is not valid'],
  [900023, 'tenant', false, 'Check the tenant id: it is neither a'],
  [1002012, 'scope', false, 'Check the scope: client credentials take the form'],
  [7000112, 'client', false, 'The application is disabled; an administrator must'],
  [7000114, 'client', false, 'The application may not make on-behalf-of calls;'],
  [7000215, 'client', false, 'Check the client secret: use its value, not'],
  [7000218, 'client', false, 'Configure a client secret, certificate or federated'],
  [7000222, 'client', false, 'The client secret has expired; create a'],
  [7000229, 'client', false, 'Create the service principal of the application'],
  [9001023, 'setup', false, 'Use the id of a tenant: the'],
  [9002326, 'setup', false, 'Leave "spa" out: the'],
  [9002327, 'setup', false, 'Set "spa": true, without a secret'],
  [9002332, 'setup', false, 'Use the id of a tenant: the'],
];

describe('the table of AADSTS numbers', () => {
  it.each(rows)('knows %i as %s (retryable: %s): %s', (code, kind, retryable, remedy) => {
    const meaning = aadstsMeaning(code);
    expect(meaning).toMatchObject({ kind, retryable });
    expect(meaning?.remedy).toContain(remedy);
    expect(meaning?.remedy).toMatch(/^[A-Z].+\.$/);
  });

  it('holds no number that is not tested here', () => {
    expect([...aadstsTable.keys()].sort()).toEqual(rows.map(([code]) => code).sort());
  });

  it('never sends to the network, which answered', () => {
    for (const { remedy } of aadstsTable.values()) expect(remedy).not.toMatch(/network|can be reached/);
  });

  it('does not guess at other numbers', () => {
    expect(aadstsMeaning(123456)).toBeUndefined();
    expect(aadstsMeaning(undefined)).toBeUndefined();
  });

  it.each([
    ['clientCodes', clientCodes, ['client']],
    ['expiredCodes', expiredCodes, ['expired']],
    ['signInCodes', signInCodes, ['sign-in', 'expired', 'interaction']],
    ['resourceCodes', resourceCodes, ['interaction', 'consent']],
  ])('derives %s from the kinds', (_, codes, kinds) => {
    expect(codes).toEqual(new Set(rows.filter(([, kind]) => kinds.includes(kind)).map(([code]) => code)));
    expect(codes.has(undefined)).toBe(false);
  });
});

describe('a text', () => {
  it.each([
    ['AADSTS90002: Tenant not found.', 90002],
    ['invalid_client: Error(s): 7000215 - Description: AADSTS7000215: Invalid client secret.', 7000215],
    ['AADSTS12: too short', undefined],
    ['Error 90002', undefined],
    ['', undefined],
  ])('is read as %j', (text, code) => {
    expect(findAadsts(text)).toBe(code);
  });
});
