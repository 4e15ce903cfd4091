/** What an Entra error code means for whoever keeps tokens fresh. */
export interface AadstsMeaning {
  /** Whether trying again later can help without anybody changing anything. */
  retryable: boolean;
  /** What the operator must do. */
  fix: string;
}

const permanent = (fix: string): AadstsMeaning => ({ retryable: false, fix });
const passing = (fix: string): AadstsMeaning => ({ retryable: true, fix });
/** What to do when a refresh token is of no more use. */
export const signIn = 'Sign in again and store the new refresh token; it is picked up without a restart.';
const policy = (what: string): AadstsMeaning =>
  permanent(`A Conditional Access policy demands ${what}; an administrator must see to that. ${signIn}`);
const wait = 'Entra is busy or unwell; try again later, as the background refresh does.';

/**
 * The codes that matter to an application's own credentials.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const meanings: ReadonlyMap<number, AadstsMeaning> = new Map([
  [50001, permanent('Check the scope: the tenant does not know that resource.')],
  [50034, permanent('Check the account: it does not exist in that tenant.')],
  [50053, permanent('The account is locked; an administrator must unlock it.')],
  [50057, permanent('The account is disabled; an administrator must enable it.')],
  [50076, permanent(`Multi-factor authentication is required. ${signIn}`)],
  [50078, permanent(`The last multi-factor authentication was too long ago. ${signIn}`)],
  [50079, permanent(`The user must register for multi-factor authentication. ${signIn}`)],
  [50173, permanent(`The grant was revoked. ${signIn}`)],
  [53000, policy('a compliant device')],
  [53001, policy('a domain-joined device')],
  [53002, policy('an approved application')],
  [53003, permanent('A Conditional Access policy blocks the application; an administrator must allow it.')],
  [53004, permanent(`The user must prove who it is before it may register for more. ${signIn}`)],
  [65001, permanent('Grant consent for the application in Entra ID.')],
  [70000, permanent(`The refresh token is not one of this application and tenant. ${signIn}`)],
  [70011, permanent('Check the scope: client credentials take the form "https://resource/.default".')],
  [
    70021,
    permanent('Add a federated identity credential whose issuer, subject and audience match the assertion.'),
  ],
  [70043, permanent(`A Conditional Access policy wants a newer sign-in. ${signIn}`)],
  [90002, permanent('Check the tenant id: Entra ID does not know that tenant.')],
  [
    500011,
    permanent('Check the scope, or have the service principal of the resource created in the tenant.'),
  ],
  [500341, permanent('The account was deleted from the tenant.')],
  [700016, permanent('Check the client id and the tenant: the application is not registered there.')],
  [
    700024,
    permanent('The client assertion is outside its validity; check the clock and the federated token file.'),
  ],
  [700027, permanent('Register the certificate with the application, or renew it.')],
  [700081, permanent(`The refresh token is past its longest life. ${signIn}`)],
  [700082, permanent(`The refresh token has expired, since it was not used for long. ${signIn}`)],
  [700084, permanent(`The refresh token of a single-page application has expired. ${signIn}`)],
  [700211, permanent('Add a federated identity credential for the issuer of the assertion.')],
  [700212, permanent('Add a federated identity credential for the audience of the assertion.')],
  [700213, permanent('Add a federated identity credential for the subject of the assertion.')],
  [900021, permanent('Check the tenant id: it is not valid.')],
  [900023, permanent('Check the tenant id: it is neither a GUID nor a verified domain.')],
  [1002012, permanent('Check the scope: client credentials take the form "https://resource/.default".')],
  [7000112, permanent('The application is disabled; an administrator must enable it.')],
  [7000215, permanent('Check the client secret: use its value, not its id.')],
  [7000218, permanent('Configure a client secret, certificate or federated credential.')],
  [7000222, permanent('The client secret has expired; create a new one.')],
  [7000229, permanent('Create the service principal of the application in the tenant.')],
  [50196, passing('Too many identical requests in a short time; requests are spaced out.')],
  [90006, passing(wait)],
  [90012, passing(wait)],
  [90033, passing(wait)],
  [90055, passing(wait)],
]);

/** The meaning of an `AADSTS…` number, or `undefined` when this package does not know it. */
export function aadstsMeaning(code: number): AadstsMeaning | undefined {
  return meanings.get(code);
}

/** Finds the number of the first `AADSTS…` code in a text. */
export function findAadsts(text: string): number | undefined {
  const digits = /AADSTS(\d{4,8})/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
