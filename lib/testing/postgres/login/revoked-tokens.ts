import { createHash } from 'node:crypto';

/** Tokens that are refused although they have not expired. Only digests are kept. */
export class RevokedTokens {
  private readonly seen = new Set<string>();
  private readonly revoked = new Set<string>();
  private datedFrom = -Infinity;

  /** Notes an accepted token, so that `revokeAll` can name it. */
  remember(token: string): void {
    this.seen.add(digest(token));
  }

  revoke(token: string): void {
    this.revoked.add(digest(token));
  }

  /**
   * `iat` has whole seconds, so it cannot tell a token of this second that came before the call from the one that
   * replaces it; the tokens seen so far are therefore named one by one.
   *
   * @param dated - `iat` of a token that is issued at this moment, in seconds since 1970
   */
  revokeAll(dated: number): void {
    for (const token of this.seen) this.revoked.add(token);
    this.datedFrom = dated;
  }

  includes(token: string, issuedAt: number): boolean {
    return this.revoked.has(digest(token)) || issuedAt < this.datedFrom;
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
