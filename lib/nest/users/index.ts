/** What `nestjs-entra-auth/users` offers; everything else in this folder and in `lib/users` is private. */
export { EntraUserTokenService } from './entra-user-token.service.js';
export { OnBehalfOf } from './on-behalf-of.decorator.js';
export { OnBehalfOfPipe } from './on-behalf-of.pipe.js';
export { UserChallengeFilter } from './user-challenge.filter.js';
export { InvalidAssertionError, UserInteractionRequiredError } from '../../users/user-token.error.js';
export type { UserTokenCredential } from '../../users/user-credential.js';
export type { UserTokensState } from '../../users/user-tokens.js';
export type { UserTokenOptions } from '../../users/user-tokens.options.js';
