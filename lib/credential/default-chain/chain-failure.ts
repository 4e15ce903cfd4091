import { isEntraAuthError, problemOf } from '../../common/entra-auth.error.js';
import { redact, redactError } from '../../common/redaction.js';
import { isError } from '../../common/thrown.js';
import { aadstsMeaning, findAadsts, signInCodes } from '../../entra/aadsts.js';
import { ReauthenticationRequiredError } from '../../entra/token-endpoint.error.js';
import { installIdentity } from '../azure-identity.js';
import { CredentialRequestError, CredentialUnavailableError } from '../credential.error.js';
import type { ChainLink, LinkRefusal } from './chain-link.js';

/** A link that gave no token. */
export type AskedLink = LinkRefusal & { link: ChainLink };

const isTool = ({ link }: AskedLink): boolean => link.signIn !== undefined;

const longestReason = 400;
const notSignedIn =
  /please run 'az login' from|run 'connect-azaccount'|run 'azd auth login'|visual studio code authentication is not available/i;
// A tool whose sign-in has ended names the command with its options.
const signedOut = /\b(?:az login|azd auth login|connect-azaccount) -|interactive authentication is needed/i;
// Links that @azure/identity adds to its messages.
const decoration =
  /\s*(?:To troubleshoot|See the troubleshooting guide|For more information)[^.]*https?:\S+/g;

/** Turns the error of a link into the reason that the chain reports. */
export function refusalOf(error: unknown): LinkRefusal {
  if (isEntraAuthError(error)) {
    return { reason: inOneLine(problemOf(error)), passing: error.retryable, cause: error };
  }
  const text = textOf(error);
  if (notSignedIn.test(text)) return { reason: 'not signed in', passing: false, cause: error };
  const passing = !signedOut.test(text) && aadstsMeaning(findAadsts(text))?.retryable !== false;
  return { reason: inOneLine(text), passing, cause: error };
}

/** Returns the error of a developer's tool that needs a new sign-in; `undefined` for other failures. */
export function signInFailure({ title, signIn }: ChainLink, error: unknown): Error | undefined {
  const text = textOf(error);
  const needed = [notSignedIn, signedOut].some((sign) => sign.test(text));
  const aadsts = findAadsts(text);
  if (signIn === undefined || !(needed || signInCodes.has(aadsts))) return undefined;
  return new ReauthenticationRequiredError(
    `The ${title} gives no token without a new sign-in: ${refusalOf(error).reason}.`,
    `${signIn}; it is picked up without a restart.`,
    { cause: redactError(error), aadsts },
  );
}

function textOf(error: unknown): string {
  const inner = error instanceof CredentialRequestError ? error.cause : error;
  return isError(inner) ? inner.message : String(inner);
}

/** Makes the error of a chain without a token: a line for each link, developers' tools first. */
export function chainFailure(asked: readonly AskedLink[]): CredentialUnavailableError {
  const ordered = [...asked].sort((a, b) => Number(isTool(b)) - Number(isTool(a)));
  const lines = ordered.map(({ link, reason }) => `- ${link.title}: ${reason}`);
  const passing = asked.filter((one) => one.passing);
  const answered = passing
    .map(({ cause }) => numbersOf(cause))
    .find(({ statusCode }) => statusCode !== undefined);
  const cause = passing[0]?.cause ?? asked.find((one) => one.cause !== undefined)?.cause;
  return new CredentialUnavailableError(
    `No credential of the default chain gave a token:\n${lines.join('\n')}\n`,
    isWithoutLibrary(asked) ? `${installIdentity} ${remedy(asked)}` : remedy(asked),
    cause === undefined ? undefined : redactError(cause),
    { retryable: passing.length > 0, ...answered },
  );
}

/** Whether a link needs `@azure/identity`, an optional peer that is not installed. */
function isWithoutLibrary(asked: readonly AskedLink[]): boolean {
  return asked.some(({ cause }) => isEntraAuthError(cause) && cause.fix === installIdentity);
}

function remedy(asked: readonly AskedLink[]): string {
  const deployed =
    'assign a managed identity or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET';
  if (!asked.some(isTool)) return `On Azure ${deployed}.`;
  const cli = asked.find(({ link }) => link.name === 'azureclicredential');
  const first = cli?.reason.startsWith('not installed') === true ? 'install the Azure CLI and run' : 'run';
  return `On a developer's machine ${first} \`az login\`; on Azure ${deployed}.`;
}

function numbersOf(cause: unknown): { statusCode?: number; retryAfterInMs?: number } {
  const numbers = (['statusCode', 'retryAfterInMs'] as const).map((key) => [
    key,
    isEntraAuthError(cause) ? (Reflect.get(cause, key) as unknown) : undefined,
  ]);
  return Object.fromEntries(numbers.filter(([, value]) => typeof value === 'number')) as {
    statusCode?: number;
    retryAfterInMs?: number;
  };
}

/** Keeps both ends: tools often put the remedy last. */
function inOneLine(text: string): string {
  const line = redact(text)
    .replace(decoration, '')
    .replace(/\s+/g, ' ')
    .replace(/^(?:ManagedIdentityCredential|Managed identity|CredentialUnavailableError|Error|ERROR): /, '')
    .replace(/\.?\s*$/, '');
  const half = longestReason / 2;
  return line.length <= longestReason ? line : `${line.slice(0, half)} … ${line.slice(-half)}`;
}
