import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { QueryFailedError, Repository } from 'typeorm';

import { MailDigest } from './mail-digest.entity.js';

const foreignKeyViolation = '23503';

@Injectable()
export class DigestsService {
  constructor(@InjectRepository(MailDigest) private readonly digests: Repository<MailDigest>) {}

  of(userKey: string): Promise<MailDigest | null> {
    return this.digests.findOneBy({ userKey });
  }

  /** Keeps what was found, unless the person has been forgotten meanwhile. */
  async keep(userKey: string, unread: number): Promise<void> {
    try {
      await this.digests.upsert({ userKey, unread, readAt: new Date(), waitsForSignIn: false }, ['userKey']);
    } catch (error) {
      const state: unknown = error instanceof QueryFailedError && Reflect.get(error.driverError, 'code');
      if (state !== foreignKeyViolation) throw error;
    }
  }

  async waitForSignIn(userKey: string): Promise<void> {
    await this.digests.update({ userKey }, { waitsForSignIn: true });
  }
}
