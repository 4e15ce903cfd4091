import { certificate, fileOf, other, pod, secret, token, type Mistake } from './mistake.js';

/** Entra refuses the application, or what it asks for. */
const refusal = (title: string, code: number, message: string, attempts?: number): Mistake => ({
  title: `${title} (${code})`,
  configuration: secret,
  prepare: token({ kind: 'entra-error', code }),
  message,
  ...(attempts === undefined ? {} : { attempts }),
});
const unmatched = (title: string, code: number, message: string): Mistake => ({
  ...refusal(title, code, message),
  configuration: pod,
});

/** What the application is, and what Entra thinks of it. */
export const refusals: readonly Mistake[] = [
  {
    title: 'an unknown tenant',
    configuration: (ground) => secret(ground, { tenantId: other }),
    message:
      "AADSTS90002: Tenant '99999999-9999-4999-8999-999999999999' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant. <ids> (HTTP status 400). Check the tenant id: Entra ID does not know that tenant.",
  },
  {
    title: 'an unknown application',
    configuration: (ground) => secret(ground, { clientId: other }),
    message:
      "AADSTS700016: Application with identifier '99999999-9999-4999-8999-999999999999' was not found in the directory 'aaaabbbb-0000-cccc-1111-dddd2222eeee'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant. <ids> (HTTP status 400). Check the client id and the tenant: the application is not registered there.",
  },
  {
    title: 'a wrong secret',
    configuration: (ground) => secret(ground, { clientSecret: 'a-wrong-secret' }),
    message:
      "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '00001111-aaaa-2222-bbbb-3333cccc4444'. <ids> (HTTP status 401). Check the client secret: use its value, not its id.",
  },
  refusal(
    'an expired secret',
    7000222,
    'AADSTS7000222: The provided client secret keys are expired. <ids> (HTTP status 401). The client secret has expired; create a new one.',
  ),
  refusal(
    'an application without a secret',
    7000218,
    "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'. <ids> (HTTP status 401). Configure a client secret, certificate or federated credential.",
  ),
  refusal(
    'a disabled application',
    7000112,
    'AADSTS7000112: The application is disabled. <ids> (HTTP status 400). The application is disabled; an administrator must enable it.',
  ),
  refusal(
    'an application without service principal',
    7000229,
    'AADSTS7000229: The client application is missing service principal in the tenant. <ids> (HTTP status 400). Create the service principal of the application in the tenant.',
  ),
  refusal(
    'an unknown resource',
    500011,
    'AADSTS500011: The resource principal was not found in the tenant. <ids> (HTTP status 400). Check the scope, or have the service principal of the resource created in the tenant.',
  ),
  refusal(
    'a scope in another form',
    70011,
    `AADSTS70011: The provided request must include a 'scope' input parameter. <ids> (HTTP status 400). Check the scope: client credentials take the form "https://resource/.default".`,
  ),
  refusal(
    'a scope of a user',
    1002012,
    'AADSTS1002012: The provided value for scope is not valid. <ids> (HTTP status 400). Check the scope: client credentials take the form "https://resource/.default".',
  ),
  refusal(
    'scopes of several resources',
    700022,
    "AADSTS700022: The provided value for the input parameter 'scope' is not valid because it contains more than one resource. <ids> (HTTP status 400). Ask for the scopes of one resource at a time.",
  ),
  refusal(
    'a missing consent',
    65001,
    'AADSTS65001: The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource. <ids> (HTTP status 400). Grant consent for the application in Entra ID.',
  ),
  refusal(
    'a policy that blocks',
    53003,
    'AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does not allow token issuance. <ids> (HTTP status 400). A Conditional Access policy blocks the application; an administrator must allow it.',
  ),
  refusal(
    'a number that this package does not know',
    5000224,
    'AADSTS5000224: The resource is not available. If you think you are seeing this message in error, contact your support team. <ids> (HTTP status 401). Look up AADSTS5000224 at https://login.microsoftonline.com/error?code=5000224.',
  ),
  refusal(
    'Entra being busy',
    90055,
    'AADSTS90055: There are too many incoming requests. Please try again later. <ids> (HTTP status 429). Entra is busy or unwell; try again later, as the background refresh does.',
    6,
  ),
  {
    title: 'a certificate that is not registered',
    configuration: (ground) => certificate(ground, { certificatePath: ground.entra.client.certificatePath }),
    prepare: token({ kind: 'entra-error', code: 700027 }),
    message:
      'AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application. <ids> (HTTP status 401). Register the certificate with the application, or renew it.',
  },
  unmatched(
    'a missing federated credential',
    70021,
    'AADSTS70021: No matching federated identity record found for presented assertion. <ids> (HTTP status 401). Give the application a federated identity credential whose issuer, subject and audience are those of the assertion.',
  ),
  unmatched(
    'another issuer in the federated credential',
    700211,
    'AADSTS700211: No matching federated identity record found for presented assertion issuer. <ids> (HTTP status 401). Give the application a federated identity credential whose issuer is that of the assertion.',
  ),
  unmatched(
    'another audience in the federated credential',
    700212,
    'AADSTS700212: No matching federated identity record found for presented assertion audience. <ids> (HTTP status 401). Give the application a federated identity credential whose audience is that of the assertion.',
  ),
  unmatched(
    'another subject in the federated credential',
    700213,
    'AADSTS700213: No matching federated identity record found for presented assertion subject. <ids> (HTTP status 401). Give the application a federated identity credential whose subject is that of the assertion.',
  ),
  unmatched(
    'an assertion that has expired',
    700024,
    'AADSTS700024: Client assertion is not within its valid time range. <ids> (HTTP status 401). The client assertion is outside its validity; check the clock and the federated token file.',
  ),
  {
    title: 'a service account token of another issuer',
    configuration: (ground) =>
      pod(ground, {
        tokenFilePath: fileOf(
          ground,
          'foreign.jwt',
          `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from('{"iss":"https://example.com"}').toString('base64url')}.c2ln`,
        ),
      }),
    message:
      "AADSTS700211: No matching federated identity record found for presented assertion issuer 'https://example.com'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation <ids> (HTTP status 401). Give the application a federated identity credential whose issuer is that of the assertion.",
  },
];
