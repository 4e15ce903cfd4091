import { EntraAuthError } from '../common/entra-auth.error.js';

export interface TokenUnavailableDetails {
  problem: string;
  fix: string;
  retryable: boolean;
  cause?: unknown;
  /** The number in `AADSTS700016`, when Entra gave one. */
  aadsts?: number;
  /** HTTP status of the answer, when it is known. */
  statusCode?: number;
  /** Milliseconds that the server asked to wait, when it did. */
  retryAfterInMs?: number;
}

/** No valid token is held for the resource, and none could be obtained. */
export class TokenUnavailableError extends EntraAuthError {
  override readonly name = 'TokenUnavailableError';
  declare readonly code: 'ENTRA_TOKEN_UNAVAILABLE';
  /** Name of the resource, or the scopes of a token that was asked for by scopes. */
  readonly resource: string;
  /** The number in Entra's `AADSTS…` code, when it gave one. */
  readonly aadsts: number | undefined;
  /** HTTP status of the answer. Known only for credentials that the module makes itself. */
  readonly statusCode: number | undefined;
  /** Milliseconds that the server asked to wait, when it did. */
  readonly retryAfterInMs: number | undefined;

  constructor(resource: string, details: TokenUnavailableDetails) {
    super('ENTRA_TOKEN_UNAVAILABLE', {
      ...details,
      problem: `No access token could be obtained for the resource "${resource}": ${withAnswer(details)}`,
    });
    this.resource = resource;
    this.aadsts = details.aadsts;
    this.statusCode = details.statusCode;
    this.retryAfterInMs = details.retryAfterInMs;
  }
}

/** The problem with the numbers of the answer, unless it has them already. */
function withAnswer({ problem, statusCode, retryAfterInMs }: TokenUnavailableDetails): string {
  const named = new RegExp(`\\b(?:status|HTTP|answered) ${statusCode}\\b`).test(problem);
  const numbers = [
    ...(statusCode === undefined || named ? [] : [`HTTP status ${statusCode}`]),
    ...(retryAfterInMs === undefined ? [] : [`Retry-After ${Math.round(retryAfterInMs / 1000)} s`]),
  ];
  return numbers.length === 0 ? problem : problem.replace(/\.?(\s*)$/, ` (${numbers.join(', ')}).$1`);
}
