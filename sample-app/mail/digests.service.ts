import { Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, In, MoreThan, QueryFailedError, Repository } from 'typeorm';

import { MailDigest } from './mail-digest.entity.js';

const foreignKeyViolation = '23503';
/** Names the advisory lock of the job, which all replicas share. */
const jobLock = 1796000000;

@Injectable()
export class DigestsService {
  constructor(
    @InjectRepository(MailDigest) private readonly digests: Repository<MailDigest>,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  of(userKey: string): Promise<MailDigest | null> {
    return this.digests.findOneBy({ userKey });
  }

  /** Those of these persons whose mail was not read since then, or who had to sign in again. */
  async due(userKeys: string[], since: Date): Promise<string[]> {
    const read = await this.digests.findBy({
      userKey: In(userKeys),
      readAt: MoreThan(since),
      waitsForSignIn: false,
    });
    const fresh = new Set(read.map(({ userKey }) => userKey));
    return userKeys.filter((userKey) => !fresh.has(userKey));
  }

  /**
   * Does the work unless another replica is doing it. PostgreSQL releases the lock when the connection of a replica ends, as it
   * does with the replica.
   */
  async unlessUnderWay(work: () => Promise<void>): Promise<void> {
    const session = this.dataSource.createQueryRunner();
    try {
      const rows: unknown = await session.query('SELECT pg_try_advisory_lock($1) AS granted', [jobLock]);
      if (!(rows as { granted: boolean }[])[0]?.granted) return;
      try {
        await work();
      } finally {
        await session.query('SELECT pg_advisory_unlock($1)', [jobLock]);
      }
    } finally {
      await session.release();
    }
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
