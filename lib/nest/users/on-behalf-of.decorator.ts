import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { OnBehalfOfPipe } from './on-behalf-of.pipe.js';

interface IncomingRequest {
  headers?: Record<string, unknown>;
}

const AuthorizationHeader = createParamDecorator((_: unknown, context: ExecutionContext): unknown => {
  const type = context.getType();
  if (type === 'http') return context.switchToHttp().getRequest<IncomingRequest>().headers?.['authorization'];
  const fix =
    'Call `EntraUserTokenService.onBehalfOf(token)` with the token of the message or the connection.';
  throw new EntraOptionsError('@OnBehalfOf()', `a context of the type "${type}" has no such header`, fix);
});

/**
 * Makes a parameter of a route a credential that speaks for the caller: `me(@OnBehalfOf() user: UserTokenCredential)`. The
 * same as {@link OnBehalfOfPipe} on the `Authorization` header; the `Headers` of Nest take no pipe.
 *
 * In any other context than HTTP, a resolver of GraphQL included, it throws an `EntraOptionsError` at the call.
 */
export const OnBehalfOf = (): ParameterDecorator => AuthorizationHeader(OnBehalfOfPipe);
