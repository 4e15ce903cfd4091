import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import { OnBehalfOfPipe } from './on-behalf-of.pipe.js';

interface IncomingRequest {
  headers?: Record<string, unknown>;
}

const AuthorizationHeader = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown =>
    context.switchToHttp().getRequest<IncomingRequest>().headers?.['authorization'],
);

/**
 * Makes a parameter of a route a credential that speaks for the caller: `me(@OnBehalfOf() user: UserTokenCredential)`. The
 * same as {@link OnBehalfOfPipe} on the `Authorization` header; the `Headers` of Nest take no pipe.
 */
export const OnBehalfOf = (): ParameterDecorator => AuthorizationHeader(OnBehalfOfPipe);
