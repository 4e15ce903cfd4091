import type { IncomingMessage, ServerResponse } from 'node:http';

import {
  createParamDecorator,
  ForbiddenException,
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';

import { Platform } from '../platform/platform.js';
import { AccessTokenValidator, type Caller } from './access-token.validator.js';

type CallersRequest = IncomingMessage & { caller?: Caller };

/** Lets those in who bring a valid access token of a person for this application, before anything else is done for them. */
@Injectable()
export class CallerGuard implements CanActivate {
  constructor(
    private readonly tokens: AccessTokenValidator,
    private readonly platform: Platform,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<CallersRequest>();
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    const caller = token === undefined ? undefined : await this.tokens.validate(token);
    if (caller === undefined) {
      const error = token === undefined ? '' : ', error="invalid_token"';
      http.getResponse<ServerResponse>().setHeader('WWW-Authenticate', `${this.challenge}${error}`);
      throw new UnauthorizedException('This needs an access token for this application.');
    }
    const scope = this.platform.registration?.scope ?? '';
    if (!caller.scopes.includes(scope)) {
      const error = `error="insufficient_scope", scope="${scope}"`;
      http.getResponse<ServerResponse>().setHeader('WWW-Authenticate', `${this.challenge}, ${error}`);
      throw new ForbiddenException(`The access token needs the scope ${scope}.`);
    }
    request.caller = caller;
    return true;
  }

  /** Tells where to get a token. */
  private get challenge(): string {
    const { authorityHost, tenantId, clientId } = this.platform.registration ?? {};
    const authorization = `${authorityHost}/${tenantId}/oauth2/v2.0/authorize`;
    return `Bearer realm="${tenantId}", authorization_uri="${authorization}", client_id="${clientId}"`;
  }
}

/** The caller that the guard has let in. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<CallersRequest>();
  if (caller === undefined) throw new TypeError('The route needs `@UseGuards(CallerGuard)`.');
  return caller;
});
