import { Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { startLocalEntra, type LocalEntra, type LocalEntraOptions } from 'nestjs-entra-auth/testing';

import { TokenEngine } from '../../../lib/engine/token-engine.js';
import { resolveOptions } from '../../../lib/options/resolve-options.js';
import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { loadX509 } from '../../../lib/testing/optional-packages.js';
import { describeWith } from '../installed-server.js';
import { RedisGate } from './redis-gate.js';
import { RedisServer } from './redis-server.js';

Logger.overrideLogger(false);

/** `describe` where `redis-server` is installed. */
export const describeWithRedis = describeWith({
  program: 'redis-server',
  debianPackage: 'redis-server',
});

/** A local Entra, and a Redis that takes its tokens. */
export class LocalRedis implements AsyncDisposable {
  private constructor(
    readonly entra: LocalEntra,
    readonly server: RedisServer,
    readonly gate: RedisGate,
    /** Certificate of the CA that signed the server's, as PEM. */
    readonly certificateAuthority: string,
  ) {}

  static async start(options: LocalEntraOptions = {}): Promise<LocalRedis> {
    const authority = await CertificateAuthority.create(await loadX509());
    const entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600, ...options });
    const server = new RedisServer();
    try {
      await server.start();
      const gate = new RedisGate(server, entra, await authority.issueServerCertificate());
      await gate.listen();
      return new LocalRedis(entra, server, gate, authority.certificate);
    } catch (error) {
      await Promise.all([server.stop(), entra.stop()]);
      throw error;
    }
  }

  get host(): string {
    return this.gate.host;
  }

  get port(): number {
    return this.gate.port;
  }

  /** Options of a TLS client that verifies the server. */
  get tls(): { ca: string } {
    return { ca: this.certificateAuthority };
  }

  /** Ends `redis-server` with all that it holds, and starts it anew. */
  async restart(): Promise<void> {
    await this.server.kill();
    this.gate.forgetUsers();
    await this.server.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gate.close();
    await Promise.all([this.server.stop(), this.entra.stop()]);
  }
}

/** The tokens of an application, kept by the engine on the clock of the machine. */
export function redisTokens({ entra }: LocalRedis): TokenEngine & AsyncDisposable {
  const options = resolveOptions({ credential: entra.credential(), resources: { redis: {} } });
  const engine = new TokenEngine(options, {
    timers: new SchedulerRegistry(),
    logger: new Logger('EntraAuth'),
  });
  return Object.assign(engine, { [Symbol.asyncDispose]: () => engine.stop() });
}
