import type { FakeTokenError } from './fake-token.js';

// Registered by the library: `isEntraAuthError` recognises errors by it.
const brand = Symbol.for('nestjs-entra-auth.error');

function make(details: {
  name: string;
  code: FakeTokenError['code'];
  retryable: boolean;
  problem: string;
  fix: string;
  resource: string;
}): FakeTokenError {
  const { name, problem, fix, ...rest } = details;
  const error = Object.assign(new Error(`${problem} ${fix}`), { name, fix, ...rest });
  return Object.defineProperty(error, brand, { value: true });
}

/** What the service throws when the token endpoint is down, as far as a shape can be: it is of no class of the library. */
export const unavailable = (resource: string): FakeTokenError =>
  make({
    name: 'TokenUnavailableError',
    code: 'ENTRA_TOKEN_UNAVAILABLE',
    retryable: true,
    problem: `No access token could be obtained for the resource "${resource}": the test has it fail.`,
    fix: 'Call recover() of the fake.',
    resource,
  });

/** What the service throws for a name that is not configured. */
export const unknown = (resource: string, known: readonly string[]): FakeTokenError =>
  make({
    name: 'UnknownResourceError',
    code: 'ENTRA_RESOURCE_UNKNOWN',
    retryable: false,
    problem: `Unknown resource "${resource}" (faked: ${known.map((name) => `"${name}"`).join(', ') || 'none'}).`,
    fix: 'Name it, or its scopes, in fakeEntraTokens({ … }).',
    resource,
  });
