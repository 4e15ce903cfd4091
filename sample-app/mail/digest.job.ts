import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { SchedulerRegistry } from '@nestjs/schedule';
import { isEntraAuthError } from 'nestjs-entra-auth';
import { EntraUserTokenService } from 'nestjs-entra-auth/users';

import type { EnvironmentVariables } from '../config/environment-variables.js';
import { DigestsService } from './digests.service.js';
import { MailService } from './mail.service.js';

const pageSize = 100;

/**
 * Counts the unread mail of those who signed in once, while they are away. Each replica does; their redemptions of refresh tokens
 * take turns in the store.
 */
@Injectable()
export class DigestJob implements OnApplicationBootstrap {
  private readonly logger = new Logger(DigestJob.name);
  private isRunning = false;

  constructor(
    private readonly users: EntraUserTokenService,
    private readonly mail: MailService,
    private readonly digests: DigestsService,
    private readonly timers: SchedulerRegistry,
    private readonly config: ConfigService<EnvironmentVariables, true>,
  ) {}

  /** The registry ends the timer with the application. */
  onApplicationBootstrap(): void {
    const seconds = this.config.get('DIGEST_INTERVAL_SECONDS', { infer: true });
    this.timers.addInterval(
      'mail-digests',
      setInterval(() => void this.run(), seconds * 1_000),
    );
  }

  private async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      let after: string | undefined;
      do {
        const page = await this.users.listSignIns({ limit: pageSize, after });
        for (const { userKey } of page) await this.digest(userKey);
        after = page.at(-1)?.userKey;
      } while (after !== undefined);
    } catch (error) {
      this.logger.warn(`The sign-ins cannot be listed: ${(error as Error).message}`);
    } finally {
      this.isRunning = false;
    }
  }

  /** What fails for one person holds up no other. */
  private async digest(userKey: string): Promise<void> {
    try {
      const messages = await this.mail.newest(this.users.forUser(userKey));
      await this.digests.keep(userKey, messages.filter(({ isRead }) => !isRead).length);
    } catch (error) {
      // Repeated without a request until the person has signed in again, or for a quarter of a minute.
      if (isEntraAuthError(error) && error.code === 'ENTRA_USER_INTERACTION_REQUIRED') {
        await this.digests.waitForSignIn(userKey);
      } else this.logger.warn(`The mail of a person cannot be read: ${(error as Error).message}`);
    }
  }
}
