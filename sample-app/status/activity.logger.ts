import { Injectable, Logger } from '@nestjs/common';
import {
  EntraTokenService,
  EntraTypeOrmOptionsFactory,
  type LoginEvent,
  type TokenEvent,
} from 'nestjs-entra-auth';

/** One readable line for each new token and each login. What goes wrong with tokens is logged by the library. */
@Injectable()
export class ActivityLogger {
  private readonly tokenLog = new Logger('Tokens');
  private readonly loginLog = new Logger('Logins');

  constructor(tokens: EntraTokenService, dataSources: EntraTypeOrmOptionsFactory) {
    tokens.events.subscribe((event) => this.logToken(event));
    dataSources.logins.subscribe((event) => this.logLogin(event));
  }

  private logToken(event: TokenEvent): void {
    if (event.type !== 'acquired' && event.type !== 'refreshed') return;
    const { type, resource, at, expiresAt, nextRefreshAt } = event;
    const life = `valid for ${secondsBetween(at, expiresAt)} s`;
    this.tokenLog.log(`${resource}: token ${type}, ${life}, next in ${secondsBetween(at, nextRefreshAt)} s`);
  }

  private logLogin({ role, host, at, durationInMs, tokenExpiresAt, error }: LoginEvent): void {
    if (error !== undefined) {
      this.loginLog.error(`${role} could not log in to ${host}: ${error.message}`);
      return;
    }
    const left = tokenExpiresAt && ` with a token valid for another ${secondsBetween(at, tokenExpiresAt)} s`;
    this.loginLog.log(`${role} logged in to ${host} in ${durationInMs} ms${left ?? ''}`);
  }
}

function secondsBetween(from: Date, to: Date): string {
  return ((to.getTime() - from.getTime()) / 1000).toFixed(1);
}
