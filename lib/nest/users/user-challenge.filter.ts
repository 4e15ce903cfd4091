import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError, type Observable } from 'rxjs';

import { isEntraAuthError } from '../../common/entra-auth.error.js';
import type { UserChallenge } from '../../users/user-token.error.js';
import { EntraUserTokenService } from './entra-user-token.service.js';
import { bearerToken } from './on-behalf-of.pipe.js';

const deepestCause = 5;
const codes: readonly string[] = ['ENTRA_ASSERTION_INVALID', 'ENTRA_USER_INTERACTION_REQUIRED'];

/** The challenge in an error or its causes. */
function challengeIn(error: unknown): UserChallenge | undefined {
  let inner = error;
  for (let depth = 0; depth < deepestCause && typeof inner === 'object' && inner !== null; depth++) {
    if (isEntraAuthError(inner) && codes.includes(inner.code)) return inner as UserChallenge;
    inner = Reflect.get(inner, 'cause');
  }
  return undefined;
}

/** Whether the Graph SDK made its own error of a challenge: it keeps the name, as a code, and nothing else. */
function isSwallowed(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    Reflect.get(error, 'code') === 'UserInteractionRequiredError'
  );
}

/** What the filter catches: every other exception stays with the application's filters. */
abstract class Challenge {
  static [Symbol.hasInstance](error: unknown): boolean {
    return challengeIn(error) !== undefined || isSwallowed(error);
  }
}

/**
 * Answers 401 with the challenge when Entra wants the user, or the caller's token cannot be exchanged, so that the client
 * signs the user in again with the claims that are asked for. A message of a microservice or a WebSocket is answered with an error
 * that has `error` and `wwwAuthenticate`. Register it as `{ provide: APP_FILTER, useClass:
 * UserChallengeFilter }`, or by `@UseFilters(UserChallengeFilter)`.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
@Catch(Challenge)
export class UserChallengeFilter implements ExceptionFilter<unknown> {
  readonly #users: EntraUserTokenService;
  readonly #host: HttpAdapterHost;

  constructor(
    @Inject(EntraUserTokenService) users: EntraUserTokenService,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
  ) {
    this.#users = users;
    this.#host = host;
  }

  /** Called by Nest. Answers a message with an error, as Nest does, and leaves other contexts, such as GraphQL, to theirs. */
  catch(exception: unknown, host: ArgumentsHost): void | Observable<never> {
    const known = challengeIn(exception);
    if (host.getType() === 'rpc') return throwError(() => payloadOf(known));
    if (host.getType() === 'ws') return emit(host.switchToWs().getClient(), payloadOf(known));
    if (host.getType() !== 'http') throw exception;
    const http = host.switchToHttp();
    const { headers = {} } = http.getRequest<{ headers?: Record<string, unknown> }>();
    const challenge = known ?? this.#users.interactionRequired(bearerToken(headers['authorization']));
    const { httpAdapter } = this.#host;
    const response = http.getResponse<unknown>();
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    const { wwwAuthenticate, error } = payloadOf(challenge);
    httpAdapter.setHeader(response, 'WWW-Authenticate', wwwAuthenticate);
    httpAdapter.reply(response, { statusCode: 401, message: 'Unauthorized', error }, 401);
  }
}

/** What answers a message, in the shape of Nest's own errors. */
interface ChallengePayload {
  status: 'error';
  message: string;
  /** `error` of the challenge. */
  error: string;
  wwwAuthenticate: string;
}

/** @param challenge `undefined` when it was forgotten in the meantime: the client begins anew */
function payloadOf(challenge: UserChallenge | undefined): ChallengePayload {
  const error = challenge?.challenge ?? 'interaction_required';
  const wwwAuthenticate = challenge?.wwwAuthenticate ?? `Bearer error="${error}"`;
  return { status: 'error', message: 'Unauthorized', error, wwwAuthenticate };
}

/** A client of Socket.IO, or of `ws`, which has a `readyState`. */
interface SocketClient {
  readyState?: unknown;
  send?: (message: string) => void;
  emit?: (event: string, payload: ChallengePayload) => void;
}

/** Sends the event by which Nest tells a client of an exception: the `emit` of a plain WebSocket is local. */
function emit(client: SocketClient, data: ChallengePayload): void {
  if (typeof client.readyState === 'number') client.send?.(JSON.stringify({ event: 'exception', data }));
  else client.emit?.('exception', data);
}
