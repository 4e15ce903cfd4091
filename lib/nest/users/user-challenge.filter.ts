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
 * signs the user in again with the claims that are asked for. Register it as `{ provide: APP_FILTER, useClass:
 * UserChallengeFilter }`, or by `@UseFilters(UserChallengeFilter)`, which gateways need.
 *
 * A message of a microservice or a WebSocket is answered with an error that has `error` and `wwwAuthenticate`. GraphQL gets
 * an error with the two in its `extensions`, next to the code `UNAUTHENTICATED`.
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

  /** Called by Nest. Throws the exception again in a context that it does not know. */
  catch(exception: unknown, host: ArgumentsHost): void | Observable<never> {
    const type: string = host.getType();
    const carrier = carrierOf(type, host);
    if (carrier === undefined) throw exception;
    const { headers = {} } = carrier;
    const challenge =
      challengeIn(exception) ?? this.#users.interactionRequired(bearerToken(headers['authorization']));
    const payload = payloadOf(challenge);
    if (type === 'rpc') return throwError(() => payload);
    if (type === 'ws') return emit(host, payload);
    if (type === 'graphql') throw queryError(payload, exception);
    this.#reply(host.switchToHttp().getResponse(), payload);
  }

  #reply(response: unknown, { wwwAuthenticate, error, message }: ChallengePayload): void {
    const { httpAdapter } = this.#host;
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    httpAdapter.setHeader(response, 'WWW-Authenticate', wwwAuthenticate);
    httpAdapter.reply(response, { statusCode: 401, message, error }, 401);
  }
}

/** What may have the `Authorization` header of the caller. */
interface HeaderCarrier {
  headers?: Record<string, unknown>;
}

/** Finds it by the type of the context. A message has none, nor has a plain WebSocket. */
function carrierOf(type: string, host: ArgumentsHost): HeaderCarrier | undefined {
  switch (type) {
    case 'http':
      return host.switchToHttp().getRequest<HeaderCarrier>();
    case 'rpc':
      return {};
    case 'ws':
      return host.switchToWs().getClient<{ handshake?: HeaderCarrier }>().handshake ?? {};
    case 'graphql':
      return host.getArgByIndex<{ req?: HeaderCarrier } | undefined>(2)?.req ?? {};
    default:
      return undefined;
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

/** Servers of GraphQL take `extensions` of any error. */
function queryError({ message, error, wwwAuthenticate }: ChallengePayload, cause: unknown): Error {
  const extensions = { code: 'UNAUTHENTICATED', error, wwwAuthenticate };
  return Object.assign(new Error(message, { cause }), { extensions });
}

/** A client of Socket.IO, or of `ws`, which has a `readyState`. */
interface SocketClient {
  readyState?: unknown;
  send?: (message: string) => void;
  emit?: (event: string, payload: unknown) => void;
}

/**
 * Sends the event by which Nest tells a client of an exception: the `emit` of a plain WebSocket is local. Its cause names the
 * message without its data, which may hold the token.
 */
function emit(host: ArgumentsHost, payload: ChallengePayload): void {
  const ws = host.switchToWs();
  const client = ws.getClient<SocketClient>();
  const data = { ...payload, cause: { pattern: ws.getPattern() } };
  if (typeof client.readyState === 'number') client.send?.(JSON.stringify({ event: 'exception', data }));
  else client.emit?.('exception', data);
}
