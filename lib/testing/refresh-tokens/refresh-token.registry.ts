import { createHash, randomBytes } from 'node:crypto';
import type { Consents } from '../directory/consents.js';
import type { LocalUser, People } from '../directory/people.js';
import { EntraError } from '../errors/entra.error.js';
import { atLeast } from '../checks.js';
import type { TokenSubject } from '../tokens/hand-made-token.js';
import type { RefreshTokenRecord, SignInRecord } from './refresh-token.record.js';
import type { RefreshTokenRotation, RefreshTokens } from './refresh-tokens.js';
import type { SignIn } from './sign-in.js';

const day = 24 * 3600;
const defaultScopes = ['openid', 'offline_access', 'https://graph.microsoft.com/.default'];
// With its prefix a token comes to 1,052 characters, as long as Entra's.
const randomLength = 780;

/** Keeps the books of the refresh tokens. */
export class RefreshTokenRegistry implements RefreshTokens {
  redemptions = 0;
  reuseRevocations = 0;
  // By their digests: a long test redeems many, and each is long.
  private readonly tokens = new Map<string, RefreshTokenRecord>();
  private currentRotation: RefreshTokenRotation = 'keep';

  constructor(
    private readonly defaultClient: TokenSubject,
    private readonly people: People,
    private readonly consents: Consents,
    private readonly now: () => number,
  ) {}

  get rotation(): RefreshTokenRotation {
    return this.currentRotation;
  }
  set rotation(rotation: RefreshTokenRotation) {
    if (!['keep', 'strict'].includes(rotation)) {
      throw new TypeError(`"rotation" must be 'keep' or 'strict', not ${JSON.stringify(rotation)}.`);
    }
    this.currentRotation = rotation;
  }

  issue(signIn: SignIn = {}): string {
    const { client = this.defaultClient, scopes = defaultScopes, spa = false, nonce, user } = signIn;
    const lifetimeInSeconds = signIn.lifetimeInSeconds ?? (spa ? day : 90 * day);
    const lifetimeInMs = atLeast(0, lifetimeInSeconds, 'lifetimeInSeconds') * 1000;
    const person: LocalUser = this.people.add(user);
    this.consents.addScope(person, client.clientId, scopes.join(' '));
    return this.add({
      user: person,
      tenantId: client.tenantId,
      clientId: client.clientId,
      scope: scopes.join(' '),
      lifetimeInMs,
      endsAt: spa ? this.now() + lifetimeInMs : undefined,
      nonce,
      refusedWith: undefined,
    });
  }

  accepts(token: string): boolean {
    const record = this.tokens.get(digest(token));
    return record !== undefined && this.refusalOf(record) === undefined && !this.isReuse(record);
  }

  expire(token: string): void {
    this.find(token).expiresAt = this.now();
  }

  revoke(token: string): void {
    this.refuse(token, 50173);
  }

  /** Revokes every grant of a person. */
  revokeOf(objectId: string): void {
    for (const { signIn } of this.tokens.values()) {
      if (signIn.user.objectId === objectId) signIn.refusedWith = 50173;
    }
  }

  refuse(token: string, code: number): void {
    this.find(token).signIn.refusedWith = code;
  }

  /**
   * The sign-in that a client's refresh token stands for. A reuse revokes it here.
   *
   * @throws EntraError
   */
  require(token: string, client: TokenSubject): SignInRecord {
    const record = this.tokens.get(digest(token));
    // Binds it to the person and the application, in every tenant that has both.
    if (record?.signIn.clientId !== client.clientId) throw new EntraError(70000);
    const refusal = this.refusalOf(record);
    if (refusal !== undefined) throw refusal;
    if (this.isReuse(record)) {
      record.signIn.refusedWith = 50173;
      this.reuseRevocations += 1;
      throw new EntraError(50173);
    }
    return record.signIn;
  }

  /** Whether a single-page application signed in; not of a token that is unknown here. */
  isOfSinglePage(token: string): boolean {
    return this.tokens.get(digest(token))?.signIn.endsAt !== undefined;
  }

  /** Uses a token that {@link require} has found good, and gives its successor. */
  redeem(token: string): string {
    const record = this.find(token);
    record.used = true;
    this.redemptions += 1;
    return this.add(record.signIn);
  }

  /** Counts a use that leaves the token as it was. */
  redeemWithoutRotation(): void {
    this.redemptions += 1;
  }

  private refusalOf({ signIn, issuedAt, expiresAt }: RefreshTokenRecord): EntraError | undefined {
    if (signIn.refusedWith !== undefined) return new EntraError(signIn.refusedWith);
    if (this.now() < expiresAt) return undefined;
    if (signIn.endsAt !== undefined) return new EntraError(700084);
    return new EntraError(700082, {
      description: `The refresh token has expired due to inactivity. The token was issued on ${new Date(issuedAt).toISOString()} and was inactive for too long.`,
    });
  }

  private isReuse({ used }: RefreshTokenRecord): boolean {
    return used && this.rotation === 'strict';
  }

  private add(signIn: SignInRecord): string {
    const token = `1.AXoA${randomBytes(randomLength).toString('base64url')}.AgABAAEAAA`;
    const issuedAt = this.now();
    const expiresAt = signIn.endsAt ?? issuedAt + signIn.lifetimeInMs;
    this.tokens.set(digest(token), { signIn, issuedAt, expiresAt, used: false });
    return token;
  }

  private find(token: string): RefreshTokenRecord {
    const record = this.tokens.get(digest(token));
    if (record === undefined) throw new TypeError('The local Entra has not issued this refresh token.');
    return record;
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
