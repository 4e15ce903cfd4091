import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  BadRequestException,
  Controller,
  ForbiddenException,
  Get,
  Header,
  HttpException,
  Logger,
  Redirect,
  Req,
  Res,
  ServiceUnavailableException,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiExcludeController } from '@nestjs/swagger';
import { isEntraAuthError } from 'nestjs-entra-auth';
import { EntraUserTokenService } from 'nestjs-entra-auth/users';
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';

import { Platform } from '../platform/platform.js';
import { callbackPath } from '../platform/registration.js';
import { PendingSignInCookie } from './pending-sign-in.cookie.js';
import { SignInClient } from './sign-in.client.js';

/** For browsers: a person signs in once, and a job reads the mail from then on. */
@ApiExcludeController()
@Controller('sign-in')
export class SignInController {
  private readonly logger = new Logger(SignInController.name);
  private readonly cookie: PendingSignInCookie;
  private readonly publicUrl: string | undefined;

  constructor(
    private readonly client: SignInClient,
    private readonly users: EntraUserTokenService,
    private readonly http: HttpAdapterHost,
    { registration }: Platform,
  ) {
    this.publicUrl = registration?.publicUrl;
    this.cookie = new PendingSignInCookie(registration?.key ?? '', this.publicUrl !== undefined);
  }

  @Get()
  @Redirect()
  @Header('Cache-Control', 'no-store')
  async begin(@Res({ passthrough: true }) response: ServerResponse): Promise<{ url: string }> {
    try {
      const { url, pending } = await this.client.begin(this.redirectUri);
      response.setHeader('Set-Cookie', await this.cookie.seal(pending));
      return { url: url.href };
    } catch (error) {
      throw this.translate(error);
    }
  }

  @Get('callback')
  @Header('Cache-Control', 'no-store')
  // The address has the code, which is of no use any more.
  @Header('Referrer-Policy', 'no-referrer')
  async callback(
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<{ message: string }> {
    const pending = await this.cookie.open(request.headers.cookie);
    response.setHeader('Set-Cookie', this.cookie.removal);
    if (pending === undefined) throw new BadRequestException('No sign-in was begun here. Open /sign-in.');
    // Not by the Host header, which anyone can send.
    const callback = new URL(this.redirectUri);
    callback.search = new URL(request.url ?? '', callback).search;
    try {
      const { userKey, response: tokens } = await this.client.complete(callback, pending);
      await this.users.adopt(userKey, tokens);
    } catch (error) {
      throw this.translate(error);
    }
    return { message: 'You have signed in. Your mail is read from now on, until you DELETE /me/sign-in.' };
  }

  private get redirectUri(): string {
    const { port } = (this.http.httpAdapter.getHttpServer() as Server).address() as AddressInfo;
    return `${this.publicUrl ?? `http://localhost:${port}`}${callbackPath}`;
  }

  /** Tells the person what to do, and the log why. Codes only: texts of Entra name people. */
  private translate(error: unknown): Error {
    if (error instanceof HttpException || isEntraAuthError(error)) return error;
    if (error instanceof AuthorizationResponseError) {
      return new ForbiddenException(`Entra did not sign you in: ${error.error}.`);
    }
    if (error instanceof ResponseBodyError) {
      this.logger.warn(`Entra refused to redeem a code: ${error.error}.`);
      // The code has ended, or is another's. What else Entra refuses is up to the application, or to Entra.
      const isOfCode = error.error === 'invalid_grant';
      return isOfCode ? new BadRequestException('Open /sign-in and try again.') : unavailable();
    }
    if (error instanceof ClientError && error.code !== 'OAUTH_TIMEOUT') {
      this.logger.warn(`A sign-in failed a check: ${error.code}.`);
      return new BadRequestException('The sign-in does not fit. Open /sign-in and try again.');
    }
    this.logger.warn(`Entra cannot be reached: ${error instanceof Error ? error.name : typeof error}.`);
    return unavailable();
  }
}

function unavailable(): ServiceUnavailableException {
  return new ServiceUnavailableException('Signing in does not work at the moment. Try again later.');
}
