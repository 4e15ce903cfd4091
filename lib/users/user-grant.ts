import type { HeldAccessToken } from '../entra/held-access-token.js';
import type { TokenEndpointClient } from '../refresh-token/token-endpoint-request.js';
import type { TokenRequestSettings } from '../refresh-token/token-request.js';
import type { AssertionExpectations } from './assertion.js';
import type { SignInPlace } from './challenge.js';
import type { UserEntry } from './user-entry.js';
import type { UserResource } from './user-resources.js';
import type { UserGrantKind } from './user-token-event.js';
import type { UserInteractionRequiredError } from './user-token.error.js';

/** What one request asks for. */
export interface UserTokenOrder {
  /** Tenant to ask. */
  readonly tenantId: string;
  readonly resource: UserResource;
  /** The claims of a challenge. */
  readonly claims: string | undefined;
  /** The token that is held and to be replaced, or was rejected. */
  readonly replaces: HeldAccessToken | undefined;
}

/** How requests for users' tokens are sent. */
export type UserRequestSettings = TokenRequestSettings &
  TokenEndpointClient & { readonly place: SignInPlace };

/**
 * What a user's tokens are obtained with, such as the token that the user called with. The entry has its key, its end and its
 * tenant.
 */
export interface UserGrant {
  /** What is held for it, once it is found or made. */
  entry: UserEntry;
  readonly kind: UserGrantKind;
  /** Whom events name: a key that the application chose, or a hash. */
  readonly userKey: string;
  /** Whether a request waits for a store too, so that it has a queue of its own. */
  readonly usesStore: boolean;
  /** What replicas know it by in the shared cache; `undefined` for tokens that must not be shared. */
  readonly sharedKey: string | undefined;

  /** Whose it is, as `personKey` has it; `undefined` while that is not known. The entry knows it from then on. */
  person(): string | undefined;

  /**
   * Requests a token, once, whatever is held.
   *
   * @throws what `errorOf` understands
   */
  request(order: UserTokenOrder, settings: UserRequestSettings): Promise<HeldAccessToken>;

  /** Learns the tenant of the user, where the entry does not know it and each user has one. */
  locate?(): Promise<void>;

  /** Throws when the tenant of an entry that is held has left the allowed ones. */
  checkTenant?(expected: AssertionExpectations): void;

  /** Turns a failure of `request` into the error that the caller gets. */
  errorOf(error: unknown, resource: string, place: SignInPlace): Error;

  /** Whether a refusal shows that the grant is genuine, so that its entry may take the place of another. */
  isProvenBy(refusal: UserInteractionRequiredError): boolean;
}
