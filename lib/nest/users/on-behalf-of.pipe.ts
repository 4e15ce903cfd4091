import { Inject, Injectable, type PipeTransform } from '@nestjs/common';

import type { UserTokenCredential } from '../../users/user-credential.js';
import { EntraUserTokenService } from './entra-user-token.service.js';

/** Reads the token of an `Authorization` header; an empty text without one. */
export function bearerToken(header: unknown): string {
  return (typeof header === 'string' ? /^Bearer +([^\s]+) *$/i.exec(header)?.[1] : undefined) ?? '';
}

/**
 * Makes the value of an `Authorization` header a credential that speaks for the caller, for parameter decorators of the
 * application: `OnBehalfOf` is one that uses it. What it throws is answered with 401 by `UserChallengeFilter`.
 */
@Injectable()
export class OnBehalfOfPipe implements PipeTransform<unknown, UserTokenCredential> {
  readonly #users: EntraUserTokenService;

  constructor(@Inject(EntraUserTokenService) users: EntraUserTokenService) {
    this.#users = users;
  }

  /** @throws {InvalidAssertionError} for a header without a live access token of a user for this application */
  transform(header: unknown): UserTokenCredential {
    return this.#users.onBehalfOf(bearerToken(header));
  }
}
