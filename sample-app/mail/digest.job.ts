import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { SchedulerRegistry } from '@nestjs/schedule';
import { isEntraAuthError } from 'nestjs-entra-auth';
import { EntraUserTokenService } from 'nestjs-entra-auth/users';

import type { EnvironmentVariables } from '../config/environment-variables.js';
import { DigestsService } from './digests.service.js';
import { MailService } from './mail.service.js';

const pageSize = 100;

/**
 * Counts the unread mail of those who signed in once, while they are away. Each replica has the timer, one at a time does the
 * work, and it leaves out what another has just read.
 */
@Injectable()
export class DigestJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(DigestJob.name);
  private isRunning = false;
  private isStopping = false;

  constructor(
    private readonly users: EntraUserTokenService,
    private readonly mail: MailService,
    private readonly digests: DigestsService,
    private readonly timers: SchedulerRegistry,
    private readonly config: ConfigService<EnvironmentVariables, true>,
  ) {}

  /** The registry ends the timer with the application. */
  onApplicationBootstrap(): void {
    this.timers.addInterval(
      'mail-digests',
      setInterval(() => void this.run(), this.intervalInMs),
    );
  }

  /** Ends a run after the person whose mail is being read: the pool of the database waits for its connection. */
  onModuleDestroy(): void {
    this.isStopping = true;
  }

  async run(): Promise<void> {
    if (this.isRunning || this.isStopping) return;
    this.isRunning = true;
    try {
      await this.digests.unlessUnderWay(() => this.digestAll());
    } catch (error) {
      this.logger.warn(`The mail of those who signed in was not read: ${(error as Error).message}`);
    } finally {
      this.isRunning = false;
    }
  }

  private get intervalInMs(): number {
    return this.config.get('DIGEST_INTERVAL_SECONDS', { infer: true }) * 1_000;
  }

  private async digestAll(): Promise<void> {
    // The timers of replicas are not aligned: half an interval tells this round from the one before.
    const since = new Date(Date.now() - this.intervalInMs / 2);
    let after: string | undefined;
    do {
      const page = await this.users.listSignIns({ limit: pageSize, after });
      const userKeys = page.map(({ userKey }) => userKey);
      for (const userKey of await this.digests.due(userKeys, since)) {
        if (this.isStopping) return;
        await this.digest(userKey);
      }
      after = userKeys.at(-1);
    } while (after !== undefined);
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
