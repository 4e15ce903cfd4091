import { Controller, Delete, Get, NotFoundException, UseFilters, UseGuards } from '@nestjs/common';
import {
  ApiBadGatewayResponse,
  ApiBearerAuth,
  ApiForbiddenResponse,
  ApiGatewayTimeoutResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import {
  EntraUserTokenService,
  OnBehalfOf,
  UserChallengeFilter,
  type UserTokenCredential,
} from 'nestjs-entra-auth/users';

import type { Caller } from '../callers/access-token.validator.js';
import { CallerGuard, CurrentCaller } from '../callers/caller.guard.js';
import { ErrorBody } from '../error-body.js';
import { DigestsService } from './digests.service.js';
import { Digest, Forgotten, Message } from './mail.dto.js';
import { MailService } from './mail.service.js';

@ApiTags('me')
@ApiBearerAuth()
@Controller('me')
@UseGuards(CallerGuard)
@UseFilters(UserChallengeFilter)
@ApiUnauthorizedResponse({ type: ErrorBody, description: 'No valid token, or Entra wants the caller.' })
@ApiForbiddenResponse({ type: ErrorBody, description: 'The token lacks the scope of this application.' })
@ApiServiceUnavailableResponse({ type: ErrorBody, description: 'No token, or no login to the database.' })
export class MeController {
  constructor(
    private readonly mail: MailService,
    private readonly digests: DigestsService,
    private readonly users: EntraUserTokenService,
  ) {}

  @Get('mail')
  @ApiOperation({ summary: 'Read the newest mail, on behalf of the caller' })
  @ApiOkResponse({ type: [Message], description: 'The ten newest messages.' })
  @ApiGatewayTimeoutResponse({ type: ErrorBody, description: 'Graph did not answer in time.' })
  @ApiBadGatewayResponse({ type: ErrorBody, description: 'Graph could not be reached, or refused.' })
  read(@OnBehalfOf() caller: UserTokenCredential): Promise<Message[]> {
    return this.mail.newest(caller);
  }

  @Get('digest')
  @ApiOperation({ summary: 'Show what a job found in the mail while the caller was away' })
  @ApiOkResponse({ type: Digest })
  @ApiNotFoundResponse({ type: ErrorBody, description: 'The caller has not signed in, or a moment ago.' })
  async digest(@CurrentCaller() { userKey }: Caller): Promise<Digest> {
    const found = await this.digests.of(userKey);
    if (found === null) throw new NotFoundException('There is no digest of your mail.');
    const { unread, readAt, waitsForSignIn } = found;
    return { unread, readAt, waitsForSignIn };
  }

  @Delete('sign-in')
  @ApiOperation({ summary: 'Forget the sign-in of the caller, and what the job found' })
  @ApiOkResponse({ type: Forgotten })
  async forget(@CurrentCaller() { userKey }: Caller): Promise<Forgotten> {
    return { wasSignedIn: await this.users.forget(userKey) };
  }
}
