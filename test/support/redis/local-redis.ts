import { Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import {
  startLocalEntra,
  type LocalEntra,
  type LocalEntraOptions,
  type LocalRedis as Gate,
} from 'nestjs-entra-auth/testing';

import { TokenEngine } from '../../../lib/engine/token-engine.js';
import { resolveOptions } from '../../../lib/options/resolve-options.js';
import { describeWith } from '../installed-server.js';

Logger.overrideLogger(false);

/** `describe` where `redis-server` is installed. */
export const describeWithRedis = describeWith({
  program: 'redis-server',
  debianPackage: 'redis-server',
});

/** A local Entra, and a Redis that takes its tokens. */
export class LocalRedis implements AsyncDisposable {
  private constructor(readonly entra: LocalEntra) {}

  static async start(options: LocalEntraOptions = {}): Promise<LocalRedis> {
    return new LocalRedis(await startLocalEntra({ tokenLifetimeInSeconds: 3600, redis: true, ...options }));
  }

  get gate(): Gate {
    return this.entra.redis;
  }

  get host(): string {
    return this.gate.host;
  }

  get port(): number {
    return this.gate.port;
  }

  /** Certificate of the CA that signed the server's, as PEM. */
  get certificateAuthority(): string {
    return this.entra.certificateAuthority;
  }

  /** Options of a TLS client that verifies the server. */
  get tls(): { ca: string } {
    return { ca: this.certificateAuthority };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.entra.stop();
  }
}

/** The tokens of an application, kept by the engine on the clock of the machine. */
export function redisTokens(entra: LocalEntra): TokenEngine & AsyncDisposable {
  const options = resolveOptions({ credential: entra.credential(), resources: { redis: {} } });
  const engine = new TokenEngine(options, {
    timers: new SchedulerRegistry(),
    logger: new Logger('EntraAuth'),
  });
  return Object.assign(engine, { [Symbol.asyncDispose]: () => engine.stop() });
}
