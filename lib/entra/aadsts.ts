import type { ErrorMeaning } from '../common/error-codes.js';

/**
 * What an Entra error code is about.
 *
 * - `client`: the application's id, secret, certificate or assertion
 * - `tenant`, `scope`, `account`, `setup`: the tenant, the scope, the account, or how the application is registered
 * - `consent`, `interaction`: the requested resource needs consent or an interactive sign-in; other resources may not
 * - `sign-in`, `expired`: the refresh token is revoked, not accepted, or past its lifetime
 * - `passing`: ends by itself, such as an overload of Entra or a lockout
 */
export type AadstsKind =
  | 'client'
  | 'tenant'
  | 'scope'
  | 'account'
  | 'setup'
  | 'consent'
  | 'interaction'
  | 'sign-in'
  | 'expired'
  | 'passing';

/** What an Entra error code means for keeping tokens fresh. */
export interface AadstsMeaning extends ErrorMeaning {
  readonly kind: AadstsKind;
  /** Whether a later attempt can succeed without a repair. */
  readonly retryable: boolean;
}

const causes: Readonly<Record<AadstsKind, string>> = {
  client: "The application's id, secret, certificate or assertion is not accepted.",
  tenant: 'The tenant is unknown, or access to it is blocked.',
  scope: 'The scope or its resource is unknown.',
  account: 'The account may not sign in.',
  setup: 'The application is registered for another use.',
  consent: 'The application has no consent for the resource.',
  interaction: 'A policy or multi-factor authentication requires the user.',
  'sign-in': 'The refresh token or the assertion is revoked or not accepted.',
  expired: 'The refresh token is past its lifetime.',
  passing: 'A temporary state of Entra or of the account.',
};

/** The remedy for a refresh token that can no longer be redeemed. */
export const signIn = 'Sign in again and store the new refresh token; it is picked up without a restart.';
const wait = 'Entra is busy or unwell; try again later, as the background refresh does.';
const takesScope = 'Check the scope: client credentials take the form "https://resource/.default".';
const checkTenant = 'Check the tenant id';
const federated = (part: string): string =>
  `Give the application a federated identity credential whose ${part} of the assertion.`;
const requires = (what: string): string =>
  `A Conditional Access policy requires ${what}; ask an administrator. ${signIn}`;
const blocked = 'A Conditional Access policy blocks the sign-in; an administrator must allow it.';
const outOfReach = 'Access between the two tenants is blocked; an administrator must allow it.';

type Rows = Readonly<Record<number, string>>;

/**
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const remedies: Readonly<Record<AadstsKind, Rows>> = {
  client: {
    50012: 'Check the client certificate: its signature or its subject is not accepted.',
    70001:
      'The application is disabled or not registered in the tenant; an administrator must enable or register it.',
    70002: 'Check the client secret: it is not the one of this application.',
    70021: federated('issuer, subject and audience are those'),
    700011: 'Check the client id and the tenant: the application is not registered there.',
    700016: 'Check the client id and the tenant: the application is not registered there.',
    700021: 'Check the client id: the assertion was made for another application.',
    700023: 'Check the authority host and the tenant: the assertion was made for another one.',
    700024: 'The client assertion is outside its validity; check the clock and the federated token file.',
    700025: 'The application is a public client: leave the secret, the certificate and the assertion out.',
    700027: 'Register the certificate with the application, or renew it.',
    700030: 'Check the client certificate: its subject name is not accepted.',
    700211: federated('issuer is that'),
    700212: federated('audience is that'),
    700213: federated('subject is that'),
    700229: 'Use the token of an application as the assertion, not the token of a user.',
    7000112: 'The application is disabled; an administrator must enable it.',
    7000114: 'The application may not make on-behalf-of calls; an administrator must allow it.',
    7000215: 'Check the client secret: use its value, not its id.',
    7000218: 'Configure a client secret, certificate or federated credential.',
    7000222: 'The client secret has expired; create a new one.',
    7000229: 'Create the service principal of the application in the tenant.',
  },
  tenant: {
    50059: `${checkTenant}: it is missing from the request.`,
    50128: `${checkTenant}: its domain name is not valid.`,
    90002: `${checkTenant}: Entra ID does not know that tenant.`,
    90038: `${checkTenant} and the cloud: the tenant is in another national cloud.`,
    500021: outOfReach,
    500022: outOfReach,
    500212: outOfReach,
    500213: outOfReach,
    900021: `${checkTenant}: it is not valid.`,
    900023: `${checkTenant}: it is neither a GUID nor a verified domain.`,
  },
  scope: {
    28002: 'Check the scope: it is not valid.',
    28003: 'Give a scope: it is empty.',
    50001: 'Check the scope: the tenant does not know that resource.',
    70011: takesScope,
    500011: 'Check the scope, or have the service principal of the resource created in the tenant.',
    650052: 'Subscribe to the service that the scope names, or enable it in the tenant.',
    650054: 'Check the scope: its resource has been removed.',
    650057: 'Add the resource to the API permissions of the application.',
    700022: 'Ask for the scopes of one resource at a time.',
    1002012: takesScope,
  },
  account: {
    50020: 'Add the account to the tenant as a guest, or sign in with another one.',
    50034: 'Check the account: it does not exist in that tenant.',
    50055: 'The password of the account has expired; change it and sign in again.',
    50057: 'The account is disabled; an administrator must enable it.',
    50105: 'Assign the account, or a group that it belongs to, to the application.',
    50126: 'Check the user name and the password.',
    50144: 'The password of the account has expired; change it and sign in again.',
    51004: 'Check the account: it does not exist in that tenant.',
    500341: 'The account was deleted from the tenant.',
  },
  setup: {
    50194: 'Use the id of a tenant in place of "common": the application is registered for one tenant.',
    9001023: 'Use the id of a tenant: the grant is not supported with "common" or "consumers".',
    9002326: 'Leave "spa" out: the refresh token was not issued to a single-page application.',
    9002327: 'Set "spa": true, without a secret: the refresh token was issued to a single-page application.',
    9002332: 'Use the id of a tenant: the application is not registered for personal accounts.',
  },
  consent: {
    65001: 'Grant consent for the application in Entra ID.',
    65004: 'Sign in again and consent to the application.',
    65005: 'Add the permissions of the resource to the application, and grant consent.',
    90008: 'Grant consent for the application in Entra ID, sign-in and profile included.',
    90094: 'An administrator must grant consent for the application.',
    90095: 'An administrator must grant consent for the application.',
    650056: 'Add the permissions of the resource to the application, and grant consent.',
  },
  interaction: {
    50005: requires('a supported platform'),
    50072: `The user must register for multi-factor authentication. ${signIn}`,
    50074: `Multi-factor authentication is required. ${signIn}`,
    50076: `Multi-factor authentication is required. ${signIn}`,
    50078: `The last multi-factor authentication was too long ago. ${signIn}`,
    50079: `The user must register for multi-factor authentication. ${signIn}`,
    50097: requires('a registered device'),
    50129: requires('a registered device'),
    50131: blocked,
    50158: `A Conditional Access policy requires a check by another provider. ${signIn}`,
    53000: requires('a compliant device'),
    53001: requires('a domain-joined device'),
    53002: requires('an approved application'),
    53003: 'A Conditional Access policy blocks the application; an administrator must allow it.',
    53004: `A risk blocks the user from registering for multi-factor authentication; ask an administrator. ${signIn}`,
    53011: 'The account is blocked because of its risk; an administrator must clear it.',
    70043: `The refresh token is older than the sign-in frequency that a Conditional Access policy allows. ${signIn}`,
    530003: requires('a managed device'),
    530032: blocked,
    530034: 'The account is blocked because of its risk; an administrator must clear it.',
    530035: 'Security defaults block the sign-in; an administrator must allow it.',
    700020: `The sign-in needs the user. ${signIn}`,
  },
  'sign-in': {
    50013: `The assertion is malformed, expired or for another application. ${signIn}`,
    50085: signIn,
    50089: signIn,
    50132: `The password has changed or expired. ${signIn}`,
    50133: `The password has changed or expired. ${signIn}`,
    50173: `The grant was revoked. ${signIn}`,
    70000: `The refresh token is not one of this application and tenant. ${signIn}`,
    500133: `The assertion has expired. ${signIn}`,
  },
  expired: {
    70008: `The refresh token has expired, since it was not used for long. ${signIn}`,
    700081: `The refresh token is past its longest life. ${signIn}`,
    700082: `The refresh token has expired, since it was not used for long. ${signIn}`,
    700084: `The refresh token of a single-page application has expired. ${signIn}`,
  },
  passing: {
    40010: wait,
    50033: wait,
    50053:
      'The account is locked for a while after failed sign-ins, or its address is blocked; the request is repeated. Look in the sign-in logs for what uses a wrong password.',
    50087: wait,
    50196: 'Too many identical requests in a short time; requests are spaced out.',
    70012: wait,
    90006: wait,
    90012: wait,
    90024: wait,
    90033: wait,
    90055: wait,
    90090: wait,
    90091: wait,
  },
};

/** The known codes, each with its kind, whether it is retryable, and its remedy. */
export const aadstsTable: ReadonlyMap<number, AadstsMeaning> = new Map(
  (Object.entries(remedies) as [AadstsKind, Rows][]).flatMap(([kind, rows]) =>
    Object.entries(rows).map(([code, remedy]) => [
      Number(code),
      { kind, retryable: kind === 'passing', cause: causes[kind], remedy },
    ]),
  ),
);

/** Returns the meaning of a code; `undefined` for an unknown code or none. */
export function aadstsMeaning(code: number | undefined): AadstsMeaning | undefined {
  return code === undefined ? undefined : aadstsTable.get(code);
}

const codesOf = (...kinds: readonly AadstsKind[]): ReadonlySet<number | undefined> =>
  new Set([...aadstsTable].filter(([, { kind }]) => kinds.includes(kind)).map(([code]) => code));

/** Codes about the application itself. */
export const clientCodes = codesOf('client');
/** Codes for a refresh token past its lifetime. */
export const expiredCodes = codesOf('expired');
/** Codes that a new sign-in resolves. */
export const signInCodes = codesOf('sign-in', 'expired', 'interaction');
/** Codes about the requested resource; the refresh token may still serve other resources. */
export const resourceCodes = codesOf('interaction', 'consent');

/** Links to Entra's own explanation of a code that the table lacks. */
export function lookUpAadsts(code: number): string {
  return `Look up AADSTS${code} at https://login.microsoftonline.com/error?code=${code}.`;
}

/** Finds the first `AADSTS…` code in a text. */
export function findAadsts(text: string): number | undefined {
  const digits = /AADSTS(\d{4,8})/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
